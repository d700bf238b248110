/* tests/programs/grows.c at work: a server that does one letter at a time, and is looked at in between. */
#ifndef TESTS_E2E_SERVER_H
#define TESTS_E2E_SERVER_H

#include "tests/harness/rt.h"

struct server {
	struct rt rt;
	struct child child;
	int letters; /* descriptor that it reads them from */
	int pid;
	unsigned done; /* letters that it was given by server_do, and has answered */
};

/* A directory with a file `letters`, and nothing that reads it yet. */
struct server server_new(void);
/* options: as for rt_program_with. */
struct server serve(enum way way, const char *options);
/* The same, started by words in front of the command: pid is then what it calls itself. */
struct server serve_within(const char *words, enum way way, const char *options);
/* Returns when all are done. */
void server_do(struct server *server, const char *letters);
/* It must have come through unharmed. */
void server_end(struct server *server);

/* `ringtail leaks --now PID OPTIONS` */
struct outcome server_look(struct server *server, const char *options);

#endif
