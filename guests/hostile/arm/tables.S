/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Its page tables are mapped twice, and in a domain; it changes them through either mapping. */
#include "hash.h"
#define LEVEL1  0x40500000
#define LEVEL2  0x40504000
#define ALIAS   0x10000000                  /* another mapping of 0x40500000 */
#define WINDOW  0x50000000                  /* its first page is what changes */
#define PAGE_A  0x40601000
#define PAGE_B  0x40602000
#define SMALL   0x03e                       /* small page, everybody's, cached */
#define PRIVATE 0x01e                       /* the kernel's */
#define FIXED   0x21e                       /* the kernel's, read-only */

    .macro  section address, to, attributes
    ldr     r0, =LEVEL1 + ((\address >> 20) << 2)
    ldr     r1, =\to | \attributes
    str     r1, [r0]
    .endm
    /* Entry 0 of the window's table, by the address \at of that table. */
    .macro  page at, value
    ldr     r0, =\at
    ldr     r1, =\value
    str     r1, [r0]
    dsb
    ldr     r0, =WINDOW
    mcr     p15, 0, r0, c8, c7, 1           /* TLBIMVA */
    dsb
    isb
    .endm
    .macro  look
    ldr     r4, =WINDOW
    ldr     r0, [r4]
    mix     r0
    mov     r0, #0
    ldrt    r0, [r4]
    mix     r0
    add     r0, r7, #1
    str     r0, [r4, #4]
    ldr     r0, [r4, #4]
    mix     r0
    .endm

    begin
    section 0x40200000, 0x40200000, 0x40e   /* the code, for user mode too below */
    section 0x40300000, 0x40300000, 0xc0e
    section 0x40500000, 0x40500000, 0x40e
    section 0x40600000, 0x40600000, 0xc0e
    section ALIAS, 0x40500000, 0x40e
    section UART, 0x09000000, 0x406
    ldr     r0, =LEVEL1 + ((WINDOW >> 20) << 2)
    ldr     r1, =LEVEL2 | 1 | 2 << 5        /* domain 2 */
    str     r1, [r0]
    ldr     r0, =PAGE_A
    ldr     r1, =0xaaaa1111
    str     r1, [r0]
    ldr     r0, =PAGE_B
    ldr     r1, =0xbbbb2222
    str     r1, [r0]
    ldr     r0, =LEVEL1
    mcr     p15, 0, r0, c2, c0, 0
    mov     r0, #0x11                       /* domains 0 and 2: client */
    mcr     p15, 0, r0, c3, c0, 0
    mcr     p15, 0, r0, c8, c7, 0
    mrc     p15, 0, r0, c1, c0, 0
    orr     r0, r0, #1
    mcr     p15, 0, r0, c1, c0, 0
    isb
    mov     r8, #3
again:
    page    LEVEL2, PAGE_A | SMALL
    look
    page    ALIAS + 0x4000, PAGE_B | SMALL
    look
    page    LEVEL2, PAGE_A | PRIVATE
    look
    page    ALIAS + 0x4000, PAGE_B | FIXED
    look
    page    ALIAS + 0x4000, 0
    look
    page    LEVEL2, LEVEL2 | PRIVATE        /* a third mapping: the table maps itself */
    look
    ldr     r0, =WINDOW
    ldr     r1, =PAGE_A | SMALL
    str     r1, [r0]                        /* and is changed through that */
    dsb
    mcr     p15, 0, r0, c8, c7, 1
    dsb
    isb
    look
    mov     r0, #0x01                       /* domain 2: no access */
    mcr     p15, 0, r0, c3, c0, 0
    isb
    look
    mov     r0, #0x31                       /* manager */
    mcr     p15, 0, r0, c3, c0, 0
    isb
    look
    mov     r0, #0x11
    mcr     p15, 0, r0, c3, c0, 0
    isb
    subs    r8, r8, #1
    bne     again
    show

    /* Whatever it has not mapped is nobody's: no monitor, no other address space. */
    mov     r4, #0
1:  mov     r0, #0
    cmp     r4, #UART
    ldrne   r0, [r4, #16]
    mix     r0
    adds    r4, r4, #0x100000
    bcc     1b
    show
    finish
