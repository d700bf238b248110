#include "tools/finding/kinds.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tools/base/suggest.h"

enum class_list { LISTED, ANY_WORD };
enum weight { FAILS, SHOWN, INFORMATION, FOLDED };

#define NAME_BYTES 64 /* of KIND:CLASS */

#define KIND(id, name, ...) const char KIND_NAME_##id[] = name;
#define CLASS(kind, id, ...)
#include "tools/finding/kinds.def"
#undef KIND
#undef CLASS

static const struct kind_row {
	const char *name, *help;
	enum class_list classes;
	enum weight weight;
	unsigned rank;
} kinds[] = {
#define KIND(id, name, classes, rank, weight, help) [KIND_##id] = {KIND_NAME_##id, help, classes, weight, rank},
#define CLASS(kind, id, ...)
#include "tools/finding/kinds.def"
#undef KIND
#undef CLASS
};

static const struct class_row {
	const char *name, *help;
	enum finding_kind kind;
	enum weight weight;
	unsigned rank;
} classes[] = {
    [FINDING_NONE] = {.help = "", .kind = KIND_COUNT},
#define KIND(id, ...)
#define CLASS(kind, id, name, rank, weight, help) [FINDING_##kind##_##id] = {name, help, KIND_##kind, weight, rank},
#include "tools/finding/kinds.def"
#undef KIND
#undef CLASS
};

/* ---- rows --------------------------------------------------------------------------------- */

const char *kind_name(enum finding_kind kind) { return kinds[kind].name; }
const char *class_name(enum finding_class class) { return classes[class].name; }
const char *class_help(enum finding_class class) { return classes[class].help; }
enum finding_kind class_kind(enum finding_class class) { return classes[class].kind; }

unsigned class_rank(enum finding_kind kind, enum finding_class class)
{
	return class == FINDING_NONE ? kinds[kind].rank : classes[class].rank;
}

/* ---- names -------------------------------------------------------------------------------- */

static bool is_word(const char *word, const char *text, size_t length)
{
	return strlen(word) == length && !strncmp(word, text, length);
}

const char *kind_at(size_t i) { return i < KIND_COUNT ? kinds[i].name : NULL; }

/* KIND_COUNT: there is none. */
static enum finding_kind find_kind(const char *name, size_t length)
{
	enum finding_kind kind = 0;

	while (kind < KIND_COUNT && !is_word(kinds[kind].name, name, length))
		kind++;
	return kind;
}

/* FINDING_NONE: it has no row. */
static enum finding_class find_class(enum finding_kind kind, const char *name, size_t length)
{
	enum finding_class class = FINDING_COUNT - 1;

	while (class != FINDING_NONE && !(classes[class].kind == kind && is_word(classes[class].name, name, length)))
		class --;
	return class;
}

unsigned kind_rank(const char *kind, const char *class)
{
	enum finding_kind found = find_kind(kind, strlen(kind));

	if (found == KIND_COUNT)
		return UINT_MAX;
	return class_rank(found, class ? find_class(found, class, strlen(class)) : FINDING_NONE);
}

const char *kind_find(const char *kind, size_t length) { return kind_at(find_kind(kind, length)); }

const char *kind_meaning(const char *kind)
{
	enum finding_kind found = find_kind(kind, strlen(kind));

	return found < KIND_COUNT ? kinds[found].help : "";
}

bool kind_has_class(const char *kind, size_t kind_length, const char *class, size_t length)
{
	enum finding_kind found = find_kind(kind, kind_length);

	if (found == KIND_COUNT || !length)
		return false;
	return kinds[found].classes == ANY_WORD || find_class(found, class, length) != FINDING_NONE;
}

bool kind_is(const char *kind, enum finding_kind is) { return !strcmp(kind, kinds[is].name); }

bool class_is(const char *kind, const char *class, enum finding_class is)
{
	return class && kind_is(kind, classes[is].kind) && !strcmp(class, classes[is].name);
}

/* A kind without a row is unknown here, and is SHOWN. */
static enum weight weight_of(const char *kind, const char *class)
{
	enum finding_kind found = find_kind(kind, strlen(kind));
	enum finding_class found_class = class ? find_class(found, class, strlen(class)) : FINDING_NONE;

	if (found == KIND_COUNT)
		return SHOWN;
	return found_class == FINDING_NONE ? kinds[found].weight : classes[found_class].weight;
}

bool kind_is_quiet(const char *kind, const char *class)
{
	enum weight weight = weight_of(kind, class);

	return weight == INFORMATION || weight == FOLDED;
}

/* ---- lists ------------------------------------------------------------------------------ */

static const char *next_item(const char *item)
{
	item += strcspn(item, ",");
	return *item ? item + 1 : item;
}

static bool valid_item(const char *item)
{
	size_t length = strcspn(item, ",:");
	const char *class = item[length] == ':' ? item + length + 1 : NULL;

	if (!class)
		return is_word(KINDS_DEFAULT, item, length) || kind_find(item, length);
	return kind_has_class(item, length, class, strcspn(class, ","));
}

bool kinds_valid(const char *list, const char **bad)
{
	*bad = list;
	for (const char *item = list; *item; item = next_item(item)) {
		*bad = item;
		if (!valid_item(item))
			return false;
	}
	return *list != '\0';
}

bool kinds_suggest(const char *item, char *near, size_t room)
{
	char word[NAME_BYTES], names[FINDING_COUNT][NAME_BYTES];
	const char *all[KIND_COUNT + FINDING_COUNT + 1] = {KINDS_DEFAULT}, *found = NULL;
	size_t count = 1;

	snprintf(word, sizeof word, "%.*s", (int)strcspn(item, ","), item);
	for (enum finding_kind kind = 0; kind < KIND_COUNT; kind++)
		all[count++] = kinds[kind].name;
	for (enum finding_class class = FINDING_NONE + 1; class < FINDING_COUNT; class ++) {
		snprintf(names[class], NAME_BYTES, "%s:%s", kinds[classes[class].kind].name, classes[class].name);
		all[count++] = names[class];
		if (!strcmp(classes[class].name, word)) /* its kind was forgotten */
			found = names[class];
	}
	all[count] = NULL;
	found = found ? found : suggest(word, all);
	snprintf(near, room, "%s", found ? found : "");
	return found;
}

bool kinds_have_item(const char *list, const char *wanted)
{
	for (const char *item = list; *item; item = next_item(item))
		if (is_word(wanted, item, strcspn(item, ",")))
			return true;
	return false;
}

const char *kinds_unsought(const char *list)
{
	static const char unsought[] = "race:heap-handoff";

	return kinds_have_item(list, unsought) ? unsought : NULL;
}

/* A class that is folded into another fails as a part of that. */
static bool is_in_default(enum finding_class class)
{
	return classes[class].weight == FAILS || classes[class].weight == FOLDED;
}

/* Writes the classes on which a check fails; a kind of which all classes FAIL is written as one name. */
static void write_default(FILE *out)
{
	const char *comma = "";

	for (enum finding_kind kind = 0; kind < KIND_COUNT; kind++) {
		if (kinds[kind].weight == FAILS) {
			fprintf(out, "%s%s", comma, kinds[kind].name);
			comma = ",";
			continue;
		}
		for (enum finding_class class = FINDING_NONE + 1; class < FINDING_COUNT; class ++) {
			if (classes[class].kind != kind || !is_in_default(class))
				continue;
			fprintf(out, "%s%s:%s", comma, kinds[kind].name, classes[class].name);
			comma = ",";
		}
	}
}

char *kinds_expanded(const char *list)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (const char *item = list; out && *item; item = next_item(item)) {
		int length = (int)strcspn(item, ",");

		if (item != list)
			fputc(',', out);
		if (is_word(KINDS_DEFAULT, item, (size_t)length))
			write_default(out);
		else
			fprintf(out, "%.*s", length, item);
	}
	if (out)
		fclose(out);
	return text;
}

const char *kinds_wanted(void)
{
	static const char text[] = "a list of "
#define KIND(id, name, ...) name ", "
#define CLASS(kind, id, ...)
#include "tools/finding/kinds.def"
#undef KIND
#undef CLASS
	                           "each with :CLASS if wanted, or " KINDS_DEFAULT;

	return text;
}

static bool item_matches(const char *item, size_t length, const char *kind, const char *class)
{
	size_t kind_length = strlen(kind);

	if (is_word(KINDS_DEFAULT, item, length))
		return weight_of(kind, class) == FAILS;
	if (length < kind_length || strncmp(item, kind, kind_length))
		return false;
	if (length == kind_length)
		return weight_of(kind, class) != FOLDED;
	item += kind_length + 1;
	length -= kind_length + 1;
	return item[-1] == ':' && class && is_word(class, item, length);
}

bool kinds_name(const char *list, const char *kind, const char *class)
{
	for (const char *item = list; *item; item = next_item(item)) {
		size_t length = strcspn(item, ",");

		if (!is_word(KINDS_DEFAULT, item, length) && item_matches(item, length, kind, class))
			return true;
	}
	return false;
}

bool kinds_match(const char *list, const char *kind, const char *class)
{
	for (const char *item = list; *item; item = next_item(item))
		if (item_matches(item, strcspn(item, ","), kind, class))
			return true;
	return false;
}
