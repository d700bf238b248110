#include "shim/unwind.h"

#include <string.h>

#include "shim/atomics.h"
#include "shim/cfi.h"
#include "shim/modules.h"
#include "shim/process.h"
#include "shim/sys.h"

/* ---- packing rules ------------------------------------------------------------ */

enum { OP_DEREF = 0x06, OP_BREG0 = 0x70 };

/* One byte of SLEB128 is all that compilers need in these places. */
static bool small_sleb(uint8_t byte, int64_t *value)
{
	if (byte & 0x80)
		return false;
	*value = (int64_t)((uint64_t)byte << 57) >> 57;
	return true;
}

/* gcc's prologue for an over-aligned frame: CFA is DW_OP_breg6 -n; DW_OP_deref, and rbp saved at breg6 + 0. */
static bool is_aligned_frame(const struct cfi_row *row, int64_t *offset)
{
	const struct cfi_rule *bp = &row->registers[CFI_BP];
	const uint8_t *cfa = row->cfa.expression;
	return row->cfa.how == CFI_VAL_EXPRESSION && row->cfa.value == 3 && cfa[0] == OP_BREG0 + CFI_BP &&
	       cfa[2] == OP_DEREF && small_sleb(cfa[1], offset) && *offset <= 0 && bp->how == CFI_EXPRESSION &&
	       bp->value == 2 && bp->expression[0] == OP_BREG0 + CFI_BP && bp->expression[1] == 0;
}

static bool fits(int64_t offset, unsigned most) { return offset >= 0 && offset % 8 == 0 && offset / 8 <= most; }

static stack_rule pack(unsigned kind, int64_t offset, int64_t bp_offset)
{
	return kind | (stack_rule)(offset / 8) << UNWIND_OFFSET_SHIFT | (stack_rule)(bp_offset / 8) << UNWIND_BP_SHIFT;
}

static stack_rule pack_row(const struct cfi_row *row)
{
	const struct cfi_rule *ra = &row->registers[row->return_register];
	const struct cfi_rule *bp = &row->registers[CFI_BP];
	int64_t offset;

	if (ra->how == CFI_UNDEFINED)
		return UNWIND_END;
	if (row->signal_frame || row->return_register != CFI_RA || ra->how != CFI_OFFSET || ra->value != -8)
		return UNWIND_COMPLEX;
	if (row->registers[CFI_SP].how != CFI_SAME)
		return UNWIND_COMPLEX;
	if (is_aligned_frame(row, &offset))
		return fits(-offset, UNWIND_OFFSET_MAX) ? pack(UNWIND_BP_DEREF, -offset, 0) : UNWIND_COMPLEX;
	bool bp_kept = bp->how == CFI_SAME || bp->how == CFI_UNDEFINED;
	bool bp_saved = bp->how == CFI_OFFSET && bp->value < 0 && fits(-bp->value, UNWIND_BP_MAX);
	if (row->cfa.how != CFI_REGISTER || !fits(row->cfa_offset, UNWIND_OFFSET_MAX) || !(bp_kept || bp_saved))
		return UNWIND_COMPLEX;
	int64_t bp_offset = bp_saved ? -bp->value : 0;
	/* slots below sp would be read, if the CFA is computed from sp */
	bool below_sp = row->cfa_offset < 8 || bp_offset > row->cfa_offset;
	if (row->cfa.value == CFI_SP && !below_sp)
		return pack(UNWIND_SP, row->cfa_offset, bp_offset);
	if (row->cfa.value == CFI_BP)
		return pack(UNWIND_BP, row->cfa_offset, bp_offset);
	return UNWIND_COMPLEX;
}

stack_rule unwind_rule(const struct dl_find_object *object, uintptr_t pc, bool exact)
{
	struct cfi_row row;
	stack_rule shim = in_range(&shim_range, pc) ? UNWIND_SHIM : 0;
	if (!object || !cfi_find(object, exact ? pc : pc - 1, &row))
		return UNWIND_NONE | shim;
	return pack_row(&row) | shim;
}

/* ---- the full engine ------------------------------------------------------------ */

#define WINDOW 512

/* Memory that may not be there is read through the kernel, a window at a time. */
struct memory {
	uintptr_t low, high; /* the thread's own stack from its stack pointer up: read directly */
	uintptr_t window_at;
	size_t window_bytes;
	unsigned char window[WINDOW];
};

struct engine {
	struct memory memory;
	uintptr_t registers[CFI_REGISTERS];
	uint64_t known; /* bit per register */
	uintptr_t pc;
	bool exact;
};

static bool read_word(struct memory *m, uintptr_t at, uintptr_t *value)
{
	if (at >= m->low && at < m->high && m->high - at >= sizeof *value) {
		memcpy(value, (const void *)at, sizeof *value);
		return true;
	}
	if (at - m->window_at + sizeof *value > m->window_bytes || at < m->window_at) {
		uintptr_t page_left = 4096 - at % 4096;
		size_t bytes = page_left < WINDOW && page_left >= sizeof *value ? page_left : WINDOW;
		long got = sys_peek((const void *)at, m->window, bytes);
		m->window_at = at;
		m->window_bytes = got > 0 ? (size_t)got : 0;
		if (m->window_bytes < sizeof *value)
			return false;
	}
	memcpy(value, m->window + (at - m->window_at), sizeof *value);
	return true;
}

#define OPERANDS 16

/* A DWARF expression (DWARF 4, 2.5): the operations that call frame information uses. */
struct evaluator {
	struct engine *engine;
	const uint8_t *at, *end;
	uintptr_t stack[OPERANDS];
	unsigned depth;
	bool bad;
};

static void push(struct evaluator *e, uintptr_t value)
{
	if (e->depth == OPERANDS)
		e->bad = true;
	else
		e->stack[e->depth++] = value;
}

static uintptr_t pop(struct evaluator *e)
{
	if (!e->depth) {
		e->bad = true;
		return 0;
	}
	return e->stack[--e->depth];
}

static uint64_t operand(struct evaluator *e, unsigned bytes)
{
	uint64_t value = 0;
	if ((size_t)(e->end - e->at) < bytes) {
		e->bad = true;
		return 0;
	}
	memcpy(&value, e->at, bytes);
	e->at += bytes;
	return value;
}

static uint64_t operand_leb(struct evaluator *e, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;
	do {
		byte = (uint8_t)operand(e, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) && !e->bad);
	if (is_signed && (byte & 0x40) && shift < 64)
		value |= ~UINT64_C(0) << shift;
	return value;
}

static uintptr_t register_value(struct evaluator *e, unsigned reg)
{
	if (reg >= CFI_REGISTERS || !(e->engine->known & UINT64_C(1) << reg)) {
		e->bad = true;
		return 0;
	}
	return e->engine->registers[reg];
}

static void evaluate_binary(struct evaluator *e, unsigned op)
{
	uintptr_t b = pop(e), a = pop(e);
	intptr_t sa = (intptr_t)a, sb = (intptr_t)b;
	switch (op) {
	case 0x1a: push(e, a & b); break;
	case 0x1c: push(e, a - b); break;
	case 0x1e: push(e, a * b); break;
	case 0x21: push(e, a | b); break;
	case 0x22: push(e, a + b); break;
	case 0x24: push(e, b < 64 ? a << b : 0); break;
	case 0x25: push(e, b < 64 ? a >> b : 0); break;
	case 0x26: push(e, (uintptr_t)(sa >> (b < 64 ? b : 63))); break;
	case 0x27: push(e, a ^ b); break;
	case 0x29: push(e, sa == sb); break;
	case 0x2a: push(e, sa >= sb); break;
	case 0x2b: push(e, sa > sb); break;
	case 0x2c: push(e, sa <= sb); break;
	case 0x2d: push(e, sa < sb); break;
	case 0x2e: push(e, sa != sb); break;
	default: e->bad = true;
	}
}

static void evaluate_constant(struct evaluator *e, unsigned op)
{
	switch (op) {
	case 0x03: push(e, (uintptr_t)operand(e, 8)); break;
	case 0x08: push(e, (uintptr_t)operand(e, 1)); break;
	case 0x09: push(e, (uintptr_t)(int8_t)operand(e, 1)); break;
	case 0x0a: push(e, (uintptr_t)operand(e, 2)); break;
	case 0x0b: push(e, (uintptr_t)(int16_t)operand(e, 2)); break;
	case 0x0c: push(e, (uintptr_t)operand(e, 4)); break;
	case 0x0d: push(e, (uintptr_t)(int32_t)operand(e, 4)); break;
	case 0x0e:
	case 0x0f: push(e, (uintptr_t)operand(e, 8)); break;
	case 0x10: push(e, (uintptr_t)operand_leb(e, false)); break;
	case 0x11: push(e, (uintptr_t)operand_leb(e, true)); break;
	default: e->bad = true;
	}
}

static void evaluate_deref(struct evaluator *e)
{
	uintptr_t value = 0;
	if (!read_word(&e->engine->memory, pop(e), &value))
		e->bad = true;
	push(e, value);
}

static void evaluate_one(struct evaluator *e)
{
	unsigned op = (unsigned)operand(e, 1);
	if (op >= 0x30 && op <= 0x4f) { /* lit0..31 */
		push(e, op - 0x30);
	} else if (op >= OP_BREG0 && op <= 0x8f) {
		uintptr_t offset = (uintptr_t)operand_leb(e, true);
		push(e, register_value(e, op - OP_BREG0) + offset);
	} else if (op == OP_DEREF) {
		evaluate_deref(e);
	} else if (op == 0x12) { /* dup */
		uintptr_t value = pop(e);
		push(e, value);
		push(e, value);
	} else if (op == 0x13) { /* drop */
		pop(e);
	} else if (op == 0x23) { /* plus_uconst */
		uintptr_t value = pop(e);
		push(e, value + (uintptr_t)operand_leb(e, false));
	} else if (op < 0x12) {
		evaluate_constant(e, op);
	} else {
		evaluate_binary(e, op);
	}
}

static bool evaluate(struct engine *engine, const struct cfi_rule *rule, bool push_cfa, uintptr_t cfa, uintptr_t *value)
{
	struct evaluator e = {.engine = engine, .at = rule->expression, .end = rule->expression + rule->value};
	if (push_cfa)
		push(&e, cfa);
	while (!e.bad && e.at < e.end)
		evaluate_one(&e);
	*value = pop(&e);
	return !e.bad;
}

static bool find_cfa(struct engine *engine, const struct cfi_row *row, uintptr_t *cfa)
{
	if (row->cfa.how == CFI_VAL_EXPRESSION)
		return evaluate(engine, &row->cfa, false, 0, cfa);
	if (row->cfa.how != CFI_REGISTER || row->cfa.value >= CFI_REGISTERS ||
	    !(engine->known & UINT64_C(1) << row->cfa.value))
		return false;
	*cfa = engine->registers[row->cfa.value] + (uintptr_t)row->cfa_offset;
	return true;
}

/* The caller's value of one register; false: it is not known. */
static bool find_register(struct engine *engine, const struct cfi_row *row, unsigned reg, uintptr_t cfa,
                          uintptr_t *value)
{
	const struct cfi_rule *rule = &row->registers[reg];
	uintptr_t at;
	switch (rule->how) {
	case CFI_SAME: *value = engine->registers[reg]; return engine->known >> reg & 1;
	case CFI_OFFSET: return read_word(&engine->memory, cfa + (uintptr_t)rule->value, value);
	case CFI_VAL_OFFSET: *value = cfa + (uintptr_t)rule->value; return true;
	case CFI_REGISTER:
		if (rule->value >= CFI_REGISTERS)
			return false;
		*value = engine->registers[rule->value];
		return engine->known >> rule->value & 1;
	case CFI_EXPRESSION: return evaluate(engine, rule, true, cfa, &at) && read_word(&engine->memory, at, value);
	case CFI_VAL_EXPRESSION: return evaluate(engine, rule, true, cfa, value);
	default: return false;
	}
}

enum step { STEP_ON, STEP_COMPLETE, STEP_TRUNCATED };

/* The address that a saved return address means: on aarch64 it may be signed (xpaclri, a hint that older processors
 * ignore, takes the signature off). */
static uintptr_t return_address(uintptr_t saved)
{
#if defined(__aarch64__)
	register uintptr_t x30 __asm__("x30") = saved;
	__asm__("hint #7" : "+r"(x30));
	return x30;
#else
	return saved;
#endif
}

/* Steps from one frame to its caller's. */
static enum step unwind_step(struct engine *engine)
{
	struct dl_find_object object;
	struct cfi_row row;
	uintptr_t lookup = engine->exact ? engine->pc : engine->pc - 1;
	uintptr_t cfa, values[CFI_REGISTERS];
	uint64_t known = 0;

	if (!cfi_object(lookup, &object) || !cfi_find(&object, lookup, &row))
		return STEP_TRUNCATED;
	if (row.registers[row.return_register].how == CFI_UNDEFINED)
		return STEP_COMPLETE;
	if (!find_cfa(engine, &row, &cfa))
		return STEP_TRUNCATED;
	for (unsigned reg = 0; reg < CFI_REGISTERS; reg++)
		if (find_register(engine, &row, reg, cfa, &values[reg]))
			known |= UINT64_C(1) << reg;
	if (!(known >> row.return_register & 1))
		return STEP_TRUNCATED;
	uintptr_t pc = return_address(values[row.return_register]);
	if (row.registers[CFI_SP].how == CFI_SAME) {
		values[CFI_SP] = cfa; /* by definition of the CFA on these machines */
		known |= UINT64_C(1) << CFI_SP;
	}
	if (!pc)
		return STEP_COMPLETE;
	bool moved = pc != engine->pc || values[CFI_SP] != engine->registers[CFI_SP];
	memcpy(engine->registers, values, sizeof values);
	engine->known = known;
	engine->pc = pc;
	engine->exact = row.signal_frame;
	return moved ? STEP_ON : STEP_TRUNCATED;
}

/* Takes this function's registers; only the callee-saved ones are known. */
#if defined(__x86_64__)
#define HERE(engine)                                                                                                   \
	__asm__ volatile("movq %%rbx, 24(%0)\n\tmovq %%rbp, 48(%0)\n\tmovq %%rsp, 56(%0)\n\t"                          \
	                 "movq %%r12, 96(%0)\n\tmovq %%r13, 104(%0)\n\tmovq %%r14, 112(%0)\n\t"                        \
	                 "movq %%r15, 120(%0)\n\tleaq 0(%%rip), %1"                                                    \
	                 : "+r"(here_registers), "=r"(engine.pc)                                                       \
	                 :                                                                                             \
	                 : "memory")
#define HERE_KNOWN (1u << 3 | 1u << CFI_BP | 1u << CFI_SP | 0xfu << 12)
#elif defined(__aarch64__)
#define HERE(engine)                                                                                                   \
	__asm__ volatile("stp x19, x20, [%0, 152]\n\tstp x21, x22, [%0, 168]\n\tstp x23, x24, [%0, 184]\n\t"           \
	                 "stp x25, x26, [%0, 200]\n\tstp x27, x28, [%0, 216]\n\tstp x29, x30, [%0, 232]\n\t"           \
	                 "mov x9, sp\n\tstr x9, [%0, 248]\n\tadr %1, ."                                                \
	                 : "+r"(here_registers), "=r"(engine.pc)                                                       \
	                 :                                                                                             \
	                 : "memory", "x9")
#define HERE_KNOWN (UINT64_C(0x1fff) << 19 | UINT64_C(1) << CFI_SP)
#endif

#define FRAMES_OF_LIBC 32u

__attribute__((noinline)) bool unwind_to_program(const struct text_range *libc, uint64_t *registers, uintptr_t *sp)
{
	struct engine engine;
	uintptr_t *here_registers = engine.registers;

	HERE(engine);
	engine.known = HERE_KNOWN;
	engine.exact = true;
	engine.memory.window_bytes = 0;
	engine.memory.window_at = 0;
	engine.memory.low = engine.memory.high = 0; /* verify every read: this runs only once */
	for (unsigned i = 0; i < FRAMES_OF_LIBC && unwind_step(&engine) == STEP_ON; i++) {
		if (in_range(&shim_range, engine.pc) || in_range(libc, engine.pc))
			continue;
		for (unsigned reg = 0; reg < CFI_REGISTERS; reg++)
			if (engine.known >> reg & 1)
				registers[reg] = engine.registers[reg];
		*sp = engine.registers[CFI_SP];
		return true;
	}
	return false;
}

__attribute__((noinline)) unsigned unwind_full(uintptr_t from, uintptr_t low, uintptr_t high,
                                               struct unwound_frame *frames, unsigned most, uint32_t *root)
{
	struct engine engine;
	uintptr_t *here_registers = engine.registers;
	unsigned count = 0;
	enum step step;

	HERE(engine);
	engine.known = HERE_KNOWN;
	engine.exact = true;
	engine.memory.window_bytes = 0;
	engine.memory.window_at = 0;
	uintptr_t sp = engine.registers[CFI_SP];
	engine.memory.low = sp >= low && sp < high ? sp : high; /* elsewhere: verify every read */
	engine.memory.high = high;
	*root = RT_ROOT_DEPTH;
	while ((step = unwind_step(&engine)) == STEP_ON) {
		if (in_range(&shim_range, engine.pc) || (!count && engine.registers[CFI_SP] < from))
			continue;
		if (count == most)
			return count;
		frames[count++] = (struct unwound_frame){engine.pc, engine.exact};
	}
	*root = step == STEP_COMPLETE ? RT_ROOT_COMPLETE : RT_ROOT_TRUNCATED;
	return count;
}
