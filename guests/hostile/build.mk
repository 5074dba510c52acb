# SPDX-License-Identifier: GPL-2.0-or-later
# Guests that misbehave, a few instructions each: build/guests/hostile/ARCH/NAME.elf.
HOSTILE_DIR := $(TOP)/guests/hostile
HOSTILE_OUT := $(OUT)/hostile
HOSTILE_SPARC := $(SPARC_PREFIX)gcc $(SPARC_FLAGS) -Wl,-Ttext=0x40000000
HOSTILE_ARM := $(ARM_PREFIX)gcc $(ARM_FLAGS) -Wl,-Ttext=0x40200000
HOSTILE_X86 := $(X86_PREFIX)gcc $(X86_FLAGS) -Wl,-Ttext=0x100000

define hostile_architecture
$(HOSTILE_OUT)/$(1)/%.elf: $(HOSTILE_DIR)/$(1)/%.S $(wildcard $(HOSTILE_DIR)/$(1)/*.h) $(HOSTILE_DIR)/build.mk
	@mkdir -p $$(@D)
	$(2) $(FREESTANDING) $(LINK) -Wl,-N -Wl,-e,start -o $$@ $$<
ALL += $(patsubst $(HOSTILE_DIR)/%.S,$(HOSTILE_OUT)/%.elf,$(wildcard $(HOSTILE_DIR)/$(1)/*.S))
endef
$(eval $(call hostile_architecture,sparc,$(HOSTILE_SPARC)))
$(eval $(call hostile_architecture,arm,$(HOSTILE_ARM)))
$(eval $(call hostile_architecture,x86,$(HOSTILE_X86)))
