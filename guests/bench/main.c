/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One workload, one line, the end.  ROUNDS comes from build.mk. */
#include "bench.h"

int main(void)
{
    machine_open();
    u32 checksum = workload(ROUNDS);
    print(workload_name);
    print(": ");
    print_dec(ROUNDS);
    print(" rounds, checksum ");
    print_hex(checksum);
    print("\n");
    return 0;
}
