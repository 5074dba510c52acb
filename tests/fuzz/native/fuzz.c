/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the streams of all architectures share: reset, seeds, numbers. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>

static void *engine;

void *engine_function(const char *name)
{
    return dlsym(engine, name);
}

/* Device addresses of the boards: leon3, virt, pc. */
static const uint32_t devices[3][14] = {
    {0x80000000, 0x80000100, 0x80000104, 0x80000200, 0x80000240, 0x80000300, 0x80000308,
     0x80000310, 0x80000318, 0x800ff000, 0xfffff000, 0x00000000, 0x00080000, 0x20000000},
    {0x08000000, 0x08000100, 0x08000f00, 0x08010000, 0x0801000c, 0x08020000, 0x09000000,
     0x09010000, 0x09020000, 0x09030000, 0x0a000000, 0x00000000, 0x04000000, 0x30000000},
    {0x000a0000, 0x000b8000, 0x000e0000, 0x000ffff0, 0xfffc0000, 0xfffffff0, 0xfec00000,
     0xfee00000, 0x00100000, 0x00000000, 0x00000400, 0x0009fffe, 0x80000000, 0xc0000000},
};

uint32_t interesting(struct fuzz *f)
{
    static const uint32_t edges[] = {0, 1, 2, 3, 4, 8, 0x7f, 0x80, 0xff, 0x100, 0xfff, 0x1000,
                                     0x7fff, 0x8000, 0xffff, 0x10000, 0xfffff, 0x7fffffff,
                                     0x80000000, 0xfffffffe, 0xffffffff, 0xfffffffc};

    switch (below(f, 10)) {
    case 0:
    case 1: return f->region + (bits(f, 15) & ~3u);
    case 2: return f->region + DATA + (bits(f, 8) & ~7u);
    case 3: return f->region + bits(f, 15);
    case 4: return f->region + 0x1000 * below(f, 9) - below(f, 9); /* about to leave a page */
    case 5: return devices[f->v->arch][below(f, 14)] + (chance(f, 50) ? 0 : bits(f, 12) & ~3u);
    case 6: return PICK(f, edges);
    case 7: return below(f, 64);
    case 8: return chance(f, 50) ? f->ram_base + f->ram_size - below(f, 16)
                                 : f->ram_base + bits(f, 26) % f->ram_size;
    default: return bits(f, 32);
    }
}

uint32_t slide(struct fuzz *f, uint32_t size)
{
    uint32_t end = VECTORS - 16;

    end -= end % size;
    for (uint32_t at = CODE + size; at < end; at++)
        f->host[at] = f->host[at - size];
    f->budget = 700;
    return end;
}

/* A fuzzer for one processor; its state now is what every stream starts from. */
struct fuzz *fuzz_new(struct vmm_cpu *v, void *handle, void *ram, uint32_t base, uint32_t size);
struct fuzz *fuzz_new(struct vmm_cpu *v, void *handle, void *ram, uint32_t base, uint32_t size)
{
    struct fuzz *f = calloc(1, sizeof *f);

    engine = handle;
    f->v = v;
    f->ram = ram;
    f->ram_base = base;
    f->ram_size = size;
    f->first = v->arch == VMM_X86 ? 0x100000 / REGION : 1;
    /* The processor is one allocation of the engine: the register file and all behind it. */
    f->env_size = (uint64_t)((char *)v->cpu + malloc_usable_size(v->cpu) - (char *)v->env);
    f->snapshot = malloc(f->env_size);
    memcpy(f->snapshot, v->env, f->env_size);
    return f;
}

static void reset(struct fuzz *f)
{
    typedef void (*flush_fn)(void *);
    static const char *const names[] = {"tlb_flush_sparc", "tlb_flush_arm", "tlb_flush_x86_64"};
    struct vmm_cpu *v = f->v;

    if (v->arch == VMM_X86) { /* breakpoints are also in lists of the engine */
        typedef void (*update_fn)(void *, uint32_t);
        ((update_fn)(uintptr_t)engine_function("cpu_x86_update_dr7_x86_64"))(v->env, 0x400);
    }
    memcpy(v->env, f->snapshot, f->env_size);
    FIELD(uint8_t, v->cpu, CPU_EXIT_REQUEST) = 0;
    FIELD(int32_t, v->cpu, CPU_CFLAGS_NEXT_TB) = -1;
    FIELD(uint32_t, v->cpu, CPU_INTERRUPT_REQUEST) = 0;
    FIELD(uint32_t, v->cpu, CPU_HALTED) = 0;
    FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = -1;
    v->watch_hits = 0;
    v->triple = 0;
    v->refault = 0;
    memset(v->device_pcs, 0, 8192);
    ((flush_fn)(uintptr_t)engine_function(names[v->arch]))(v->cpu);
}

/* Make stream INDEX of SEED: memory, registers, system state. */
void fuzz_stream(struct fuzz *f, uint64_t seed, uint32_t index);
void fuzz_stream(struct fuzz *f, uint64_t seed, uint32_t index)
{
    /* What ends a block at once where nothing else is: INT3, UDF, UNIMP. */
    static const uint32_t fill[] = {0, 0xe7f0e7f0, 0xcccccccc};
    uint32_t regions = f->ram_size / REGION - 1 - f->first;
    uint32_t region = f->first + index % regions;

    /* Far apart: draws are steps of one constant, so near starts would be the same stream. */
    f->random = seed * 0xd1342543de82ef95u;
    f->random = draw(f) + index;
    f->random = draw(f);
    f->region = f->ram_base + REGION * region;
    f->host = f->ram + REGION * region;
    f->shape = 0;
    f->mixed = seed >= MIXED_SEEDS;
    f->budget = chance(f, 99) ? 24 + below(f, 72) : 1000;
    reset(f);
    for (uint32_t i = 0; i < REGION / 4; i++)
        ((uint32_t *)f->host)[i] = fill[f->v->arch];
    for (int i = 0; i < 64; i++)
        ((uint32_t *)(f->host + DATA))[i] = interesting(f);
    switch (f->v->arch) {
    case VMM_SPARC: sparc_stream(f); break;
    case VMM_ARM: arm_stream(f); break;
    case VMM_X86: x86_stream(f); break;
    }
    if (chance(f, 10)) /* an interrupt is pending: the line is IRQ, INTR or a SPARC level */
        FIELD(uint32_t, f->v->cpu, CPU_INTERRUPT_REQUEST) |= 2;
}
