#include "tests/harness/named.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

#define MOST_PARTS 32
#define PART_TEXT  512

/* True if the frame is in the program's own source file. */
static bool is_own(const json_t *frame, const char *program)
{
	const char *file = json_string_value(json_object_get(frame, "file"));
	const char *slash = file ? strrchr(file, '/') : NULL, *name = slash ? slash + 1 : file;
	size_t length = strlen(program);

	return name && !strncmp(name, program, length) && name[length] == '.';
}

/* The function's name, without arguments, of the innermost or outermost frame in the program's own file.  main counts
 * only if there is no other. */
static void function_of(const json_t *frames, const char *program, bool outermost, char *name, size_t room)
{
	const json_t *frame, *found = NULL;
	size_t i;

	json_array_foreach(frames, i, frame)
	{
		const char *function = json_string_value(json_object_get(frame, "function"));

		if (!function || !is_own(frame, program) || (found && (!outermost || !strcmp(function, "main"))))
			continue;
		found = frame;
	}
	snprintf(name, room, "%s", found ? json_string_value(json_object_get(found, "function")) : "?");
	name[strcspn(name, "(")] = '\0';
}

/* The name that the program printed for the lock at this address; else its kind. */
static void lock_name(const json_t *side, const char *output, char *name, size_t room)
{
	const char *address = json_text(side, "address"), *at = output;
	char named[64], where[32];

	snprintf(name, room, "%s", json_text(side, "what"));
	for (; (at = strstr(at, "lock ")); at++)
		if ((at == output || at[-1] == '\n') && sscanf(at, "lock %63s %31s", named, where) == 2 &&
		    !strcmp(where, address))
			snprintf(name, room, "%s", named);
}

static int by_text(const void *left, const void *right) { return strcmp(left, right); }

static void join(char (*parts)[PART_TEXT], size_t count, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < count; i++) {
		strncat(text, i ? "; " : "", NAMED_TEXT - strlen(text) - 1);
		strncat(text, parts[i], NAMED_TEXT - strlen(text) - 1);
	}
}

static void name_edge(const json_t *edge, const char *output, const char *program, char *text, size_t room)
{
	const json_t *held = json_object_get(edge, "held"), *wanted = json_object_get(edge, "wanted");
	char thread[64], held_name[64], held_in[64], wanted_name[64], wanted_in[64];

	function_of(json_object_get(wanted, "stack"), program, true, thread, sizeof thread);
	function_of(json_object_get(held, "stack"), program, false, held_in, sizeof held_in);
	function_of(json_object_get(wanted, "stack"), program, false, wanted_in, sizeof wanted_in);
	lock_name(held, output, held_name, sizeof held_name);
	lock_name(wanted, output, wanted_name, sizeof wanted_name);
	if (json_is_true(json_object_get(edge, "ahead")))
		snprintf(text, room, "%s: ahead at %s@%s", thread, wanted_name, wanted_in);
	else
		snprintf(text, room, "%s: %s%s@%s -> %s@%s", thread, held_name,
		         json_is_true(json_object_get(edge, "inferred")) ? "?" : "", held_in, wanted_name, wanted_in);
}

static void name_edges(const json_t *finding, const char *output, const char *program, char *text)
{
	const json_t *edges = json_object_get(finding, "edges"), *edge;
	char parts[MOST_PARTS][PART_TEXT];
	size_t i, count = json_array_size(edges);

	cr_assert_leq(count, MOST_PARTS);
	json_array_foreach(edges, i, edge)
	{
		const json_t *next = json_array_get(edges, (i + 1) % count);

		name_edge(edge, output, program, parts[i], sizeof parts[i]);
		cr_expect_str_eq(json_text(edge, "wanted.address"), json_text(next, "held.address"),
		                 "%s: the cycle is broken", parts[i]);
	}
	qsort(parts, count, sizeof *parts, by_text);
	join(parts, count, text);
}

static void name_stacks(const json_t *finding, const char *output, const char *program, char *text)
{
	const json_t *stacks = json_object_get(finding, "stacks"), *stack, *object;
	char parts[MOST_PARTS][PART_TEXT], thread[64], function[64];
	size_t i, count = 0;

	object = json_array_get(json_object_get(finding, "objects"), 0);
	if (object)
		lock_name(object, output, parts[count++], sizeof parts[0]);
	cr_assert_lt(json_array_size(stacks), MOST_PARTS);
	json_array_foreach(stacks, i, stack)
	{
		function_of(json_object_get(stack, "frames"), program, true, thread, sizeof thread);
		function_of(json_object_get(stack, "frames"), program, false, function, sizeof function);
		snprintf(parts[count++], sizeof parts[0], "%s: %s@%s", thread, json_text(stack, "label"), function);
	}
	join(parts, count, text);
}

void named_finding(const json_t *finding, const char *output, const char *program, char *text)
{
	if (json_array_size(json_object_get(finding, "edges")))
		name_edges(finding, output, program, text);
	else
		name_stacks(finding, output, program, text);
}

const json_t *named_only(const json_t *process, const char *kind, const char *class)
{
	const json_t *finding, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		const char *its_class = json_string_value(json_object_get(finding, "class"));

		if (strcmp(json_text(finding, "kind"), kind) || !its_class || strcmp(its_class, class))
			continue;
		cr_expect(!found, "more than one %s:%s", kind, class);
		found = finding;
	}
	cr_assert(found, "no %s:%s is in the report", kind, class);
	return found;
}
