/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's own register of its local APIC. */
#ifndef X86_APIC_H
#define X86_APIC_H

#include "vmm.h"

enum vmm_msr { VMM_MSR_ENGINES, VMM_MSR_DONE, VMM_MSR_FAULTS };

enum vmm_msr vmm_x86_apic_msr(struct vmm_cpu *v, void *env, bool write);

#endif
