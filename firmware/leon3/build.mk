# SPDX-License-Identifier: GPL-2.0-or-later
# The LEON3 board's PROM.
LEON3_SRC := $(TOP)/firmware/leon3
$(OUT)/leon3.elf: $(LEON3_SRC)/prom.S $(LEON3_SRC)/prom.ld
	@mkdir -p $(@D)
	$(SPARC_PREFIX)gcc $(SPARC_FLAGS) $(FREESTANDING) $(LINK) -Wl,-T,$(LEON3_SRC)/prom.ld -o $@ $<
ALL += $(OUT)/leon3.elf
