/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's clock is the guest's.
 *
 * The engine asks the host for the time in two places: ARM's cycle counter
 * (PMCCNTR), which the guest reads, and the size of its TLB, which decides how
 * long a translation that the guest has withdrawn without saying so may live.
 * Both get virtual time, so two runs are one run: a cycle is a nanosecond where
 * the counter counts, else 16, because the engine expects a host's pace of it.
 */
#include "vmm.h"

#include <sys/time.h>
#include <time.h>

static __thread int64_t last; /* between runs: the time when the last one stopped */

static int64_t now(void)
{
    struct vmm_cpu *v = vmm_current;

    if (v)
        last = (vmm_count_at(v, v->helper_pc) + v->idle) << (v->exact_clock ? 0 : 4);
    return last;
}

static int engine_clock_gettime(clockid_t clock, struct timespec *time)
{
    int64_t cycles = now();

    (void)clock;
    time->tv_sec = cycles / 1000000000;
    time->tv_nsec = cycles % 1000000000;
    return 0;
}

static int engine_gettimeofday(struct timeval *time, void *zone)
{
    int64_t cycles = now();

    (void)zone;
    time->tv_sec = cycles / 1000000000;
    time->tv_usec = cycles % 1000000000 / 1000;
    return 0;
}

/* Take the engine's clock.  Returns 0, or -1 if its imports are not as known. */
int vmm_take_clock(const void *map)
{
    if (vmm_redirect_import(map, "clock_gettime", (void *)(uintptr_t)engine_clock_gettime) != 0)
        return -1;
    return vmm_redirect_import(map, "gettimeofday", (void *)(uintptr_t)engine_gettimeofday);
}
