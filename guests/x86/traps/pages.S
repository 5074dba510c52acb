/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page faults: every error code, restart, and faults during delivery. */
#include "situation.h"

    .macro READ title, ring, address, prepare=with_paging, needs=0
    SITUATION "\title", ring=\ring, prepare=\prepare, needs=\needs
    mov \address, %eax
    FINISH
    .endm
    .macro WRITE title, ring, address, prepare=with_paging, needs=0
    SITUATION "\title", ring=\ring, prepare=\prepare, needs=\needs
    movl $1, \address
    FINISH
    .endm
    .macro FETCH title, ring, address, prepare=with_paging, needs=0
    SITUATION "\title", ring=\ring, prepare=\prepare, needs=\needs
    call \address
    FINISH
    .endm
    READ "pf-read", 0, PAGE_NP+0x123
    WRITE "pf-write", 0, PAGE_NP+0x124
    READ "pf-read-user", 3, PAGE_NP+4
    WRITE "pf-write-user", 3, PAGE_NP+8
    FETCH "pf-fetch", 0, PAGE_NP+16
    FETCH "pf-fetch-user", 3, PAGE_NP+16
    READ "pf-no-table", 0, NO_TABLE+0x5008
    WRITE "pf-no-table-user", 3, NO_TABLE+0x5008
    WRITE "pf-read-only-user", 3, PAGE_RO
    READ "pf-supervisor-user", 3, PAGE_SUP
    WRITE "pf-supervisor-write-user", 3, PAGE_SUP
    FETCH "pf-supervisor-fetch-user", 3, PAGE_SUP
    WRITE "pf-directory-read-only-user", 3, DIR_RO
    READ "pf-directory-supervisor-user", 3, DIR_SUP
    WRITE "pf-write-protect", 0, PAGE_RO, with_write_protect
    WRITE "pf-write-protect-supervisor", 0, PAGE_SUP_RO, with_write_protect
    WRITE "pf-directory-write-protect", 0, DIR_RO, with_write_protect
    READ "pf-reserved", 0, BIG_BAD+0x10, with_big_pages, NEEDS_PSE
    WRITE "pf-reserved-user", 3, BIG_BAD+0x10, with_big_pages, NEEDS_PSE
    READ "pf-pae-read", 0, PAGE_NP, with_pae, NEEDS_PAE
    WRITE "pf-pae-read-only-user", 3, PAGE_RO, with_pae, NEEDS_PAE
    READ "pf-pae-nx-reserved", 0, PAGE_CODE, with_pae, NEEDS_PAE
    WRITE "pf-pae-no-pointer-user", 3, 0x40000000, with_pae, NEEDS_PAE
    SITUATION "nx-readable", ring=3, prepare=with_nx, shows=1, needs=NEEDS_NX
    mov PAGE_CODE, %eax
    mov %eax, seen
    FINISH
    FETCH "pf-nx-fetch", 0, PAGE_CODE, with_nx, NEEDS_NX
    FETCH "pf-nx-fetch-user", 3, PAGE_CODE, with_nx, NEEDS_NX
    FETCH "pf-nx-fetch-absent-user", 3, PAGE_NP, with_nx, NEEDS_NX

    SITUATION "paging-allowed", prepare=with_paging, shows=4
    movl $0x11, PAGE_RO                    /* WP is clear */
    movl $0x22, PAGE_SUP + 4
    mov PAGE_RW, %eax                      /* the same frame */
    mov %eax, seen
    mov PAGE_RW + 4, %eax
    mov %eax, seen + 4
    movb $0xc3, PAGE_RW
    call PAGE_CODE
    mov frame_a, %al
    mov %al, seen + 8
    incl seen + 12
    FINISH
    SITUATION "big-page", prepare=with_big_pages, shows=3, needs=NEEDS_PSE
    mov $frame_a, %ecx
    movl $0x77, BIG_PAGE + 8(%ecx)
    mov frame_a + 8, %eax
    mov %eax, seen
    mov page_directory + (BIG_PAGE >> 20), %eax
    mov %eax, seen + 4
    FINISH
    SITUATION "accessed-dirty", prepare=with_paging, shows=4
    mov window_table, %eax
    and $0xfff, %eax
    mov %eax, seen
    mov PAGE_RW, %eax
    mov window_table, %eax
    and $0xfff, %eax
    mov %eax, seen + 4
    movl $1, PAGE_RW
    mov window_table, %eax
    and $0xfff, %eax
    mov %eax, seen + 8
    mov page_directory + (WINDOW >> 20), %eax
    and $0xfff, %eax
    mov %eax, seen + 12
    FINISH
    SITUATION "invlpg", prepare=with_paging, shows=2
    mov PAGE_RW + 4, %eax
    mov %eax, seen
    mov window_table, %eax
    and $0xfff, %eax
    or $frame_b, %eax
    mov %eax, window_table
    invlpg PAGE_RW
    mov PAGE_RW + 4, %eax
    mov %eax, seen + 4
    FINISH
    SITUATION "cr3-switch", prepare=with_paging, shows=3
    mov PAGE_RW + 4, %eax
    mov %eax, seen
    mov %cr3, %ecx
    mov other_cr3, %eax
    mov %eax, %cr3
    mov PAGE_RW + 4, %eax
    mov %eax, seen + 4
    mov %ecx, %cr3
    mov PAGE_RW + 4, %eax
    mov %eax, seen + 8
    FINISH
    SITUATION "pf-restart", prepare=with_paging, fix=fix_map_page, shows=1
    mov $0x10, %eax
    add %eax, PAGE_NP + 4
    mov PAGE_NP + 4, %eax
    mov %eax, seen
    FINISH
    SITUATION "pf-restart-user", ring=3, prepare=with_paging, fix=fix_map_page, shows=1
    mov PAGE_NP2, %eax
    mov %eax, seen
    FINISH
    SITUATION "pf-crossing", prepare=with_paging, fix=fix_map_page, shows=1
    movl $0x11223344, PAGE_RW + 0xffe
    mov PAGE_RW + 0xffe, %eax
    mov %eax, seen
    FINISH
    SITUATION "pf-string", ring=3, prepare=with_paging, fix=fix_map_page, shows=4
    mov $PAGE_RW + 0xffc, %edi
    mov $seen, %esi
    mov $3, %ecx
    mov $0x5a5a, %eax
    rep stosl
    mov %ecx, seen
    mov PAGE_NP + 4, %eax
    mov %eax, seen + 4
    lea -PAGE_RW(%edi), %eax
    mov %eax, seen + 8
    FINISH
    SITUATION "pf-push-user", ring=3, prepare=with_paging, fix=fix_map_page, shows=2
    mov $PAGE_NP + 0x1000, %esp
    push $0x33
    mov PAGE_NP + 0xffc, %eax
    mov %eax, seen
    mov %esp, seen + 4
    FINISH
    SITUATION "pf-call-user", ring=3, prepare=with_paging, fix=fix_map_page, shows=1
    mov $PAGE_NP2 + 0x1000, %esp
    call 1f
1:  mov %esp, seen
    FINISH
    SITUATION "pf-pushal-user", ring=3, prepare=with_paging, fix=fix_map_page, shows=1
    mov $PAGE_RO + 0x10, %esp
    pushal
    mov %esp, seen
    FINISH
    SITUATION "pf-enter-user", ring=3, prepare=with_paging, fix=fix_map_page, shows=2
    mov $PAGE_NP + 0x1000, %esp
    mov $0x1234, %ebp
    enter $16, $0
    mov %esp, seen
    mov %ebp, seen + 4
    FINISH
    SITUATION "pf-delivery-ring1", ring=3, prepare=prepare_unmapped_esp1
    int $INT_RING1
    FINISH
    SITUATION "pf-gate-ring1", ring=3, prepare=prepare_unmapped_esp1
    lcall $GATE_RING1 + 3, $0
    FINISH
    SITUATION "df-delivery-user", ring=3, prepare=prepare_unmapped_esp0
    int $INT_GATE
    FINISH
    SITUATION "df-exception-user", ring=3, prepare=prepare_unmapped_esp0
    ud2
    FINISH
    SITUATION "df-kernel-stack", prepare=prepare_unmapped_esp0
    mov $PAGE_NP + 0x1000, %esp
    int $INT_GATE
    FINISH
    SITUATION "pf-descriptor-user", ring=3, prepare=prepare_unmapped_gdt
    mov $GDT_COUNT * 8 + 3, %eax
    mov %eax, %es
    FINISH
    SITUATION "pf-then-trap", prepare=with_paging, fix=fix_map_page
    mov PAGE_NP, %eax
    int $INT_GATE
    FINISH
    SITUATION "pf-bound-user", ring=3, prepare=with_paging
    bound %eax, PAGE_NP
    FINISH
    SITUATION "pf-fnsave-user", ring=3, prepare=with_paging
    fnsave PAGE_NP
    FINISH
    SITUATION "pf-xchg-user", ring=3, prepare=with_paging
    xchg %eax, PAGE_RO
    FINISH
