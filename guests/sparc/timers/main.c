/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GPTIMER in its modes: prescaler, reload, one shot, several at once, masks,
 * and waiting in power-down.  (QEMU has no chained timers: not here.)
 *
 * Only relations are printed: what an interrupt finds, in which order they
 * come, how one clock compares with another by a wide margin. */
#include "leon3.h"

#define TIMER(n) (GPTIMER + GPTIMER_TIMER(n))
#define PATIENCE 3000000
#define LONG 10000000                      /* microseconds */
#define CONFIG_SEPARATE 0x100

static volatile u32 count[16];
static volatile u32 order[16], taken;
static volatile u32 pending_seen;
static u32 failures;

/* Acknowledges by writing the control register with IP set; RS timers go on. */
static u32 running[3];

void trap(struct trap_frame *frame)
{
	u32 level = frame->vector - 0x10;
	if (level < 1 || level > 15) {
		print("unexpected trap");
		print_field("tt", frame->vector);
		print_field("pc", frame->pc);
		print("\n");
		exit_guest(1);
	}
	u32 first = get32(GPTIMER + GPTIMER_CONFIG) >> 3 & 31;
	u32 timer = level - first + 1;
	if (timer == 1 || timer == 2) {
		u32 control = TIMER(timer) + TIMER_CONTROL;
		if (get32(control) & TIMER_IP)
			pending_seen++;
		put32(control, running[timer] | TIMER_IP);
	}
	count[level]++;
	if (taken < 16)
		order[taken] = level;
	taken++;
}

static void check(const char *what, u32 good)
{
	print(what);
	print(good ? ": yes\n" : ": NO\n");
	if (!good)
		failures++;
}

static u32 wait_taken(u32 wanted)
{
	for (u32 i = 0; i < PATIENCE; i++)
		if (taken >= wanted)
			return 1;
	return 0;
}

static void stop_all(void)
{
	set_pil(15);
	for (u32 timer = 1; timer <= 2; timer++) {
		put32(TIMER(timer) + TIMER_CONTROL, TIMER_IP);
		running[timer] = 0;
	}
	put32(IRQMP + IRQMP_CLEAR, 0xfffe);
	for (u32 level = 0; level < 16; level++)
		count[level] = order[level] = 0;
	taken = pending_seen = 0;
}

static void start(u32 timer, u32 reload, u32 mode)
{
	running[timer] = mode & TIMER_RS ? TIMER_EN | mode : 0;
	put32(TIMER(timer) + TIMER_RELOAD, reload);
	put32(TIMER(timer) + TIMER_CONTROL, TIMER_EN | TIMER_LD | mode);
}

/* Prescaler ticks of about a microsecond at 40 MHz. */
static void prescale(u32 reload)
{
	put32(GPTIMER + GPTIMER_SRELOAD, reload);
	put32(GPTIMER + GPTIMER_SCALER, reload);
}

static void configuration(void)
{
	u32 config = get32(GPTIMER + GPTIMER_CONFIG);
	print("-- configuration\n");
	print_value("timers", config & 7);
	print_value("first interrupt", config >> 3 & 31);
	print_value("separate interrupts", config / CONFIG_SEPARATE & 1);
	put32(GPTIMER + GPTIMER_SRELOAD, 0x7b);
	print_value("scaler reload", get32(GPTIMER + GPTIMER_SRELOAD));
	put32(TIMER(2) + TIMER_RELOAD, 0x12345678);
	print_value("timer reload", get32(TIMER(2) + TIMER_RELOAD));
}

static void one_shot(void)
{
	print("-- one shot\n");
	stop_all();
	prescale(39);
	set_pil(0);
	start(1, 100, TIMER_IE);
	check("interrupt", wait_taken(1));
	for (u32 i = 0; i < 20000; i++)
		get32(GPTIMER + GPTIMER_CONFIG);
	check("only one", taken == 1);
	check("interrupt pending was seen", pending_seen == 1);
	check("cleared by writing it", !(get32(TIMER(1) + TIMER_CONTROL) & TIMER_IP));

	/* Long, so that it still falls where something else ran in between. */
	stop_all();
	start(1, LONG, 0);
	u32 value = get32(TIMER(1) + TIMER_COUNTER), falls = 0;
	for (u32 i = 0; i < PATIENCE && falls < 3; i++) {
		u32 now = get32(TIMER(1) + TIMER_COUNTER);
		falls += now < value;
		value = now;
	}
	check("the counter falls", falls == 3);
	stop_all();
	start(1, 100, 0);
	set_pil(0);
	for (u32 i = 0; i < 20000; i++)
		get32(GPTIMER + GPTIMER_CONFIG);
	check("no interrupt without IE", taken == 0);
}

static void periodic(void)
{
	print("-- periodic\n");
	stop_all();
	set_pil(0);
	start(1, 50, TIMER_RS | TIMER_IE);
	check("ten interrupts", wait_taken(10));
	check("still enabled", get32(TIMER(1) + TIMER_CONTROL) & TIMER_EN);
	u32 in_range = 1;
	for (u32 i = 0; i < 1000; i++)
		in_range &= get32(TIMER(1) + TIMER_COUNTER) <= 50;
	check("the counter stays within its reload", in_range);
	/* An interrupt on its way would set EN again. */
	set_pil(15);
	running[1] = 0;
	put32(TIMER(1) + TIMER_CONTROL, TIMER_IP);
	put32(IRQMP + IRQMP_CLEAR, 0xfffe);
	set_pil(0);
	u32 before = taken;
	for (u32 i = 0; i < 20000; i++)
		get32(GPTIMER + GPTIMER_CONFIG);
	check("none once disabled", taken == before);
}

static void several(void)
{
	print("-- two at once\n");
	stop_all();
	u32 first = get32(GPTIMER + GPTIMER_CONFIG) >> 3 & 31;
	set_pil(0);
	start(1, 500, TIMER_RS | TIMER_IE);
	start(2, 50, TIMER_RS | TIMER_IE);
	for (u32 i = 0; i < PATIENCE && count[first] < 10; i++)
		;
	set_pil(15);
	check("slow timer", count[first] >= 10);
	check("fast timer is several times faster", count[first + 1] > 3 * count[first]);

	stop_all();
	start(1, 20, TIMER_IE);
	start(2, 20, TIMER_IE);
	u32 both = 0;
	for (u32 i = 0; i < PATIENCE && !both; i++)
		both = get32(TIMER(1) + TIMER_CONTROL) & get32(TIMER(2) + TIMER_CONTROL) & TIMER_IP;
	check("both pending", both);
	check("none at PIL 15", taken == 0);
	print_value("pending register", get32(IRQMP + IRQMP_PENDING));
	set_pil(first);
	check("second above PIL", wait_taken(1) && order[0] == first + 1);
	set_pil(0);
	check("then the first", wait_taken(2) && order[1] == first);
	print_value("pending register", get32(IRQMP + IRQMP_PENDING));
}

static void masks(void)
{
	print("-- masks\n");
	u32 first = get32(GPTIMER + GPTIMER_CONFIG) >> 3 & 31;
	stop_all();
	put32(IRQMP + IRQMP_MASK, 0xfffe & ~(1u << first));
	set_pil(0);
	start(1, 20, TIMER_IE);
	u32 pending = 0;
	for (u32 i = 0; i < PATIENCE && !pending; i++)
		pending = get32(IRQMP + IRQMP_PENDING) >> first & 1;
	check("pending while masked", pending);
	check("not taken while masked", taken == 0);
	put32(IRQMP + IRQMP_MASK, 0xfffe);
	check("taken when unmasked", wait_taken(1));

	stop_all();
	put32(IRQMP + IRQMP_MASK, 0);
	start(1, 20, TIMER_IE);
	pending = 0;
	for (u32 i = 0; i < PATIENCE && !pending; i++)
		pending = get32(IRQMP + IRQMP_PENDING) >> first & 1;
	put32(IRQMP + IRQMP_CLEAR, 1u << first);
	check("cleared", pending && get32(IRQMP + IRQMP_PENDING) == 0);
	put32(IRQMP + IRQMP_MASK, 0xfffe);
	set_pil(0);
	for (u32 i = 0; i < 1000; i++)
		get32(GPTIMER + GPTIMER_CONFIG);
	check("cleared is not taken", taken == 0);
}

/* How many polls of the other timer a one-shot takes. */
static u32 ticks_of_other(u32 scaler)
{
	stop_all();
	prescale(scaler);
	start(2, 0xffffffff, TIMER_RS);
	start(1, 100, TIMER_IE);
	u32 from = get32(TIMER(2) + TIMER_COUNTER);
	for (u32 i = 0; i < PATIENCE; i++)
		if (get32(TIMER(1) + TIMER_CONTROL) & TIMER_IP)
			break;
	return from - get32(TIMER(2) + TIMER_COUNTER);
}

static void prescaler(void)
{
	print("-- prescaler\n");
	/* Both count the same ticks, whatever their length. */
	check("fast ticks: at least a hundred", ticks_of_other(39) >= 99);
	check("slow ticks: at least a hundred", ticks_of_other(399) >= 99);

	/* A prescaler a hundred times longer: the same count takes longer. */
	stop_all();
	u32 polls[2];
	for (u32 round = 0; round < 2; round++) {
		prescale(round ? 39999 : 399);
		start(1, 20, TIMER_IE);
		u32 i = 0;
		while (i < PATIENCE && !(get32(TIMER(1) + TIMER_CONTROL) & TIMER_IP))
			i++;
		polls[round] = i;
		put32(TIMER(1) + TIMER_CONTROL, TIMER_IP);
	}
	check("longer prescaler, longer wait", polls[1] > 2 * polls[0]);
	prescale(39);
}

static void waiting(void)
{
	print("-- power-down\n");
	stop_all();
	set_pil(0);
	start(1, 3000, TIMER_RS | TIMER_IE);
	u32 naps = 0;
	while (taken < 5 && naps < 1000) {
		power_down();
		naps++;
	}
	check("five wake-ups", taken >= 5);
	check("nothing else woke it", naps <= taken + 1);

	stop_all();
	set_pil(0);
	start(1, 5000, TIMER_RS | TIMER_IE);
	start(2, 1500, TIMER_RS | TIMER_IE);
	u32 first = get32(GPTIMER + GPTIMER_CONFIG) >> 3 & 31;
	for (naps = 0; count[first] < 3 && naps < 1000; naps++)
		power_down();
	check("two timers wake it", count[first] >= 3 && count[first + 1] >= count[first]);
	stop_all();
}

int main(void)
{
	print("== LEON3 timers\n");
	put32(IRQMP + IRQMP_MASK, 0xfffe);
	configuration();
	one_shot();
	periodic();
	several();
	masks();
	prescaler();
	waiting();
	put32(IRQMP + IRQMP_MASK, 0);
	print(failures ? "== failed\n" : "== done\n");
	return failures != 0;
}
