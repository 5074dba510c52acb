/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching to an engine: what it must have, where things are in it, and who is attached. */
#define _GNU_SOURCE
#include "offsets.h"
#include "shadow.h"

#include "dl.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *vmm_engine_handle;

static const char *const suffix[] = {"sparc", "arm", "x86_64"};

/* Every function that the thunks replace or call.  vmm_init refuses an engine
 * that lacks one, so no lookup can fail once a guest runs. */
static const char *const needed_everywhere[] = {
    "check_exit_request", "helper_check_exit_request", "translator_loop", "tcg_emit_op",
    "tcg_gen_callN", "tcg_gen_exit_tb", "tcg_const_i64", "tcg_const_i32", "tcg_gen_op1",
    "tcg_gen_op3", "tcg_op_insert_before", "tcg_global_mem_new_internal", "tcg_temp_new_internal", "tcg_temp_free_internal", "gen_new_label",
    "tcg_gen_brcondi_i64", "tcg_gen_brcondi_i32", "helper_lookup_tb_ptr", "tcg_gen_code", "tcg_optimize", "tlb_reset_dirty_by_vaddr", "tb_htable_lookup", "tb_gen_code", "restore_state_to_opc", "cpu_restore_state", "tcg_tb_lookup",
    "tb_phys_invalidate", "cpu_loop_exit_noexc", "cpu_loop_exit", "tlb_set_page_with_attrs",
    "address_space_stb", "address_space_stw", "address_space_stl", "address_space_stq",
    "address_space_stw_le", "address_space_stl_le", "address_space_stq_le",
    "address_space_stw_be", "address_space_stl_be", "address_space_stq_be",
    "address_space_stl_notdirty", "address_space_ldl", "address_space_ldq", "address_space_ldl_le", "address_space_ldq_le",
    "address_space_ldl_be", "address_space_ldq_be", "cpu_get_address_space", "tb_invalidate_phys_addr",
    "tlb_flush", "tlb_flush_page", "tlb_flush_by_mmuidx", "tlb_flush_page_by_mmuidx", "tb_flush", "cpu_watchpoint_address_matches",
    "helper_ret_ldub_mmu", "helper_ret_ldsb_mmu", "helper_le_lduw_mmu", "helper_be_lduw_mmu",
    "helper_le_ldsw_mmu", "helper_be_ldsw_mmu", "helper_le_ldul_mmu", "helper_be_ldul_mmu",
    "helper_le_ldsl_mmu", "helper_be_ldsl_mmu", "helper_le_ldq_mmu", "helper_be_ldq_mmu",
    "helper_ret_stb_mmu", "helper_le_stw_mmu", "helper_be_stw_mmu", "helper_le_stl_mmu",
    "helper_be_stl_mmu", "helper_le_stq_mmu", "helper_be_stq_mmu", "cpu_ldub_mmuidx_ra",
    "cpu_ldsb_mmuidx_ra", "cpu_lduw_mmuidx_ra", "cpu_ldsw_mmuidx_ra", "cpu_ldl_mmuidx_ra",
    "cpu_ldq_mmuidx_ra", "cpu_stb_mmuidx_ra", "cpu_stw_mmuidx_ra", "cpu_stl_mmuidx_ra",
    "cpu_stq_mmuidx_ra", "cpu_abort", "find_memory_mapping",
};
static const char *const needed_once[] = {
    "uc_emu_start", "uc_emu_stop", "uc_mmio_map",
    "tb_invalidate_phys_page_fast_sparc", "tb_invalidate_phys_page_fast_arm",
    "sparc_cpu_tlb_fill_sparc", "sparc_cpu_do_interrupt_sparc", "cpu_raise_exception_ra_sparc",
    "helper_raise_exception_sparc", "helper_power_down_sparc", "cpu_get_psr_sparc",
    "cpu_put_psr_sparc", "mmu_probe_sparc", "tlb_vaddr_to_host_sparc",
    "tcg_gen_qemu_ld_i64_sparc", "tcg_gen_qemu_st_i64_sparc",
    "arm_cpu_tlb_fill_arm", "arm_cpu_do_interrupt_arm", "arm_cpu_exec_interrupt_arm",
    "arm_cpu_do_transaction_failed_arm", "raise_exception_ra_arm", "arm_mmu_idx_arm", "arm_mmu_idx_el_arm", "helper_access_check_cp_reg_arm", "cpsr_read_arm",
    "cpu_ldl_code_arm", "cpu_lduw_code_arm", "get_phys_addr_arm",
    "cpu_ldl_code_sparc", "cpu_ldub_code_x86_64", "helper_ltr_x86_64", "tb_flush_arm", "fp_exception_el_arm",
    "tcg_gen_qemu_ld_i32_arm", "tcg_gen_qemu_st_i32_arm", "tcg_gen_qemu_ld_i64_arm",
    "tcg_gen_qemu_st_i64_arm", "arm_is_psci_call_arm", "tb_invalidate_phys_range_arm",
    "cpu_watchpoint_insert_x86_64", "cpu_watchpoint_remove_by_ref_x86_64",
    "cpu_watchpoint_address_matches_x86_64", "cpu_check_watchpoint_x86_64",
    "helper_get_cp_reg_arm", "helper_get_cp_reg64_arm", "helper_set_cp_reg_arm",
    "helper_set_cp_reg64_arm", "helper_mrs_banked_arm", "helper_msr_banked_arm", "get_arm_cp_reginfo_arm",
    "x86_cpu_tlb_fill_x86_64", "x86_cpu_do_interrupt_x86_64", "do_interrupt_x86_hardirq_x86_64",
    "x86_cpu_exec_interrupt_x86_64", "raise_exception_err_ra_x86_64",
    "helper_into_x86_64",
    "helper_raise_exception_x86_64", "helper_rdtsc_x86_64", "helper_rdtscp_x86_64",
    "x86_ldl_phys_x86_64", "x86_ldq_phys_x86_64", "x86_stl_phys_notdirty_x86_64",
    "cpu_x86_cpuid_x86_64", "cpu_get_tsc_x86_64", "qemu_system_reset_request", "helper_rdpmc_x86_64",
    "x86_ldub_phys_x86_64", "x86_lduw_phys_x86_64", "x86_ldl_phys_x86_64", "x86_ldq_phys_x86_64",
    "x86_stb_phys_x86_64", "x86_stw_phys_x86_64", "x86_stl_phys_x86_64",
    "x86_stl_phys_notdirty_x86_64", "cpu_get_address_space_x86_64",
    "helper_rett_sparc", "helper_wrpsr_sparc", "helper_rdpsr_sparc", "helper_ld_asi_sparc", "helper_st_asi_sparc", "helper_cpsr_write_eret_arm", "helper_cpsr_write_arm",
    "helper_iret_protected_x86_64", "helper_iret_real_x86_64", "helper_sysexit_x86_64",
    "helper_sysret_x86_64", "helper_lret_protected_x86_64", "helper_syscall_x86_64", "cpu_ldl_mmuidx_ra_x86_64", "cpu_stl_mmuidx_ra_x86_64",
    "cpu_cc_compute_all_x86_64", "tcg_op_remove_x86_64", "tcg_op_insert_after_sparc", "tcg_op_insert_after_arm", "cpu_x86_update_dr7_x86_64",
};

void *vmm_original(const char *name)
{
    return dlsym(vmm_engine_handle, name);
}

/* Take over the engine behind HANDLE (a dlopen handle of libunicorn).
 * Returns 0, or -1 with one line in ERROR. */
int vmm_init(void *handle, char *error, size_t size)
{
    char name[96];

    vmm_engine_handle = handle;
    for (size_t i = 0; i < sizeof needed_everywhere / sizeof *needed_everywhere; i++)
        for (size_t a = 0; a < 3; a++) {
            snprintf(name, sizeof name, "%s_%s", needed_everywhere[i], suffix[a]);
            if (!dlsym(handle, name)) {
                snprintf(error, size, "the engine has no function %s", name);
                return -1;
            }
        }
    for (size_t i = 0; i < sizeof needed_once / sizeof *needed_once; i++)
        if (!dlsym(handle, needed_once[i])) {
            snprintf(error, size, "the engine has no function %s", needed_once[i]);
            return -1;
        }
    return vmm_take_aborts(handle, error, size);
}

/* Whether ADDRESS lies inside the engine's own file. */
static bool in_engine(const void *address)
{
    Dl_info here, engine;

    return dladdr(address, &here) && dladdr(dlsym(vmm_engine_handle, "uc_open"), &engine)
        && here.dli_fbase == engine.dli_fbase;
}

/* Attached processors. */
static struct vmm_cpu *attached;
static uint32_t attachments; /* since the process began */
static pthread_mutex_t attached_lock = PTHREAD_MUTEX_INITIALIZER;

struct vmm_cpu *vmm_of_env(void *env)
{
    struct vmm_cpu *found = vmm_current;

    if (found && found->env == env)
        return found;
    pthread_mutex_lock(&attached_lock);
    for (found = attached; found && found->env != env; found = found->next)
        ;
    pthread_mutex_unlock(&attached_lock);
    return found;
}

/* Take over one initialised engine.  Returns NULL with one line in ERROR. */
struct vmm_cpu *vmm_attach(void *uc, int arch, char *error, size_t size)
{
    void *cpu = FIELD(void *, uc, UC_CPU);
    void *env, *class;
    struct vmm_cpu *v;

    if (!cpu || FIELD(void *, cpu, CPU_UC) != uc) {
        snprintf(error, size, "the engine's processor is not where this build keeps it");
        return NULL;
    }
    env = FIELD(void *, cpu, CPU_ENV_PTR);
    class = FIELD(void *, cpu, CPU_CLASS);
    if ((char *)env <= (char *)cpu || (char *)env > (char *)cpu + 0x10000) {
        snprintf(error, size, "the engine's register file is not where this build keeps it");
        return NULL;
    }
    if (!in_engine(FIELD(void *, uc, UC_STOP_INTERRUPT))
        || !in_engine(FIELD(void *, class, CLASS_EXEC_INTERRUPT))
        || FIELD(int32_t, cpu, CPU_EXCEPTION_INDEX) > 0x10005) {
        snprintf(error, size, "the engine's trap entry points are not where this build keeps them");
        return NULL;
    }
    if (arch == VMM_X86
        && FIELD(void *, class, CLASS_EXEC_INTERRUPT)
            != vmm_original("x86_cpu_exec_interrupt_x86_64")) {
        snprintf(error, size, "the engine's interrupt entry is not the function of this build");
        return NULL;
    }
    if (strcmp(FIELD(const char *, FIELD(char *, uc, UC_TCG_CTX), TCG_ENV_TEMP + TCG_TEMP_NAME), "env")
        != 0) {
        snprintf(error, size, "the engine's translator is not as this build keeps it");
        return NULL;
    }
    if (!vmm_knows_operations(arch, FIELD(void *, uc, UC_TCG_CTX))) {
        snprintf(error, size, "the engine's translator has not the operations of this build");
        return NULL;
    }
    if (arch == VMM_SPARC && !vmm_sparc_keep_window(FIELD(void *, uc, UC_TCG_CTX))) {
        snprintf(error, size, "the engine's order of host registers is not the one of this build");
        return NULL;
    }
    v = calloc(1, sizeof *v);
    if (v) {
        v->pages = calloc(1, VMM_PAGES);
        v->device_pcs = calloc(1, 8192);
        v->code_ram = calloc(1, VMM_PAGES / 8);
    }
    if (!v || !v->pages || !v->device_pcs || !v->code_ram) {
        snprintf(error, size, "out of memory");
        vmm_detach(v);
        return NULL;
    }
    v->uc = uc;
    v->cpu = cpu;
    v->env = env;
    v->arch = arch;
    v->left = &FIELD(int64_t, cpu, CPU_RANDOM_SEED);
    for (int i = 0; i < VMM_MMU_INDEXES; i++)
        v->entries[i] = &v->entry_lists[i];
    v->parked_entries = &v->entry_lists[VMM_MMU_INDEXES];
    v->event_at = v->event_cycle = VMM_NEVER;
    if (!vmm_tlb_is_known(v) || FIELD(uint32_t, cpu, CPU_CLUSTER_INDEX) != CPU_NO_CLUSTER) {
        snprintf(error, size, "the engine's TLB is not where this build keeps it");
        vmm_detach(v);
        return NULL;
    }
    if (vmm_take_register(v, error, size) != 0) {
        vmm_detach(v);
        return NULL;
    }
    pthread_mutex_lock(&attached_lock);
    v->next = attached;
    attached = v;
    v->serial = ++attachments;
    pthread_mutex_unlock(&attached_lock);
    vmm_exec_original[arch]
        = (vmm_exec_fn)(uintptr_t)FIELD(void *, class, CLASS_EXEC_INTERRUPT);
    FIELD(void *, uc, UC_STOP_INTERRUPT) = (void *)(uintptr_t)vmm_gate;
    FIELD(void *, class, CLASS_EXEC_INTERRUPT) = (void *)(uintptr_t)vmm_exec_interrupt;
    return v;
}

void vmm_detach(struct vmm_cpu *v)
{
    if (!v)
        return;
    pthread_mutex_lock(&attached_lock);
    for (struct vmm_cpu **at = &attached; *at; at = &(*at)->next)
        if (*at == v) {
            *at = v->next;
            break;
        }
    pthread_mutex_unlock(&attached_lock);
    vmm_part(v);
    if (!v->borrows_pages)
        free(v->pages);
    free(v->instructions);
    free(v->device_pcs);
    free(v->code_ram);
    free(v->dirty);
    free(v->dirty_pages);
    free(v->met);
    free(v->narrowing);
    free(v->annotated);
    vmm_free_parked(v);
    vmm_free_roles(v);
    vmm_free_rewritten(v);
    vmm_free_code_pages(v);
    vmm_free_code_cache(v);
    vmm_shadow_free(v);
    vmm_set_coverage(v, 0);
    free(v);
}

/* Mirrors of sizes and offsets for the Python side to compare with its own. */
size_t vmm_cpu_size(void) { return sizeof(struct vmm_cpu); }
const char *vmm_build_id(void) { return ENGINE_BUILD_ID; }
const char *vmm_engine_version(void) { return ENGINE_VERSION " " ENGINE_HOST; }
