/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SPARC reference MMU (V8, appendix H) as the LEON3 has it: faults with
 * their status, protection, contexts, probes.
 *
 * RAM and the devices are mapped one to one by level-1 entries; everything
 * else hangs below the level-1 entry of 0x50000000. */
#include "traps.h"

#define PTE(physical, access) ((u32)(physical) >> 4 | (access) << 2 | 2)
#define POINTER(table) ((u32)(table) >> 4 | 1)
#define PROBE_PAGE 0x000
#define PROBE_SEGMENT 0x100
#define PROBE_REGION 0x200
#define PROBE_CONTEXT 0x300
#define PROBE_ENTIRE 0x400

static u32 context_table[256] __attribute__((aligned(1024)));
static u32 level1[256] __attribute__((aligned(1024)));
static u32 level1_other[256] __attribute__((aligned(1024)));
static u32 level2[64] __attribute__((aligned(256)));
static u32 level2_other[64] __attribute__((aligned(256)));
static u32 level3[64] __attribute__((aligned(256)));
static u32 level3_other[64] __attribute__((aligned(256)));
static u32 data_page[1024] __attribute__((aligned(4096)));
static u32 code_page[1024] __attribute__((aligned(4096)));
static u32 other_page[1024] __attribute__((aligned(4096)));

typedef u32 access(u32);
extern access load_word, load_byte, load_double, load_float, store_word, store_byte, store_double;
extern access store_float, execute, execute_here, load_store_byte, swap_words, compare_and_swap;
extern access compare_and_swap_user, load_user_space, store_user_space, load_bypass;
extern access load_taken_delay, load_untaken_delay, load_annulled, load_conditional_delay;
extern access store_call_delay, store_return_delay, load_twice, call_handler;

static void flush_mmu(void)
{
	put_asi(ASI_FLUSH_MMU, PROBE_ENTIRE, 0);
}

static void build_tables(void)
{
	for (u32 acc = 0; acc < 8; acc++)
		level3[acc] = PTE(data_page, acc);
	level3[0x11] = PTE(data_page, 3) | 3;	/* reserved entry type */
	level3[0x12] = POINTER(level3);		/* no pointers at level 3 */
	level3[0x14] = PTE(code_page, 3);
	level3[0x16] = PTE(data_page, 3);
	level3[0x17] = PTE(code_page, 3);
	level2[0] = POINTER(level3);
	level2[1] = PTE(0x40000000, 3);
	level1[0x40] = PTE(0x40000000, 3);
	level1[0x50] = POINTER(level2);
	level1[0x80] = PTE(0x80000000, 7);
	for (u32 i = 0; i < 256; i++)
		level1_other[i] = level1[i];
	level3_other[0] = PTE(other_page, 3);
	level2_other[0] = POINTER(level3_other);
	level1_other[0x50] = POINTER(level2_other);
	context_table[0] = POINTER(level1);
	context_table[1] = POINTER(level1_other);

	data_page[0] = 0x0da7a000;
	data_page[CODE_OFFSET / 4] = 0x81c3e008;	/* retl */
	data_page[CODE_OFFSET / 4 + 1] = 0x90102077;	/* mov 0x77, %o0 */
	other_page[0] = 0x07e70000;
	/* The last instructions of the page: their delay slots are on the next. */
	code_page[0x010 / 4] = 0x81c3e008;		/* retl */
	code_page[0x014 / 4] = 0x90102066;		/* mov 0x66, %o0 */
	code_page[0xff8 / 4] = 0x80a00000;		/* cmp %g0, %g0 */
}

static void in_both(const char *name, access *run, u32 address)
{
	struct situation one = {name, run, address, BOTH};
	run_situation(&one);
}

static void supervisor(const char *name, access *run, u32 address)
{
	struct situation one = {name, run, address, SUPERVISOR};
	run_situation(&one);
}

static void protection(void)
{
	char name[] = "acc_0_load   ";
	static const struct {
		const char *name;
		access *run;
	} kind[] = {{"load   ", load_word}, {"store  ", store_word}, {"execute", execute}};

	heading("protection: every access code, every access");
	for (u32 acc = 0; acc < 8; acc++) {
		for (u32 i = 0; i < 3; i++) {
			name[4] = (char)('0' + acc);
			for (u32 c = 0; c < 7; c++)
				name[6 + c] = kind[i].name[c];
			for (u32 c = 12; name[c] == ' ' || name[c] == 0; c--)
				name[c] = 0;
			in_both(name, kind[i].run, PAGE_ACC(acc));
		}
	}
	supervisor("read_only_swap", swap_words, PAGE_ACC(0));
	supervisor("read_only_ldstub", load_store_byte, PAGE_ACC(0));
	supervisor("read_only_casa", compare_and_swap, PAGE_ACC(0));
	in_both("read_execute_swap", swap_words, PAGE_ACC(2));
	struct situation user = {"read_only_casa", compare_and_swap_user, PAGE_ACC(0), USER};
	run_situation(&user);
	supervisor("user_space_load_of_supervisor_page", load_user_space, PAGE_ACC(7));
	supervisor("user_space_store_to_supervisor_page", store_user_space, PAGE_ACC(7));
	supervisor("user_space_store_to_user_read_only", store_user_space, PAGE_ACC(5));
	supervisor("user_space_load_allowed", load_user_space, PAGE_ACC(5));
}

static void invalid_entries(void)
{
	heading("no translation");
	in_both("invalid_level_1_load", load_word, INVALID_L1 + 0x10);
	in_both("invalid_level_1_store", store_word, INVALID_L1);
	in_both("invalid_level_1_execute", execute, INVALID_L1);
	in_both("invalid_level_2_load", load_word, INVALID_L2);
	in_both("invalid_level_2_store", store_word, INVALID_L2);
	in_both("invalid_level_2_execute", execute, INVALID_L2);
	in_both("invalid_level_3_load", load_word, INVALID_L3);
	in_both("invalid_level_3_store", store_word, INVALID_L3);
	in_both("invalid_level_3_execute", execute, INVALID_L3);
	supervisor("reserved_level_3_load", load_word, RESERVED_L3);
	supervisor("reserved_level_3_store", store_word, RESERVED_L3);
	supervisor("pointer_level_3_load", load_word, POINTER_L3);
	supervisor("load_byte", load_byte, INVALID_L3);
	supervisor("load_double", load_double, INVALID_L3);
	supervisor("load_float", load_float, INVALID_L3);
	supervisor("store_byte", store_byte, INVALID_L3);
	supervisor("store_double", store_double, INVALID_L3);
	supervisor("store_float", store_float, INVALID_L3);
	supervisor("user_space_load", load_user_space, INVALID_L3);
	supervisor("unaligned_goes_first", load_word, INVALID_L3 + 1);
	heading("faults in delay slots");
	in_both("load_taken_delay", load_taken_delay, INVALID_L3);
	supervisor("load_untaken_delay", load_untaken_delay, INVALID_L3);
	supervisor("load_annulled", load_annulled, INVALID_L3);
	supervisor("load_conditional_delay", load_conditional_delay, INVALID_L3);
	in_both("store_call_delay", store_call_delay, INVALID_L3);
	in_both("store_return_delay", store_return_delay, INVALID_L3);
	supervisor("read_only_return_delay", store_return_delay, PAGE_ACC(0));
	in_both("nested_fault", call_handler, 0);
}

/* The last word of the page is replaced for each. */
static void page_end(const char *name, u32 instruction)
{
	code_page[0xffc / 4] = instruction;
	__asm__ volatile("flush %0\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop"
			 : : "r"(&code_page[0xffc / 4]) : "memory");
	flush_mmu();
	in_both(name, execute_here, CODE_PAGE + 0xff8);
}

static void across_pages(void)
{
	heading("instruction fetch runs into a page that is not there");
	page_end("falls_through", 0x01000000);			/* nop */
	page_end("delay_slot_of_return", 0x81c3e008);		/* retl */
	page_end("delay_slot_of_always", 0x10bffc05);		/* ba page + 0x10 */
	page_end("delay_slot_of_taken", 0x02bffc05);		/* be page + 0x10 */
	page_end("delay_slot_of_untaken", 0x12bffc05);		/* bne page + 0x10 */
	page_end("annulled_delay_slot", 0x30bffc05);		/* ba,a page + 0x10 */
	page_end("skipped_delay_slot", 0x32bffc05);		/* bne,a page + 0x10 */
}

static u32 map_and_retry(struct trap_frame *frame)
{
	(void)frame;
	level3[0x10] = PTE(data_page, 3);
	return 1;
}

static void demand_paging(void)
{
	heading("a page that the handler maps");
	static const struct {
		const char *name;
		access *run;
	} kind[] = {
		{"demand_load", load_word},
		{"demand_store", store_word},
		{"demand_execute", execute},
		{"demand_load_delay", load_taken_delay},
		{"demand_load_conditional_delay", load_conditional_delay},
		{"demand_store_return_delay", store_return_delay},
	};
	on_fault = map_and_retry;
	for (u32 i = 0; i < sizeof kind / sizeof *kind; i++) {
		for (u32 mode = SUPERVISOR; mode <= USER; mode++) {
			struct situation one = {kind[i].name, kind[i].run, INVALID_L3, mode};
			run_situation(&one);
			level3[0x10] = 0;
			put_asi(ASI_FLUSH_MMU, INVALID_L3 | PROBE_PAGE, 0);
		}
	}
	on_fault = 0;
	supervisor("unmapped_again", load_word, INVALID_L3);
}

static void registers(void)
{
	heading("fault status, probes, bypass, contexts");
	struct situation twice = {"status_not_read", load_twice, INVALID_L3,
				  SUPERVISOR | KEEP_STATUS};
	get_asi(ASI_MMU, MMU_FAULT_STATUS);
	run_situation(&twice);
	print_value("overwritten status", get_asi(ASI_MMU, MMU_FAULT_STATUS));
	print_value("status is cleared by reading", get_asi(ASI_MMU, MMU_FAULT_STATUS));

	level3[0x16] = PTE(data_page, 3);
	flush_mmu();
	print_value("fresh entry", get32((u32)&level3[0x16]) & 0x7f);
	get32(FRESH_PAGE);
	print_value("referenced", get32((u32)&level3[0x16]) & 0x7f);
	put32(FRESH_PAGE + 4, 0);
	print_value("modified", get32((u32)&level3[0x16]) & 0x7f);

	static const struct {
		const char *name;
		u32 address;
		const u32 *entry;
	} probe[] = {
		{"probe page", PAGE_ACC(3) | PROBE_PAGE, &level3[3]},
		{"probe entire", PAGE_ACC(5) | PROBE_ENTIRE, &level3[5]},
		{"probe segment", LARGE_L2 | PROBE_SEGMENT, &level2[1]},
		{"probe region", 0x40000000 | PROBE_REGION, &level1[0x40]},
		{"probe segment table", PAGE_ACC(0) | PROBE_SEGMENT, &level2[0]},
		{"probe region table", PAGE_ACC(0) | PROBE_REGION, &level1[0x50]},
	};
	for (u32 i = 0; i < sizeof probe / sizeof *probe; i++) {
		u32 seen = get_asi(ASI_FLUSH_MMU, probe[i].address);
		print(probe[i].name);
		print_field("type", seen & 3);
		print(seen == get32((u32)probe[i].entry) ? " the entry\n" : " another\n");
	}
	print_value("probe invalid page", get_asi(ASI_FLUSH_MMU, INVALID_L3 | PROBE_ENTIRE));
	print_value("probe invalid region", get_asi(ASI_FLUSH_MMU, INVALID_L1 | PROBE_ENTIRE));
	print_value("no status from probes", get_asi(ASI_MMU, MMU_FAULT_STATUS));

	supervisor("bypass", load_bypass, (u32)data_page);
	print("large page reads the same: ");
	print(get32(LARGE_L2) == get32(0x40000000) ? "yes\n" : "no\n");

	print_value("context 0", get32(PAGE_ACC(0)));
	put_asi(ASI_MMU, MMU_CONTEXT, 1);
	print_value("context 1", get32(PAGE_ACC(0)));
	supervisor("context_1_has_no_page_1", load_word, PAGE_ACC(1));
	put_asi(ASI_MMU, MMU_CONTEXT, 0);
	print_value("context 0", get32(PAGE_ACC(0)));

	/* No-fault mode: the status tells of the fault, no trap is taken, and
	 * what the load returns is nobody's business. */
	get_asi(ASI_MMU, MMU_FAULT_STATUS);
	flush_mmu();
	put_asi(ASI_MMU, MMU_CONTROL, 3);
	get_asi(ASI_USER_DATA, PAGE_ACC(7));
	put_asi(ASI_MMU, MMU_CONTROL, 1);
	print_value("no-fault status", get_asi(ASI_MMU, MMU_FAULT_STATUS));
	flush_mmu();
	print_value("control", get_asi(ASI_MMU, MMU_CONTROL) & 3);
}

void mmu_situations(void)
{
	build_tables();
	put_asi(ASI_MMU, MMU_CONTEXT_TABLE, (u32)context_table >> 4);
	put_asi(ASI_MMU, MMU_CONTEXT, 0);
	flush_mmu();
	put_asi(ASI_MMU, MMU_CONTROL, 1);
	get_asi(ASI_MMU, MMU_FAULT_STATUS);

	protection();
	invalid_entries();
	across_pages();
	demand_paging();
	registers();

	flush_mmu();
	put_asi(ASI_MMU, MMU_CONTROL, 0);
}
