/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where things are inside one build of the engine: unicorn 2.1.4, the wheel
 * for Linux on x86-64.  This is the only table of such facts.  vmm_attach()
 * checks what it can see and vmm/cpu/selftest checks the rest by
 * behaviour before any guest runs; nothing here is ever guessed.
 */
#ifndef VMM_OFFSETS_H
#define VMM_OFFSETS_H

#define ENGINE_VERSION "2.1.4"
#define ENGINE_HOST "linux-x86_64"
#define ENGINE_BUILD_ID "44285d3e80527122e9e361928189385906ec813e"

/* uc_struct */
#define UC_STOP_INTERRUPT 0xe0 /* called with each exception before it is handled */
#define UC_MEMORY_MAPPING 0x120 /* (uc, address) -> MemoryRegion * */
#define UC_CPU 0x1b8           /* CPUState * */
#define UC_TARGET_PAGE 0x2a8   /* ARM: the size of a page of the TLB, as its logarithm at +4 */
#define TARGET_PAGE_BITS 4
#define UC_TCG_CTX 0x300       /* TCGContext * */
#define UC_INVALID_ERROR 0x590 /* uc_err of a failed memory access */

/* CPUState, the part all targets share */
#define CPU_EXIT_REQUEST 0x15  /* u8 */
#define CPU_CFLAGS_NEXT_TB 0x18
#define CPU_INTERRUPT_REQUEST 0x1c
#define CPU_RANDOM_SEED 0x38 /* u64, which only user-mode emulation uses: the budget is here */
#define CPU_ENV_PTR 0x128
#define CPU_JUMP_CACHE 0x138 /* the block last found at a pc, by a hash of it of 12 bits */
#define CPU_MEM_IO_PC 0x8178 /* host return address of the access that reached a device */
#define CPU_CLUSTER_INDEX 0x8194 /* part of what blocks are looked up by */
#define CPU_NO_CLUSTER 0xffffffffu /* of a processor in no cluster, as it begins */
#define CPU_HALTED 0x8198
#define CPU_EXCEPTION_INDEX 0x81a0
#define CPU_UC 0x81a8
#define CPU_CLASS 0x81b0

#define CPU_INTERRUPT_EXITTB_ 0x4u
#define CPU_INTERRUPT_DEBUG_ 0x80u

/* CPUClass */
#define CLASS_HAS_WORK 0x08
#define CLASS_EXEC_INTERRUPT 0x90

/* CPUTLB: before the register file.  By MMU index, a mask and a table of entries
 * (what fast accesses use), and a descriptor with the victim entries; a bit per
 * index says whether its translations need flushing. */
#define SPARC_TLB_FAST 0x40 /* all of these before env */
#define SPARC_TLB_DESCRIPTORS 0x850
#define SPARC_TLB_DESCRIPTOR 0x2b0 /* size of one */
#define ARM_TLB_FAST 0xd0
#define ARM_TLB_DESCRIPTORS 0x2110
#define ARM_TLB_DESCRIPTOR 0x2b0
#define X86_TLB_FAST 0x40
#define X86_TLB_DESCRIPTORS 0x870
#define X86_TLB_DESCRIPTOR 0x2b8
#define TLB_NEEDS_FLUSH 0x20 /* u16, before the descriptors */
#define TLB_LAST_POINTER 8 /* before a descriptor's end: its table of physical addresses */
#define TLB_IO_ENTRY_BITS 4
#define TLB_ENTRY_BITS 6
#define X86_TLB_ENTRY_ADDEND 0x20 /* behind the addresses for loads, stores, fetches, and one more */

/* MemoryRegion */
#define REGION_PERMISSIONS 0x88 /* u32: 1 read, 2 write, 4 execute */

/* TCGContext: how many temporaries there are, global registers included */
#define TCG_TEMPORARIES 0x30
#define TCG_MAX_TEMPORARIES 512
#define TCG_GLOBALS 0x2c /* u32: the first so many of them are the global registers */
#define TCG_SPARE_TEMPORARIES 64 /* no instruction takes more than a dozen */

/* TCGContext: what the translator may not use, and ways into and out of generated code */
#define TCG_RESERVED_REGISTERS 0x60 /* u32: a bit per host register */
#define TCG_PROLOGUE 0x90
#define TCG_EPILOGUE 0x98 /* with no result */
#define SPARC_TCG_RETURN 0x8bc8 /* with the result in rax */
#define ARM_TCG_RETURN 0x93c8
#define X86_TCG_RETURN 0x9bc8
#define TCG_CODE_BUFFER 0x40
#define TCG_BUFFER 0xa0 /* of generated code, behind the ways in and out */
#define TCG_BUFFER_SIZE 0xb8
#define TCG_NEXT_CODE 0xc0
#define TCG_ACCESSES 0xe8 /* a list of the loads and stores in the block that is generated */
#define TCG_FIRST_CODE (-0x2d0) /* from the way out: where code starts when the buffer is emptied */

/* TCGTemp: a byte for the host register, then 7 of kind and type */
#define TCG_TEMP_KIND_SIZE 8

/* TCGContext: the temporary that stands for the register file, and its name */
#define TCG_ENV_TEMP 0x388
#define TCG_TEMP_NAME 0x20

/* ... with which the table of temporaries begins; and behind the table the first operation */
#define TCG_TEMP_SIZE 0x38
#define SPARC_TCG_COND 0x4d8 /* of them, whether a branch is taken */
#define TCG_OPERATIONS (TCG_ENV_TEMP + TCG_MAX_TEMPORARIES * TCG_TEMP_SIZE)
#define SPARC_TCG_INDIRECT_ORDER 0x8958 /* a pointer: registers for addresses that globals are at, in order */
#define SPARC_TCG_DEFINITIONS 0x8968 /* a pointer: TCGOpDef[] */
#define ARM_TCG_DEFINITIONS 0x9168
#define X86_TCG_DEFINITIONS 0x9968
/* ... and in it, x86, those of what the arithmetic flags are worked out from */
#define X86_TCG_CC_OP 0x3f8
#define X86_TCG_CC_DST 0x430
#define X86_TCG_CC_SRC 0x468
#define X86_TCG_CC_SRC2 0x4a0

/* TCGOp: the arguments */
#define TCGOP_ARG0 3 /* in 8-byte words */

/* The value of a movi is its second argument */
#define TCGOP_ARG1 4 /* in 8-byte words */

/* ... and the flags of a call with two arguments and no result its fourth */
#define TCGOP_CALL_FLAGS 6 /* in 8-byte words */
#define TCG_CALL_NO_GLOBALS 0x3 /* neither read nor written */
#define TCG_CALL_NO_SIDE_EFFECTS 0x4

/* TCG opcodes, conditions and exits of this build */
enum { TCG_SET_LABEL = 1, TCG_MOVI_I32 = 6, TCG_MOV_I64 = 63, TCG_INSN_START = 129 };
enum { TCG_LD_I64 = 73, TCG_ST_I64 = 77, TCG_SUB_I64 = 79 };
enum { TCG_LD_I32 = 13, TCG_ST_I32 = 16, TCG_LD32U_I64 = 71, TCG_ST32_I64 = 76 };
enum { TCG_TYPE_I32_ = 0, TCG_TYPE_I64_ = 1, TCG_COND_ALWAYS_ = 1, TCG_COND_LT_ = 2, TCG_COND_NE_ = 9 };
enum { TB_EXIT_REQUESTED_ = 3 };
enum { TCG_COND_SIGNED = 2 }; /* the bit of conditions that compare signed numbers */
/* A memory operation: above the MMU index, its size as a logarithm and whether it is signed */
enum { MEMOP_SHIFT = 4, MEMOP_SIZE = 3, MEMOP_SIGN = 4 };

/* DisasContextBase and TranslationBlock: the layout depends on the width of a
 * guest address, 8 bytes for the x86 engine and 4 for the others. */
#define DB64_PC_NEXT 16
#define DB64_IS_JMP 24
#define DB64_NUM_INSNS 28
#define TB_PC 0
#define TB64_CS_BASE 0x08
#define TB64_FLAGS 0x10
#define TB64_ICOUNT 0x16
#define TB64_CODE 0x20
#define TB64_CODE_SIZE 0x28
/* x86: DisasContext, what has set the arithmetic flags, and whether the register file does not know yet */
#define X86_DC_CC_OP 0x74
#define X86_DC_CC_OP_DIRTY 0x7c /* u8 */
#define DB32_PC_NEXT 12
#define DB32_IS_JMP 16
#define DB32_NUM_INSNS 20
/* ARM: DisasContext, with the op that says where the instruction starts; NULL: an access of it has been
 * described there, which the engine does once */
#define ARM_DC_START 0xb0

/* SPARC: DisasContext, with pc and npc of the next instruction, and what has set the condition codes */
#define SPARC_DC_PC 0x20
#define SPARC_DC_NPC 0x24
#define SPARC_DC_CC_OP 0x38
#define SPARC_CC_OP_DYNAMIC 0
#define TB32_CS_BASE 0x04 /* SPARC: npc */
#define TB32_FLAGS 0x08
#define TB_FLAG_SUPER_ 0x40 /* SPARC: supervisor mode */
#define TB32_ICOUNT 0x0e
#define TB32_CODE 0x18
#define TB32_CODE_SIZE 0x20
#define TB32_PAGE_ADDRESS 0x40 /* two of them: RAM pages that hold the block */

/* Words that the translator stores for each instruction start */
#define SPARC_START_WORDS 2
#define ARM_START_WORDS 3
#define X86_START_WORDS 2

/* CPUSPARCState */
#define SPARC_PC 40
#define SPARC_NPC 44
#define SPARC_CWP 208
#define SPARC_WIM 212
#define SPARC_PSRS 220
#define SPARC_PSRPS 224
#define SPARC_PSRET 228
#define SPARC_PSRPIL 232
#define SPARC_PSREF 240
#define SPARC_INTERRUPT_INDEX 244
#define SPARC_REGBASE 248
#define SPARC_MMUREGS 2336

/* CPUARMState */
#define ARM_CPSR_READ_PC 60 /* regs[15] */
#define ARM_EXCEPTION 3024  /* syndrome, fsr, vaddress, target_el */
#define ARM_EXCEPTION_TARGET_EL 3040
#define ARM_UNCACHED_CPSR 0x154
#define ARM_HFLAGS 0x150
#define ARM_HFLAGS_OTHER 0xc0000000u /* AArch64, or single step */
#define ARM_THUMB 0x220
#define ARM_CONDEXEC 0x224 /* ITSTATE */
#define ARM_VFP_SYSTEM 3624 /* FPSID, MVFR1 (6), MVFR0 (7), FPEXC (8): words */
#define ARM_EXCLUSIVE_ADDRESS 0xec0 /* -1: the monitor is open */
#define ARM_VECTOR 0xe20 /* length and stride: words */
#define ARM_FPEXC 0xe48
#define ARM_FPEXC_EN 0x40000000u
#define ARM_FEATURES 0xfa0
#define ARM_FEATURE_V6 (1ull << 3)
#define ARM_FEATURE_V7 (1ull << 5)
#define ARM_FEATURE_V7VE (1ull << 13)
#define ARM_FEATURE_EL2 (1ull << 32)
#define ARM_FEATURE_EL3 (1ull << 33)
#define ARM_FEATURES_OTHER 0x202u /* XScale and M profile: their blocks have other flags */
#define ARM_PMCR 0x470 /* then PMCNTEN, 8 bytes each */
#define ARM_PMCNTEN 0x478
#define ARM_CCNT 0x808 /* then its offset */
#define ARM_CCNT_DELTA 0x810
#define ARM_CP_REGS 46112 /* from CPUState: the hash of system registers */

/* ARMCPRegInfo */
#define RI_CP 8
#define RI_CRN 9
#define RI_CRM 10
#define RI_OPC1 12
#define RI_OPC2 13
#define RI_TYPE 20
#define RI_ACCESS 24 /* write and read, by exception level */
#define RI_RESET_VALUE 40
#define RI_FIELD_OFFSET 48
#define RI_ACCESSFN 72
#define RI_READFN 80
#define RI_WRITEFN 88
#define RI_RAW_READFN 96
#define RI_TYPE_CONSTANT 0x02
#define RI_TYPE_SPECIAL 0xf01
#define RI_TYPE_NOP 0x101

/* CPUX86State */
#define X86_REGS 0
#define X86_EIP 128
#define X86_EFLAGS 136
#define X86_CC_SRC 152
#define X86_CC_OP 168 /* 1: the arithmetic flags are in CC_SRC */
#define X86_DF 172 /* 1 or -1 */
#define X86_HFLAGS 176
#define X86_EFLAGS_OF_BLOCK 0x73100u /* TF, IOPL, RF, VM, AC */
#define X86_HFLAGS_INHIBIT_IRQ 8u /* the instruction after STI or a load of SS comes first */
#define X86_SEGS 184 /* 24 bytes each: selector, base +8, limit +16, flags +20 */
#define X86_LDT 328 /* these four are laid out as a segment is */
#define X86_TR 352
#define X86_GDT 376
#define X86_IDT 400
#define X86_A20_MASK 496
#define X86_CR 424
#define X86_EFER 0x250
#define X86_SYSENTER_CS 0x12c0 /* then ESP and EIP, 8 bytes each */
#define X86_ERROR_CODE 0x1508
#define X86_IS_INT 0x150c
#define X86_NEXT_EIP 0x1510
#define X86_DR 0x1518
#define X86_OLD_EXCEPTION 0x1578 /* what a second fault would be a double fault of; -1: none */

#endif
