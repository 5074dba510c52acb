/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86: the time stamp counter, which has one tick a cycle of virtual time. */
#include "vmm.h"

uint64_t cpu_get_tsc_x86_64(void *env);
uint64_t cpu_get_tsc_x86_64(void *env)
{
    typedef uint64_t (*fn)(void *);
    ORIGINAL(fn, original, "cpu_get_tsc_x86_64");
    struct vmm_cpu *v = vmm_current;

    if (!v)
        return original(env);
    return (uint64_t)(vmm_count_at(v, v->helper_pc) + v->idle);
}

#define READS_TIME(name)                               \
    void name(void *env);                              \
    void name(void *env)                               \
    {                                                  \
        typedef void (*fn)(void *);                    \
        ORIGINAL(fn, original, #name);                 \
        if (vmm_current)                               \
            vmm_current->helper_pc = GUEST_RETURN;     \
        original(env);                                 \
        if (vmm_current)                               \
            vmm_current->helper_pc = 0;                \
    }
READS_TIME(helper_rdtsc_x86_64)
READS_TIME(helper_rdtscp_x86_64)
