/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start-up of the ARMv7-A guests.  Whatever ran before (nothing, a boot stub, U-Boot),
 * it makes the state the guests rely on: supervisor mode, interrupts masked, MMU and
 * caches off, little-endian, a stack for every mode, low vectors at VBAR, cleared BSS.
 * Entered in HYP mode it drops to supervisor mode first.
 */
    .syntax unified
    .arch_extension virt
    .arch_extension sec
    .arm

    .weak   hyp_vectors

    .section .text.start, "ax"
    .global _start
_start:
    mrs     r0, cpsr
    and     r1, r0, #0x1f
    cmp     r1, #0x1a
    bne     1f
    mov     r1, #0
    mcr     p15, 4, r1, c1, c1, 0           /* HCR: no traps, no stage 2 */
    mcrr    p15, 4, r1, r1, c14             /* CNTVOFF */
    mov     r1, #3
    mcr     p15, 4, r1, c14, c1, 0          /* CNTHCTL: timers open to PL1 */
    ldr     r1, =hyp_vectors                /* a guest with a HYP part has them */
    mcr     p15, 4, r1, c12, c0, 0          /* HVBAR */
    ldr     sp, =hyp_stack
    adr     r1, 1f
    msr     elr_hyp, r1
    mov     r1, #0x1d3
    msr     spsr_cxsf, r1
    eret
1:
    cpsid   aif, #0x13
    mrc     p15, 0, r0, c1, c0, 0
    ldr     r1, =0x72003007                 /* TE AFE TRE EE V I A C M */
    bic     r0, r0, r1
    mcr     p15, 0, r0, c1, c0, 0
    mov     r0, #0
    mcr     p15, 0, r0, c2, c0, 2           /* TTBCR: short descriptors */
    mcr     p15, 0, r0, c8, c7, 0           /* TLBIALL */
    mcr     p15, 0, r0, c7, c5, 0           /* ICIALLU */
    ldr     r0, =runtime_vectors
    mcr     p15, 0, r0, c12, c0, 0
    dsb
    isb

    cps     #0x17
    ldr     sp, =abort_stack
    cps     #0x1b
    ldr     sp, =undefined_stack
    cps     #0x12
    ldr     sp, =irq_stack
    cps     #0x11
    ldr     sp, =fiq_stack
    cps     #0x1f
    ldr     sp, =system_stack
    cps     #0x13
    ldr     sp, =supervisor_stack

    ldr     r0, =bss_start
    ldr     r1, =bss_end
    mov     r3, #0
2:  cmp     r0, r1
    strlo   r3, [r0], #4
    blo     2b

    mov     r4, r2                          /* device tree, if a loader passed one */
    bl      console_init
    mov     r0, r4
    bl      main
    bl      exit_guest

    .text
/*
 * void power_off(int status): ends the machine.  Semihosting carries the status
 * (SYS_EXIT_EXTENDED); where the SVC is delivered to us instead, PSCI SYSTEM_OFF
 * ends it without one.
 */
    .global power_off
power_off:
    cpsid   aif, #0x13
    mov     r2, r0
    mrc     p15, 0, r0, c1, c0, 0
    ldr     r1, =0x40002001                 /* TE V M */
    bic     r0, r0, r1
    mcr     p15, 0, r0, c1, c0, 0
    ldr     r0, =no_semihosting
    mcr     p15, 0, r0, c12, c0, 0
    dsb
    isb
    ldr     r1, =exit_block
    str     r2, [r1, #4]
    mov     r0, #0x20
    svc     #0x123456
psci_off:
    ldr     r0, =0x84000008
    hvc     #0
3:  wfi
    b       3b

    .balign 32
no_semihosting:
    .rept   8
    b       psci_off
    .endr

/* The vectors of a guest that expects no trap: say which one came, and end. */
    .balign 32
    .global runtime_vectors
runtime_vectors:
    b       .
    b       trap_1
    b       trap_2
    b       trap_3
    b       trap_4
    b       .
    b       trap_6
    b       trap_7
    .macro  unexpected number
trap_\number:
    mov     r0, #\number
    b       report
    .endm
    unexpected 1
    unexpected 2
    unexpected 3
    unexpected 4
    unexpected 6
    unexpected 7
report:
    mov     r1, lr
    mrs     r2, spsr
    b       unexpected_trap

    .data
    .balign 4
exit_block:
    .word   0x20026, 0                      /* ADP_Stopped_ApplicationExit, status */

    .section .stack, "aw", %nobits
    .balign 16
    .macro  stack name, size
    .space  \size
    .global \name
\name:
    .endm
    stack   abort_stack, 4096
    stack   undefined_stack, 4096
    stack   irq_stack, 4096
    stack   fiq_stack, 4096
    stack   system_stack, 4096
    stack   hyp_stack, 4096
    stack   supervisor_stack, 16384
