# SPDX-License-Identifier: GPL-2.0-or-later
# nucleus, the kernel for the techniques: build/guests/ARCH/nucleus.elf runs what its command line
# says, or everything; nucleus-STORM.elf the same kernel with another workload built in, for boards
# that pass no command line; nucleus-quick.elf everything, a round of each, for tests.
# nucleus-para[-STORM].elf are the same for a hypervisor (guests/runtime/hypercall.h).
NUCLEUS := $(TOP)/guests/nucleus
NUCLEUS_OUT := $(OUT)/nucleus
NUCLEUS_STORMS := compute syscalls switches forks io boot
NUCLEUS_CORE := process memory call signal fpu disk checksum string
NUCLEUS_PROGRAMS := init compute syscalls misdeeds switches forks io boot

NUCLEUS_PREFIX_arm := $(ARM_PREFIX)
NUCLEUS_FLAGS_arm := $(ARM_FLAGS)
NUCLEUS_USER_arm := -mfloat-abi=softfp -mfpu=vfpv3-d16
NUCLEUS_RUNTIME_arm := start console gic
NUCLEUS_PREFIX_sparc := $(SPARC_PREFIX)
NUCLEUS_FLAGS_sparc := $(SPARC_FLAGS)
NUCLEUS_KERNEL_sparc := -mno-fpu
NUCLEUS_RUNTIME_sparc := console
NUCLEUS_LIBRARY_sparc := -lgcc
NUCLEUS_PREFIX_x86 := $(X86_PREFIX)
NUCLEUS_FLAGS_x86 := $(X86_FLAGS) -march=i486
NUCLEUS_KERNEL_x86 := -mno-80387
NUCLEUS_RUNTIME_x86 := start console

# Files of one variant only.
NUCLEUS_NOT_bare := %/para.S
NUCLEUS_NOT_para_arm := %/entry.S
NUCLEUS_ALSO_para := $(NUCLEUS)/para.c

# $(1): architecture, $(2): variant, $(3): its flags
nucleus_sources = $(patsubst %,$(NUCLEUS)/%.c,$(NUCLEUS_CORE)) $(TOP)/guests/runtime/print.c \
	$(wildcard $(patsubst %,$(TOP)/guests/$(1)/runtime/%.[cS],$(NUCLEUS_RUNTIME_$(1)))) \
	$(filter-out %/user.S $(NUCLEUS_NOT_$(2)) $(NUCLEUS_NOT_$(2)_$(1)),\
		$(wildcard $(TOP)/guests/$(1)/nucleus/*.[cS])) $(NUCLEUS_ALSO_$(2))
nucleus_objects = $(patsubst $(TOP)/guests/%,$(NUCLEUS_OUT)/$(1)/$(2)/%.o,$(call nucleus_sources,$(1),$(2)))
nucleus_programs = $(patsubst %,$(NUCLEUS_OUT)/$(1)/user/%.o,$(NUCLEUS_PROGRAMS) entry)

# The programs, the same for every variant; their sections get names of their own.
define nucleus_architecture
NUCLEUS_COMPILE_$(1) = $$(NUCLEUS_PREFIX_$(1))gcc $$(NUCLEUS_FLAGS_$(1)) $$(FREESTANDING) \
	-I$(TOP)/guests/runtime -I$(TOP)/guests/$(1)/runtime -I$(TOP)/guests/$(1)/nucleus -MMD -MP -c
$(NUCLEUS_OUT)/$(1)/user/entry.o: $(TOP)/guests/$(1)/nucleus/user.S $(NUCLEUS)/build.mk
	@mkdir -p $$(@D)
	$$(NUCLEUS_COMPILE_$(1)) -o $$@ $$<
	$$(NUCLEUS_PREFIX_$(1))objcopy --prefix-alloc-sections=.user $$@
$(NUCLEUS_OUT)/$(1)/user/%.o: $(NUCLEUS)/user/%.c $(NUCLEUS)/build.mk
	@mkdir -p $$(@D)
	$$(NUCLEUS_COMPILE_$(1)) $$(NUCLEUS_USER_$(1)) -fno-zero-initialized-in-bss -o $$@ $$<
	$$(NUCLEUS_PREFIX_$(1))objcopy --prefix-alloc-sections=.user $$@
-include $(patsubst %.o,%.d,$(call nucleus_programs,$(1)))
endef

define nucleus_variant
$(NUCLEUS_OUT)/$(1)/$(2)/%.o: $(TOP)/guests/% $(NUCLEUS)/build.mk
	@mkdir -p $$(@D)
	$$(NUCLEUS_COMPILE_$(1)) $$(NUCLEUS_KERNEL_$(1)) $(3) -o $$@ $$<
-include $(patsubst %.o,%.d,$(call nucleus_objects,$(1),$(2)))
endef

# $(4): what is added to the file's name, $(5): the workload, $(6): rounds
define nucleus_guest
$(NUCLEUS_OUT)/$(1)/$(2)/main$(4).o: $(NUCLEUS)/main.c $(NUCLEUS)/build.mk
	@mkdir -p $$(@D)
	$$(NUCLEUS_COMPILE_$(1)) $$(NUCLEUS_KERNEL_$(1)) $(3) -DSTORM='"$(5)"' -DROUNDS=$(6) -o $$@ $$<
-include $(NUCLEUS_OUT)/$(1)/$(2)/main$(4).d
$(OUT)/$(1)/nucleus$(4).elf: $(NUCLEUS_OUT)/$(1)/$(2)/main$(4).o $(call nucleus_objects,$(1),$(2)) \
		$(call nucleus_programs,$(1)) $(TOP)/guests/$(1)/nucleus/link.ld
	@mkdir -p $$(@D)
	$$(NUCLEUS_PREFIX_$(1))gcc $$(NUCLEUS_FLAGS_$(1)) $$(FREESTANDING) $$(LINK) \
		-Wl,-T,$(TOP)/guests/$(1)/nucleus/link.ld -o $$@ $$(filter %.o,$$^) $$(NUCLEUS_LIBRARY_$(1))
ALL += $(OUT)/$(1)/nucleus$(4).elf
endef

define nucleus_guests
$(call nucleus_variant,$(1),$(2),$(3))
$(call nucleus_guest,$(1),$(2),$(3),$(4),all,0)
$(call nucleus_guest,$(1),$(2),$(3),$(4)-quick,all,1)
$(foreach storm,$(NUCLEUS_STORMS),$(call nucleus_guest,$(1),$(2),$(3),$(4)-$(storm),$(storm),0)
)
endef

NUCLEUS_ARCHITECTURES := arm sparc x86
$(foreach arch,$(NUCLEUS_ARCHITECTURES),$(eval $(call nucleus_architecture,$(arch))))
$(foreach arch,$(NUCLEUS_ARCHITECTURES),$(eval $(call nucleus_guests,$(arch),bare,,)))
$(foreach arch,$(NUCLEUS_ARCHITECTURES),$(eval $(call nucleus_guests,$(arch),para,-DPARA,-para)))
