# SPDX-License-Identifier: GPL-2.0-or-later
"""Which devices are modelled natively.  Mirror of `src/models.h`."""

from __future__ import annotations

(
    MODEL_NONE,
    MODEL_IRQMP,
    MODEL_GIC_DISTRIBUTOR,
    MODEL_GIC_INTERFACE,
    MODEL_I8259_MASTER,
    MODEL_I8259_SLAVE,
    MODEL_UART16550,
    MODEL_I8254,
    MODEL_GPTIMER,
    MODEL_LOCAL_APIC,
    MODEL_IO_APIC,
    MODEL_PC_SPEAKER,
    MODEL_GENERIC_TIMER,
) = range(13)
IRQ0_PIN = 2  # of the I/O APIC, where the PC has its timer
