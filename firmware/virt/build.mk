# SPDX-License-Identifier: GPL-2.0-or-later
# The boot stub of the `virt` board, linked for its flash at 0.
$(OUT)/virt.elf: $(TOP)/firmware/virt/boot.S $(TOP)/firmware/virt/link.ld
	@mkdir -p $(@D)
	$(ARM_PREFIX)gcc $(ARM_FLAGS) $(FREESTANDING) $(LINK) -T $(TOP)/firmware/virt/link.ld -o $@ $<
ALL += $(OUT)/virt.elf
