/* Holds test programs to the hook table: every_call and every_operator call every hooked function, and bad_pointers all
 * of these that take pointers. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(every_hook);

static const char *const hooks[] = {
#define HOOK(type, name, ...) #name,
#include "shim/hooks.def"
#undef HOOK
};

static const char *const operators[] = {
#define NEW(name, ...)    #name,
#define DELETE(name, ...) #name,
#include "shim/operators.def"
#undef NEW
#undef DELETE
};

static bool calls(const char *symbols, const char *name)
{
	char wanted[128];

	snprintf(wanted, sizeof wanted, " U %s@", name);
	return strstr(symbols, wanted);
}

/* Functions that this libc lacks are left out. */
static void expect_calls(const char *program, const char *const *names, size_t count, bool of_libc)
{
	const char *argv[] = {"nm", "-D", "--undefined-only", rt_built(program), NULL};
	struct outcome outcome = spawn((struct command){.argv = argv});

	cr_assert_eq(outcome.status, 0, "nm: %s", outcome.err);
	for (size_t i = 0; i < count; i++)
		if (!of_libc || dlsym(RTLD_DEFAULT, names[i]))
			cr_expect(calls(outcome.out, names[i]), "%s does not call %s", program, names[i]);
	outcome_free(&outcome);
}

Test(every_hook, is_called_by_every_call)
{
	expect_calls("programs/every_call", hooks, sizeof hooks / sizeof *hooks, true);
}

Test(every_hook, is_called_by_every_operator)
{
	expect_calls("programs/every_operator", operators, sizeof operators / sizeof *operators, false);
}

/* ---- pointers ------------------------------------------------------------------------------- */

static const struct parameters {
	const char *function, *text;
} parameters[] = {
#define HOOK(type, name, parameters, ...) {#name, #parameters},
#include "shim/hooks.def"
#undef HOOK
};

static const char *const pointer_rows[] = {
#define POINTER(function, argument, call) #function,
#include "tests/programs/bad_pointers.def"
#undef POINTER
};

static unsigned count_pointers(const char *text)
{
	unsigned count = 0;

	for (bool seen = false; *text; text++) {
		count += *text == '*' && !seen;
		seen = *text != ',' && (seen || *text == '*');
	}
	return count;
}

static unsigned count_rows(const char *function)
{
	unsigned count = 0;

	for (size_t i = 0; i < sizeof pointer_rows / sizeof *pointer_rows; i++)
		count += !strcmp(pointer_rows[i], function);
	return count;
}

Test(every_hook, that_takes_pointers_is_given_wrong_ones)
{
	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
		const struct parameters *hook = &parameters[i];
		unsigned pointers = count_pointers(hook->text), rows = count_rows(hook->function);
		if (dlsym(RTLD_DEFAULT, hook->function))
			cr_expect(rows >= pointers, "%s%s: bad_pointers.def has %u rows for %u pointers",
			          hook->function, hook->text, rows, pointers);
	}
}
