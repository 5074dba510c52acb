/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entry from a Multiboot 1 loader (specification 0.6.96, section 3.2).
 *
 * The loader promises flat segments but no GDT, IDT or stack that may be
 * used, so nothing of its state survives the first instructions but EAX and
 * EBX, which become the arguments of main(). */

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 3                  /* page-aligned modules, memory sizes */

    .section .multiboot, "a"
    .align 4
    .long MULTIBOOT_MAGIC
    .long MULTIBOOT_FLAGS
    .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .text
    .globl start
start:
    cli
    cld
    lgdt boot_gdt_register
    ljmp $0x08, $1f
1:  mov $0x10, %cx
    mov %cx, %ds
    mov %cx, %es
    mov %cx, %fs
    mov %cx, %gs
    mov %cx, %ss
    mov $stack_top, %esp
    pushl $2                               /* flags: everything clear */
    popfl
    push %ebx
    push %eax
    call console_open
    call main
    push %eax
    call exit_guest

    .data
    .align 8
boot_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff               /* 08: code, ring 0, 4 GiB */
    .quad 0x00cf93000000ffff               /* 10: data, ring 0, 4 GiB */
boot_gdt_end:
boot_gdt_register:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt

    .bss
    .align 16
    .globl stack_top
    .skip 16384
stack_top:
