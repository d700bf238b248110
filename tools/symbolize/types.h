/* What the debug information says of the types of variables: whether they are atomic or volatile. */
#ifndef RINGTAIL_SYMBOLIZE_TYPES_H
#define RINGTAIL_SYMBOLIZE_TYPES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum symbol_type {
	SYMBOL_TYPE_UNKNOWN,
	SYMBOL_TYPE_PLAIN,
	SYMBOL_TYPE_ATOMIC,
	SYMBOL_TYPE_VOLATILE,
};

struct typed_variable {
	uint64_t start, end;
	Dwarf_Die die;
};

/* The variables of one module that have an address of their own. */
struct typed_variables {
	struct typed_variable *items; /* sorted by start */
	size_t count, room;
};

void typed_variables_load(struct typed_variables *variables, Dwarf *dwarf);
void typed_variables_free(struct typed_variables *variables);
/* The type of what lies at this address: of the member, if the variable is a structure. */
enum symbol_type typed_variables_find(const struct typed_variables *variables, uint64_t address);
/* The file and line that declare the variable at this address; the file's name lives as long as the Dwarf.  False: not
 * known. */
bool typed_variables_declared(const struct typed_variables *variables, uint64_t address, const char **file, int *line);

/* SYMBOL_TYPE_PLAIN: no type in the unit is atomic or volatile, so no variable or member that it accesses can be.
 * Casts are not seen. */
enum symbol_type types_of_unit(Dwarf_Die *unit);

#endif
