/* Runs a command: captures its output, limits its time, and leaves nothing of it behind. */
#ifndef TESTS_E2E_SPAWN_H
#define TESTS_E2E_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct command {
	const char *const *argv; /* NULL terminated; argv[0] is looked up in PATH */
	const char *const *env;  /* "NAME=VALUE" on top of the test's environment; NULL: none */
	const char *directory;   /* working directory; NULL: that of the test */
	double timeout;          /* seconds until its process group is killed; 0: 240, for a busy machine */
};

struct outcome {
	int status; /* exit status; 128 + N if it died of signal N */
	int signal; /* the signal that it died of; 0: none */
	bool timed_out;
	char *out, *err; /* always terminated by a NUL */
	size_t out_bytes, err_bytes;
};

struct child {
	pid_t pid;
	int out, err;
	double timeout;
	bool outlived; /* other processes go on to write when it has ended: waits for lines do not end with it */
};

struct outcome spawn(struct command command);

struct child spawn_start(struct command command);
struct outcome spawn_wait(struct child *child);
/* Waits until stdout has a complete line that contains text, and returns that line, malloced.  NULL: `timeout` seconds
 * passed, or the child ended, without such a line. */
char *spawn_wait_for_line(struct child *child, const char *text, double timeout);
/* Waits until stdout has `count` complete lines that contain text.  False: they did not come, for the same reasons. */
bool spawn_wait_for_lines(struct child *child, const char *text, unsigned count, double timeout);
/* The same for stderr. */
bool spawn_wait_for_errors(struct child *child, const char *text, unsigned count, double timeout);

/* Kills processes that a failed test has left running. */
void spawn_kill_all(void);

void outcome_free(struct outcome *outcome);
double now(void);
void sleep_ms(long ms);

#endif
