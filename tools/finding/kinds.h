/*
 * The kinds and classes of findings, and lists of them as users write them:
 * "leak:definite,misuse", or "default" for what a check fails on.
 */
#ifndef RINGTAIL_KINDS_H
#define RINGTAIL_KINDS_H

#include <stdbool.h>
#include <stddef.h>

/* What `ringtail check` fails on unless it is told otherwise. */
#define KINDS_DEFAULT                                                                                        \
	"leak:definite,leak:indirect,deadlock:realised,deadlock:predicted,thread-leak:unjoined,thread-leak:" \
	"blocked,"                                                                                           \
	"misuse,race:data"

/* The name of the i-th kind, NULL behind the last. */
const char *kind_at(size_t i);
/* The name as a string that stays, or NULL where it is no kind's.  Names given need not end with NUL. */
const char *kind_find(const char *kind, size_t length);
/* What findings of the kind are about, in a few words; "" for what is no kind. */
const char *kind_meaning(const char *kind);
/* A class of that kind; of some kinds any word is one. */
bool kind_has_class(const char *kind, size_t kind_length, const char *class, size_t length);

/* Shown on request only: such findings are no reason to act. */
bool kind_is_quiet(const char *kind, const char *class);

/* Whether every item names a kind or class that exists; otherwise *bad is the first that does not. */
bool kinds_valid(const char *list, const char **bad);
/* "a list of ...", for errors. */
const char *kinds_wanted(void);
/* The list with what default stands for; malloced. */
char *kinds_expanded(const char *list);
bool kinds_match(const char *list, const char *kind, const char *class);

#endif
