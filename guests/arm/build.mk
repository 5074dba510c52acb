# SPDX-License-Identifier: GPL-2.0-or-later
# The ARM guests.  Each guest is every C and assembly file of its folder, with the runtime
# and the console that all architectures share.
ARM_DIR := $(TOP)/guests/arm
ARM_OUT := $(OUT)/arm
ARM_GUESTS := hello hyp monitor smp timers traps virtiofuzz

ARM_INCLUDES := -I$(TOP)/guests/runtime -I$(ARM_DIR)/runtime
ARM_COMPILE = $(ARM_PREFIX)gcc $(ARM_FLAGS) $(FREESTANDING) $(ARM_INCLUDES) -MMD -MP -c
ARM_RUNTIME := $(addprefix $(ARM_OUT)/runtime/,start.o console.o gic.o print.o)

arm_sources = $(notdir $(wildcard $(ARM_DIR)/$(1)/*.c $(ARM_DIR)/$(1)/*.S))
arm_objects = $(addprefix $(ARM_OUT)/$(1)/,$(addsuffix .o,$(basename $(call arm_sources,$(1)))))

$(ARM_OUT)/runtime/print.o: $(TOP)/guests/runtime/print.c $(TOP)/toolchain/cross.mk
	@mkdir -p $(@D)
	$(ARM_COMPILE) -o $@ $<
$(ARM_OUT)/%.o: $(ARM_DIR)/%.c $(TOP)/toolchain/cross.mk
	@mkdir -p $(@D)
	$(ARM_COMPILE) -o $@ $<
$(ARM_OUT)/%.o: $(ARM_DIR)/%.S $(TOP)/toolchain/cross.mk
	@mkdir -p $(@D)
	$(ARM_COMPILE) -o $@ $<

define arm_guest
$(ARM_OUT)/$(1).elf: $(ARM_RUNTIME) $(call arm_objects,$(1)) $(ARM_DIR)/runtime/link.ld
	$(ARM_PREFIX)gcc $(ARM_FLAGS) $(FREESTANDING) $(LINK) -T $(ARM_DIR)/runtime/link.ld \
		-o $$@ $(ARM_RUNTIME) $(call arm_objects,$(1))
-include $(patsubst %.o,%.d,$(call arm_objects,$(1)))
ALL += $(ARM_OUT)/$(1).elf
endef
# ARMv5TE shares the link address and nothing else of the runtime.
ARM_V5_FLAGS := -mcpu=arm926ej-s -mfloat-abi=soft -marm
ARM_V5_OBJECTS := $(call arm_objects,v5) $(ARM_OUT)/v5/print.o
$(ARM_V5_OBJECTS): ARM_FLAGS := $(ARM_V5_FLAGS)
$(ARM_OUT)/v5/print.o: $(TOP)/guests/runtime/print.c $(TOP)/toolchain/cross.mk
	@mkdir -p $(@D)
	$(ARM_COMPILE) -o $@ $<
$(ARM_OUT)/v5.elf: $(ARM_V5_OBJECTS) $(ARM_DIR)/runtime/link.ld
	$(ARM_PREFIX)gcc $(ARM_V5_FLAGS) $(FREESTANDING) $(LINK) -T $(ARM_DIR)/runtime/link.ld \
		-o $@ $(ARM_V5_OBJECTS)
-include $(ARM_V5_OBJECTS:.o=.d)
ALL += $(ARM_OUT)/v5.elf

$(foreach guest,$(ARM_GUESTS),$(eval $(call arm_guest,$(guest))))
-include $(ARM_RUNTIME:.o=.d)
