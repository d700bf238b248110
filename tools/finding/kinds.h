/*
 * The kinds and classes of findings, from the rows of kinds.def; and lists of them in the form that users write:
 * "leak:definite,misuse", or "default" for the list on which a check fails.
 *
 * In the code of the tools a kind or class is an enumerator, so that a misspelt one does not compile.  Users and
 * databases give names.  Another version may have written a database: there, a name without a row in kinds.def is no
 * error.
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

/* The item of a list that stands for all kinds and classes on which a check fails by default. */
#define KINDS_DEFAULT "default"

/* ---- rows; all strings are static ------------------------------------------------------------ */

const char *kind_name(enum finding_kind kind);
const char *class_name(enum finding_class class); /* "definite"; NULL for FINDING_NONE */
const char *class_help(enum finding_class class); /* one line; "" for FINDING_NONE */
enum finding_kind class_kind(enum finding_class class);
/* Reports begin with the lowest rank.  class FINDING_NONE: the rank of the kind's classes that have no row. */
unsigned class_rank(enum finding_kind kind, enum finding_class class);

/* ---- names ----------------------------------------------------------------------------------- */

/* The name of the i-th kind; NULL after the last. */
const char *kind_at(size_t i);
/* The kind's name as a static string, or NULL if no kind has this name.  The name given need not end with NUL. */
const char *kind_find(const char *kind, size_t length);
/* As class_rank, by names; a kind that this version does not know comes last. */
unsigned kind_rank(const char *kind, const char *class);
/* What findings of the kind are about, in a few words; "" for an unknown kind. */
const char *kind_meaning(const char *kind);
/* True if the kind has this class.  Some kinds take any word as a class. */
bool kind_has_class(const char *kind, size_t kind_length, const char *class, size_t length);

bool kind_is(const char *kind, enum finding_kind is);
/* class: NULL for a finding without a class. */
bool class_is(const char *kind, const char *class, enum finding_class is);

/* True for findings that reports show on request only: they are information and no reason to act, or they are folded
 * into another finding. */
bool kind_is_quiet(const char *kind, const char *class);

/* ---- lists ------------------------------------------------------------------------------------ */

/* True if every item names a known kind or class.  Otherwise *bad is the first item that does not. */
bool kinds_valid(const char *list, const char **bad);
/* Writes the name to near that the item, up to its comma, probably means: a similar one, or the class with its kind.
 * False: no name is near. */
bool kinds_suggest(const char *item, char *near, size_t room);
/* The first class that an item of the list names although no analyser of this version reports it, as
 * "race:heap-handoff"; NULL: there is none.  "default" and kinds name no class. */
const char *kinds_unsought(const char *list);
/* True if an item of the list is this very text. */
bool kinds_have_item(const char *list, const char *wanted);
/* "a list of ...", for error messages. */
const char *kinds_wanted(void);
/* A malloced copy of the list, in which "default" is replaced by the items that it stands for. */
char *kinds_expanded(const char *list);
/* True if an item of the list other than "default" names this kind, or this kind and class.  A class that is folded
 * into another is matched only by an item that names it. */
bool kinds_name(const char *list, const char *kind, const char *class);
/* The same, and "default" counts. */
bool kinds_match(const char *list, const char *kind, const char *class);

#endif
