/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical addresses and interrupt numbers of the `virt` board that the guests use. */
#ifndef VIRT_H
#define VIRT_H

#define VIRT_RAM   0x40000000
#define VIRT_GICD  0x08000000
#define VIRT_GICC  0x08010000
#define VIRT_UART  0x09000000
#define VIRT_RTC   0x09010000

/* GIC interrupt numbers: 0-15 software generated, 16-31 per processor. */
#define INT_TIMER_HYP      26
#define INT_TIMER_VIRTUAL  27
#define INT_TIMER_SECURE   29
#define INT_TIMER_PHYSICAL 30
#define INT_UART           33
#define INT_RTC            34

#endif
