/*
 * Suppression rules, as text: LeakSanitizer's syntax and more.  ringtail-suppressions(5) is the reference.
 *
 *	# comment
 *	leak:PATTERN                    by kind; thread:, mutex: and signal: as ThreadSanitizer has them
 *	misuse/cond-two-mutexes:PATTERN by kind and class
 *	called_from_lib:PATTERN         calls that a library itself makes
 *	[PROGRAM]                       what follows holds for processes of this executable
 */
#ifndef RINGTAIL_SUPPRESS_RULES_H
#define RINGTAIL_SUPPRESS_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/error.h"

struct rule {
	char *text;       /* as it was written */
	const char *file; /* where; belongs to the rules */
	unsigned line;
	const char *kind;    /* of findings; NULL: any */
	char *class;         /* with wildcards; NULL: any */
	char *program;       /* base name of the executable, with wildcards; NULL: any */
	const char *pattern; /* in text */
	bool caller;         /* the pattern is for the module that made the call, and for nothing else */
	uint64_t findings;   /* that it matched */
};

struct rules { /* zeroed: none */
	struct rule *items;
	size_t count, room;
	char **files;
	size_t file_count, file_room;
};

/* Adds the rules of a text.  name: of the file, for messages ("NAME:LINE: ...").  False: err says what is
 * wrong with which line (EXIT_USAGE). */
bool rules_parse(struct rules *rules, const char *name, const char *text, size_t size, struct error *err);
/* Adds those of a file. */
bool rules_read(struct rules *rules, const char *path, struct error *err);
void rules_free(struct rules *rules);

/* Whether a rule is for findings of this kind, class (NULL: none) and executable (a path or NULL). */
bool rule_is_for(const struct rule *rule, const char *kind, const char *class, const char *exe);
/* Whether its pattern matches this path or its base name; NULL matches nothing. */
bool rule_matches_path(const struct rule *rule, const char *path);

/* LeakSanitizer's patterns: found anywhere in the text, * for any characters, ^ in front and $ behind for its
 * start and end. */
bool pattern_matches(const char *pattern, const char *text);

#endif
