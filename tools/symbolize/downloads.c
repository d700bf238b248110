#include "tools/symbolize/downloads.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/base/progress.h"

#define SECOND UINT64_C(1000000000)

/* Types as in <elfutils/debuginfod.h>.  The library is used only if libdw has loaded it. */
typedef int progress_callback(debuginfod_client *client, long done, long total);
typedef void set_progress(debuginfod_client *client, progress_callback *callback);

/* The download in progress: libdebuginfod calls back on the thread that made the request. */
static _Thread_local struct {
	struct downloads *downloads;
	struct progress progress;
	uint64_t started_ns;
	char what[128];
} current;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

bool downloads_are_configured(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	return urls && *urls;
}

static unsigned long seconds_allowed(void)
{
	const char *text = getenv("DEBUGINFOD_MAXTIME");
	unsigned long seconds = text ? strtoul(text, NULL, 10) : 0;

	return seconds ? seconds : DOWNLOADS_SECONDS;
}

/* libdwfl has no option to search this machine only.  So the variable with the servers is removed, which libdebuginfod
 * reads at each request. */
static void give_up(struct downloads *downloads)
{
	downloads->given_up = true;
	unsetenv("DEBUGINFOD_URLS");
	progress_say("ringtail: debuginfod: gave up after %lu s; names come from the debug information on this machine "
	             "(DEBUGINFOD_MAXTIME sets the limit)\n",
	             seconds_allowed());
}

/* Called once a second or more often while a server is asked; not 0: stop. */
static int on_progress(debuginfod_client *client, long done, long total)
{
	struct downloads *downloads = current.downloads;

	if (!downloads)
		return 1;
	store_relaxed(&current.progress.total, total > 0 ? (uint64_t)total : 0);
	progress_update(&current.progress, total > 0 && done > 0 ? (uint64_t)done : 0);
	if (downloads->waited_ns + now() - current.started_ns < seconds_allowed() * SECOND)
		return 0;
	progress_end(&current.progress);
	if (!downloads->given_up)
		give_up(downloads);
	return 1;
}

static void watch(debuginfod_client *client)
{
	void *library = dlopen("libdebuginfod.so.1", RTLD_LAZY);
	set_progress *set = library ? (set_progress *)dlsym(library, "debuginfod_set_progressfn") : NULL;

	if (set)
		set(client, on_progress);
}

void downloads_begin(struct downloads *downloads, Dwfl *dwfl, const char *name)
{
	debuginfod_client *client = downloads_are_configured() ? dwfl_get_debuginfod_client(dwfl) : NULL;
	const char *slash = strrchr(name, '/');

	current.downloads = downloads;
	current.started_ns = now();
	snprintf(current.what, sizeof current.what, "asking debuginfod for %.80s", slash ? slash + 1 : name);
	if (!client)
		return;
	progress_begin(&current.progress, current.what, 0);
	watch(client);
}

void downloads_end(struct downloads *downloads)
{
	if (downloads_are_configured())
		downloads->waited_ns += now() - current.started_ns;
	progress_end(&current.progress);
	memset(&current.progress, 0, sizeof current.progress);
	current.downloads = NULL;
}
