/* Running a command: its output captured, its time limited, nothing of it left behind. */
#ifndef TESTS_E2E_SPAWN_H
#define TESTS_E2E_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct command {
	const char *const *argv; /* NULL terminated; argv[0] is looked up in PATH */
	const char *const *env;  /* "NAME=VALUE" on top of the test's environment; NULL: none */
	const char *directory;   /* to run in; NULL: where the test runs */
	double timeout;          /* seconds until its process group is killed; 0: 60 */
};

struct outcome {
	int status; /* exit status; 128 + N where it died of signal N */
	int signal; /* 0, or what it died of */
	bool timed_out;
	char *out, *err; /* always terminated by a NUL */
	size_t out_bytes, err_bytes;
};

struct child {
	pid_t pid;
	int out, err;
	double timeout;
};

struct outcome spawn(struct command command);

struct child spawn_start(struct command command);
struct outcome spawn_wait(struct child *child);
/* Waits until stdout has a full line that contains text; the whole line, malloced, or NULL when timeout seconds
 * passed or the child has ended without it. */
char *spawn_wait_for_line(struct child *child, const char *text, double timeout);
/* Waits until stdout has that many full lines that contain text; false as above. */
bool spawn_wait_for_lines(struct child *child, const char *text, unsigned count, double timeout);
/* The same of stderr. */
bool spawn_wait_for_errors(struct child *child, const char *text, unsigned count, double timeout);

/* Kills what a failed test has left running. */
void spawn_kill_all(void);

void outcome_free(struct outcome *outcome);
double now(void);
void sleep_ms(long ms);

#endif
