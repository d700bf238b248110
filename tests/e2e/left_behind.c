/* Processes that go on when `ringtail run` has left, or was killed: recorded as if the library alone had been
 * preloaded. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/server.h"

TEST_SUITE(left_behind);

#define ENDS_WITHIN 60.0

static json_t *find_process(json_t *report, const char *exe)
{
	json_t *process, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(report, "processes"), i, process)
	{
		const char *slash = strrchr(json_text(process, "exe"), '/');
		if (slash && !strcmp(slash + 1, exe))
			found = process;
	}
	return found;
}

/* The last process of that name; waits until it has ended. */
static json_t *ended_process(struct rt *rt, const char *exe, long long status)
{
	double until = now() + ENDS_WITHIN;

	for (;;) {
		json_t *process = find_process(rt_report_again(rt), exe);
		if (process && !strcmp(json_text(process, "end.how"), "exit") &&
		    json_number(process, "end.status") == status)
			return process;
		cr_assert_lt(now(), until, "%s has not ended", exe);
		sleep_ms(20);
	}
}

static void expect_leaks(const json_t *process, long long least)
{
	const json_t *finding;
	long long definite = 0;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i,
	                   finding) if (!strcmp(json_text(finding, "kind"), "leak") &&
	                                !strcmp(json_text(finding, "class"), "definite")) definite +=
	    json_number(finding, "blocks");
	cr_expect(json_is_true(json_at(process, "leak_scan.done")), "%s", json_text(process, "exe"));
	cr_expect_geq(definite, least);
	cr_expect_eq(json_number(process, "events.lost"), 0);
}

/* `ringtail run` of a shell that puts a command into the background and ends.  The command waits for letters, and goes
 * on. */
static struct server leave_behind(const char *command)
{
	struct server server = server_new();
	char line[2 * RT_PATH];

	snprintf(line, sizeof line, "sh -c '%s & exit 0'", command);
	rt_program(&server.rt, MODE_RUN, line);
	cr_assert_eq(server.rt.program.status, 0, "%s", server.rt.program.err);
	cr_expect(strstr(server.rt.program.err, "1 watched process is still running and recording into "), "%s",
	          server.rt.program.err);
	return server;
}

static void end_server(struct server *server)
{
	close(server->letters);
	rt_end(&server->rt);
}

Test(left_behind, an_image_that_is_entered_afterwards)
{
	char command[RT_PATH + 64];

	snprintf(command, sizeof command, "{ read letter < letters; exec %s; }", rt_built("programs/leak_simple"));
	struct server server = leave_behind(command);
	cr_assert_eq(write(server.letters, "x\n", 2), 2);
	expect_leaks(ended_process(&server.rt, "leak_simple", 0), 1);
	end_server(&server);
}

Test(left_behind, a_child_that_begins_afterwards)
{
	struct server server = server_new();

	rt_program(&server.rt, MODE_RUN, "records_late read letters");
	cr_assert_eq(server.rt.program.status, 1, "%s", server.rt.program.err);
	cr_expect(strstr(server.rt.program.err, "1 watched process is still running and recording into "), "%s",
	          server.rt.program.err);
	cr_assert_eq(write(server.letters, "x", 1), 1);
	json_t *child = ended_process(&server.rt, "records_late", 3);
	cr_expect_eq(json_number(child, "heap.allocations"), 7);
	expect_leaks(child, 6);
	end_server(&server);
}

Test(left_behind, a_process_that_was_being_read)
{
	char command[RT_PATH + 64];

	snprintf(command, sizeof command, "exec %s letters", rt_built("programs/grows"));
	struct server server = leave_behind(command);
	cr_expect(strstr(server.rt.program.err, ": grows (pid "), "it is not named: %s", server.rt.program.err);
	cr_assert_eq(write(server.letters, "llllq", 5), 5);
	expect_leaks(ended_process(&server.rt, "grows", 0), 3);
	end_server(&server);
}

/* Until its parent has reaped it, a killed reader still exists for kill(2). */
Test(left_behind, by_a_reader_that_was_killed)
{
	struct server server = serve(MODE_RUN, "");

	server_do(&server, "l");
	cr_assert_eq(kill(server.child.pid, SIGKILL), 0);
	cr_assert_eq(write(server.letters, "llllq", 5), 5);
	expect_leaks(ended_process(&server.rt, "grows", 0), 4);
	server.rt.program = spawn_wait(&server.child);
	cr_expect_eq(server.rt.program.status, 128 + SIGKILL);
	end_server(&server);
}

/* An image begins long after its reader has died. */
Test(left_behind, an_image_that_is_entered_when_the_reader_was_killed)
{
	struct server server = server_new();
	char line[2 * RT_PATH];

	snprintf(line, sizeof line, "sh -c 'echo begun; read letter < letters; exec %s'",
	         rt_built("programs/leak_simple"));
	struct child child = rt_start(&server.rt, MODE_RUN, line);
	cr_assert(spawn_wait_for_lines(&child, "begun", 1, 20));
	cr_assert_eq(kill(child.pid, SIGKILL), 0);
	server.rt.program = spawn_wait(&child);
	cr_assert_eq(write(server.letters, "x\n", 2), 2);
	expect_leaks(ended_process(&server.rt, "leak_simple", 0), 1);
	end_server(&server);
}
