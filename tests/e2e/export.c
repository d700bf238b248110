/* `ringtail export`: what it says when it is asked for what it cannot give, and that it leaves nothing half written. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/consumer.h"

TEST_SUITE(export);

static const struct {
	const char *words;
	int status;
	const char *message;
} wrongs[] = {
#define WRONG(words, status, message) {words, status, message},
#include "tests/e2e/export.def"
#undef WRONG
};

Test(export, wrong_words_get_one_line)
{
	struct rt rt = rt_new();
	char line[256], left[RT_PATH + 8];

	rt_program(&rt, WAY_RUN, "known_heap");
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		snprintf(line, sizeof line, "export RUN %s", wrongs[i].words);
		struct outcome outcome = rt_tool(&rt, line);

		cr_expect_eq(outcome.status, wrongs[i].status, "%s: status %d", line, outcome.status);
		cr_expect(strstr(outcome.err, wrongs[i].message), "%s: %s", line, outcome.err);
		cr_expect_eq(outcome.err_bytes ? strchr(outcome.err, '\n') + 1 - outcome.err : 0, (long)outcome.err_bytes,
		             "%s: not one line: %s", line, outcome.err);
		cr_expect_eq(outcome.out_bytes, 0, "%s: %s", line, outcome.out);
		outcome_free(&outcome);
	}
	snprintf(left, sizeof left, "%s/out", rt.work);
	cr_expect_neq(access(left, F_OK), 0, "a file was left behind");
	rt_end(&rt);
}
