/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot ROM of the `pc` board: from the reset vector to a kernel.
 *
 * Does what a kernel may expect a BIOS to have done to the interrupt
 * controllers, the timer and the A20 gate, then enters the kernel that the
 * loader left in memory in the state of the Multiboot specification 0.6.96,
 * section 3.2, and of the 32-bit entry of Linux' boot protocol, which asks for
 * these selectors and for the zero page in ESI.  It offers no BIOS services
 * and uses no RAM: the loader writes the words of the block at `boot_entry`
 * into the ROM image.
 *
 * The loader has put a local APIC into virtual wire mode; to try this ROM under
 * QEMU (-bios, with the words filled in) take `-cpu qemu32,-apic`, or no
 * interrupt of the 8259s gets through.
 *
 * The ROM is linked at 0xFFFF0000, where the reset vector's CS base points;
 * the first far jump goes to its alias at 0xF0000. */

#define PIC1      0x20
#define PIC2      0xa0
#define PIT0      0x40
#define PIT_CTRL  0x43
#define PORT92    0x92
#define PORT92_A20 0x02
#define CR0_PE    1
#define CODE      0x10                      /* Linux' __BOOT_CS */
#define DATA      0x18                      /* and __BOOT_DS */
#define ROM_ALIAS 0xf000                   /* real-mode segment of the alias */

    .macro OUTPUT port, value
    mov $\value, %al
    outb %al, $\port
    .endm

    .text
    .code16
rom_start:
    cli
    cld
    mov $ROM_ALIAS, %ax
    mov %ax, %ds

    /* Vectors 08h-0Fh and 70h-77h, as on the AT; nothing may interrupt yet. */
    OUTPUT PIC1, 0x11
    OUTPUT PIC2, 0x11
    OUTPUT PIC1+1, 0x08
    OUTPUT PIC2+1, 0x70
    OUTPUT PIC1+1, 0x04
    OUTPUT PIC2+1, 0x02
    OUTPUT PIC1+1, 0x01
    OUTPUT PIC2+1, 0x01
    OUTPUT PIC1+1, 0xff
    OUTPUT PIC2+1, 0xff

    /* Channel 0: mode 3, count 65536: 18.2 Hz. */
    OUTPUT PIT_CTRL, 0x36
    OUTPUT PIT0, 0
    OUTPUT PIT0, 0

    inb $PORT92, %al
    or $PORT92_A20, %al
    and $0xfe, %al                         /* bit 0 would reset the processor */
    outb %al, $PORT92

    lgdtl gdt_register - rom_start
    mov %cr0, %eax
    or $CR0_PE, %al
    mov %eax, %cr0
    ljmpl $CODE, $protected_entry

    .code32
protected_entry:
    mov $DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov %eax, %ss
    xor %ecx, %ecx
    xor %edx, %edx
    xor %edi, %edi
    xor %ebp, %ebp
    xor %esp, %esp
    mov boot_magic, %eax
    mov boot_info, %ebx
    mov boot_params, %esi
    jmp *boot_entry

    .align 8
gdt:
    .quad 0, 0
    .quad 0x00cf9b000000ffff               /* code, accessed bits set: a ROM cannot take them */
    .quad 0x00cf93000000ffff               /* data */
gdt_end:
gdt_register:
    .word gdt_end - gdt - 1
    .long gdt

    /* Filled in by the loader. */
    .align 16
    .globl boot_entry, boot_info, boot_magic, boot_params
boot_entry: .long 0                        /* physical address of the kernel's entry */
boot_info:  .long 0                        /* physical address of the multiboot information */
boot_magic: .long 0x2badb002
boot_params: .long 0                       /* physical address of Linux' zero page */

    .section .reset, "ax"
    .code16
    .globl reset_vector
reset_vector:
    ljmp $ROM_ALIAS, $0                    /* rom_start: the ROM begins with it */
    .ascii "01/01/26"                      /* where a BIOS has its date */
    .byte 0, 0xfc, 0                       /* model byte: AT */
