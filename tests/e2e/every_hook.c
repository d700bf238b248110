/* every_call and every_operator do call every function that the shim hooks. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/rt.h"

TEST_SUITE(every_hook);

static const char *const hooks[] = {
#define HOOK(type, name, ...) #name,
#include "shim/hooks.def"
#undef HOOK
};

static const char *const operators[] = {
#define NEW(name, ...) #name,
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

/* Functions that this libc has not got cannot be called. */
static void expect_calls(const char *program, const char *const *names, size_t count, bool of_libc)
{
	const char *argv[] = { "nm", "-D", "--undefined-only", rt_built(program), NULL };
	struct outcome outcome = spawn((struct command){ .argv = argv });

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
