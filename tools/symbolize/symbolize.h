/*
 * From (module, offset) to names: elfutils' libdwfl, one Dwfl per module file.
 * Each distinct pc of a process is resolved once; inlined frames included.
 */
#ifndef RINGTAIL_SYMBOLIZE_H
#define RINGTAIL_SYMBOLIZE_H

#include "tools/source/ring_file.h"

struct symbol_frame {         /* owned by the symbolizer, valid until symbolizer_free */
	const char *function; /* demangled; NULL where unknown */
	const char *file;     /* NULL where unknown */
	int line;             /* 0 where unknown */
	bool inlined;         /* inlined into the frame that follows */
	bool by_symbol;       /* only the symbol table knows this function ... */
	uint64_t into;        /* ... and the address is so many bytes after its start */
	const char *missing;  /* why there is no name, as symbolizer_missing has it */
};

struct symbolizer;
struct symbolizer *symbolizer_new(void);
void symbolizer_free(struct symbolizer *symbolizer);
/* The process whose addresses come next; NULL: not known.  It must stay open until another takes its place.
 */
void symbolizer_process(struct symbolizer *symbolizer, const struct ring_file *ring);

/* Frames of one address of a module, innermost first; at least one, at most max are written.  file_offset is
 * the address minus the module's bias; exact: it is not a return address (do not look at the call before it).
 */
unsigned symbolizer_resolve(struct symbolizer *symbolizer, const struct rt_module *module,
                            uint64_t file_offset, bool exact, struct symbol_frame *frames, unsigned max);

/* Why a module has no names: "deleted", "changed" (what is there now is another file) or "unreadable"; NULL
 * where it has, or none of its addresses was asked for. */
const char *symbolizer_missing(struct symbolizer *symbolizer, const struct rt_module *module);

#endif
