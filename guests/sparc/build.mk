# SPDX-License-Identifier: GPL-2.0-or-later
# SPARC V8 guests for the LEON3: hello, nested, timers, traps, virtio, and one that is broken on purpose.
SPARC_GUESTS := broken hello nested timers traps virtio
SPARC_SRC := $(TOP)/guests/sparc
SPARC_OUT := $(OUT)/sparc
SPARC_CFLAGS := $(SPARC_FLAGS) $(FREESTANDING) -I$(TOP)/guests/runtime -I$(SPARC_SRC)/runtime
SPARC_RUNTIME := $(SPARC_OUT)/runtime/start.o $(SPARC_OUT)/runtime/console.o $(SPARC_OUT)/runtime/print.o

sparc_objects = $(patsubst $(SPARC_SRC)/%,$(SPARC_OUT)/%.o,$(basename $(wildcard $(SPARC_SRC)/$(1)/*.[cS])))

$(SPARC_OUT)/runtime/print.o: $(TOP)/guests/runtime/print.c $(TOP)/toolchain/cross.mk
	@mkdir -p $(@D)
	$(SPARC_PREFIX)gcc $(SPARC_CFLAGS) -MMD -MP -c -o $@ $<

$(SPARC_OUT)/%.o: $(SPARC_SRC)/%.c $(TOP)/toolchain/cross.mk
	@mkdir -p $(@D)
	$(SPARC_PREFIX)gcc $(SPARC_CFLAGS) -MMD -MP -c -o $@ $<

$(SPARC_OUT)/%.o: $(SPARC_SRC)/%.S $(TOP)/toolchain/cross.mk
	@mkdir -p $(@D)
	$(SPARC_PREFIX)gcc $(SPARC_CFLAGS) -MMD -MP -c -o $@ $<

define sparc_guest
$(SPARC_OUT)/$(1).elf: $(SPARC_RUNTIME) $(call sparc_objects,$(1)) $(SPARC_SRC)/runtime/link.ld
	$(SPARC_PREFIX)gcc $(SPARC_CFLAGS) $(LINK) -Wl,-T,$(SPARC_SRC)/runtime/link.ld -o $$@ $$(filter %.o,$$^) -lgcc
ifneq ($(call sparc_objects,$(1)),)
ALL += $(SPARC_OUT)/$(1).elf
endif
-include $(patsubst %.o,%.d,$(SPARC_RUNTIME) $(call sparc_objects,$(1)))
endef
$(foreach guest,$(SPARC_GUESTS),$(eval $(call sparc_guest,$(guest))))
