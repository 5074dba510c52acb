/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random instruction streams, made natively because Python is too slow for
 * millions of them.
 *
 * A stream is a region of guest RAM filled with random code, vectors, tables
 * and data, and a processor reset to a random state that points there.  The
 * same seed and index make the same stream.  Each stream has a region of its
 * own, so that no stale translation has to be dropped between two streams.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "offsets.h"
#include "vmm.h"

#include <string.h>

#define REGION 0x8000u /* bytes of RAM a stream owns */

/* What lies where in a region (ARM: translation table in the upper half). */
enum { CODE = 0, VECTORS = 0x1000, TABLES = 0x2000, DATA = 0x3000, PAGES = 0x4000, STACK = 0x6000 };
enum { CODE_BYTES = 0x100 };
enum { MIXED_SEEDS = 10000 }; /* of batches from this one on ARM's are `mixed` */

struct fuzz {
    struct vmm_cpu *v;
    uint8_t *ram; /* host address of guest RAM */
    uint32_t ram_base, ram_size;
    uint32_t first; /* the first region: those below are the board's */
    int32_t user; /* start unprivileged */
    uint32_t budget; /* result: instructions this stream may run */
    uint32_t shape; /* result: how the stream was made, for the report */
    uint64_t random;
    uint8_t *snapshot;
    uint64_t env_size;
    uint32_t region; /* guest address */
    uint8_t *host;   /* the same in host memory */
    bool mixed;      /* ARM: tables have pages of all kinds, and there are two interrupts */
};

static inline uint64_t draw(struct fuzz *f)
{
    uint64_t x = f->random += 0x9e3779b97f4a7c15u; /* splitmix64 */

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint32_t below(struct fuzz *f, uint32_t n) { return (uint32_t)((draw(f) >> 32) * n >> 32); }
static inline uint32_t bits(struct fuzz *f, int n) { return (uint32_t)(draw(f) >> (64 - n)); }
static inline bool chance(struct fuzz *f, uint32_t percent) { return below(f, 100) < percent; }

#define PICK(f, table) ((table)[below(f, sizeof(table) / sizeof *(table))])

/* A number that programs have in registers: an address inside the stream's
 * region, a device's, a small one, an edge, or anything. */
uint32_t interesting(struct fuzz *f);

/* Repeat the first SIZE bytes of the code over nearly all of its page, and give
 * the stream time to run them: a block of hundreds of the same instructions.
 * Returns where they end. */
uint32_t slide(struct fuzz *f, uint32_t size);

void *engine_function(const char *name);

void sparc_stream(struct fuzz *f);
void arm_stream(struct fuzz *f);
void x86_stream(struct fuzz *f);

#endif
