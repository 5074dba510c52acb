/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's ways of ending the process become machine stops.
 *
 * cpu_abort_* are replaced by name.  abort() and exit() belong to libc, which
 * is searched before this library, so their entries in the engine's own
 * import table are redirected instead; the table is found by name in the
 * loaded file's dynamic section.
 */
#define _GNU_SOURCE
#include "vmm.h"
#include "offsets.h"

#include "dl.h"
#include <elf.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void vmm_engine_abort(const char *text)
{
    static const char *const exits[] = {
        "cpu_loop_exit_sparc", "cpu_loop_exit_arm", "cpu_loop_exit_x86_64"};
    struct vmm_cpu *v = vmm_current;
    void (*leave)(void *);

    if (!v || !v->running) {
        fprintf(stderr, "vmm: the engine aborted outside a run: %s\n", text);
        abort();
    }
    snprintf(v->message, sizeof v->message, "%s", text);
    v->reason = VMM_REASON_NONE;
    vmm_stop(v, VMM_REASON_ABORT);
    FIELD(int32_t, v->cpu, CPU_EXCEPTION_INDEX) = 0x10000;
    leave = (void (*)(void *))(uintptr_t)vmm_original(exits[v->arch]);
    leave(v->cpu);
    __builtin_unreachable();
}

#define CPU_ABORT(S)                                        \
    void cpu_abort_##S(void *cpu, const char *format, ...); \
    void cpu_abort_##S(void *cpu, const char *format, ...)  \
    {                                                       \
        char text[200];                                     \
        va_list list;                                       \
        (void)cpu;                                          \
        va_start(list, format);                             \
        vsnprintf(text, sizeof text, format, list);         \
        va_end(list);                                       \
        vmm_engine_abort(text);                             \
    }
CPU_ABORT(sparc)
CPU_ABORT(arm)
CPU_ABORT(x86_64)

static void engine_called_abort(void)
{
    char said[200];
    const char *file;

    vmm_engine_said(said, sizeof said);
    file = strrchr(said, '/'); /* the name without the folders of whoever built it */
    if (file)
        vmm_engine_abort(file + 1);
    vmm_engine_abort(*said ? said : "the engine failed one of its own assertions");
}

static void engine_called_exit(int status)
{
    (void)status;
    vmm_engine_abort("the engine tried to end the process");
}

/* Have the engine call TO where it imports NAME; -1 if it does not. */
int vmm_redirect_import(const void *link_map, const char *name, void *to)
{
    const struct link_map *map = link_map;
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    const ElfW(Rela) *table = NULL;
    size_t bytes = 0;
    long page = sysconf(_SC_PAGESIZE);

    for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++)
        switch (d->d_tag) {
        case DT_SYMTAB: symbols = (const void *)d->d_un.d_ptr; break;
        case DT_STRTAB: strings = (const void *)d->d_un.d_ptr; break;
        case DT_JMPREL: table = (const void *)d->d_un.d_ptr; break;
        case DT_PLTRELSZ: bytes = d->d_un.d_val; break;
        }
    if (!symbols || !strings || !table)
        return -1;
    for (size_t i = 0; i < bytes / sizeof *table; i++) {
        void **slot = (void **)(map->l_addr + table[i].r_offset);
        const ElfW(Sym) *symbol = symbols + ELF64_R_SYM(table[i].r_info);
        if (strcmp(strings + symbol->st_name, name) != 0)
            continue;
        if (mprotect((void *)((uintptr_t)slot & ~(uintptr_t)(page - 1)), (size_t)page,
                     PROT_READ | PROT_WRITE) != 0)
            return -1;
        *slot = to;
        return 0;
    }
    return -1;
}

int vmm_take_aborts(void *handle, char *error, size_t size)
{
    struct link_map *map = NULL;

    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || !map
        || vmm_redirect_import(map, "abort", (void *)(uintptr_t)engine_called_abort) != 0
        || vmm_redirect_import(map, "exit", (void *)(uintptr_t)engine_called_exit) != 0
        || vmm_take_output(map) != 0 || vmm_take_jumps(map) != 0
        || vmm_take_clock(map) != 0) {
        snprintf(error, size, "the engine's import table is not as in this build");
        return -1;
    }
    return 0;
}
