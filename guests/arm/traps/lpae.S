/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aborts under the long-descriptor map of longdescriptor.c. */
#include "situation.h"

    .macro  fetch text, address, mode=SVC
    situation "LPAE: fetch, \text", \mode
    ldr     r1, =\address
    bx      r1
    .endm

    .macro  load text, address, mode=SVC
    situation "LPAE: load, \text", \mode
    ldr     r1, =\address
    ldr     r0, [r1]
    .endm

    .macro  store text, address, mode=SVC
    situation "LPAE: store, \text", \mode
    ldr     r1, =\address
    str     r0, [r1]
    .endm

    group   lpae
    load    "level 1 translation", 0xc0000004
    store   "level 1 translation, user", 0xc0000008, USR
    load    "level 2 translation", 0x80000010
    store   "level 2 translation", 0x80000014
    load    "level 3 translation", 0x80a00020
    store   "level 3 translation, user", 0x80a00024, USR
    fetch   "level 1 translation", 0xc0000040
    fetch   "level 2 translation", 0x80000040
    fetch   "level 3 translation", 0x80a00040
    store   "level 2 read-only", 0x80200000
    store   "level 3 read-only", 0x80a01000
    load    "level 3 read-only, user: allowed", 0x80a01800, USR
    load    "level 2 privileged, user", 0x80800000, USR
    load    "level 3 privileged, user", 0x80a05000, USR
    fetch   "level 2 XN", 0x80400000
    fetch   "level 3 XN, user", 0x80a02000, USR
    fetch   "level 2 PXN", 0x80c00000
    load    "level 2 access flag", 0x80600000
    store   "level 3 access flag", 0x80a03000
    fetch   "level 3 access flag", 0x80a03000
    store   "read-only by the table", 0x80e00000
    fetch   "XN by the table", 0x81000000
    load    "privileged by the table, user", 0x81200000, USR
    endgroup
