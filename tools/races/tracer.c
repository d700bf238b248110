#include "tools/races/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/child.h"
#include "tools/races/tracer_session.h"

#define END_WITHIN UINT64_C(10000000000) /* ns */
#define STEP_NS    100000

/* The tracer has no use for the descriptors of the process that starts it.  Kept open, they would keep pipes open that
 * others wait for. */
static void close_descriptors(void)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
		dup2(null, fd);
	close_range(STDERR_FILENO + 1, UINT32_MAX, 0);
}

static _Noreturn void be_tracer(pid_t parent, pid_t pid, const struct tracer_options *options,
                                struct races_file *shared)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NAME, "ringtail-races");
	close_descriptors();
	struct session *session = getppid() == parent ? session_begin(pid, options, shared) : NULL;
	if (session)
		session_run(session);
	_exit(0);
}

/* Waits until the tracer traces, or does not. */
static bool await_start(struct tracer *tracer)
{
	uint32_t state;

	while ((state = __atomic_load_n(&tracer->shared->state, __ATOMIC_ACQUIRE)) == RACES_STARTING) {
		if (waitpid(tracer->pid, NULL, WNOHANG) == tracer->pid) {
			tracer->pid = 0;
			break;
		}
		nanosleep(&(struct timespec){0, STEP_NS}, NULL);
	}
	return state == RACES_WATCHING || state == RACES_ENDED;
}

bool tracer_start(struct tracer *tracer, pid_t pid, const struct tracer_options *options, struct error *err)
{
	pid_t own = getpid();

	*tracer = (struct tracer){0};
	void *shared = mmap(NULL, sizeof *tracer->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return error_set(err, EXIT_INTERNAL, "no memory for a tracer (%s)", strerror(errno));
	tracer->shared = shared;
	tracer->pid = fork();
	if (!tracer->pid)
		be_tracer(own, pid, options, tracer->shared);
	bool good = tracer->pid > 0 && await_start(tracer);
	if (!good)
		error_set(err, EXIT_INTERNAL, "%s",
		          *tracer->shared->why ? tracer->shared->why : "the tracer has ended");
	if (!good)
		tracer_free(tracer);
	return good;
}

void tracer_stop(struct tracer *tracer)
{
	if (tracer->pid <= 0)
		return;
	kill(tracer->pid, SIGTERM);
	child_end_within(tracer->pid, END_WITHIN);
	tracer->pid = 0;
}

void tracer_free(struct tracer *tracer)
{
	tracer_stop(tracer);
	if (tracer->shared)
		munmap(tracer->shared, sizeof *tracer->shared);
	*tracer = (struct tracer){0};
}
