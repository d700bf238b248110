/*
 * Suppression rules, as text: LeakSanitizer's syntax and more.  ringtail-suppressions(5) is the reference.
 *
 *	# comment
 *	leak:PATTERN                    by kind; thread:, mutex: and signal: as ThreadSanitizer has them
 *	misuse/cond-two-mutexes:PATTERN by kind and class
 *	leak:PATTERN (MODULE)           a function of this module
 *	leak:FRAME < ... < FRAME        stacks whose innermost frames are these
 *	called_from_lib:PATTERN         calls that a library itself makes
 *	[PROGRAM]                       the rules that follow hold for processes of this executable
 */
#ifndef RINGTAIL_SUPPRESS_RULES_H
#define RINGTAIL_SUPPRESS_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/error.h"

#define RULE_FRAMES_MOST 31u

struct frame_pattern {
	const char *name;   /* matches a function, a source file or a module; NULL: any number of frames ("...") */
	const char *module; /* NULL: any.  Else name matches functions alone, and this their module */
};

struct rule {
	char *text;       /* as it was written */
	const char *file; /* the file that it stands in; belongs to struct rules */
	unsigned line;
	const char *kind;    /* of findings; NULL: any */
	char *class;         /* with wildcards; NULL: any */
	char *program;       /* base name of the executable, with wildcards; NULL: any */
	const char *pattern; /* in text */
	char *parts;         /* the texts of frames */
	struct frame_pattern frames[RULE_FRAMES_MOST];
	unsigned frame_count;
	bool chain;        /* the frames are the innermost ones of a stack; else a stack has the one frame anywhere */
	bool caller;       /* the pattern applies only to the module that made the call */
	bool by_default;   /* from the project's own file */
	uint64_t findings; /* number of findings that it matched */
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
/* The same for the file of rules that hold by default. */
bool rules_read_default(struct rules *rules, const char *path, struct error *err);
void rules_free(struct rules *rules);

/* True if the rule applies to findings of this kind, class (NULL: none) and executable (a path, or NULL). */
bool rule_is_for(const struct rule *rule, const char *kind, const char *class, const char *exe);
/* True if the pattern matches this path or its base name.  No pattern matches NULL. */
bool pattern_matches_path(const char *pattern, const char *path);

/* A frame of a stack, as reports print it; each may be NULL. */
struct rule_frame {
	const char *function, *file, *module;
	/* In the module, of the call and of its function: a frame without a name has MODULE+0xSTART as its name, and
	 * MODULE+0xOFFSET as a second one. */
	uint64_t offset, start;
};
/* True if the frame is one that the pattern stands for; the pattern is not "...". */
bool frame_pattern_matches(const struct frame_pattern *pattern, const struct rule_frame *frame);

/* Matches a pattern of LeakSanitizer: it may match anywhere in the text.  * stands for any characters, a leading ^ for
 * the start of the text, and a trailing $ for its end. */
bool pattern_matches(const char *pattern, const char *text);

#endif
