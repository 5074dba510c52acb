# SPDX-License-Identifier: GPL-2.0-or-later
"""The native library's functions that Python calls: the result of each, and its arguments.

By the headers and sources of `src`, where it is said what they do.
"""

from __future__ import annotations

import ctypes as C

from vmm.native.cpu import NativeCpu
from vmm.native.debug import Pattern, Watch
from vmm.native.monitor_x86 import X86Decoded
from vmm.native.shadow import TableSource, TableUpdate

CPU = C.POINTER(NativeCpu)

# What `restype` and `argtypes` of ctypes are set to.
FUNCTIONS: dict[str, tuple[object, ...]] = {
    # engine.h
    "vmm_init": (C.c_int, C.c_void_p, C.c_char_p, C.c_size_t),
    "vmm_attach": (CPU, C.c_void_p, C.c_int, C.c_char_p, C.c_size_t),
    "vmm_detach": (None, CPU),
    "vmm_run": (C.c_int, CPU, C.c_uint64, C.c_uint32),
    "vmm_kick": (None, CPU),
    "vmm_set_event": (None, CPU, C.c_int64),
    "vmm_ask_look": (None, CPU),
    "vmm_set_interrupt": (None, CPU, C.c_uint32, C.c_int),
    "vmm_stop": (None, CPU, C.c_int),
    "vmm_join": (None, CPU, CPU),
    "vmm_take_turn": (None, CPU, CPU),
    "vmm_wake": (None, CPU),
    # traps.h
    "vmm_trap": (C.c_int, CPU, C.c_uint32, C.c_uint32, C.c_uint32, C.c_uint32),
    # pages.h
    "vmm_map_pages": (None, CPU, C.c_uint64, C.c_uint64, C.c_int),
    "vmm_set_behind": (None, CPU, C.c_uint64, C.c_uint64, C.c_int),
    "vmm_track_stores": (C.c_int, CPU),
    "vmm_flush_tlb": (None, CPU),
    "vmm_forget_code": (None, CPU, C.c_uint64, C.c_uint64),
    # devices.h
    "vmm_map_device": (C.c_int, CPU, C.c_uint64, C.c_uint64, C.c_uint64),
    "vmm_set_hot": (None, CPU, C.c_uint64, C.c_uint32, C.c_uint32),
    "vmm_clear_hot": (None, CPU),
    "vmm_model_read": (C.c_bool, CPU, C.c_uint64, C.c_uint32, C.POINTER(C.c_uint64)),
    "vmm_model_write": (C.c_bool, CPU, C.c_uint64, C.c_uint32, C.c_uint64),
    "vmm_timers_run": (C.c_bool, CPU),
    "vmm_acknowledge": (C.c_int, CPU, C.c_int),
    # models.h
    "vmm_model_size": (C.c_size_t, C.c_int),
    "vmm_generic_timer_access": (
        C.c_bool, CPU, C.c_uint32, C.c_bool, C.c_bool, C.POINTER(C.c_uint64)),
    "vmm_gic_input": (C.c_bool, CPU, C.c_void_p, C.c_uint32, C.c_uint32, C.c_int),
    # debug.h
    "vmm_set_watches": (None, CPU, C.POINTER(Watch), C.c_uint32),
    "vmm_set_patterns": (C.c_bool, CPU, C.POINTER(Pattern), C.c_uint32),
    "vmm_set_coverage": (C.c_bool, CPU, C.c_int),
    "vmm_coverage_page": (C.POINTER(C.c_uint64), CPU, C.POINTER(C.c_uint32)),
    "vmm_returned": (None, CPU, C.c_uint32),
    # lookaside.h
    "vmm_set_view": (None, CPU, C.c_uint32),
    "vmm_flush_page": (None, CPU, C.c_uint32),
    # translation.h
    "vmm_pc_at": (C.c_uint32, CPU, C.c_size_t),
    # virtual.h
    "vmm_restart": (None, CPU),
    "vmm_set_annotated": (C.c_int, CPU, C.POINTER(C.c_uint32), C.c_uint32),
    "vmm_set_vcpu_page": (None, CPU, C.c_void_p, C.c_uint64),
    "vmm_reserve": (None, C.c_size_t),
    "vmm_store_through": (C.c_bool, CPU, C.c_uint32),
    "vmm_set_role": (C.c_bool, CPU, C.c_uint32, C.c_uint32),
    "vmm_space_new": (C.c_void_p,),
    "vmm_space_free": (None, C.c_void_p),
    "vmm_space_clear": (None, C.c_void_p),
    "vmm_space_get": (C.c_uint64, C.c_void_p, C.c_uint32),
    "vmm_space_set": (C.c_int, C.c_void_p, C.c_uint32, C.c_uint64),
    "vmm_store_trapped": (None, CPU, C.c_uint32),
    "vmm_is_rewritten": (C.c_bool, CPU, C.c_uint32),
    # code_pages.h
    "vmm_keep_code_pages": (C.c_void_p, CPU),
    "vmm_add_template": (C.c_int, CPU, C.c_void_p),
    "vmm_code_counted": (C.c_void_p, CPU),
    "vmm_limit_code_pages": (None, CPU, C.c_uint32),
    "vmm_set_cold_calls": (None, CPU, C.c_uint32),
    "vmm_set_second_opinion": (None, CPU, C.c_void_p),
    "vmm_report_site": (C.c_int, CPU, C.c_uint32, C.c_uint32, C.c_void_p),
    # shadow.h
    "vmm_shadow_new": (C.c_int, CPU, C.c_uint32, C.c_void_p),
    "vmm_shadow_window": (C.c_int, CPU, C.c_uint64, C.c_uint64, C.c_void_p, C.c_int),
    "vmm_shadow_enter": (
        None, CPU, C.c_uint32, C.c_uint32, C.c_uint64, C.POINTER(TableSource), C.c_uint32,
        C.c_uint32),
    "vmm_shadow_fill": (C.c_bool, CPU, C.c_uint32, C.c_uint32, C.POINTER(C.c_int)),
    "vmm_shadow_wrote": (C.c_bool, CPU, C.c_uint64, C.c_uint64),
    "vmm_shadow_store": (C.c_bool, CPU, C.c_uint32, C.c_uint32),
    "vmm_shadow_flush_page": (C.c_bool, CPU, C.c_uint32),
    "vmm_shadow_context": (C.c_bool, CPU),
    "vmm_shadow_flush_all": (C.c_bool, CPU),
    "vmm_shadow_stored": (C.c_bool, CPU),
    "vmm_shadow_free": (None, CPU),
    "vmm_shadow_forget": (None, CPU),
    "vmm_shadow_make_up": (None, CPU, C.c_uint32, C.c_uint64),
    "vmm_shadow_physical": (C.c_bool, CPU, C.c_uint32, C.POINTER(C.c_uint64)),
    "vmm_shadow_update": (C.c_bool, CPU, C.POINTER(TableUpdate), C.c_uint32),
    "vmm_shadow_protects": (C.c_bool, CPU, C.c_uint32),
    # sparc*.c, monitor_sparc.h
    "vmm_sparc_put_psr": (None, CPU, C.c_uint32),
    "vmm_sparc_take": (None, CPU, C.c_uint32),
    # arm*.c, monitor_arm.h
    "vmm_arm_constant_register": (C.c_int, C.c_void_p, C.c_uint32, C.c_uint32),
    "vmm_arm_timer_register": (C.c_int, CPU, C.c_void_p, C.c_uint32, C.c_int),
    "vmm_arm_set_cpsr": (None, CPU, C.c_uint32),
    "vmm_para_arm_settle": (None, CPU),
    "vmm_arm_system_word": (C.c_void_p, CPU, C.c_uint32),
    "vmm_arm_advance": (None, CPU, C.c_uint32),
    "vmm_arm_raise": (None, CPU, C.c_uint32, C.c_uint32, C.c_uint32, C.c_uint32),
    "vmm_arm_decode_into": (None, C.c_uint32, C.c_bool, C.POINTER(C.c_uint32 * 3)),
    "vmm_arm_decode_store_into": (None, C.c_uint32, C.c_bool, C.POINTER(C.c_uint32 * 3)),
    "vmm_arm_counter": (C.c_uint64, CPU),
    # x86*.c, monitor_x86.h
    "vmm_x86_add_instruction": (
        C.c_int, CPU, C.c_uint32, C.c_uint32, C.c_uint64, C.c_uint32, C.c_int),
    "vmm_x86_decode": (C.c_bool, C.c_char_p, C.c_uint32, C.c_bool, C.c_bool, C.POINTER(X86Decoded)),
    "vmm_x86_operation_ends": (C.c_bool, C.c_uint32),
    "vmm_x86_load": (C.c_uint64, CPU, C.c_uint64, C.c_uint32),
    "vmm_x86_store": (None, CPU, C.c_uint64, C.c_uint32, C.c_uint32),
    "vmm_x86_accessed": (None, CPU, C.c_uint32, C.c_uint32, C.c_uint32),
    "vmm_x86_push": (None, CPU, C.c_uint64, C.c_uint32, C.c_uint32, C.c_char_p),
    "vmm_x86_load_entry": (C.c_uint64, CPU, C.c_uint64, C.c_uint32),
    "vmm_x86_mark_entry": (None, CPU, C.c_uint64, C.c_uint32),
    "vmm_x86_arithmetic_flags": (C.c_uint32, CPU),
}
