/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executes a frame by one address and writes it by another, with other rights; as user and as
 * kernel code; in a page, a section and a supersection; and has an address mean another frame. */
#include "hash.h"
#define LEVEL1  0x40500000
#define LEVEL2  0x40504000                  /* of 0x10000000 */
#define EXECUTE 0x10000000                  /* the kernel's, read-only */
#define WRITE   0x10001000                  /* the kernel's, never executed */
#define USER    0x10002000                  /* everybody's, read-only */
#define SECTION 0x20000000
#define SUPER   0x21000000
#define INSIDE  0x5000                      /* of a section that is flushed by another address */
#define FRAME_A (0x41200000 + INSIDE)
#define FRAME_B (0x41300000 + INSIDE)
#define RIGHTS_EXECUTE 0x21e
#define RIGHTS_WRITE   0x01f
#define RIGHTS_USER    0x23e

    .macro  word address, value
    ldr     r0, =\address
    ldr     r1, =\value
    str     r1, [r0]
    .endm
    .macro  section address, to, attributes
    word    LEVEL1 + ((\address >> 20) << 2), \to | \attributes
    .endm
    .macro  page address, to, rights
    word    LEVEL2 + ((\address >> 10) & 0x3fc), \to | \rights
    .endm
    .macro  forget address
    dsb
    ldr     r0, =\address
    mcr     p15, 0, r0, c8, c7, 1           /* TLBIMVA */
    dsb
    isb
    .endm
    /* What is at the address does: it ends in SVC and goes on at r10. */
    .macro  execute address
    adr     r10, 8f
    adr     r5, 8f
    mov     r0, #0x5a
    ldr     r4, =\address
    bx      r4
8:  mix     r0
    mrs     r0, cpsr
    mix     r0
    cps     #SVC
    .endm
    .macro  execute_as_user address
    adr     r10, 8f
    mov     r11, #COME_BACK
    ldr     r4, =\address
    cps     #USR
    mov     r0, #0x5a
    bx      r4
8:  mix     r0
    mrs     r0, cpsr
    mix     r0
    .endm

    begin
    section 0x40200000, 0x40200000, 0xc0e
    section 0x40300000, 0x40300000, 0xc0e
    section 0x40500000, 0x40500000, 0x40e
    section 0x41300000, 0x41300000, 0x40e
    section UART, 0x09000000, 0x406
    section SECTION, 0x41200000, 0x40e
    .set    at, 0
    .rept   16
    word    LEVEL1 + ((SUPER >> 20) << 2) + 4 * at, 0x41000000 | 0x4040e
    .set    at, at + 1
    .endr
    word    LEVEL1 + ((EXECUTE >> 20) << 2), LEVEL2 | 1
    page    EXECUTE, FRAME_A, RIGHTS_EXECUTE
    page    WRITE, FRAME_A, RIGHTS_WRITE
    page    USER, FRAME_A, RIGHTS_USER
    ldr     r0, =LEVEL1
    mcr     p15, 0, r0, c2, c0, 0
    mov     r0, #1
    mcr     p15, 0, r0, c3, c0, 0
    mcr     p15, 0, r0, c8, c7, 0
    mrc     p15, 0, r0, c1, c0, 0
    orr     r0, r0, #1
    mcr     p15, 0, r0, c1, c0, 0
    isb

    /* Behind the instruction that changes: SVC, and back; in both frames. */
    ldr     r8, =WRITE
    ldr     r9, =FRAME_B
    ldr     r1, =0xef000000
    str     r1, [r8, #4]
    str     r1, [r9, #4]
    ldr     r1, =0xe12fff1a                 /* bx r10 */
    str     r1, [r8, #8]
    str     r1, [r9, #8]
    ldr     r1, =0xe10f0000                 /* mrs r0, cpsr */
    str     r1, [r9]
    ldr     r9, =choices
again:
    ldr     r1, [r9], #4
    cmp     r1, #0
    beq     remap
    ldr     r8, =WRITE
    str     r1, [r8]
    synchronize r8
    execute EXECUTE
    execute SECTION + INSIDE
    execute_as_user USER
    execute SUPER + 0x200000 + INSIDE
    execute EXECUTE                         /* and as it was translated */
    execute WRITE                           /* refused */
    ldr     r8, =EXECUTE
    str     r1, [r8]                        /* refused */
    b       again

    /* No store: the address means the other frame, whose instruction is another, and back. */
remap:
    show
    mov     r9, #3
1:  page    EXECUTE, FRAME_B, RIGHTS_EXECUTE
    page    USER, FRAME_B, RIGHTS_USER
    section SECTION, 0x41300000, 0x40e
    forget  EXECUTE
    forget  USER
    forget  SECTION
    execute EXECUTE
    execute SECTION + INSIDE
    execute_as_user USER
    page    EXECUTE, FRAME_A, RIGHTS_EXECUTE
    page    USER, FRAME_A, RIGHTS_EXECUTE   /* the kernel's now */
    section SECTION, 0x41200000, 0x40e | 0x10  /* never executed */
    forget  EXECUTE
    forget  USER
    forget  SECTION
    execute EXECUTE
    execute SECTION + INSIDE                         /* refused */
    execute USER
    page    EXECUTE, 0, 0
    forget  EXECUTE
    execute EXECUTE                         /* not there */
    page    EXECUTE, FRAME_A, RIGHTS_EXECUTE
    section SECTION, 0x41200000, 0x40e
    subs    r9, r9, #1
    bne     1b
    show

    /* A supersection, whose sixteen descriptors all change, is flushed by an address in another of
     * its megabytes. */
    mov     r9, #2
2:  ldr     r0, =LEVEL1 + ((SUPER >> 20) << 2)
    ldr     r1, =0x40000000 | 0x4040e
    mov     r2, #16
3:  str     r1, [r0], #4
    subs    r2, r2, #1
    bne     3b
    forget  SUPER + 0xf00000
    ldr     r4, =SUPER + 0x200000 + INSIDE
    ldr     r0, [r4]
    mix     r0
    ldr     r0, =LEVEL1 + ((SUPER >> 20) << 2)
    ldr     r1, =0x41000000 | 0x4040e
    mov     r2, #16
4:  str     r1, [r0], #4
    subs    r2, r2, #1
    bne     4b
    forget  SUPER
    execute SUPER + 0x200000 + INSIDE
    subs    r9, r9, #1
    bne     2b
    show
    finish

choices:
    mrs     r0, cpsr
    cpsid   if, #SVC
    mov     r0, #7
    cpsie   a
    msr     cpsr_c, #0xd3
    mrc     p15, 0, r0, c13, c0, 4
    udf     #3
    mrs     r0, spsr
    mrc     p15, 0, r0, c1, c0, 0
    setend  le
    cps     #SYS
    mrs     r0, cpsr
    .word   0
