# SPDX-License-Identifier: GPL-2.0-or-later
# nucleus for pre-virtualization: the bare kernel, its assembly annotated by the afterburner on the
# way from the compiler to the assembler.  build/guests/ARCH/nucleus-previrt.elf, -previrt-quick,
# -previrt-STORM are the files of guests/nucleus/build.mk; they run on any board as those do.
#
# PREVIRT_HOT_ARCH: arguments for the afterburner, --hot PROFILE --program ELF, for another round.
# PREVIRT_NAME: what is added to the files' names, so that rounds can lie side by side.
AFTERBURN := $(TOP)/toolchain/afterburn
AFTERBURN_FILES := $(AFTERBURN) $(wildcard $(TOP)/toolchain/afterburner/*.py) \
	$(TOP)/vmm/machine/sensitive.py $(TOP)/vmm/machine/sites.py
PREVIRT_NAME ?= -previrt
PREVIRT_OUT := $(OUT)/nucleus$(PREVIRT_NAME)

# $(1): architecture; the rest of the arguments are the recipe's
define previrt_recipe
	@mkdir -p $$(@D)
	$$(NUCLEUS_COMPILE_$(1)) $$(NUCLEUS_KERNEL_$(1)) $(2) -MF $$(@:.o=.d) -MT $$@ \
		$$(if $$(filter %.c,$$<),-S,-E) -o $$(@:.o=.s) $$<
	$(AFTERBURN) --arch $(1) --unit $$(patsubst $(TOP)/%,%,$$<) $$(PREVIRT_HOT_$(1)) \
		-o $$(@:.o=.annotated.s) $$(@:.o=.s)
	$$(NUCLEUS_PREFIX_$(1))gcc $$(NUCLEUS_FLAGS_$(1)) $$(FREESTANDING) -c -o $$@ $$(@:.o=.annotated.s)
endef

previrt_objects = $(patsubst $(TOP)/guests/%,$(PREVIRT_OUT)/$(1)/%.o,$(call nucleus_sources,$(1),bare))

define previrt_architecture
$(PREVIRT_OUT)/$(1)/%.o: $(TOP)/guests/% $(AFTERBURN_FILES) $(TOP)/guests/previrt/build.mk
$(call previrt_recipe,$(1),)
-include $(patsubst %.o,%.d,$(call previrt_objects,$(1)))
endef

# $(2): what is added to the file's name, $(3): the workload, $(4): rounds
define previrt_guest
$(PREVIRT_OUT)/$(1)/main$(2).o: $(NUCLEUS)/main.c $(AFTERBURN_FILES) $(TOP)/guests/previrt/build.mk
$(call previrt_recipe,$(1),-DSTORM='"$(3)"' -DROUNDS=$(4))
-include $(PREVIRT_OUT)/$(1)/main$(2).d
$(OUT)/$(1)/nucleus$(PREVIRT_NAME)$(2).elf: $(PREVIRT_OUT)/$(1)/main$(2).o \
		$(call previrt_objects,$(1)) $(call nucleus_programs,$(1)) $(TOP)/guests/$(1)/nucleus/link.ld
	@mkdir -p $$(@D)
	$$(NUCLEUS_PREFIX_$(1))gcc $$(NUCLEUS_FLAGS_$(1)) $$(FREESTANDING) $$(LINK) \
		-Wl,-T,$(TOP)/guests/$(1)/nucleus/link.ld -o $$@ $$(filter %.o,$$^) $$(NUCLEUS_LIBRARY_$(1))
ALL += $(OUT)/$(1)/nucleus$(PREVIRT_NAME)$(2).elf
endef

define previrt_guests
$(call previrt_architecture,$(1))
$(call previrt_guest,$(1),,all,0)
$(call previrt_guest,$(1),-quick,all,1)
$(foreach storm,$(NUCLEUS_STORMS),$(call previrt_guest,$(1),-$(storm),$(storm),0)
)
endef

$(foreach arch,$(NUCLEUS_ARCHITECTURES),$(eval $(call previrt_guests,$(arch))))
