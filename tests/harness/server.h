/* Runs tests/programs/grows.c: a server that carries out one letter at a time, so that tests can look at it in
 * between. */
#ifndef TESTS_E2E_SERVER_H
#define TESTS_E2E_SERVER_H

#include "tests/harness/rt.h"

struct server {
	struct rt rt;
	struct child child;
	int letters; /* descriptor of the FIFO from which it reads letters */
	int pid;
	unsigned done; /* number of letters from server_do that it has answered */
};

/* Makes a directory with a file `letters`, which no process reads yet. */
struct server server_new(void);
/* options: as for rt_program_with. */
struct server serve(enum mode mode, const char *options);
/* The same with `words` in front of the command.  pid is then the number that the server has in its own PID
 * namespace. */
struct server serve_within(const char *words, enum mode mode, const char *options);
/* Sends the letters to the server, and returns when all are done. */
void server_do(struct server *server, const char *letters);
/* Ends the server.  Fails the test unless it ends as it should. */
void server_end(struct server *server);

/* `ringtail leaks --now PID OPTIONS` */
struct outcome server_look(struct server *server, const char *options);

#endif
