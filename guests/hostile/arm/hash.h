/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hostile guest sees goes into a hash in r7, printed by `show`; `finish` ends the run.
 * Every trap is mixed in with what the processor says of it and goes on behind its
 * instruction (a prefetch abort at r5, in A32).  SVC comes back in supervisor mode if r11 is COME_BACK,
 * which it clears.  Handlers use r6 and no stack.
 */
    .syntax unified
    .arch   armv7ve
    .arch_extension sec
    .fpu    neon-vfpv4
    .arm
    .text

#define USR 0x10
#define FIQ 0x11
#define IRQ 0x12
#define SVC 0x13
#define ABT 0x17
#define UND 0x1b
#define SYS 0x1f
#define UART 0x09000000
#define COME_BACK 0xb0000000

    .macro  mix register
    eor     r7, \register, r7, ror #27
    .endm

    .balign 32
vectors:
    b       .
    b       take_undefined
    b       take_svc
    b       take_prefetch
    b       take_data
    b       .
    b       .
    b       .
take_undefined:
    mrs     r6, spsr
    mix     r6
    mix     lr
    movs    pc, lr
take_svc:
    mrs     r6, spsr
    mix     r6
    mix     lr
    teq     r11, #COME_BACK
    movsne  pc, lr
    mov     r11, #0
    mrs     r6, spsr
    bic     r6, r6, #0x1f
    orr     r6, r6, #SVC
    msr     spsr_cxsf, r6
    movs    pc, lr
take_prefetch:
    mrc     p15, 0, r6, c5, c0, 1           /* IFSR */
    mix     r6
    mrc     p15, 0, r6, c6, c0, 2           /* IFAR */
    mix     r6
    mrs     r6, spsr                        /* which goes on as A32, out of any IT block */
    mix     r6
    bic     r6, r6, #0x20
    bic     r6, r6, #0xfc00
    bic     r6, r6, #0x06000000
    msr     spsr_cxsf, r6
    movs    pc, r5
take_data:
    mrc     p15, 0, r6, c5, c0, 0           /* DFSR */
    mix     r6
    mrc     p15, 0, r6, c6, c0, 0           /* DFAR */
    mix     r6
    mrs     r6, spsr
    mix     r6
    subs    pc, lr, #4

/* Prints r7.  Changes r0 to r3. */
print_hash:
    ldr     r0, =UART
    mov     r1, #28
1:  lsr     r2, r7, r1
    and     r2, r2, #15
    cmp     r2, #10
    addlo   r2, r2, #'0'
    addhs   r2, r2, #'a' - 10
    strb    r2, [r0]
    subs    r1, r1, #4
    bpl     1b
    mov     r2, #'\n'
    strb    r2, [r0]
    bx      lr
    .ltorg

    .macro  show
    bl      print_hash
    .endm

    .macro  begin
    .global start
start:
    ldr     r0, =vectors
    mcr     p15, 0, r0, c12, c0, 0
    mov     r7, #0
    mov     r5, #0
    ldr     sp, =0x40400000
    .endm

    .macro  finish
    mov     r0, #0x18
    ldr     r1, =0x20026
    svc     #0x123456
    b       .
    .ltorg
    .endm

    /* Code at the address in \register has been changed. */
    .macro  synchronize register
    mcr     p15, 0, \register, c7, c11, 1   /* DCCMVAU */
    dsb
    mcr     p15, 0, \register, c7, c5, 1    /* ICIMVAU */
    dsb
    isb
    .endm
