# SPDX-License-Identifier: GPL-2.0-or-later
# The PC's 64 KiB boot ROM.
PC_DIR := $(TOP)/firmware/pc
$(OUT)/pc.elf: $(PC_DIR)/rom.S $(PC_DIR)/rom.ld $(PC_DIR)/build.mk $(TOP)/toolchain/cross.mk
	@mkdir -p $(@D)
	$(X86_PREFIX)gcc $(FREESTANDING) $(X86_FLAGS) -march=i386 $(LINK) -Wl,-T,$(PC_DIR)/rom.ld -o $@ $<
ALL += $(OUT)/pc.elf
