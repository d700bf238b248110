#include "shim/cfi.h"

#include <string.h>

#include "shim/atomics.h"

/* Pointer encodings (LSB Core, "DWARF Exception Header Encoding"). */
enum {
	PE_ABSPTR = 0x00,
	PE_ULEB128 = 0x01,
	PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SLEB128 = 0x09,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_FORMAT = 0x0f,
	PE_PCREL = 0x10,
	PE_DATAREL = 0x30,
	PE_BASE = 0x70,
	PE_INDIRECT = 0x80,
	PE_OMIT = 0xff,
};

/* Reads forward; `bad` is set once a read would pass the end. */
struct cursor {
	const uint8_t *at, *end;
	bool bad;
};

static uint64_t read_bytes(struct cursor *c, unsigned bytes)
{
	uint64_t value = 0;
	if (c->bad || (size_t)(c->end - c->at) < bytes) {
		c->bad = true;
		return 0;
	}
	memcpy(&value, c->at, bytes); /* little endian on both machines */
	c->at += bytes;
	return value;
}

static int64_t read_signed(struct cursor *c, unsigned bytes)
{
	unsigned shift = 64 - 8 * bytes;
	return (int64_t)(read_bytes(c, bytes) << shift) >> shift;
}

static uint64_t read_uleb(struct cursor *c)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = (uint8_t)read_bytes(c, 1);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->bad = true;
	return 0;
}

static int64_t read_sleb(struct cursor *c)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64;) {
		uint8_t byte = (uint8_t)read_bytes(c, 1);
		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if ((byte & 0x40) && shift < 64)
			value |= ~UINT64_C(0) << shift;
		return (int64_t)value;
	}
	c->bad = true;
	return 0;
}

/* An offset in units of `scale`.  No frame has an offset of more than 32 bits. */
static int64_t scaled(struct cursor *c, int64_t value, int64_t scale)
{
	int64_t product;
	if (__builtin_mul_overflow(value, scale, &product) || product < INT32_MIN || product > INT32_MAX) {
		c->bad = true;
		return 0;
	}
	return product;
}

static int64_t read_offset(struct cursor *c, int64_t scale) { return scaled(c, (int64_t)read_uleb(c), scale); }
static int64_t read_offset_sf(struct cursor *c, int64_t scale) { return scaled(c, read_sleb(c), scale); }

static uintptr_t read_format(struct cursor *c, unsigned format)
{
	switch (format) {
	case PE_ABSPTR: return (uintptr_t)read_bytes(c, sizeof(uintptr_t));
	case PE_ULEB128: return (uintptr_t)read_uleb(c);
	case PE_UDATA2: return (uintptr_t)read_bytes(c, 2);
	case PE_UDATA4: return (uintptr_t)read_bytes(c, 4);
	case PE_UDATA8: return (uintptr_t)read_bytes(c, 8);
	case PE_SLEB128: return (uintptr_t)read_sleb(c);
	case PE_SDATA2: return (uintptr_t)read_signed(c, 2);
	case PE_SDATA4: return (uintptr_t)read_signed(c, 4);
	case PE_SDATA8: return (uintptr_t)read_signed(c, 8);
	default: c->bad = true; return 0;
	}
}

static uintptr_t read_encoded(struct cursor *c, unsigned encoding, uintptr_t data)
{
	uintptr_t place = (uintptr_t)c->at;
	if (encoding == PE_OMIT || (encoding & PE_INDIRECT)) {
		c->bad = true;
		return 0;
	}
	uintptr_t value = read_format(c, encoding & PE_FORMAT);
	switch (encoding & PE_BASE) {
	case 0: return value;
	case PE_PCREL: return value + place;
	case PE_DATAREL: return value + data;
	default: c->bad = true; return 0;
	}
}

/* ---- finding the FDE ------------------------------------------------------- */

bool cfi_object(uintptr_t pc, struct dl_find_object *object) { return _dl_find_object((void *)pc, object) == 0; }

/* The binary search table of .eh_frame_hdr: pairs of (first address, FDE), both relative to the header. */
struct search_entry {
	int32_t start, fde;
};

static bool covers(const struct dl_find_object *object, uintptr_t at)
{
	return at >= (uintptr_t)object->dlfo_map_start && at < (uintptr_t)object->dlfo_map_end;
}

/* A cursor over the mapped part of the object from `at` on; a bad cursor if `at` is outside.  If the object's segments
 * have holes between them, what _dl_find_object gives for an address is the segment alone: the unwind information may
 * lie in another one. */
static struct cursor within(const struct dl_find_object *object, uintptr_t at)
{
	struct dl_find_object part = *object;
	bool inside = covers(object, at) || (!_dl_find_object((void *)at, &part) &&
	                                     part.dlfo_link_map == object->dlfo_link_map && covers(&part, at));
	uintptr_t end = (uintptr_t)part.dlfo_map_end;
	return (struct cursor){(const uint8_t *)at, (const uint8_t *)(inside ? end : at), !inside};
}

/* The address of the record of the last entry that starts at or below pc; 0: there is none. */
static uintptr_t search(const struct search_entry *entries, size_t count, uintptr_t header, uintptr_t pc)
{
	intptr_t wanted = (intptr_t)(pc - header);
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (entries[middle].start <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? header + (uintptr_t)(intptr_t)entries[low - 1].fde : 0;
}

static uintptr_t find_fde(const struct dl_find_object *object, uintptr_t pc)
{
	uintptr_t header = (uintptr_t)object->dlfo_eh_frame;
	struct cursor c = within(object, header);
	uint8_t version = (uint8_t)read_bytes(&c, 1), frame = (uint8_t)read_bytes(&c, 1);
	uint8_t count_encoding = (uint8_t)read_bytes(&c, 1), table = (uint8_t)read_bytes(&c, 1);
	if (c.bad || version != 1 || table != (PE_DATAREL | PE_SDATA4))
		return 0;
	read_encoded(&c, frame, header);
	uintptr_t count = read_encoded(&c, count_encoding, header);
	if (c.bad || (uintptr_t)c.at % sizeof(int32_t) || count > (size_t)(c.end - c.at) / sizeof(struct search_entry))
		return 0;
	return search((const struct search_entry *)c.at, count, header, pc);
}

/* ---- CIE and FDE ------------------------------------------------------------ */

struct cie {
	uint64_t code_align;
	int64_t data_align;
	unsigned return_register;
	uint8_t fde_encoding;
	bool has_augmentation, signal_frame;
	struct cursor program;
};

/* The body of the record at `at`. */
static bool open_record(const struct dl_find_object *object, uintptr_t at, struct cursor *body)
{
	struct cursor c = within(object, at);
	uint64_t length = read_bytes(&c, 4);
	if (length == UINT32_MAX)
		length = read_bytes(&c, 8);
	if (c.bad || !length || length > (uint64_t)(c.end - c.at))
		return false;
	*body = (struct cursor){c.at, c.at + length, false};
	return true;
}

/* The letters of the augmentation string, in order, with their data. */
static bool read_augmentation(struct cursor *c, const char *letters, struct cie *cie)
{
	if (!*letters)
		return true;
	if (*letters++ != 'z')
		return false;
	cie->has_augmentation = true;
	uint64_t bytes = read_uleb(c);
	if (c->bad || bytes > (uint64_t)(c->end - c->at))
		return false;
	const uint8_t *after = c->at + bytes;
	for (; *letters; letters++) {
		if (*letters == 'R') {
			cie->fde_encoding = (uint8_t)read_bytes(c, 1);
		} else if (*letters == 'P') {
			uint8_t encoding = (uint8_t)read_bytes(c, 1);
			read_format(c, encoding & PE_FORMAT);
		} else if (*letters == 'L') {
			read_bytes(c, 1);
		} else if (*letters == 'S') {
			cie->signal_frame = true;
		} else if (*letters != 'B') {
			break; /* unknown letter: the program of the record tells what matters here */
		}
	}
	c->at = after;
	return !c->bad;
}

static bool read_cie(const struct dl_find_object *object, uintptr_t at, struct cie *cie)
{
	struct cursor c;
	memset(cie, 0, sizeof *cie);
	if (!open_record(object, at, &c) || read_bytes(&c, 4) != 0)
		return false;
	unsigned version = (unsigned)read_bytes(&c, 1);
	const char *letters = (const char *)c.at;
	size_t length = strnlen(letters, (size_t)(c.end - c.at));
	if (c.at + length >= c.end || (version != 1 && version != 3))
		return false;
	c.at += length + 1;
	cie->code_align = read_uleb(&c);
	cie->data_align = read_sleb(&c);
	cie->return_register = (unsigned)(version == 1 ? read_bytes(&c, 1) : read_uleb(&c));
	if (!read_augmentation(&c, letters, cie) || cie->return_register >= CFI_REGISTERS)
		return false;
	cie->program = c;
	return !c.bad;
}

/* ---- the CFA program ---------------------------------------------------------- */

enum {
	CFA_ADVANCE = 0x40,
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0x00,
	CFA_SET_LOC,
	CFA_ADVANCE1,
	CFA_ADVANCE2,
	CFA_ADVANCE4,
	CFA_OFFSET_EXTENDED,
	CFA_RESTORE_EXTENDED,
	CFA_UNDEFINED,
	CFA_SAME_VALUE,
	CFA_REGISTER,
	CFA_REMEMBER_STATE,
	CFA_RESTORE_STATE,
	CFA_DEF_CFA,
	CFA_DEF_CFA_REGISTER,
	CFA_DEF_CFA_OFFSET,
	CFA_DEF_CFA_EXPRESSION,
	CFA_EXPRESSION,
	CFA_OFFSET_EXTENDED_SF,
	CFA_DEF_CFA_SF,
	CFA_DEF_CFA_OFFSET_SF,
	CFA_VAL_OFFSET,
	CFA_VAL_OFFSET_SF,
	CFA_VAL_EXPRESSION,
	CFA_GNU_WINDOW_SAVE = 0x2d,
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

#define REMEMBERED 2 /* compilers nest remember_state once; hooks must be frugal with stack */

/* The state that remember_state stores: the part of a row that instructions change. */
struct machine {
	const struct cie *cie;
	struct cfi_row *row;
	const struct cfi_row *initial; /* after the CIE's program; NULL while that runs */
	uintptr_t location, target;
	struct cfi_row kept[REMEMBERED];
	unsigned kept_count;
};

static void set_rule(struct machine *m, uint64_t reg, unsigned how, int64_t value, const uint8_t *expression)
{
	if (reg < CFI_REGISTERS) /* vector registers and the like do not matter here */
		m->row->registers[reg] = (struct cfi_rule){(uint8_t)how, value, expression};
}

/* If a register is kept in a register that is not followed, its value is not known. */
static void set_register(struct machine *m, uint64_t reg, uint64_t kept_in)
{
	bool known = kept_in < CFI_REGISTERS;
	set_rule(m, reg, known ? CFI_REGISTER : CFI_UNDEFINED, known ? (int64_t)kept_in : 0, NULL);
}

static void restore_rule(struct machine *m, uint64_t reg)
{
	if (reg < CFI_REGISTERS)
		m->row->registers[reg] = m->initial ? m->initial->registers[reg] : (struct cfi_rule){0};
}

static void set_cfa(struct machine *m, struct cursor *c, uint64_t reg, int64_t offset)
{
	if (reg >= CFI_REGISTERS)
		c->bad = true;
	m->row->cfa = (struct cfi_rule){CFI_REGISTER, (int64_t)reg, NULL};
	m->row->cfa_offset = offset;
}

static const uint8_t *read_block(struct cursor *c, int64_t *length)
{
	uint64_t bytes = read_uleb(c);
	const uint8_t *block = c->at;
	if (c->bad || bytes > (uint64_t)(c->end - c->at)) {
		c->bad = true;
		return NULL;
	}
	c->at += bytes;
	*length = (int64_t)bytes;
	return block;
}

static void remember(struct machine *m, struct cursor *c)
{
	if (m->kept_count == REMEMBERED)
		c->bad = true;
	else
		m->kept[m->kept_count++] = *m->row;
}

static void restore(struct machine *m, struct cursor *c)
{
	if (!m->kept_count)
		c->bad = true;
	else
		*m->row = m->kept[--m->kept_count];
}

static void set_expression(struct machine *m, struct cursor *c, unsigned how)
{
	uint64_t reg = read_uleb(c);
	int64_t length = 0;
	const uint8_t *block = read_block(c, &length);
	set_rule(m, reg, how, length, block);
}

static void run_cfa_definition(struct machine *m, struct cursor *c, unsigned op)
{
	uint64_t reg;
	int64_t length = 0;
	switch (op) {
	case CFA_DEF_CFA:
		reg = read_uleb(c);
		set_cfa(m, c, reg, read_offset(c, 1));
		break;
	case CFA_DEF_CFA_SF:
		reg = read_uleb(c);
		set_cfa(m, c, reg, read_offset_sf(c, m->cie->data_align));
		break;
	case CFA_DEF_CFA_REGISTER: set_cfa(m, c, read_uleb(c), m->row->cfa_offset); break;
	case CFA_DEF_CFA_OFFSET: m->row->cfa_offset = read_offset(c, 1); break;
	case CFA_DEF_CFA_OFFSET_SF: m->row->cfa_offset = read_offset_sf(c, m->cie->data_align); break;
	default: {
		const uint8_t *block = read_block(c, &length);
		m->row->cfa = (struct cfi_rule){CFI_VAL_EXPRESSION, length, block};
	}
	}
}

static void run_register_rule(struct machine *m, struct cursor *c, unsigned op)
{
	int64_t scale = m->cie->data_align;
	uint64_t reg = read_uleb(c);
	switch (op) {
	case CFA_OFFSET_EXTENDED: set_rule(m, reg, CFI_OFFSET, read_offset(c, scale), NULL); break;
	case CFA_OFFSET_EXTENDED_SF: set_rule(m, reg, CFI_OFFSET, read_offset_sf(c, scale), NULL); break;
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED: set_rule(m, reg, CFI_OFFSET, -read_offset(c, scale), NULL); break;
	case CFA_VAL_OFFSET: set_rule(m, reg, CFI_VAL_OFFSET, read_offset(c, scale), NULL); break;
	case CFA_VAL_OFFSET_SF: set_rule(m, reg, CFI_VAL_OFFSET, read_offset_sf(c, scale), NULL); break;
	case CFA_RESTORE_EXTENDED: restore_rule(m, reg); break;
	case CFA_UNDEFINED: set_rule(m, reg, CFI_UNDEFINED, 0, NULL); break;
	case CFA_SAME_VALUE: set_rule(m, reg, CFI_SAME, 0, NULL); break;
	case CFA_REGISTER: set_register(m, reg, read_uleb(c)); break;
	}
}

static void advance(struct machine *m, uint64_t delta) { m->location += delta * m->cie->code_align; }

/* Runs an instruction whose operands are not packed into its first byte. */
static void run_extended(struct machine *m, struct cursor *c, unsigned op)
{
	switch (op) {
	case CFA_NOP: break;
	case CFA_SET_LOC: m->location = read_encoded(c, m->cie->fde_encoding, 0); break;
	case CFA_ADVANCE1: advance(m, read_bytes(c, 1)); break;
	case CFA_ADVANCE2: advance(m, read_bytes(c, 2)); break;
	case CFA_ADVANCE4: advance(m, read_bytes(c, 4)); break;
	case CFA_REMEMBER_STATE: remember(m, c); break;
	case CFA_RESTORE_STATE: restore(m, c); break;
	case CFA_DEF_CFA:
	case CFA_DEF_CFA_SF:
	case CFA_DEF_CFA_REGISTER:
	case CFA_DEF_CFA_OFFSET:
	case CFA_DEF_CFA_OFFSET_SF:
	case CFA_DEF_CFA_EXPRESSION: run_cfa_definition(m, c, op); break;
	case CFA_EXPRESSION: set_expression(m, c, CFI_EXPRESSION); break;
	case CFA_VAL_EXPRESSION: set_expression(m, c, CFI_VAL_EXPRESSION); break;
	case CFA_OFFSET_EXTENDED:
	case CFA_OFFSET_EXTENDED_SF:
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
	case CFA_VAL_OFFSET:
	case CFA_VAL_OFFSET_SF:
	case CFA_RESTORE_EXTENDED:
	case CFA_UNDEFINED:
	case CFA_SAME_VALUE:
	case CFA_REGISTER: run_register_rule(m, c, op); break;
	case CFA_GNU_ARGS_SIZE: read_uleb(c); break;
	case CFA_GNU_WINDOW_SAVE: break; /* aarch64: toggles pointer signing, which changes no address read here */
	default: c->bad = true;
	}
}

/* Runs until the location would pass the target. */
static bool run(struct machine *m, struct cursor c)
{
	while (!c.bad && c.at < c.end) {
		unsigned op = *c.at++;
		unsigned low = op & 0x3f;
		switch (op & 0xc0) {
		case CFA_ADVANCE: advance(m, low); break;
		case CFA_OFFSET: set_rule(m, low, CFI_OFFSET, read_offset(&c, m->cie->data_align), NULL); break;
		case CFA_RESTORE: restore_rule(m, low); break;
		default: run_extended(m, &c, op);
		}
		if (m->location > m->target)
			break;
	}
	return !c.bad;
}

/* The FDE at `at`, when it covers pc: its CIE, its program and its first address. */
static bool read_fde(const struct dl_find_object *object, uintptr_t at, uintptr_t pc, struct cie *cie,
                     struct cursor *program, uintptr_t *start)
{
	struct cursor c;
	if (!open_record(object, at, &c))
		return false;
	uintptr_t place = (uintptr_t)c.at;
	uint32_t back = (uint32_t)read_bytes(&c, 4);
	if (!back || !read_cie(object, place - back, cie))
		return false;
	*start = read_encoded(&c, cie->fde_encoding, 0);
	uintptr_t bytes = read_format(&c, cie->fde_encoding & PE_FORMAT);
	if (c.bad || pc - *start >= bytes)
		return false;
	if (cie->has_augmentation) {
		uint64_t skip = read_uleb(&c);
		if (skip > (uint64_t)(c.end - c.at))
			return false;
		c.at += skip;
	}
	*program = c;
	return !c.bad;
}

bool cfi_find(const struct dl_find_object *object, uintptr_t pc, struct cfi_row *row)
{
	struct cie cie;
	struct cursor program;
	struct machine m;
	struct cfi_row initial;

	memset(row, 0, sizeof *row);
	uintptr_t fde = find_fde(object, pc);
	m.location = 0;
	if (!fde || !read_fde(object, fde, pc, &cie, &program, &m.location))
		return false;
	m.cie = &cie;
	m.row = row;
	m.initial = NULL;
	m.kept_count = 0;
	m.target = UINTPTR_MAX;
	row->signal_frame = cie.signal_frame;
	row->return_register = cie.return_register;
	uintptr_t start = m.location;
	if (!run(&m, cie.program))
		return false;
	initial = *row;
	m.initial = &initial;
	m.location = start;
	m.target = pc;
	return run(&m, program);
}
