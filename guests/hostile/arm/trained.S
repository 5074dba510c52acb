/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stores that go to page tables until a monitor expects it of them; then, the same instructions, to
 * their own block, devices, nothing, read-only memory, over the ends of pages, from user mode. */
#include "hash.h"
#define LEVEL1   0x40500000
#define LEVEL2   0x40504000                 /* of 0x10000000 */
#define MEGABYTE 0x10000000
#define CODE     0x10001000                 /* FRAME, for everybody, read-only */
#define WRITE    0x10002000                 /* FRAME, the kernel's */
#define FIXED    0x10003000                 /* the kernel's, read-only */
#define LAST     0x10004000                 /* the kernel's; behind it is nothing */
#define WINDOW   0x10010000                 /* what its entry says */
#define FRAME    0x41200000
#define FRAME_A  0x41201000
#define FRAME_B  0x41202000
#define KERNEL   0x01e
#define SLOT     8                          /* behind each store: two words that are executed */

    .macro  word address, value
    ldr     r0, =\address
    ldr     r1, =\value
    str     r1, [r0]
    .endm
    .macro  page address, value
    word    LEVEL2 + ((\address >> 10) & 0x3fc), \value
    .endm
    /* The store at r8, of r2 (and r3) to the address. */
    .macro  store address, low, high
    ldr     r1, =\address
    ldr     r2, =\low
    ldr     r3, =\high
    adr     r10, 8f
    adr     r5, 8f
    bx      r8
    .balign 4
8:  mix     r0
    mix     r1
    .endm

    begin
    .irp    megabyte, 0x402, 0x403, 0x405, 0x412, 0x080, 0x090
    word    LEVEL1 + 4 * \megabyte, \megabyte << 20 | 0xc0e
    .endr
    word    LEVEL1 + ((MEGABYTE >> 20) << 2), LEVEL2 | 1
    page    CODE, FRAME | 0x23e
    page    WRITE, FRAME | KERNEL
    page    FIXED, FRAME_A | 0x21e
    page    LAST, FRAME_B | KERNEL
    word    FRAME_A, 0xaaaa1111
    word    FRAME_B, 0xbbbb2222
    ldr     r0, =LEVEL1
    mcr     p15, 0, r0, c2, c0, 0
    mov     r0, #1
    mcr     p15, 0, r0, c3, c0, 0
    mcr     p15, 0, r0, c8, c7, 0
    mrc     p15, 0, r0, c1, c0, 0
    orr     r0, r0, #1
    mcr     p15, 0, r0, c1, c0, 0
    isb
    /* The stores, and what may be executed behind them, go to the frame. */
    ldr     r0, =stores
    ldr     r1, =WRITE
    mov     r2, #(stores_end - stores) / 4
1:  ldr     r3, [r0], #4
    str     r3, [r1], #4
    subs    r2, r2, #1
    bne     1b
    ldr     r1, =WRITE
    synchronize r1
    mcr     p15, 0, r1, c7, c5, 0           /* ICIALLU */
    dsb
    isb

    ldr     r12, =addresses
next_store:
    ldr     r8, [r12], #4
    cmp     r8, #0
    beq     done
    mov     r9, #24
2:  store   LEVEL2 + 0x40, FRAME_A | KERNEL, FRAME_B | KERNEL
    ldr     r4, =WINDOW
    mcr     p15, 0, r4, c8, c7, 1
    add     r4, r4, #0x1000
    mcr     p15, 0, r4, c8, c7, 1
    dsb
    isb
    ldr     r4, =WINDOW
    ldr     r0, [r4]
    mix     r0
    ldr     r4, =WINDOW + 0x1000
    ldr     r0, [r4]
    mix     r0
    store   LEVEL2 + 0x40, FRAME_B | KERNEL, 0
    ldr     r4, =WINDOW
    mcr     p15, 0, r4, c8, c7, 1
    dsb
    isb
    ldr     r0, [r4]
    mix     r0
    subs    r9, r9, #1
    bne     2b
    store   UART, '\n', 1
    store   0x08000100, 1 << 27, 0          /* GICD_ISENABLER0 and 1 */
    store   0x30000000, 1, 2                /* nothing */
    store   FIXED, 3, 4                     /* refused */
    store   LAST + 0xffc, 5, 6              /* two words: the second is refused */
    store   LAST + 0xffe, 7, 8              /* not aligned */
    store   LEVEL2 + 0x42, 0x12345678, 9    /* not aligned, in a table */
    store   LEVEL2 + 0x40, FRAME_B | KERNEL, 0
    ldr     r4, =FRAME_B + 0xff8
    ldr     r0, [r4]
    mix     r0
    ldr     r0, [r4, #4]
    mix     r0
    /* From user mode: refused. */
    ldr     r1, =FRAME_B
    adr     r10, 3f
    mov     r11, #COME_BACK
    cps     #USR
    bx      r8
    .balign 4
3:  cps     #SVC
    ldr     r4, =FRAME_B
    ldr     r0, [r4]
    mix     r0
    /* What comes next, in the same block: another instruction each time. */
    ldr     r9, =a32
    tst     r8, #1
    ldrne   r9, =t32
4:  ldr     r2, [r9], #4
    ldr     r3, [r9], #4
    cmp     r2, #0
    beq     next_store
    bic     r1, r8, #1
    ldr     r0, =WRITE - CODE + SLOT
    add     r1, r1, r0
    mov     r0, #0x5a
    adr     r10, 5f
    adr     r5, 5f
    bx      r8
    .balign 4
5:  mix     r0
    mrs     r0, cpsr
    mix     r0
    cpsid   aif, #SVC
    b       4b
done:
    show
    finish

    .macro  store_at name
    .balign 64
\name:
    .endm
    .balign 64
stores:
    store_at a32_str
    str     r2, [r1]
    mov     r0, r0
    nop
    nop
    svc     #0
    bx      r10
    store_at a32_strd
    mov     r0, r0
    strd    r2, r3, [r1]
    nop
    nop
    svc     #0
    bx      r10
    store_at a32_stm
    stm     r1, {r2, r3}
    mov     r0, r0
    nop
    nop
    svc     #0
    bx      r10
    .thumb
    store_at t32_str
    str     r2, [r1]
    nop
    nop
    nop
    nop.w
    nop.w
    svc     #0
    bx      r10
    store_at t32_strd
    strd    r2, r3, [r1]
    nop.w
    nop.w
    nop.w
    svc     #0
    bx      r10
    .arm
stores_end:
    .balign 4
addresses:
    .word   CODE, CODE + 64, CODE + 128, CODE + 193, CODE + 257, 0
a32:
    mrs     r0, cpsr
    mrs     r0, cpsr
    cpsid   if
    cpsie   a
    mov     r0, #7
    msr     cpsr_c, #0xd3
    mov     r0, r0
    mov     r0, r0
    .word   0, 0
    .thumb
t32:
    mrs     r0, cpsr
    mrs     r0, cpsr
    cpsid   if
    cpsie   a
    movs    r0, #7
    nop
    cpsid.w f
    mrc     p15, 0, r0, c13, c0, 4
    nop.w
    nop.w
    .balign 4
    .word   0, 0
