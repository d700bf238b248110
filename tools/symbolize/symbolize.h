/*
 * Finds the names for a (module, offset): by libdwfl of elfutils, with one Dwfl for each module file.  Each distinct pc
 * of a process is resolved once, inlined frames included.
 */
#ifndef RINGTAIL_SYMBOLIZE_H
#define RINGTAIL_SYMBOLIZE_H

#include "tools/source/ring_file.h"
#include "tools/symbolize/roles.h"
#include "tools/symbolize/types.h"

struct symbol_frame {         /* owned by the symbolizer, valid until symbolizer_free */
	const char *function; /* demangled; NULL: not known */
	const char *file;     /* NULL: not known */
	int line, column;     /* 0: not known */
	bool inlined;         /* inlined into the frame that follows */
	bool by_symbol;       /* the name comes from the symbol table alone ... */
	uint64_t into;        /* ... and the address is this many bytes after the function's start */
	uint64_t start;       /* of a function without a name: its first address in the file; 0: not known */
	enum role role;       /* by its names */
	const char *missing;  /* why there is no name: the result of symbolizer_missing */
};

struct symbol_line {
	const char *file; /* owned by the symbolizer */
	int line;
};

struct symbolizer;
struct symbolizer *symbolizer_new(void);
void symbolizer_free(struct symbolizer *symbolizer);
/* Sets the process to which the next addresses belong; NULL: not known.  The ring must stay open until the next
 * call. */
void symbolizer_process(struct symbolizer *symbolizer, const struct ring_file *ring);

/* Writes the frames of one address of a module, innermost first: at least one, at most max.  file_offset: the address
 * minus the module's bias.  exact: it is not a return address, so the call before it is not looked up. */
unsigned symbolizer_resolve(struct symbolizer *symbolizer, const struct rt_module *module, uint64_t file_offset,
                            bool exact, struct symbol_frame *frames, unsigned max);

/* Bytes from the start of the frame's function to the offset that was resolved, where the function's start is all that
 * is known beside a symbol; -1: not known, or not needed. */
int64_t symbol_frame_into(const struct symbol_frame *frame, uint64_t file_offset);

/* The variable that contains an address of the module: its name, as in the source code but with namespaces, owned by
 * the symbolizer.  *into: bytes from its start to the address.  NULL: there is none, or its name is not known. */
const char *symbolizer_variable(struct symbolizer *symbolizer, const struct rt_module *module, uint64_t file_offset,
                                uint64_t *into);

/* The type of what lies at an address of the module, by its debug information: of a member or element, if the variable
 * is a structure or array. */
enum symbol_type symbolizer_variable_type(struct symbolizer *symbolizer, const struct rt_module *module,
                                          uint64_t file_offset);
/* The line that declares the variable at an address of the module.  False: not known. */
bool symbolizer_declared(struct symbolizer *symbolizer, const struct rt_module *module, uint64_t file_offset,
                         struct symbol_line *line);
/* SYMBOL_TYPE_PLAIN: the compilation unit of this code knows no type that is atomic or volatile; else
 * SYMBOL_TYPE_UNKNOWN. */
enum symbol_type symbolizer_unit_types(struct symbolizer *symbolizer, const struct rt_module *module,
                                       uint64_t file_offset);
/* Writes the lines that the code at an address comes from: in optimized code they may be several.  of_function: those
 * of all code of its function.  Returns their number, which may be more than max; 0: not known. */
unsigned symbolizer_lines(struct symbolizer *symbolizer, const struct rt_module *module, uint64_t file_offset,
                          bool of_function, struct symbol_line *lines, unsigned max);
/* What made the code at an address, as the debug information has it ("GNU C17 12.2.0 -O2"); NULL: not known. */
const char *symbolizer_producer(struct symbolizer *symbolizer, const struct rt_module *module, uint64_t file_offset);
/* True if the module has a symbol of this name that is a function, or that it takes from another module. */
bool symbolizer_has_function(struct symbolizer *symbolizer, const struct rt_module *module, const char *name);

/* The allocator that is a part of a module's file, as reports call it; NULL: none that is known. */
const char *symbolizer_allocator(struct symbolizer *symbolizer, const struct rt_module *module);

/* The allocator that a module's file has under a name of its own (base/own_names.h); NULL: none that is known. */
const char *symbolizer_own_name(struct symbolizer *symbolizer, const struct rt_module *module);

/*
 * The function of the same module that is called by the call in front of a return address, if it is called directly:
 * what was recorded then, a call of another module's function, was reached by a jump at its end.  False: the call is
 * indirect, or through the PLT, or the code cannot be read.  *name: as in the source code; NULL if it has no symbol.
 */
bool symbolizer_calls(struct symbolizer *symbolizer, const struct rt_module *module, uint64_t file_offset,
                      const char **name);

/* The file has symbols for other modules alone, and some of its functions have no names: no debuginfod was asked for
 * its debug information, or it was asked and has none. */
#define SYMBOLS_STRIPPED  "stripped"
#define SYMBOLS_NOT_FOUND "not found by debuginfod"

/* Why a module has no names: "deleted", "changed" (another file is in its place now), "unreadable", or one of these
 * two. NULL if it has names, or if none of its addresses was resolved yet. */
const char *symbolizer_missing(struct symbolizer *symbolizer, const struct rt_module *module);

#endif
