/* Waits for children are bounded: by children that end, that go on, that are stopped, and that keep a pipe open. */
#include "tools/base/child.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/launch/launch.h"

#define MS    UINT64_C(1000000)
#define SOON  (20 * MS)
#define LATER (60000 * MS) /* no test waits for so long */

TestSuite(child);

static pid_t start_sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static bool is_gone(pid_t pid) { return kill(pid, 0) != 0; }

Test(child, one_that_ends_is_waited_for)
{
	pid_t pid = fork();

	if (!pid) {
		usleep(30000);
		_exit(0);
	}
	cr_expect(child_end_within(pid, LATER));
	cr_expect(is_gone(pid));
}

Test(child, one_that_goes_on_is_left)
{
	pid_t pid = start_sleeper();

	cr_expect_not(child_wait(pid, 0));
	cr_expect_not(child_wait(pid, SOON));
	cr_expect_not(is_gone(pid));
	kill(pid, SIGKILL);
	cr_expect(child_wait(pid, LATER));
}

Test(child, one_that_goes_on_is_ended)
{
	pid_t pid = start_sleeper();

	cr_expect_not(child_end_within(pid, SOON));
	cr_expect(is_gone(pid));
}

Test(child, one_that_is_stopped_is_ended)
{
	pid_t pid = start_sleeper();

	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	cr_expect_not(child_end_within(pid, SOON));
	cr_expect(is_gone(pid));
}

Test(child, none_is_no_wait) { cr_expect(child_wait(getpid(), LATER)); }

Test(child, text_is_read_to_its_end)
{
	static char long_text[200000];
	int ends[2];
	pid_t pid;

	memset(long_text, 'x', sizeof long_text - 1);
	cr_assert_eq(pipe(ends), 0);
	if (!(pid = fork()))
		_exit(write(ends[1], long_text, sizeof long_text - 1) < 0);
	close(ends[1]);
	char *text = child_read_all(ends[0], LATER);
	cr_assert(text);
	cr_expect(!strcmp(text, long_text), "%zu bytes", strlen(text));
	free(text);
	cr_expect(child_wait(pid, LATER));
}

Test(child, text_without_an_end_is_given_up)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], "begun", 5), 5);
	cr_expect_null(child_read_all(ends[0], SOON));
}

/* As when the executable is on a file system that does not answer: neither success nor failure is known. */
Test(child, exec_that_waits_is_not_waited_for)
{
	int go[2], failed[2];

	cr_assert(pipe(go) == 0 && pipe(failed) == 0);
	cr_expect_eq(launch_go(&(struct launch){.go = go[1], .failed = failed[0], .exec_within_ms = 20}, "run=x"), 0);
}
