/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of x86 page tables and error codes of page faults (Intel SDM volume 3A, 4.3 and 4.7):
 * vmm/cpu/x86/paging.py in C. */
#ifndef X86_PAGING_H
#define X86_PAGING_H

enum { PRESENT = 1, WRITABLE = 2, USER_PAGE = 4, ACCESSED = 1 << 5, DIRTY = 1 << 6, LARGE = 1 << 7 };
enum { ERROR_PRESENT = 1, ERROR_WRITE = 2, ERROR_USER = 4, ERROR_RESERVED = 8, ERROR_FETCH = 16 };

#endif
