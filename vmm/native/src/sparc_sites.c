/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sensitive instructions of a translated LEON3 kernel, in its shadow code pages.
 *
 * What the engine's translator makes of them for supervisor mode is a call of a helper that is
 * ours (monitor_sparc.c), so most are in the shadow page as they are.  Others are there as what
 * vmm_sparc_shown() says.  WIM and TBR are the virtual processor's own: to read and to write them
 * is right as it is, and no site.
 */
#include "code_pages.h"
#include "monitor_sparc.h"

/* Instructions of format 3 whose effect is the monitor's to decide, of which WRPSR, RETT and RDPSR
 * (SPARC V8, B.26 to B.29), and accesses of alternate spaces (B.1, B.4, B.7) with the floating-point
 * queue (B.4) and the LEON3's CASA. */
static bool is_sensitive(uint32_t code)
{
    const uint64_t state = 1ull << 0x29 | 1ull << 0x31 | 1ull << 0x39;
    const uint64_t alternate = 0xffull << 0x10 | 1ull << 0x19 | 1ull << 0x1a | 1ull << 0x1d
        | 1ull << 0x1f | 1ull << 0x26 | 1ull << 0x3c;
    uint32_t op3 = code >> 19 & 0x3f;

    return (code >> 30 == 2 && state >> op3 & 1) || (code >> 30 == 3 && alternate >> op3 & 1);
}

/* What the shadow page has of the instruction CODE at PC, for which the translator is SHOWN
 * something the first time it comes here. */
uint32_t vmm_sparc_site(struct vmm_cpu *v, uint32_t pc, uint32_t code, uint32_t shown)
{
    typedef const uint8_t *(*host_fn)(void *, uint32_t, int, int);
    ORIGINAL(host_fn, host_address, "tlb_vaddr_to_host_sparc");
    enum { FETCH = 2, WORD = 4 };
    uint32_t offset = pc & 0xfff;
    struct vmm_site new = {
        .argument = code, .operation = code >> 30 << 6 | (code >> 19 & 0x3f), .length = WORD,
        .offset = (uint16_t)offset,
    };
    struct vmm_code_page *page;
    const uint8_t *host;

    if (!v->code_pages || !is_sensitive(code))
        return shown;
    host = host_address(v->env, pc, FETCH, (int)vmm_user_index(v));
    page = host ? vmm_code_page(v, host - offset, 0) : NULL;
    if (!page)
        return shown;
    vmm_code_refresh(v, page, offset);
    if (!vmm_code_site(page, offset))
        vmm_add_site(v, page, &new, __builtin_bswap32(shown), WORD);
    return __builtin_bswap32(FIELD(uint32_t, page->code, offset));
}
