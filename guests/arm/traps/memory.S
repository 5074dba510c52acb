/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prefetch and data aborts under the short-descriptor map of mmu.c. */
#include "situation.h"

    /* A jump to an address that must not execute. */
    .macro  jump_to text, address, mode=SVC
    situation "\text", \mode
    ldr     r1, =\address
    bx      r1
    .endm

    .macro  load_from text, address, mode=SVC
    situation "\text", \mode
    ldr     r1, =\address
    ldr     r0, [r1]
    .endm

    .macro  store_to text, address, mode=SVC
    situation "\text", \mode
    ldr     r1, =\address
    mov     r0, #0
    str     r0, [r1]
    .endm

    group   prefetch
    jump_to "fetch, section translation", MAP_FAULT + 0x100
    jump_to "fetch, page translation", PAGE_FAULT + 0x200
    jump_to "fetch, section translation, user", MAP_FAULT + 0x100, USR
    jump_to "fetch, section XN", MAP_XN
    jump_to "fetch, page XN", PAGE_XN + 0x40
    jump_to "fetch, section domain", MAP_DOMAIN
    jump_to "fetch, page domain", MAP_BAD_TABLE
    jump_to "fetch, privileged page, user", PAGE_PRIVILEGED, USR
    jump_to "fetch, privileged section, user", MAP_PRIVILEGED, USR
    jump_to "fetch, no access", MAP_NO_ACCESS
    jump_to "fetch, PXN", MAP_PXN
    jump_to "fetch, PXN, user: allowed", MAP_PXN, USR
    jump_to "fetch, Thumb, section translation", MAP_FAULT + 0x101
    jump_to "fetch, Thumb, page XN, user", PAGE_XN + 0x23, USR
    thumb_situation "fetch, from Thumb to ARM, section translation"
    ldr     r1, =MAP_FAULT + 0x300
    bx      r1
    thumb_situation "fetch, the second half of a Thumb instruction"
    /* Its first half is the last halfword of a page; the next page is not mapped. */
    ldr     r1, =PAGE_LAST_HALF
    bx      r1
    endgroup

    group   data
    load_from "load, section translation", MAP_FAULT + 4
    store_to "store, section translation", MAP_FAULT + 8
    load_from "load, page translation", PAGE_FAULT + 4
    store_to "store, page translation", PAGE_FAULT + 8
    load_from "load, section translation, user", MAP_FAULT + 12, USR
    store_to "store, page translation, user", PAGE_FAULT + 12, USR
    store_to "store, read-only section", MAP_READ_ONLY
    load_from "load, read-only section, allowed", MAP_READ_ONLY + 0x800
    load_from "load, read-only section, user", MAP_READ_ONLY, USR
    store_to "store, read-only page", PAGE_READ_ONLY + 16
    store_to "store, read-only large page", PAGE_LARGE + 0xfffc
    load_from "load, privileged section, user", MAP_PRIVILEGED, USR
    store_to "store, privileged page, user", PAGE_PRIVILEGED, USR
    store_to "store, user-readable section, user", MAP_USER_READ, USR
    store_to "store, user-readable page, user", PAGE_USER_READ + 20, USR
    load_from "load, no access", MAP_NO_ACCESS
    store_to "store, no access, page", PAGE_NO_ACCESS
    load_from "load, section domain", MAP_DOMAIN + 4
    store_to "store, section domain", MAP_DOMAIN + 8
    load_from "load, page domain", MAP_BAD_TABLE
    store_to "store, page domain, user", MAP_BAD_TABLE, USR
    store_to "store, read-only section, manager: allowed", MAP_MANAGER + 0x900
    store_to "store, supersection, no access for user", MAP_SUPER + 0xfffff0, USR

    situation "ldrt, privileged section"
    ldr     r1, =MAP_PRIVILEGED
    ldrt    r0, [r1], #4
    situation "strt, user-readable page"
    ldr     r1, =PAGE_USER_READ
    strt    r0, [r1], #4
    situation "ldrb", SVC
    ldr     r1, =MAP_FAULT + 3
    ldrb    r0, [r1]
    situation "strh", SVC
    ldr     r1, =MAP_FAULT + 6
    strh    r0, [r1]
    situation "ldrsb, register offset"
    ldr     r1, =MAP_FAULT
    mov     r2, #0x51
    ldrsb   r0, [r1, r2]
    situation "ldr, post-index, base kept", SVC | REGISTERS
    ldr     r1, =MAP_FAULT + 0x20
    mov     r0, #0x77
    ldr     r0, [r1], #4
    situation "str, pre-index, base kept", SVC | REGISTERS
    ldr     r1, =MAP_FAULT + 0x20
    mov     r0, #0x77
    str     r0, [r1, #-8]!
    situation "ldm, base kept"
    ldr     r1, =MAP_FAULT + 0x40
    ldm     r1!, {r0, r2, r3}
    situation "ldm, base kept, resumed", SVC | RESUME
    ldr     r1, =MAP_FAULT + 0x40
    ldm     r1!, {r2, r3}
    mov     r0, r1
    situation "ldm, across into a page without access, user", USR
    ldr     r1, =PAGE_PLAIN + 0xff8
    ldm     r1, {r0, r2, r3, r12}
    situation "stmdb, base kept, resumed", SVC | RESUME
    ldr     r1, =MAP_FAULT + 0x40
    stmdb   r1!, {r2, r3}
    mov     r0, r1
    situation "stm, across into a user-readable page, user", USR
    ldr     r1, =PAGE_USER_READ - 4
    stm     r1, {r2, r3}
    situation "push", SYS
    mov     r3, sp
    ldr     sp, =MAP_FAULT + 0x80
    push    {r0, r1}
    situation "push, resumed: stack pointer kept", SYS | RESUME
    mov     r3, sp
    ldr     r2, =MAP_FAULT + 0x80
    mov     sp, r2
    push    {r0, r1}
    mov     r0, sp
    mov     sp, r3
    situation "ldrd"
    ldr     r1, =MAP_FAULT + 0x10
    ldrd    r2, r3, [r1]
    situation "strd, post-index"
    ldr     r1, =MAP_READ_ONLY + 0x10
    strd    r2, r3, [r1], #8
    situation "ldrex"
    ldr     r1, =MAP_FAULT + 0x20
    ldrex   r0, [r1]
    situation "strex after a successful ldrex, read-only"
    ldr     r1, =MAP_READ_ONLY + 0x20
    ldrex   r0, [r1]
    strex   r2, r0, [r1]
    situation "strex without ldrex fails without an abort", SVC
    ldr     r1, =PAGE_PLAIN + 0x20
    clrex
    strex   r0, r2, [r1]
    situation "ldrexd"
    ldr     r1, =PAGE_FAULT + 0x20
    ldrexd  r2, r3, [r1]
    situation "load, condition failed"
    ldr     r1, =MAP_FAULT
    mov     r0, #5
    set_equal
    ldrne   r0, [r1]
    situation "pld never aborts"
    ldr     r1, =MAP_FAULT
    pld     [r1]
    mov     r0, #6
    situation "load into pc"
    ldr     r1, =MAP_FAULT
    ldr     pc, [r1]
    thumb_situation "ldr, Thumb"
    ldr     r1, =MAP_FAULT
    ldr     r0, [r1, #4]
    thumb_situation "str.w, Thumb, pre-index", SVC | REGISTERS
    ldr     r1, =MAP_FAULT
    str     r0, [r1, #32]!
    thumb_situation "push, Thumb, user", USR
    ldr     r1, =MAP_FAULT + 0x80
    mov     sp, r1
    push    {r0}
    thumb_situation "ldr in an IT block"
    ldr     r1, =MAP_FAULT
    set_equal
    ittet   eq
    moveq   r0, #1
    ldreq   r0, [r1]
    movne   r0, #2
    moveq   r0, #3
    thumb_situation "stmia, Thumb, page translation"
    ldr     r1, =PAGE_FAULT
    stmia   r1!, {r0, r2}
    thumb_situation "tbb, Thumb, table not mapped"
    ldr     r1, =MAP_FAULT
    movs    r2, #9
    tbb     [r1, r2]
    endgroup

    group   external
    load_from "load, nothing there", MAP_NOTHING + 4
    store_to "store, nothing there", MAP_NOTHING + 8
    load_from "load, nothing there, page, user", PAGE_NOTHING, USR
    jump_to "fetch, nothing there", MAP_NOTHING
    load_from "load, page table not in memory", MAP_WALK
    jump_to "fetch, page table not in memory", MAP_WALK
    endgroup

    group   access_flag
    load_from "load, section access flag", MAP_ACCESS
    store_to "store, page access flag", PAGE_ACCESS
    jump_to "fetch, section access flag", MAP_ACCESS
    endgroup

    group   alignment_always
    situation "ldm, unaligned"
    ldr     r1, =MAP_PLAIN + 2
    ldm     r1, {r2, r3}
    situation "stm, unaligned, user", USR
    ldr     r1, =MAP_PLAIN + 1
    stm     r1, {r2, r3}
    situation "ldrd, unaligned"
    ldr     r1, =MAP_PLAIN + 2
    ldrd    r2, r3, [r1]
    situation "strd, unaligned"
    ldr     r1, =MAP_PLAIN + 6
    strd    r2, r3, [r1]
    situation "ldrex, unaligned"
    ldr     r1, =MAP_PLAIN + 2
    ldrex   r0, [r1]
    situation "ldrexd, four-byte aligned"
    ldr     r1, =MAP_PLAIN + 4
    ldrexd  r2, r3, [r1]
    situation "ldr, unaligned, allowed"
    ldr     r1, =MAP_PLAIN + 0x100
    ldr     r2, =0x11223344
    ldr     r3, =0x55667788
    stm     r1, {r2, r3}
    ldr     r0, [r1, #1]
    situation "strh, unaligned, allowed"
    ldr     r1, =MAP_PLAIN + 0x103
    ldr     r2, =0xabcd
    strh    r2, [r1]
    ldr     r0, [r1, #-2]
    endgroup

    group   alignment_checked
    situation "ldr, unaligned, SCTLR.A"
    ldr     r1, =MAP_PLAIN + 0x101
    ldr     r0, [r1]
    situation "str, unaligned, SCTLR.A"
    ldr     r1, =MAP_PLAIN + 0x102
    str     r0, [r1]
    situation "ldrh, unaligned, SCTLR.A, user", USR
    ldr     r1, =MAP_PLAIN + 0x103
    ldrh    r0, [r1]
    situation "strh, unaligned, SCTLR.A"
    ldr     r1, =MAP_PLAIN + 0x105
    strh    r0, [r1]
    thumb_situation "ldr, unaligned, SCTLR.A, Thumb"
    ldr     r1, =MAP_PLAIN + 0x102
    ldr     r0, [r1]
    situation "ldr, unaligned, SCTLR.A, not mapped", SVC
    ldr     r1, =MAP_FAULT + 0x101
    ldr     r0, [r1]
    situation "ldrb, SCTLR.A, allowed"
    ldr     r1, =MAP_PLAIN + 0x101
    ldrb    r0, [r1]
    endgroup
