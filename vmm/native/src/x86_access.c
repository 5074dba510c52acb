/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory accesses of the engine's helpers: descriptors, stack frames, gates.
 *
 * The engine makes each through its slow path, which looks for hooks of its own
 * several times.  Where a plain translation is at hand (RAM, no flags), the
 * access happens here, as generated code would make it. */
#include "vmm.h"
#include "offsets.h"

#include <string.h>

enum { LOAD, STORE };

/* Host address of SIZE bytes at ADDRESS, or NULL if the slow path must look. */
static inline void *plain(void *env, uint64_t address, int mmu_index, uint64_t size, int kind)
{
    const char *fast = (char *)env - X86_TLB_FAST + 16 * (size_t)mmu_index;
    uint64_t mask = FIELD(uint64_t, fast, 0);
    const char *entry = FIELD(char *, fast, 8)
        + ((address >> (12 - TLB_ENTRY_BITS)) & mask);

    if (FIELD(uint64_t, entry, 8 * kind) != (address & ~0xfffull)
        || (address & 0xfff) > 0x1000 - size)
        return NULL;
    return (void *)(uintptr_t)(address + FIELD(uint64_t, entry, TLB_ENTRY_ADDEND));
}

#define LOADS(name, type)                                                                       \
    uint64_t name(void *env, uint64_t address, int mmu_index, uintptr_t retaddr);               \
    uint64_t name(void *env, uint64_t address, int mmu_index, uintptr_t retaddr)                \
    {                                                                                           \
        typedef uint64_t (*load_fn)(void *, uint64_t, int, uintptr_t);                          \
        ORIGINAL(load_fn, original, #name);                                                     \
        void *host = plain(env, address, mmu_index, sizeof(type), LOAD);                        \
        type value;                                                                             \
        if (!host)                                                                              \
            return original(env, address, mmu_index, retaddr);                                  \
        memcpy(&value, host, sizeof value);                                                     \
        return value;                                                                           \
    }
#define STORES(name, type)                                                                      \
    void name(void *env, uint64_t address, type value, int mmu_index, uintptr_t retaddr);       \
    void name(void *env, uint64_t address, type value, int mmu_index, uintptr_t retaddr)        \
    {                                                                                           \
        typedef void (*store_fn)(void *, uint64_t, type, int, uintptr_t);                       \
        ORIGINAL(store_fn, original, #name);                                                    \
        void *host = plain(env, address, mmu_index, sizeof(type), STORE);                       \
        if (host)                                                                               \
            memcpy(host, &value, sizeof value);                                                 \
        else                                                                                    \
            original(env, address, value, mmu_index, retaddr);                                  \
    }
LOADS(cpu_ldub_mmuidx_ra_x86_64, uint8_t)
LOADS(cpu_lduw_mmuidx_ra_x86_64, uint16_t)
LOADS(cpu_ldl_mmuidx_ra_x86_64, uint32_t)
LOADS(cpu_ldq_mmuidx_ra_x86_64, uint64_t)
STORES(cpu_stb_mmuidx_ra_x86_64, uint8_t)
STORES(cpu_stw_mmuidx_ra_x86_64, uint16_t)
STORES(cpu_stl_mmuidx_ra_x86_64, uint32_t)
STORES(cpu_stq_mmuidx_ra_x86_64, uint64_t)
