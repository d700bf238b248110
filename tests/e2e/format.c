/* The code is formatted as .clang-format says, by the version that `make test` installs. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(format);

Test(format, code_is_formatted)
{
	static const char *const version[] = {"clang-format", "--version", NULL};
	static const char *const check[] = {"make", "-s", "format-check", NULL};
	struct outcome outcome = spawn((struct command){.argv = version});

	if (!strstr(outcome.out, "version 14."))
		cr_skip_test("another version formats otherwise: %s", outcome.out);
	outcome_free(&outcome);
	outcome = spawn((struct command){.argv = check, .timeout = 300});
	cr_expect_eq(outcome.status, 0, "`make format` formats the code: %s", outcome.err);
	outcome_free(&outcome);
}
