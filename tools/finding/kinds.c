#include "tools/finding/kinds.h"

#include <stdio.h>
#include <string.h>

#define WORDS(...)                                                                                           \
	(const char *const[]) { __VA_ARGS__, NULL }

static const struct {
	const char *name, *meaning;
	const char *const *classes; /* NULL: any */
} kinds[] = {
    {"leak", "memory that was never freed",
     WORDS("definite", "indirect", "possible", "reachable", "live-at-death")},
    {"deadlock", "threads that wait for each other, or could", WORDS("realised", "predicted", "inversion")},
    {"thread-leak", "a thread that nobody waits for", WORDS("unjoined", "blocked", "running", "growing")},
    {"misuse", "a call that the API forbids or that cannot work",
     WORDS("mutex-relock", "mutex-unlock-unlocked", "mutex-unlock-not-owner", "mutex-destroy-locked",
           "mutex-reinit-locked", "mutex-use-destroyed", "mutex-in-freed-memory", "free-with-locked-mutex",
           "mutex-robust-inconsistent", "mutex-copied", "thread-exit-holding-lock", "lock-held-across-fork",
           "rwlock-unlock-not-held", "rwlock-read-while-write-held", "rwlock-upgrade", "rwlock-destroy-held",
           "spin-relock", "spin-unlock-unlocked", "spin-unlock-not-owner", "spin-destroy-locked",
           "cond-wait-mutex-not-held", "cond-two-mutexes", "cond-destroy-waiters", "cond-lost-wakeup",
           "sem-destroy-waiters", "sem-invalid", "barrier-zero", "barrier-destroy-waiters",
           "thread-join-self", "thread-join-twice", "thread-join-detached", "thread-detach-twice",
           "thread-join-invalid", "double-free", "invalid-free", "mismatched-free", "realloc-of-freed",
           "api-error-ignored", "malloc-in-signal-handler", "lock-in-signal-handler")},
    {"race", "accesses that nothing orders", WORDS("heap-handoff", "data")},
    {"contention", "where threads waited, for whom and how long", NULL},
    {"pool", "blocks that are worth reusing", WORDS("churn")},
    {"loss", "what this report could not see", NULL},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static bool is_word(const char *word, const char *text, size_t length)
{
	return strlen(word) == length && !strncmp(word, text, length);
}

const char *kind_at(size_t i) { return i < KINDS ? kinds[i].name : NULL; }

static size_t find_kind(const char *kind, size_t length)
{
	size_t i = 0;

	while (i < KINDS && !is_word(kinds[i].name, kind, length))
		i++;
	return i;
}

const char *kind_find(const char *kind, size_t length) { return kind_at(find_kind(kind, length)); }

const char *kind_meaning(const char *kind)
{
	size_t i = find_kind(kind, strlen(kind));

	return i < KINDS ? kinds[i].meaning : "";
}

bool kind_has_class(const char *kind, size_t kind_length, const char *class, size_t length)
{
	size_t i = find_kind(kind, kind_length);

	if (i == KINDS || !length)
		return false;
	for (const char *const *word = kinds[i].classes; word && *word; word++)
		if (is_word(*word, class, length))
			return true;
	return !kinds[i].classes;
}

bool kind_is_quiet(const char *kind, const char *class)
{
	return kinds_match("deadlock:inversion,leak:reachable,contention,pool", kind, class);
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
		return is_word("default", item, length) || kind_find(item, length);
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

char *kinds_expanded(const char *list)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (const char *item = list; out && *item; item = next_item(item)) {
		int length = (int)strcspn(item, ",");

		if (is_word("default", item, (size_t)length))
			fprintf(out, "%s" KINDS_DEFAULT, item == list ? "" : ",");
		else
			fprintf(out, "%s%.*s", item == list ? "" : ",", length, item);
	}
	if (out)
		fclose(out);
	return text;
}

const char *kinds_wanted(void)
{
	return "a list of leak, deadlock, thread-leak, misuse, race, contention, pool, loss, each with :CLASS if wanted, or "
	       "default";
}

static bool item_matches(const char *item, size_t length, const char *kind, const char *class)
{
	size_t kind_length = strlen(kind);

	if (is_word("default", item, length))
		return kinds_match(KINDS_DEFAULT, kind, class);
	if (length < kind_length || strncmp(item, kind, kind_length))
		return false;
	if (length == kind_length)
		return true;
	item += kind_length + 1;
	length -= kind_length + 1;
	return item[-1] == ':' && class && is_word(class, item, length);
}

bool kinds_match(const char *list, const char *kind, const char *class)
{
	for (const char *item = list; *item; item = next_item(item))
		if (item_matches(item, strcspn(item, ","), kind, class))
			return true;
	return false;
}
