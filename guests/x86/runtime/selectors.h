/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Selectors of the guests' GDT; the traps guest fills in those above DATA3. */
#ifndef SELECTORS_H
#define SELECTORS_H

#define CODE0        0x08
#define DATA0        0x10
#define CODE3        0x18
#define DATA3        0x20
#define CODE1        0x28
#define DATA1        0x30
#define TSS_MAIN     0x38
#define TSS_FAULT    0x40                  /* #DF task */
#define TSS_B        0x48
#define TSS_SHORT    0x50                  /* limit below the minimum of 0x67 */
#define CONFORMING   0x58                  /* conforming code, DPL 0 */
#define CODE16       0x60                  /* 16-bit code, DPL 0, base of code16_begin */
#define DATA_RO      0x68                  /* read-only data, DPL 3 */
#define DATA_NP      0x70                  /* data, not present, DPL 3 */
#define CODE_XO      0x78                  /* execute-only code, DPL 3 */
#define CODE_NP      0x80                  /* code, not present, DPL 0 */
#define GATE_RING0   0x88                  /* call gate, DPL 3, two parameters, to ring 0 */
#define GATE_RING1   0x90                  /* call gate, DPL 3, to ring 1 */
#define GATE_DPL0    0x98                  /* call gate, DPL 0 */
#define GATE_NP      0xa0                  /* call gate, DPL 3, not present */
#define GATE_CONF    0xa8                  /* call gate, DPL 3, to conforming code */
#define GATE_TASK    0xb0                  /* task gate, DPL 3, to TSS_B */
#define GATE_16      0xb8                  /* 16-bit call gate, DPL 3, one parameter */
#define TSS_NP       0xc0
#define LDT          0xc8
#define LDT_NP       0xd0
#define CODE_LOW     0xd8                  /* 32-bit ring 0 code, base of low_begin */
#define CODE_REAL    0xe0                  /* 16-bit code as in real mode, base 0x8000 */
#define DATA_REAL    0xe8                  /* 16-bit data as in real mode, base 0x8000 */
#define CODE_SHORT   0xf0                  /* code, DPL 0, limit 0xfff */
#define DATA_FRESH   0xf8                  /* data, DPL 3, accessed bit clear */
#define SYSENTER_CS  0x100                 /* and the three that follow it, as SYSENTER wants */
#define GDT_COUNT    36

#endif
