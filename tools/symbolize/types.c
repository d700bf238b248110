#include "tools/symbolize/types.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"
#include "tools/base/search.h"

/* Deeper nesting than any compiler writes: the file is broken. */
#define MAX_NESTING 64

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), type) != NULL;
}

static bool has_atomic_name(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name && (strcasestr(name, "atomic") != NULL);
}

/* Before version 5 of DWARF, gcc writes _Atomic types of C as if they were plain. */
static bool tells_atomic(Dwarf_Die *die)
{
	Dwarf_Die unit;
	Dwarf_Half version;

	if (dwarf_cu_info(die->cu, &version, NULL, &unit, NULL, NULL, NULL, NULL) != 0)
		return false;
	switch (dwarf_srclang(&unit)) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
		return version >= 5;
	default:
		return true;
	}
}

/* ---- the type at an offset --------------------------------------------------------------------- */

static enum symbol_type type_at(Dwarf_Die *type, uint64_t offset, unsigned nesting);

struct extent {
	uint64_t start, bytes;
};

static bool number_of(Dwarf_Die *die, unsigned name, Dwarf_Word *number)
{
	Dwarf_Attribute attribute;

	return dwarf_formudata(dwarf_attr_integrate(die, name, &attribute), number) == 0;
}

static bool extent_of(Dwarf_Die *member, Dwarf_Die *type, struct extent *extent)
{
	Dwarf_Word start = 0, bits, bit;

	if (number_of(member, DW_AT_data_bit_offset, &bit)) {
		if (!number_of(member, DW_AT_bit_size, &bits))
			return false;
		*extent = (struct extent){bit / 8, (bits + bit % 8 + 7) / 8};
		return true;
	}
	if (dwarf_hasattr_integrate(member, DW_AT_data_member_location) &&
	    !number_of(member, DW_AT_data_member_location, &start))
		return false; /* an expression: of a virtual base */
	extent->start = start;
	return dwarf_aggregate_size(type, &extent->bytes) == 0;
}

/* Of members that lie over each other, one that is marked decides. */
static enum symbol_type stricter(enum symbol_type one, enum symbol_type other) { return one > other ? one : other; }

static enum symbol_type member_at(Dwarf_Die *structure, uint64_t offset, unsigned nesting)
{
	enum symbol_type found = SYMBOL_TYPE_UNKNOWN;
	Dwarf_Die member, type;
	struct extent extent;

	if (has_atomic_name(structure))
		return SYMBOL_TYPE_ATOMIC;
	if (dwarf_child(structure, &member) != 0)
		return SYMBOL_TYPE_UNKNOWN;
	do {
		int tag = dwarf_tag(&member);

		if ((tag == DW_TAG_member || tag == DW_TAG_inheritance) && type_of(&member, &type) &&
		    extent_of(&member, &type, &extent) && offset - extent.start < extent.bytes)
			found = stricter(found, type_at(&type, offset - extent.start, nesting));
	} while (dwarf_siblingof(&member, &member) == 0);
	return found;
}

static enum symbol_type element_at(Dwarf_Die *array, uint64_t offset, unsigned nesting)
{
	Dwarf_Word bytes;
	Dwarf_Die type;

	if (!type_of(array, &type) || dwarf_aggregate_size(&type, &bytes) != 0 || !bytes)
		return SYMBOL_TYPE_UNKNOWN;
	return type_at(&type, offset % bytes, nesting);
}

static enum symbol_type type_at(Dwarf_Die *type, uint64_t offset, unsigned nesting)
{
	Dwarf_Die inner;

	if (nesting > MAX_NESTING)
		return SYMBOL_TYPE_UNKNOWN;
	switch (dwarf_tag(type)) {
	case DW_TAG_atomic_type:
		return SYMBOL_TYPE_ATOMIC;
	case DW_TAG_volatile_type:
		return SYMBOL_TYPE_VOLATILE;
	case DW_TAG_typedef:
	case DW_TAG_const_type:
	case DW_TAG_restrict_type:
		return type_of(type, &inner) ? type_at(&inner, offset, nesting + 1) : SYMBOL_TYPE_UNKNOWN;
	case DW_TAG_array_type:
		return element_at(type, offset, nesting + 1);
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		return member_at(type, offset, nesting + 1);
	case DW_TAG_base_type:
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
	case DW_TAG_ptr_to_member_type:
	case DW_TAG_enumeration_type:
		return tells_atomic(type) ? SYMBOL_TYPE_PLAIN : SYMBOL_TYPE_UNKNOWN;
	default:
		return SYMBOL_TYPE_UNKNOWN;
	}
}

/* ---- variables ---------------------------------------------------------------------------------- */

/* False: it is in a register, on the stack, or of each thread. */
static bool address_of(Dwarf_Die *variable, Dwarf_Addr *address)
{
	Dwarf_Attribute location, indexed;
	Dwarf_Op *operations;
	size_t count;

	if (!dwarf_attr(variable, DW_AT_location, &location) ||
	    dwarf_getlocation(&location, &operations, &count) != 0 || count != 1)
		return false;
	*address = operations[0].number;
	if (operations[0].atom == DW_OP_addr)
		return true;
	return (operations[0].atom == DW_OP_addrx || operations[0].atom == DW_OP_GNU_addr_index) &&
	       dwarf_getlocation_attr(&location, &operations[0], &indexed) == 0 &&
	       dwarf_formaddr(&indexed, address) == 0;
}

static void add_variable(struct typed_variables *variables, Dwarf_Die *die)
{
	Dwarf_Addr address;
	Dwarf_Word bytes;
	Dwarf_Die type;

	if (!address_of(die, &address) || !address || !type_of(die, &type) ||
	    dwarf_aggregate_size(&type, &bytes) != 0 || !bytes || bytes > UINT64_MAX - address)
		return;
	GROW(variables->items, variables->room, variables->count + 1);
	variables->items[variables->count++] = (struct typed_variable){address, address + bytes, *die};
}

static bool may_hold_variables(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_subprogram ||
	       tag == DW_TAG_lexical_block || tag == DW_TAG_class_type || tag == DW_TAG_structure_type;
}

static void add_variables_below(struct typed_variables *variables, Dwarf_Die *parent, unsigned nesting)
{
	Dwarf_Die die;

	if (nesting > MAX_NESTING || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_variable)
			add_variable(variables, &die);
		else if (may_hold_variables(tag))
			add_variables_below(variables, &die, nesting + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static int by_variable_start(const void *left, const void *right)
{
	const struct typed_variable *a = left, *b = right;

	return compare_numbers(a->start, b->start);
}

void typed_variables_load(struct typed_variables *variables, Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	uint8_t type;
	Dwarf_Die die, split;

	*variables = (struct typed_variables){0};
	while (dwarf && dwarf_get_units(dwarf, unit, &unit, NULL, &type, &die, &split) == 0) {
		if (type == DW_UT_skeleton && split.addr)
			add_variables_below(variables, &split, 0);
		else if (dwarf_tag(&die) == DW_TAG_compile_unit)
			add_variables_below(variables, &die, 0);
	}
	if (variables->count)
		qsort(variables->items, variables->count, sizeof *variables->items, by_variable_start);
}

void typed_variables_free(struct typed_variables *variables)
{
	free(variables->items);
	*variables = (struct typed_variables){0};
}

static struct typed_variable *variable_at(const struct typed_variables *variables, uint64_t address)
{
	size_t count = count_up_to(variables->items, variables->count, sizeof *variables->items, address);
	struct typed_variable *variable = count ? &variables->items[count - 1] : NULL;

	return variable && address < variable->end ? variable : NULL;
}

enum symbol_type typed_variables_find(const struct typed_variables *variables, uint64_t address)
{
	struct typed_variable *variable = variable_at(variables, address);
	Dwarf_Die type;

	if (!variable || !type_of(&variable->die, &type))
		return SYMBOL_TYPE_UNKNOWN;
	return type_at(&type, address - variable->start, 0);
}

bool typed_variables_declared(const struct typed_variables *variables, uint64_t address, const char **file, int *line)
{
	struct typed_variable *variable = variable_at(variables, address);

	if (!variable || dwarf_decl_line(&variable->die, line) != 0)
		return false;
	*file = dwarf_decl_file(&variable->die);
	return *file != NULL;
}

/* ---- units ----------------------------------------------------------------------------------------- */

/* True also for a type that is described elsewhere. */
static bool is_marked(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_atomic_type:
	case DW_TAG_volatile_type:
	case DW_TAG_imported_unit:
		return true;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		return has_atomic_name(die) || dwarf_hasattr(die, DW_AT_signature);
	default:
		return false;
	}
}

static bool is_marked_below(Dwarf_Die *parent, unsigned nesting)
{
	Dwarf_Die die;

	if (nesting > MAX_NESTING)
		return true;
	if (dwarf_child(parent, &die) != 0)
		return false;
	do {
		if (is_marked(&die) || is_marked_below(&die, nesting + 1))
			return true;
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

enum symbol_type types_of_unit(Dwarf_Die *unit)
{
	return tells_atomic(unit) && !is_marked_below(unit, 0) ? SYMBOL_TYPE_PLAIN : SYMBOL_TYPE_UNKNOWN;
}
