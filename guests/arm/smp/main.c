/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two processors: power, exclusive accesses, interrupts of each other, code and translations
 * that one changes under the other.  The first one prints; nothing of it depends on how the two
 * are interleaved.
 */
#include "gic.h"

#define PSCI_CPU_OFF       0x84000002u
#define PSCI_CPU_ON        0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PATIENCE 20000000u
#define ROUNDS   20000
#define GICD_SGIR_TO(cpu, number) (0x10000u << (cpu) | (number))
#define WINDOW   0x50000000u               /* the virtual section that moves */
#define SECTION  0x00100000u
#define SECTION_ENTRY 0x00010c02u          /* shareable, full access, strongly ordered */

enum order { NONE, COUNT, ANSWER, CALL, TRANSLATE, LOOK, SLEEP, OFF };

extern char second_start[];
extern u32 changing_code[];
u32 psci(u32 function, u32 first, u32 second, u32 third);
void second(u32 context);

static volatile u32 order, done, answer, context_seen;
static volatile u32 lock, counter;
static volatile u32 places[2][SECTION / 4] __attribute__((aligned(0x100000)));
static u32 table[4096] __attribute__((aligned(0x4000)));

static void say(const char *what, u32 value)
{
    print(what);
    print(": ");
    print_dec(value);
    print("\n");
}

static void say_signed(const char *what, u32 value)
{
    print(what);
    print((int)value < 0 ? ": -" : ": ");
    print_dec((int)value < 0 ? -value : value);
    print("\n");
}

/* ---- both ------------------------------------------------------------------- */

static void take_lock(void)
{
    u32 value, failed;

    do {
        asm volatile("ldrex %0, [%1]" : "=r"(value) : "r"(&lock) : "memory");
        if (value) {
            asm volatile("wfe");
            continue;
        }
        asm volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(1), "r"(&lock) : "memory");
    } while (value || failed);
    asm volatile("dmb" : : : "memory");
}

static void release_lock(void)
{
    asm volatile("dmb" : : : "memory");
    lock = 0;
    asm volatile("dsb\n\tsev" : : : "memory");
}

static void count(void)
{
    for (u32 round = 0; round < ROUNDS; round++) {
        take_lock();
        counter = counter + 1;
        release_lock();
    }
}

static void translate(void)
{
    MCR(15, 0, 2, 0, 0, (u32)table);       /* TTBR0 */
    MCR(15, 0, 3, 0, 0, 1);                /* DACR: domain 0 checks rights */
    MCR(15, 0, 8, 7, 0, 0);
    SET_SCTLR(SCTLR() | 1);
    barrier();
}

static u32 next_interrupt(void)
{
    u32 acknowledged;

    while ((acknowledged = read32(GICC_IAR)) == SPURIOUS)
        asm volatile("dsb\n\twfi" : : : "memory");
    write32(GICC_EOIR, acknowledged);
    return acknowledged;
}

/* ---- the second ------------------------------------------------------------- */

static u32 obey(u32 what)
{
    switch (what) {
    case COUNT: count(); return 0;
    case ANSWER:
        for (u32 round = 0; round < 100; round++) {
            if (next_interrupt() != 3)     /* SGI 3 of processor 0 */
                return round;
            write32(GICD_SGIR, GICD_SGIR_TO(0, 5));
        }
        return 100;
    case CALL: return ((u32(*)(void))changing_code)();
    case TRANSLATE: translate(); return SCTLR() & 1;
    case LOOK: return read32(WINDOW);
    case SLEEP: return next_interrupt();
    default: return ~0u;
    }
}

void second(u32 context)
{
    u32 seen = done;

    context_seen = context;
    write32(GICC_PMR, 0xff);
    write32(GICC_CTLR, 1);
    for (;;) {
        while (order == seen)
            asm volatile("wfe" : : : "memory");
        if ((order & 0xff) == OFF)
            psci(PSCI_CPU_OFF, 0, 0, 0);
        answer = obey(order & 0xff);
        asm volatile("dmb" : : : "memory");
        done = seen = order;
        asm volatile("dsb\n\tsev" : : : "memory");
    }
}

/* ---- the first -------------------------------------------------------------- */

static void begin(enum order what)
{
    asm volatile("dmb" : : : "memory");
    order = ((order >> 8) + 1) << 8 | what;
    asm volatile("dsb\n\tsev" : : : "memory");
}

static u32 finish(void)
{
    while (done != order)
        asm volatile("wfe" : : : "memory");
    asm volatile("dmb" : : : "memory");
    return answer;
}

static u32 have(enum order what)
{
    begin(what);
    return finish();
}

static u32 switch_on(u32 context)
{
    context_seen = 0;
    return psci(PSCI_CPU_ON, 1, (u32)second_start, context);
}

static void wait_for_context(void)
{
    for (u32 polls = 0; !context_seen && polls < PATIENCE; polls++)
        ;
    say("context", context_seen);
}

static void check_power(void)
{
    say("affinity of the first", MPIDR() & 0xffffff);
    say("state of the second", psci(PSCI_AFFINITY_INFO, 1, 0, 0));
    say_signed("on, one that there is not", psci(PSCI_CPU_ON, 0x100, (u32)second_start, 0));
    say_signed("on, the first itself", psci(PSCI_CPU_ON, 0, (u32)second_start, 0));
    say_signed("on", switch_on(42));
    wait_for_context();
    say_signed("on again", psci(PSCI_CPU_ON, 1, (u32)second_start, 43));
    say("state of the second", psci(PSCI_AFFINITY_INFO, 1, 0, 0));
}

static void check_exclusives(void)
{
    begin(COUNT);
    count();
    finish();
    say("counted under a lock", counter);
}

static void check_interrupts(void)
{
    u32 sources = 0, round;

    begin(ANSWER);
    for (round = 0; round < 100; round++) {
        write32(GICD_SGIR, GICD_SGIR_TO(1, 3));
        u32 acknowledged = next_interrupt();
        if ((acknowledged & 0x3ff) != 5)
            break;
        sources |= 1 << (acknowledged >> 10 & 7);
    }
    say("interrupts there and back", round);
    say("sources, a bit each", sources);
    say("taken by the second", finish());
    begin(SLEEP);
    write32(GICD_SGIR, 1 << 24 | 7);       /* to all others */
    say("the sleeper's interrupt", finish());
}

static void write_code(u32 value)
{
    changing_code[0] = 0xe3a00000 | value; /* mov r0, #value */
    asm volatile("dsb" : : : "memory");
    MCR(15, 0, 7, 1, 0, 0);                /* ICIALLUIS */
    asm volatile("dsb" : : : "memory");
}

static void check_code(void)
{
    u32 right = 0;

    for (u32 value = 1; value <= 200; value++) {
        write_code(value);
        right += have(CALL) == value;
        right += ((u32(*)(void))changing_code)() == value;
    }
    say("calls of changed code that were right", right);
}

static void check_translations(void)
{
    u32 right = 0;

    for (u32 section = 0; section < 4096; section++)
        table[section] = section * SECTION | SECTION_ENTRY;
    places[0][0] = 100;
    places[1][0] = 200;
    translate();
    say("second with its MMU on", have(TRANSLATE));
    for (u32 round = 0; round < 100; round++) {
        table[WINDOW / SECTION] = (u32)places[round & 1] | SECTION_ENTRY;
        asm volatile("dsb" : : : "memory");
        MCR(15, 0, 8, 3, 1, WINDOW);       /* TLBIMVAIS */
        asm volatile("dsb" : : : "memory");
        right += have(LOOK) == (round & 1 ? 200u : 100u);
    }
    say("looks through changed translations that were right", right);
}

static void check_off(void)
{
    u32 polls;

    begin(OFF);
    for (polls = 0; !psci(PSCI_AFFINITY_INFO, 1, 0, 0) && polls < PATIENCE; polls++)
        ;
    say("state of the second", psci(PSCI_AFFINITY_INFO, 1, 0, 0));
    done = order;
    say_signed("on", switch_on(44));
    wait_for_context();
    say("code, after another start", have(CALL));
}

int main(void)
{
    print("two processors\n");
    gic_init();
    check_power();
    check_exclusives();
    check_interrupts();
    check_code();
    check_translations();
    check_off();
    print("== done\n");
    return 0;
}
