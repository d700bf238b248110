/* Calls that are not seen, or from some time on only, and why. */
#include <stdio.h>
#include <string.h>

#include "shim/atomics.h"
#include "tools/source/program_path.h"
#include "tools/store/unwatched.h"
#include "tools/store/writer.h"

struct unwatched {
	struct writer *writer;
	int64_t ordinal;
};

static void store_reason(struct unwatched *unwatched, const char *what, const char *module, const char *why)
{
	struct row row = row_begin(unwatched->writer, TABLE_unwatched);

	row_int(&row, ++unwatched->ordinal);
	row_text(&row, what);
	row_text(&row, module);
	row_text(&row, why);
	row_end(&row);
}

/* A reason that is about the executable. */
static void store_reason_of_program(struct unwatched *unwatched, const char *what, const char *why)
{
	char path[RT_PATH_MAX];

	store_reason(unwatched, what, program_path(&unwatched->writer->ring->header, path), why);
}

static const struct rt_module *find_program(const struct writer *writer)
{
	const char *exe = writer->ring->header.exe;
	uint32_t modules = ring_file_modules(writer->ring);

	for (uint32_t i = 0; i < modules; i++) {
		const struct rt_module *module = ring_file_module(writer->ring, i);

		if (module && !strncmp(module->path, exe, sizeof module->path))
			return module;
	}
	return NULL;
}

/* The allocator that is a part of the executable; NULL: none that is known. */
static const char *allocator_of_program(const struct writer *writer)
{
	const struct rt_module *program = find_program(writer);

	return program ? symbolizer_allocator(writer->store->symbolizer, program) : NULL;
}

static void store_own_malloc(struct unwatched *unwatched)
{
	const char *allocator = allocator_of_program(unwatched->writer);
	char why[160];

	snprintf(why, sizeof why, UNWATCHED_LINKED_IN ", which calls it directly%s%s", allocator ? ": it is " : "",
	         allocator ? allocator : "");
	store_reason_of_program(unwatched, "heap", why);
}

/* A program that never called malloc may have an allocator that gets its memory from the kernel. */
static bool store_no_malloc(struct unwatched *unwatched)
{
	const struct writer *writer = unwatched->writer;
	const char *allocator =
	    heap_totals(writer->analysis->heap)->allocations ? NULL : allocator_of_program(unwatched->writer);
	char why[160];

	if (!allocator)
		return false;
	snprintf(why, sizeof why, UNWATCHED_NEVER_CALLED ": it has an allocator of its own, %s", allocator);
	store_reason_of_program(unwatched, "heap", why);
	return true;
}

/* A program may have another allocator beside malloc. */
static void store_own_name(struct unwatched *unwatched)
{
	const struct rt_module *program = find_program(unwatched->writer);
	const char *name = program ? symbolizer_own_name(unwatched->writer->store->symbolizer, program) : NULL;
	char why[160];

	if (!name)
		return;
	snprintf(why, sizeof why, "the program has an allocator under a name of its own, %s: its blocks are not seen",
	         name);
	store_reason_of_program(unwatched, "pool", why);
}

#define PRELOADED_BEFORE UNWATCHED_PRELOADED_BEFORE "'s: "

static void store_heap_unseen(struct unwatched *unwatched, uint32_t unseen, const char *server)
{
	if (unseen == RT_HEAP_IN_PROGRAM)
		store_own_malloc(unwatched);
	else if (!unseen && unwatched->writer->ring->header.watch & RT_WATCH_HEAP && !store_no_malloc(unwatched))
		store_own_name(unwatched);
	else if (unseen)
		store_reason(unwatched, "heap", server, PRELOADED_BEFORE "preload it behind");
}

static void copy_path(char path[RT_MODULE_PATH], const struct rt_module *module)
{
	memcpy(path, module->path, RT_MODULE_PATH);
	path[RT_MODULE_PATH - 1] = '\0';
}

/* The allocator's library, if it is preloaded before ringtail's. */
static const struct rt_module *find_server(const struct ring_file *ring, char path[RT_MODULE_PATH])
{
	uint32_t modules = ring_file_modules(ring);

	for (uint32_t i = 0; i < modules; i++) {
		const struct rt_module *module = ring_file_module(ring, i);

		if (!module || load_acquire(&module->calls) != RT_CALLS_SERVED)
			continue;
		copy_path(path, module);
		return module;
	}
	return NULL;
}

static void store_heap_seen_late(struct unwatched *unwatched, const struct rt_module *server, const char *path)
{
	char why[160];

	snprintf(why, sizeof why, PRELOADED_BEFORE "its calls are seen from %.6f s on",
	         ring_file_seconds(unwatched->writer->ring, server->turned));
	store_reason(unwatched, "start", path, why);
}

static void store_module_calls(struct unwatched *unwatched, const struct rt_module *module)
{
	char path[RT_MODULE_PATH], why[160];

	copy_path(path, module);
	switch (load_acquire(&module->calls)) {
	case RT_CALLS_BOUND:
	case RT_CALLS_SERVED:
		return;
	case RT_CALLS_TURNED:
		snprintf(why, sizeof why, "opened with RTLD_DEEPBIND: its calls are seen from %.6f s on",
		         ring_file_seconds(unwatched->writer->ring, module->turned));
		store_reason(unwatched, "start", path, why);
		return;
	case RT_CALLS_ELSEWHERE:
		snprintf(why, sizeof why,
		         "opened with RTLD_DEEPBIND, with a malloc that is not the program's: its blocks are not seen");
		break;
	default:
		snprintf(why, sizeof why, "opened with RTLD_DEEPBIND: its calls pass by ringtail");
		break;
	}
	store_reason(unwatched, "calls", path, why);
}

void store_unwatched(struct writer *writer)
{
	const struct rt_header *shared = writer->ring->shared;
	struct unwatched unwatched = {.writer = writer};
	uint32_t modules = ring_file_modules(writer->ring), unseen = load_relaxed(&shared->heap_unseen);
	char path[RT_MODULE_PATH];
	const struct rt_module *server = find_server(writer->ring, path);

	store_heap_unseen(&unwatched, unseen, server ? path : NULL);
	if (server && !unseen)
		store_heap_seen_late(&unwatched, server, path);
	for (uint32_t i = 0; i < modules && !writer->failed; i++) {
		const struct rt_module *module = ring_file_module(writer->ring, i);

		if (module)
			store_module_calls(&unwatched, module);
	}
	if (load_relaxed(&shared->unseen[RT_UNSEEN_MODULE]))
		store_reason(&unwatched, "calls", NULL,
		             "a library was opened with RTLD_DEEPBIND, and may have made calls since");
	if (load_relaxed(&shared->unseen[RT_UNSEEN_LIBC]))
		store_reason(&unwatched, "calls", NULL,
		             "libraries were opened by dlmopen, and have a libc of their own");
}
