#include "tools/render/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND   UINT64_C(1000000000)
#define REFRESH  (SECOND / 5)
#define MAX_STEP 65536u

static bool silenced;

void progress_silence(bool silent) { silenced = silent; }

void progress_say(const char *format, ...)
{
	va_list arguments;

	if (silenced)
		return;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static bool is_wanted(void)
{
	const char *choice = getenv("RINGTAIL_PROGRESS");

	if (silenced)
		return false;
	if (choice && *choice)
		return strcmp(choice, "0") != 0;
	return isatty(STDERR_FILENO);
}

void progress_begin(struct progress *progress, const char *what, uint64_t total)
{
	memset(progress, 0, sizeof(*progress));
	progress->what = what;
	progress->total = total;
	progress->step = 1;
	progress->started_ns = now();
	progress->wanted = is_wanted();
}

static void show(struct progress *progress, uint64_t done, uint64_t time)
{
	unsigned seconds = (unsigned)((time - progress->started_ns) / SECOND);

	if (progress->total)
		fprintf(stderr, "\rringtail: %s: %u%% of %" PRIu64 " (%u s)\033[K", progress->what,
		        (unsigned)(100.0 * (double)done / (double)progress->total), progress->total, seconds);
	else
		fprintf(stderr, "\rringtail: %s: %" PRIu64 " (%u s)\033[K", progress->what, done, seconds);
	fflush(stderr);
	progress->shown = true;
	progress->shown_ns = time;
}

void progress_update(struct progress *progress, uint64_t done)
{
	uint64_t time;

	if (!progress->wanted || silenced || done < progress->next_look)
		return;
	time = now();
	if (time - progress->started_ns > SECOND && time - progress->shown_ns > REFRESH) {
		show(progress, done, time);
		progress->step = progress->step / 2 + 1;
	} else if (progress->step < MAX_STEP && time - progress->started_ns < SECOND) {
		progress->step *= 2;
	}
	progress->next_look = done + progress->step;
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
