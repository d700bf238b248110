#include "tools/symbolize/units.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/search.h"

/* Deeper nesting of scopes than any compiler writes: the file is broken. */
#define MAX_NESTING 128
#define MAX_INLINED 64

struct inlined {
	uint64_t low, high;
	Dwarf_Die die;
};

struct function {
	uint64_t low, high;
	Dwarf_Die die;
	bool read;
	struct inlined *inlined; /* outer calls before the calls inside them */
	size_t inlined_count, inlined_room;
};

struct unit {
	struct unit *next;
	Dwarf_Die die;              /* has the line table */
	Dwarf_Die scope;            /* has the functions: of the .dwo file, for split debug information */
	bool read, nested;          /* the functions are read; those within functions, too */
	struct function *functions; /* sorted by low */
	size_t count, room;
};

/* Room for one more item of an array, or false. */
static bool grow(void **items, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 16;
	void *larger;

	if (count < *room)
		return true;
	larger = reallocarray(*items, wanted, size);
	if (!larger)
		return false;
	*items = larger;
	*room = wanted;
	return true;
}

/* ---- units ------------------------------------------------------------------- */

static void add_unit_ranges(struct units *units, struct unit *unit)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t offset = 0;

	while ((offset = dwarf_ranges(&unit->die, offset, &base, &low, &high)) > 0) {
		if (low >= high || low == 0)
			continue; /* a function that the linker has removed */
		if (!grow((void **)&units->ranges, units->count, &units->room, sizeof(*units->ranges)))
			return;
		units->ranges[units->count++] = (struct unit_range){low, high, unit};
	}
}

static void add_unit(struct units *units, const Dwarf_Die *die, const Dwarf_Die *scope)
{
	struct unit *unit = calloc(1, sizeof(*unit));

	if (!unit)
		return;
	unit->die = *die;
	unit->scope = *scope;
	unit->next = units->list;
	units->list = unit;
	add_unit_ranges(units, unit);
}

static int by_unit_low(const void *left, const void *right)
{
	const struct unit_range *a = left, *b = right;

	return compare_numbers(a->low, b->low);
}

void units_load(struct units *units, Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	uint8_t type;
	Dwarf_Die die, split;

	memset(units, 0, sizeof(*units));
	while (dwarf_get_units(dwarf, unit, &unit, NULL, &type, &die, &split) == 0) {
		if (type == DW_UT_skeleton && split.addr)
			add_unit(units, &die, &split);
		else if (dwarf_tag(&die) == DW_TAG_compile_unit)
			add_unit(units, &die, &die);
	}
	if (units->count)
		qsort(units->ranges, units->count, sizeof(*units->ranges), by_unit_low);
}

static struct unit *find_unit(const struct units *units, uint64_t address)
{
	size_t count = count_up_to(units->ranges, units->count, sizeof *units->ranges, address);

	return count && address < units->ranges[count - 1].high ? units->ranges[count - 1].unit : NULL;
}

/* ---- the functions of a unit --------------------------------------------------- */

static void add_function(struct unit *unit, Dwarf_Die *die)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t offset = 0;

	while ((offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0) {
		if (low >= high || low == 0)
			continue;
		if (!grow((void **)&unit->functions, unit->count, &unit->room, sizeof(*unit->functions)))
			return;
		unit->functions[unit->count++] = (struct function){.low = low, .high = high, .die = *die};
	}
}

static bool may_hold_functions(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type;
}

/* inside: within functions, which alone are added then. */
static void add_functions_below(struct unit *unit, Dwarf_Die *parent, bool inside, bool nested, unsigned nesting)
{
	Dwarf_Die die;

	if (nesting > MAX_NESTING || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		bool is_function = tag == DW_TAG_subprogram;

		if (is_function && inside == nested)
			add_function(unit, &die);
		if (is_function ? nested : may_hold_functions(tag) || (inside && tag == DW_TAG_lexical_block))
			add_functions_below(unit, &die, inside || is_function, nested, nesting + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static int by_function_low(const void *left, const void *right)
{
	const struct function *a = left, *b = right;

	return compare_numbers(a->low, b->low);
}

static void read_unit(struct unit *unit, bool nested)
{
	unit->read = true;
	unit->nested = nested;
	add_functions_below(unit, &unit->scope, false, nested, 0);
	if (unit->count)
		qsort(unit->functions, unit->count, sizeof(*unit->functions), by_function_low);
}

static struct function *known_function(const struct unit *unit, uint64_t address)
{
	size_t count = count_up_to(unit->functions, unit->count, sizeof *unit->functions, address);

	return count && address < unit->functions[count - 1].high ? &unit->functions[count - 1] : NULL;
}

/* Functions within functions, such as the bodies of OpenMP's regions, are read only when an address is in none of the
 * others: few units have any, and it takes a look at everything. */
static struct function *find_function(struct unit *unit, uint64_t address)
{
	if (!unit->read)
		read_unit(unit, false);
	struct function *function = known_function(unit, address);
	if (!function && !unit->nested) {
		read_unit(unit, true);
		function = known_function(unit, address);
	}
	return function;
}

/* ---- the inlined calls of a function --------------------------------------------- */

static void add_inlined(struct function *function, Dwarf_Die *die)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t offset = 0;

	while ((offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0) {
		if (low >= high)
			continue;
		if (!grow((void **)&function->inlined, function->inlined_count, &function->inlined_room,
		          sizeof(*function->inlined)))
			return;
		function->inlined[function->inlined_count++] = (struct inlined){low, high, *die};
	}
}

static void add_inlined_below(struct function *function, Dwarf_Die *parent, unsigned nesting)
{
	Dwarf_Die die;

	if (nesting > MAX_NESTING || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_inlined_subroutine)
			add_inlined(function, &die);
		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block)
			add_inlined_below(function, &die, nesting + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* The chain of inlined calls around address, outermost first; a call with two ranges counts once. */
static unsigned inlined_chain(struct function *function, uint64_t address, Dwarf_Die **chain)
{
	unsigned count = 0;

	if (!function->read) {
		function->read = true;
		add_inlined_below(function, &function->die, 0);
	}
	for (size_t i = 0; i < function->inlined_count && count < MAX_INLINED; i++) {
		struct inlined *call = &function->inlined[i];

		if (address < call->low || address >= call->high)
			continue;
		if (!count || dwarf_dieoffset(chain[count - 1]) != dwarf_dieoffset(&call->die))
			chain[count++] = &call->die;
	}
	return count;
}

/* ---- what they are called, and where ----------------------------------------------- */

static const char *string_attribute(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
}

static const char *die_name(struct names *names, Dwarf_Die *die)
{
	const char *raw = string_attribute(die, DW_AT_linkage_name);

	if (!raw)
		raw = string_attribute(die, DW_AT_MIPS_linkage_name);
	if (!raw)
		raw = string_attribute(die, DW_AT_name);
	return names_function(names, raw);
}

static const char *compile_directory(struct unit *unit)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(&unit->die, DW_AT_comp_dir, &attribute));
}

static void set_line_of_address(struct unit *unit, struct names *names, uint64_t address, struct symbol_frame *frame)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);
	const char *path = line ? dwarf_linesrc(line, NULL, NULL) : NULL;

	frame->file = names_file(names, compile_directory(unit), path);
	if (!frame->file || dwarf_lineno(line, &frame->line) != 0)
		frame->line = 0;
	if (!frame->line || dwarf_linecol(line, &frame->column) != 0)
		frame->column = 0;
}

static Dwarf_Word number_attribute(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value = 0;

	if (dwarf_formudata(dwarf_attr(die, name, &attribute), &value) != 0)
		return 0;
	return value;
}

static void set_line_of_call(struct unit *unit, struct names *names, Dwarf_Die *call, struct symbol_frame *frame)
{
	Dwarf_Word file = number_attribute(call, DW_AT_call_file), line = number_attribute(call, DW_AT_call_line);
	Dwarf_Word column = number_attribute(call, DW_AT_call_column);
	Dwarf_Files *files;
	size_t count;

	frame->file = NULL;
	frame->line = frame->column = 0;
	if (dwarf_getsrcfiles(&unit->die, &files, &count) != 0 || file >= count)
		return;
	frame->file = names_file(names, compile_directory(unit), dwarf_filesrc(files, file, NULL, NULL));
	if (frame->file && line <= INT32_MAX)
		frame->line = (int)line;
	if (frame->line && column <= INT32_MAX)
		frame->column = (int)column;
}

unsigned units_find(struct units *units, struct names *names, uint64_t address, struct symbol_frame *frames,
                    unsigned max)
{
	struct unit *unit = find_unit(units, address);
	struct function *function = unit ? find_function(unit, address) : NULL;
	Dwarf_Die *chain[MAX_INLINED];
	unsigned inlined = function ? inlined_chain(function, address, chain) : 0;
	unsigned count = 0;

	if (!unit)
		return 0;
	for (unsigned i = 0; i <= inlined && i < max; i++) {
		struct symbol_frame *frame = &frames[count++];
		bool outermost = i == inlined;

		memset(frame, 0, sizeof(*frame));
		frame->inlined = !outermost;
		if (function)
			frame->function = die_name(names, outermost ? &function->die : chain[inlined - 1 - i]);
		if (i == 0)
			set_line_of_address(unit, names, address, frame);
		else
			set_line_of_call(unit, names, chain[inlined - i], frame);
	}
	return count;
}

static Dwarf_Addr address_of_line(Dwarf_Lines *lines, size_t index)
{
	Dwarf_Addr address = 0;

	dwarf_lineaddr(dwarf_onesrcline(lines, index), &address);
	return address;
}

/* Where the last row begins that is not behind the address; rows are sorted. */
static Dwarf_Addr row_before(Dwarf_Lines *lines, size_t count, uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address_of_line(lines, middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? address_of_line(lines, low - 1) : 0;
}

static bool is_new_line(const struct symbol_line *lines, unsigned count, const struct symbol_line *line)
{
	for (unsigned i = 0; i < count; i++)
		if (lines[i].line == line->line && lines[i].file == line->file)
			return false;
	return true;
}

unsigned units_lines(struct units *units, struct names *names, uint64_t address, bool of_function,
                     struct symbol_line *lines, unsigned max)
{
	struct unit *unit = find_unit(units, address);
	struct function *function = unit ? find_function(unit, address) : NULL;
	unsigned found = 0;
	Dwarf_Lines *rows;
	size_t count;

	if (!function || dwarf_getsrclines(&unit->die, &rows, &count) != 0)
		return 0;
	Dwarf_Addr row = row_before(rows, count, address);
	for (size_t i = 0; i < count && found <= max; i++) {
		Dwarf_Addr at = address_of_line(rows, i);
		Dwarf_Line *from = dwarf_onesrcline(rows, i);
		struct symbol_line line = {0};
		bool is_end;

		if (of_function ? at < function->low || at >= function->high : at != row)
			continue;
		if (dwarf_lineendsequence(from, &is_end) != 0 || is_end || dwarf_lineno(from, &line.line) != 0 ||
		    !line.line) /* 0: the compiler's own code */
			continue;
		line.file = names_file(names, compile_directory(unit), dwarf_linesrc(from, NULL, NULL));
		if (!is_new_line(lines, found < max ? found : max, &line))
			continue;
		if (found < max)
			lines[found] = line;
		found++;
	}
	return found;
}

Dwarf_Die *units_die(const struct units *units, uint64_t address)
{
	struct unit *unit = find_unit(units, address);

	return unit ? &unit->scope : NULL;
}

static void free_unit(struct unit *unit)
{
	for (size_t i = 0; i < unit->count; i++)
		free(unit->functions[i].inlined);
	free(unit->functions);
	free(unit);
}

void units_free(struct units *units)
{
	struct unit *unit = units->list;

	while (unit) {
		struct unit *next = unit->next;

		free_unit(unit);
		unit = next;
	}
	free(units->ranges);
	memset(units, 0, sizeof(*units));
}
