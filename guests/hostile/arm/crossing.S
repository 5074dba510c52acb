/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A T32 instruction over the end of a page, of which the second page is not there, is another
 * frame, never executed, or changed; and instructions whose second halves are others. */
#include "hash.h"
#define LEVEL1  0x40500000
#define LEVEL2  0x40504000                  /* of 0x10000000 */
#define PAGE    0x10000000
#define NEXT    0x10001000
#define FRAME   0x41200000
#define FRAME_A 0x41201000
#define FRAME_B 0x41202000
#define READ_ONLY 0x21e
#define NEVER     0x21f

    .macro  word address, value
    ldr     r0, =\address
    ldr     r1, =\value
    str     r1, [r0]
    .endm
    .macro  next to
    word    LEVEL2 + 4, \to
    dsb
    ldr     r0, =NEXT
    mcr     p15, 0, r0, c8, c7, 1
    dsb
    isb
    .endm
    /* Two halfwords and BX r10: the first at the end of the page, the others in either next one. */
    .macro  cross first, a, b
    ldr     r2, =FRAME + 0xffc
    ldr     r1, =0xbf00 | \first << 16
    str     r1, [r2]
    synchronize r2
    ldr     r2, =FRAME_A
    ldr     r1, =\a | 0x4750 << 16
    str     r1, [r2]
    synchronize r2
    ldr     r2, =FRAME_B
    ldr     r1, =\b | 0x4750 << 16
    str     r1, [r2]
    synchronize r2
    next    FRAME_A | READ_ONLY
    enter
    next    0
    enter
    next    FRAME_B | READ_ONLY
    enter
    next    FRAME_A | NEVER
    enter
    next    FRAME_A | READ_ONLY
    enter
    enter
    ldr     r2, =FRAME_A                    /* and changed by another address */
    ldr     r1, =\b | 0x4750 << 16
    str     r1, [r2]
    synchronize r2
    enter
    .endm
    .macro  enter
    adr     r10, 8f
    adr     r5, 8f
    mov     r0, #0x5a
    mov     r3, #0xa5
    ldr     r4, =PAGE + 0xffd
    bx      r4
    .balign 4
8:  mix     r0
    mix     r3
    mrs     r0, cpsr
    mix     r0
    cpsid   aif, #SVC
    .endm

    begin
    .irp    megabyte, 0x402, 0x403, 0x405, 0x412, 0x080, 0x090
    word    LEVEL1 + 4 * \megabyte, \megabyte << 20 | 0x40e
    .endr
    word    LEVEL1 + 4 * 0x100, LEVEL2 | 1
    word    LEVEL2, FRAME | READ_ONLY
    ldr     r0, =LEVEL1
    mcr     p15, 0, r0, c2, c0, 0
    mov     r0, #1
    mcr     p15, 0, r0, c3, c0, 0
    mcr     p15, 0, r0, c8, c7, 0
    mrc     p15, 0, r0, c1, c0, 0
    orr     r0, r0, #1
    mcr     p15, 0, r0, c1, c0, 0
    isb
    cross   0xf3ef, 0x8000, 0x8300          /* mrs r0, cpsr; mrs r3, cpsr */
    cross   0xf3af, 0x8620, 0x8400          /* cpsid i; cpsie */
    cross   0xf380, 0x8100, 0x8800          /* msr cpsr_c, r0; msr cpsr_f, r0 */
    cross   0xee1d, 0x0f90, 0x3f10          /* mrc of TPIDRPRW; of FCSEIDR, r3 */
    cross   0xbf00, 0xb672, 0xbf00          /* two instructions: cpsid i; nop */
    cross   0xbf08, 0xb672, 0xbf00          /* it eq, whose instruction is in the next page */
    show

    /* MRC of CONTEXTIDR to r11, whose second half is WFI; an interrupt waits, masked. */
    word    0x08000000, 1
    word    0x08010004, 0xff
    word    0x08010000, 1
    word    0x08000100, 1 << 27
    mov     r0, #16
    mcr     p15, 0, r0, c14, c3, 0          /* CNTV_TVAL */
    mov     r0, #1
    mcr     p15, 0, r0, c14, c3, 1          /* CNTV_CTL */
    mov     r8, #3
1:  mov     r11, #0
    adr     r5, 2f
    ldr     r9, =whole + 1
    bx      r9
2:  mix     r11
    adr     r5, 3f
    ldr     r9, =half + 1
    bx      r9
3:  adr     r5, 4f
    ldr     r9, =four_halves + 1
    bx      r9
4:  adr     r5, 5f
    ldr     r9, =four_halves + 3
    bx      r9
5:  subs    r8, r8, #1
    bne     1b
    mrc     p15, 0, r0, c14, c3, 1
    mix     r0
    show
    finish

    .thumb
    .balign 4
whole:
    .inst.n 0xee1d                          /* mrc p15, 0, r11, c13, c0, 1 ... */
half:
    .inst.n 0xbf30                          /* ... or wfi */
    bx      r5
    .balign 4
four_halves:
    .inst.n 0xf3ef                          /* mrs r2, cpsr; cpsid i ... */
    .inst.n 0x8200                          /* ... or strh; then the same */
    .inst.n 0xb672
    .inst.n 0xf3ef
    .inst.n 0x8100
    mix     r1
    mix     r2
    bx      r5
    .balign 4
