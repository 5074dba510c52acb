# SPDX-License-Identifier: GPL-2.0-or-later
# x86 guests: ELF files with a Multiboot 1 header.  They must run on a 486 too.
X86_DIR := $(TOP)/guests/x86
X86_OUT := $(OUT)/x86
X86_CFLAGS := $(FREESTANDING) $(X86_FLAGS) -march=i486 -mno-80387 -MMD -MP
X86_NAMES := chipset escape hello timers traps triple
X86_RUNTIME := $(wildcard $(X86_DIR)/runtime/*.[cS]) $(TOP)/guests/runtime/print.c

x86_objects = $(patsubst $(TOP)/guests/%,$(X86_OUT)/obj/%.o,$(1))
x86_sources = $(wildcard $(X86_DIR)/$(1)/*.[cS])

$(X86_OUT)/obj/%.o: $(TOP)/guests/% $(X86_DIR)/build.mk $(TOP)/toolchain/cross.mk
	@mkdir -p $(@D)
	$(X86_PREFIX)gcc $(X86_CFLAGS) -c -o $@ $<

# A library, so that a guest takes only the parts of the runtime it uses.
$(X86_OUT)/obj/runtime.a: $(call x86_objects,$(X86_RUNTIME))
	@rm -f $@
	$(X86_PREFIX)ar rcs $@ $^

define X86_GUEST
$(X86_OUT)/$(1).elf: $(call x86_objects,$(call x86_sources,$(1))) $(X86_OUT)/obj/runtime.a $(X86_DIR)/runtime/link.ld
	$(X86_PREFIX)gcc $(FREESTANDING) $(X86_FLAGS) $(LINK) -Wl,-T,$(X86_DIR)/runtime/link.ld -o $$@ $$(filter %.o %.a,$$^)
ALL += $(X86_OUT)/$(1).elf
-include $(patsubst %.o,%.d,$(call x86_objects,$(call x86_sources,$(1)) $(X86_RUNTIME)))
endef
$(foreach name,$(X86_NAMES),$(if $(call x86_sources,$(name)),$(eval $(call X86_GUEST,$(name)))))
