#include "tests/harness/server.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct server server_new(void)
{
	struct server server = {.rt = rt_new()};
	char path[RT_PATH + 16];

	snprintf(path, sizeof path, "%s/letters", server.rt.work);
	cr_assert_eq(mkfifo(path, 0600), 0);
	server.letters = open(path, O_RDWR | O_CLOEXEC);
	cr_assert_geq(server.letters, 0);
	return server;
}

struct server serve(enum mode mode, const char *options) { return serve_within("", mode, options); }

struct server serve_within(const char *words, enum mode mode, const char *options)
{
	struct server server = server_new();
	char line[2 * RT_PATH];

	snprintf(line, sizeof line, "%s %s letters", words, rt_built("programs/grows"));
	server.child = rt_start_with(&server.rt, mode, options, line);
	char *first = spawn_wait_for_line(&server.child, "grows ", 20);
	cr_assert(first, "grows did not start");
	server.pid = atoi(first + strlen("grows "));
	free(first);
	return server;
}

void server_do(struct server *server, const char *letters)
{
	for (const char *letter = letters; *letter; letter++) {
		cr_assert_eq(write(server->letters, letter, 1), 1);
		cr_assert(spawn_wait_for_lines(&server->child, "did ", ++server->done, 20), "no answer to %c", *letter);
	}
}

void server_end(struct server *server)
{
	cr_assert_eq(write(server->letters, "q", 1), 1);
	server->rt.program = spawn_wait(&server->child);
	cr_expect_eq(server->rt.program.status, 0, "status %d: %s", server->rt.program.status, server->rt.program.err);
	close(server->letters);
	rt_end(&server->rt);
}

struct outcome server_look(struct server *server, const char *options)
{
	char words[128];

	snprintf(words, sizeof words, "leaks --now %d %s", server->pid, options);
	return rt_tool(&server->rt, words);
}
