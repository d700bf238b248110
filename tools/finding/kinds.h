/*
 * The kinds and classes of findings, as kinds.def has them, and lists of them as users write them:
 * "leak:definite,misuse", or "default" for what a check fails on.
 *
 * In the tools a kind or class is an enumerator, so that a misspelt one does not compile.  Users and databases give
 * names.  A database may be another version's: a name that is in no row is no error there.
 */
#ifndef RINGTAIL_KINDS_H
#define RINGTAIL_KINDS_H

#include <stdbool.h>
#include <stddef.h>

enum finding_kind { /* KIND_LEAK, ... */
#define KIND(id, ...) KIND_##id,
#define CLASS(kind, id, ...)
#include "tools/finding/kinds.def"
#undef KIND
#undef CLASS
	KIND_COUNT
};

enum finding_class { /* FINDING_LEAK_DEFINITE, ...: each belongs to one kind */
	FINDING_NONE,
#define KIND(id, ...)
#define CLASS(kind, id, ...) FINDING_##kind##_##id,
#include "tools/finding/kinds.def"
#undef KIND
#undef CLASS
	FINDING_COUNT
};

/* KIND_NAME_LEAK, ...: the names, for tables of constants. */
#define KIND(id, ...) extern const char KIND_NAME_##id[];
#define CLASS(kind, id, ...)
#include "tools/finding/kinds.def"
#undef KIND
#undef CLASS

/* What a check fails on unless it is told otherwise, as an item of a list. */
#define KINDS_DEFAULT "default"

/* ---- rows; all strings are static ------------------------------------------------------------ */

const char *kind_name(enum finding_kind kind);
const char *class_name(enum finding_class class); /* "definite"; NULL for FINDING_NONE */
const char *class_help(enum finding_class class); /* one line; "" for FINDING_NONE */
enum finding_kind class_kind(enum finding_class class);
/* Reports begin with the lowest.  FINDING_NONE: of classes that have no row. */
unsigned class_rank(enum finding_kind kind, enum finding_class class);

/* ---- names ----------------------------------------------------------------------------------- */

/* The name of the i-th kind, NULL behind the last. */
const char *kind_at(size_t i);
/* The name as a string that stays, or NULL where it is no kind's.  Names given need not end with NUL. */
const char *kind_find(const char *kind, size_t length);
/* What findings of the kind are about, in a few words; "" for what is no kind. */
const char *kind_meaning(const char *kind);
/* A class of that kind; of some kinds any word is one. */
bool kind_has_class(const char *kind, size_t kind_length, const char *class, size_t length);

bool kind_is(const char *kind, enum finding_kind is);
/* class: NULL for none. */
bool class_is(const char *kind, const char *class, enum finding_class is);

/* Shown on request only: such findings are no reason to act. */
bool kind_is_quiet(const char *kind, const char *class);

/* ---- lists ------------------------------------------------------------------------------------ */

/* Whether every item names a kind or class that exists; otherwise *bad is the first that does not. */
bool kinds_valid(const char *list, const char **bad);
/* "a list of ...", for errors. */
const char *kinds_wanted(void);
/* The list with what default stands for; malloced. */
char *kinds_expanded(const char *list);
bool kinds_match(const char *list, const char *kind, const char *class);

#endif
