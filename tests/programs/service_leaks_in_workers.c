/* A service that forks four workers, each of which loses a session for every request that ends early.
 * usage: service_leaks_in_workers */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

#define WORKERS  4
#define REQUESTS 200

struct session {
	char *user, *history[3];
};

static __attribute__((noinline)) char *copy(const char *text) { return strdup(text); }

static __attribute__((noinline)) struct session *open_session(int number)
{
	struct session *session = malloc(sizeof *session);
	char name[64];

	must(session);
	snprintf(name, sizeof name, "a user with a long name, %d", number);
	session->user = copy(name);
	for (int i = 0; i < 3; i++)
		session->history[i] = copy("/a/page/that/was/visited/before");
	return session;
}

static __attribute__((noinline)) void close_session(struct session *session)
{
	for (int i = 0; i < 3; i++)
		free(session->history[i]);
	free(session->user);
	free(session);
}

/* Of each eight requests, one ends early. */
static __attribute__((noinline)) size_t handle_request(int number)
{
	struct session *session = open_session(number);
	size_t length = strlen(session->user);

	if (number % 8 == 0)
		return 0;
	close_session(session);
	return length;
}

static __attribute__((noinline)) int run_worker(void)
{
	size_t sum = 0;

	for (int i = 0; i < REQUESTS; i++)
		sum += handle_request(i);
	return sum > 0 ? 0 : 1;
}

int main(void)
{
	for (int i = 0; i < WORKERS; i++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (pid == 0)
			exit(run_worker());
	}
	for (int i = 0; i < WORKERS; i++)
		must(wait(NULL) > 0);
	return 0;
}
