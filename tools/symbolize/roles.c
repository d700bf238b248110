#include "tools/symbolize/roles.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "tools/symbolize/names.h"

static const struct known {
	const char *name;
	enum role role;
} known[] = {
#define ALLOCATES(name) {name, ROLE_ALLOCATES},
#define LOCKS(name)     {name, ROLE_LOCKS},
#include "tools/symbolize/roles.def"
};

static const char *const words[ROLES] = {
    [ROLE_RUNTIME] = "runtime", [ROLE_MAIN] = "main", [ROLE_ALLOCATES] = "allocates", [ROLE_LOCKS] = "locks"};

/* pattern: a name, with a * at its start or at its end. */
static bool fits(const char *pattern, const char *name)
{
	size_t length = strlen(pattern), whole;

	if (*pattern == '*') {
		whole = strlen(name);
		return whole > length - 1 && !strcmp(name + whole - (length - 1), pattern + 1);
	}
	if (pattern[length - 1] == '*')
		return !strncmp(name, pattern, length - 1);
	return !strcmp(name, pattern);
}

static enum role known_role(const char *function)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (fits(known[i].name, function))
			return known[i].role;
	return ROLE_OWN;
}

enum role role_of(const char *module, const char *function, const char *file)
{
	if (name_is_main(function))
		return ROLE_MAIN;
	if (name_is_runtime(module, function, file))
		return ROLE_RUNTIME;
	return function ? known_role(function) : ROLE_OWN;
}

const char *role_word(enum role role) { return words[role]; }

enum role role_from_word(const char *word)
{
	for (int role = ROLE_OWN + 1; word && role < ROLES; role++)
		if (!strcmp(word, words[role]))
			return (enum role)role;
	return ROLE_OWN;
}
