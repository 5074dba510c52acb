# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmark guests, one workload each: build/guests/bench/ARCH/WORKLOAD.elf.
#
# How often each does its work is fixed here, for a third of a second to a second of QEMU's TCG
# on a present-day host (`sleep`: some seconds, so that ours is long enough to measure).
# A processor's start-up code is the ordinary guests' runtime.
BENCH := $(TOP)/guests/bench
BENCH_OUT := $(OUT)/bench

BENCH_SPARC := null=1 compute=40000000 memory=600 calls=1500 traps=6000000 user_traps=6000000 \
	device_read=5000000 device_write=2000000 interrupts=500000 timer=15000 sleep=200000 \
	self_modifying=100000 page_tables=200000
BENCH_ARM := null=1 compute=40000000 memory=800 calls=4000 traps=1500000 user_traps=1500000 \
	hypercall=1000000 device_read=6000000 device_write=3000000 interrupts=400000 timer=15000 \
	sleep=60000 self_modifying=100000 page_tables=120000
BENCH_X86 := null=1 compute=40000000 memory=800 calls=4000 traps=2000000 user_traps=1500000 \
	hypercall=1000000 device_read=6000000 device_write=3000000 interrupts=300000 timer=15000 \
	sleep=120000 self_modifying=80000 page_tables=150000

BENCH_COMPILE_sparc = $(SPARC_PREFIX)gcc $(SPARC_FLAGS) $(FREESTANDING) -I$(TOP)/guests/runtime -I$(TOP)/guests/sparc/runtime
BENCH_COMPILE_arm = $(ARM_PREFIX)gcc $(ARM_FLAGS) $(FREESTANDING) -I$(TOP)/guests/runtime -I$(TOP)/guests/arm/runtime
BENCH_COMPILE_x86 = $(X86_PREFIX)gcc $(X86_FLAGS) $(FREESTANDING) -mno-80387
BENCH_RUNTIME_sparc := $(addprefix $(OUT)/sparc/runtime/,start.o console.o print.o)
BENCH_RUNTIME_arm := $(addprefix $(OUT)/arm/runtime/,start.o console.o gic.o print.o)
BENCH_RUNTIME_x86 := $(OUT)/x86/obj/runtime.a
BENCH_LIBRARY_sparc := -lgcc

# Calls must stay calls.
$(BENCH_OUT)/%/calls.o: BENCH_FLAGS := -O1 -fno-optimize-sibling-calls -fno-inline

# $(1): architecture
define bench_architecture
$(BENCH_OUT)/$(1)/%.o: $(BENCH)/workloads/%.c $(BENCH)/build.mk
	@mkdir -p $$(@D)
	$$(BENCH_COMPILE_$(1)) -I$(BENCH)/$(1) $$(BENCH_FLAGS) -MMD -MP -c -o $$@ $$<
$(BENCH_OUT)/$(1)/%.o: $(BENCH)/$(1)/%.c $(BENCH)/build.mk
	@mkdir -p $$(@D)
	$$(BENCH_COMPILE_$(1)) -MMD -MP -c -o $$@ $$<
$(BENCH_OUT)/$(1)/%.o: $(BENCH)/$(1)/%.S $(BENCH)/build.mk
	@mkdir -p $$(@D)
	$$(BENCH_COMPILE_$(1)) -MMD -MP -c -o $$@ $$<
-include $$(wildcard $(BENCH_OUT)/$(1)/*.d)
endef

# $(1): architecture, $(2): workload, $(3): rounds
define bench_guest
$(BENCH_OUT)/$(1)/$(2).main.o: $(BENCH)/main.c $(BENCH)/bench.h $(BENCH)/build.mk
	@mkdir -p $$(@D)
	$$(BENCH_COMPILE_$(1)) -DROUNDS=$(3)u -c -o $$@ $$<
$(BENCH_OUT)/$(1)/$(2).elf: $(BENCH_OUT)/$(1)/$(2).main.o $(BENCH_OUT)/$(1)/$(2).o \
		$(BENCH_OUT)/$(1)/machine.o $(BENCH_OUT)/$(1)/vectors.o $(BENCH_RUNTIME_$(1)) \
		$(TOP)/guests/$(1)/runtime/link.ld
	$$(BENCH_COMPILE_$(1)) $(LINK) -Wl,-T,$(TOP)/guests/$(1)/runtime/link.ld -o $$@ \
		$$(filter %.o %.a,$$^) $$(BENCH_LIBRARY_$(1))
ALL += $(BENCH_OUT)/$(1)/$(2).elf
endef

bench_name = $(word 1,$(subst =, ,$(1)))
bench_rounds = $(word 2,$(subst =, ,$(1)))
$(foreach arch,sparc arm x86,$(eval $(call bench_architecture,$(arch))))
$(foreach row,$(BENCH_SPARC),$(eval $(call bench_guest,sparc,$(call bench_name,$(row)),$(call bench_rounds,$(row)))))
$(foreach row,$(BENCH_ARM),$(eval $(call bench_guest,arm,$(call bench_name,$(row)),$(call bench_rounds,$(row)))))
$(foreach row,$(BENCH_X86),$(eval $(call bench_guest,x86,$(call bench_name,$(row)),$(call bench_rounds,$(row)))))
