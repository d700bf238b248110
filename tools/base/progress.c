#include "tools/base/progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/atomics.h"

#define SECOND  UINT64_C(1000000000)
#define REFRESH (SECOND / 5)

/* Guarded by the lock: the tasks in progress, innermost first, and whether a line about them is on the screen. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct progress *innermost;
static bool silenced, on_screen, forked;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time); /* the clock of pthread_cond_timedwait */
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static bool is_wanted(void)
{
	const char *choice = getenv("RINGTAIL_PROGRESS");

	if (choice && *choice)
		return strcmp(choice, "0") != 0;
	return isatty(STDERR_FILENO);
}

/* ---- the line ------------------------------------------------------------------------------- */

static void erase(void)
{
	if (on_screen)
		fputs("\r\033[K", stderr);
	on_screen = false;
}

static void paint(const struct progress *progress, uint64_t time)
{
	uint64_t done = load_relaxed(&progress->done), total = load_relaxed(&progress->total);
	unsigned seconds = (unsigned)((time - progress->started_ns) / SECOND);

	if (total)
		fprintf(stderr, "\rringtail: %s: %u%% of %" PRIu64 " (%u s)\033[K", progress->what,
		        (unsigned)(100.0 * (double)done / (double)total), total, seconds);
	else if (done)
		fprintf(stderr, "\rringtail: %s: %" PRIu64 " (%u s)\033[K", progress->what, done, seconds);
	else
		fprintf(stderr, "\rringtail: %s (%u s)\033[K", progress->what, seconds);
	fflush(stderr);
	on_screen = true;
}

static void paint_innermost_slow(void)
{
	const struct progress *progress = innermost;
	uint64_t time = now();

	while (progress && time < progress->started_ns + SECOND)
		progress = progress->outer;
	if (progress && !silenced)
		paint(progress, time);
}

static void *paint_for_ever(void *unused)
{
	pthread_mutex_lock(&lock);
	for (;;) {
		uint64_t next = now() + REFRESH;
		struct timespec until = {(time_t)(next / SECOND), (long)(next % SECOND)};

		paint_innermost_slow();
		if (innermost)
			pthread_cond_timedwait(&changed, &lock, &until);
		else
			pthread_cond_wait(&changed, &lock);
	}
	return unused;
}

/* The painting thread takes no signals: other threads of the process wait for them. */
static bool start_painter(void)
{
	static bool started;
	pthread_t painter;
	sigset_t all, before;

	if (started)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&painter, NULL, paint_for_ever, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (started)
		pthread_detach(painter);
	return started;
}

/* ---- what is going on -------------------------------------------------------------------------- */

void progress_begin(struct progress *progress, const char *what, uint64_t total)
{
	memset(progress, 0, sizeof(*progress));
	progress->what = what;
	progress->total = total;
	progress->started_ns = now();
	if (forked || !is_wanted())
		return;
	pthread_mutex_lock(&lock);
	progress->outer = innermost;
	progress->listed = start_painter();
	if (progress->listed) {
		innermost = progress;
		pthread_cond_signal(&changed);
	}
	pthread_mutex_unlock(&lock);
}

static void unlist(struct progress *progress)
{
	struct progress **at = &innermost;

	while (*at && *at != progress)
		at = &(*at)->outer;
	if (*at)
		*at = progress->outer;
}

void progress_end(struct progress *progress)
{
	if (!progress->listed)
		return;
	pthread_mutex_lock(&lock);
	unlist(progress);
	erase();
	progress->listed = false;
	pthread_mutex_unlock(&lock);
}

void progress_silence(bool silent)
{
	pthread_mutex_lock(&lock);
	silenced = silent;
	if (silent)
		erase();
	pthread_mutex_unlock(&lock);
}

void progress_forked(void)
{
	pthread_mutex_init(&lock, NULL); /* the thread that held it does not exist in the child */
	silenced = forked = true;
}

void progress_say(const char *format, ...)
{
	va_list arguments;

	pthread_mutex_lock(&lock);
	if (!silenced) {
		erase();
		va_start(arguments, format);
		vfprintf(stderr, format, arguments);
		va_end(arguments);
	}
	pthread_mutex_unlock(&lock);
}
