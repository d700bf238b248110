/*
 * Suppression rules, as text: LeakSanitizer's syntax and more.  ringtail-suppressions(5) is the reference.
 *
 *	# comment
 *	leak:PATTERN                    by kind; thread:, mutex: and signal: as ThreadSanitizer has them
 *	misuse/cond-two-mutexes:PATTERN by kind and class
 *	called_from_lib:PATTERN         calls that a library itself makes
 *	[PROGRAM]                       the rules that follow hold for processes of this executable
 */
#ifndef RINGTAIL_SUPPRESS_RULES_H
#define RINGTAIL_SUPPRESS_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/error.h"

struct rule {
	char *text;       /* as it was written */
	const char *file; /* the file that it stands in; belongs to struct rules */
	unsigned line;
	const char *kind;    /* of findings; NULL: any */
	char *class;         /* with wildcards; NULL: any */
	char *program;       /* base name of the executable, with wildcards; NULL: any */
	const char *pattern; /* in text */
	bool caller;         /* the pattern applies only to the module that made the call */
	uint64_t findings;   /* number of findings that it matched */
};

struct rules { /* zeroed: none */
	struct rule *items;
	size_t count, room;
	char **files;
	size_t file_count, file_room;
};

/* Adds the rules of a text.  name: of its file, for messages ("NAME:LINE: ...").  False: err says which line is wrong
 * and why (EXIT_USAGE). */
bool rules_parse(struct rules *rules, const char *name, const char *text, size_t size, struct error *err);
/* Adds the rules of a file. */
bool rules_read(struct rules *rules, const char *path, struct error *err);
void rules_free(struct rules *rules);

/* True if the rule applies to findings of this kind, class (NULL: none) and executable (a path, or NULL). */
bool rule_is_for(const struct rule *rule, const char *kind, const char *class, const char *exe);
/* True if the rule's pattern matches this path or its base name.  No pattern matches NULL. */
bool rule_matches_path(const struct rule *rule, const char *path);

/* Matches a pattern of LeakSanitizer: it may match anywhere in the text.  * stands for any characters, a leading ^ for
 * the start of the text, and a trailing $ for its end. */
bool pattern_matches(const char *pattern, const char *text);

#endif
