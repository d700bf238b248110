/*
 * Two threads in functions of libc with hidden state.  A shape NAME_ok does the same without the race.
 *
 * That the calls overlap is certain: the first thread's argument lies in a page without access, so that the thread
 * stops within the function, in its handler of SIGSEGV.  There it waits until the second thread has made its call, or
 * waits for a lock; then it makes the page accessible and goes on.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <getopt.h>
#include <netinet/ether.h>
#include <pwd.h>
#include <search.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "shapes.h"

#define PAGE 4096

static char *page;           /* that the first thread faults on */
static unsigned inside;      /* the first thread is in the function */
static pid_t second_tid;     /* of the thread that comes second */
static unsigned second_done; /* it has made its call */

static bool is_set(const unsigned *flag) { return __atomic_load_n(flag, __ATOMIC_ACQUIRE); }
static void set(unsigned *flag) { __atomic_store_n(flag, 1, __ATOMIC_RELEASE); }

static bool second_waits(void)
{
	pid_t tid = __atomic_load_n(&second_tid, __ATOMIC_ACQUIRE);

	return tid && thread_state(tid) == 'S';
}

/* A thread may sleep for a moment before it waits, so it must be seen asleep twice in a row. */
static void hold_in_function(int signal)
{
	set(&inside);
	for (int seen = 0; seen < 2 && !is_set(&second_done); usleep(10000))
		seen = second_waits() ? seen + 1 : 0;
	if (mprotect(page, PAGE, PROT_READ | PROT_WRITE))
		_exit(signal);
}

struct pair {
	void (*first)(void *argument);  /* the argument lies in the page */
	void (*second)(void *argument); /* in usual memory */
	char argument[PAGE];
};

static struct pair pair;

static void *come_first(void *unused)
{
	pair.first(page);
	return unused;
}

/* Spins until the other is inside: a sleep would look like a wait for a lock. */
static void *come_second(void *unused)
{
	while (!is_set(&inside))
		;
	__atomic_store_n(&second_tid, gettid(), __ATOMIC_RELEASE);
	pair.second(pair.argument);
	set(&second_done);
	return unused;
}

/* text: of the argument, behind which all is 0. */
static void meet(void (*first)(void *), void (*second)(void *), const char *text)
{
	struct sigaction action = {.sa_handler = hold_in_function};

	pair.first = first;
	pair.second = second;
	strcpy(pair.argument, text);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(page != MAP_FAILED);
	memcpy(page, pair.argument, PAGE);
	must(mprotect(page, PAGE, PROT_NONE) == 0);
	must(sigaction(SIGSEGV, &action, NULL) == 0);
	in_threads(come_first, come_second);
}

/* ---- calls -------------------------------------------------------------------------------------- */

static void call_strtok(void *text) { must(strtok(text, ",") != NULL); }
static void call_localtime(void *at) { must(localtime(at) != NULL); }
static void call_gmtime(void *at) { must(gmtime(at) != NULL); }
static void call_ctime(void *at) { must(ctime(at) != NULL); }
static void call_asctime(void *tm) { must(asctime(tm) != NULL); }
static void call_getpwnam(void *name) { must(getpwnam(name) != NULL); }
static void call_getenv(void *name) { getenv(name); }
static void call_setenv(void *name) { must(setenv(name, "new", 1) == 0); }
static void call_setenv_unless_set(void *name) { must(setenv(name, "new", 0) == 0); }
static void call_putenv(void *variable) { must(putenv(variable) == 0); }
static void call_lcong48(void *parameters) { lcong48(parameters); }
static void call_lrand48(void *unused)
{
	(void)unused;
	lrand48();
}
static void call_mblen(void *text) { must(mblen(text, 1) == 1); }
static void call_mbtowc(void *text) { must(mbtowc(NULL, text, 1) == 1); }
static void call_ether_aton(void *text) { must(ether_aton(text) != NULL); }
static void call_enter(void *key) { must(hsearch((ENTRY){.key = key}, ENTER) != NULL); }
static void call_find(void *key) { hsearch((ENTRY){.key = key}, FIND); }
static void call_getopt(void *letters)
{
	char *arguments[] = {"program", "-a", NULL};

	getopt(2, arguments, letters);
}

static void call_strtok_r(void *text)
{
	char *rest;
	must(strtok_r(text, ",", &rest) != NULL);
}
static void call_localtime_r(void *at)
{
	struct tm tm;
	must(localtime_r(at, &tm) != NULL);
}

/* ---- races ---------------------------------------------------------------------------------------- */

static void strtok_twice(void) { meet(call_strtok, call_strtok, "a,b"); }
static void localtime_gmtime(void) { meet(call_localtime, call_gmtime, "1"); }
static void ctime_twice(void) { meet(call_ctime, call_ctime, "1"); }
static void ctime_asctime(void) { meet(call_asctime, call_ctime, ""); }
static void getpwnam_twice(void) { meet(call_getpwnam, call_getpwnam, "root"); }
static void getenv_setenv(void) { meet(call_getenv, call_setenv, "NAME"); }
static void setenv_getenv(void) { meet(call_setenv, call_getenv, "NAME"); }
static void putenv_getenv(void) { meet(call_putenv, call_getenv, "NAME=1"); }
static void lcong48_lrand48(void) { meet(call_lcong48, call_lrand48, "1"); }
static void mblen_twice(void) { meet(call_mblen, call_mblen, "a"); }
static void ether_aton_twice(void) { meet(call_ether_aton, call_ether_aton, "1:2:3:4:5:6"); }
static void getopt_twice(void) { meet(call_getopt, call_getopt, "a"); }
static void hsearch_enter_find(void)
{
	hcreate(8);
	meet(call_enter, call_find, "key");
}

/* ---- correct -------------------------------------------------------------------------------------- */

static void strtok_r_ok(void) { meet(call_strtok_r, call_strtok_r, "a,b"); }
static void localtime_r_ok(void) { meet(call_localtime_r, call_localtime_r, "1"); }
/* Different states. */
static void localtime_asctime_ok(void) { meet(call_localtime, call_asctime, ""); }
static void strtok_mblen_ok(void) { meet(call_strtok, call_mblen, "a,b"); }
/* Readers alone. */
static void getenv_twice_ok(void) { meet(call_getenv, call_getenv, "NAME"); }
static void hsearch_find_twice_ok(void)
{
	hcreate(8);
	meet(call_find, call_find, "key");
}
/* libc locks the environment against other writers. */
static void setenv_twice_ok(void) { meet(call_setenv, call_setenv, "NAME"); }
/* Calls that may have changed nothing. */
static void setenv_unless_set_ok(void) { meet(call_getenv, call_setenv_unless_set, "NAME"); }
static void mbtowc_ok(void) { meet(call_mbtowc, call_mbtowc, "a"); }

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void call_strtok_locked(void *text)
{
	pthread_mutex_lock(&lock);
	call_strtok(text);
	pthread_mutex_unlock(&lock);
}
static void strtok_locked_ok(void) { meet(call_strtok_locked, call_strtok_locked, "a,b"); }

static void *split(void *unused)
{
	char text[] = "a,b";

	call_strtok(text);
	through();
	return unused;
}

static void strtok_joined_ok(void)
{
	in_thread(split, NULL);
	in_thread(split, NULL);
}

/* Ordered by a flag that is not seen: only a prediction. */
static void *split_later(void *unused)
{
	await_through(1);
	return split(unused);
}
static void strtok_flag_ok(void) { in_threads(split, split_later); }

/* Each thread has a stream of its own, or both have one and a lock. */
static void *list(void *stream)
{
	pthread_mutex_lock(&lock);
	must(readdir(stream) != NULL);
	pthread_mutex_unlock(&lock);
	return NULL;
}
static void readdir_locked_ok(void)
{
	DIR *stream = opendir("/");
	pthread_t threads[] = {start(list, stream), start(list, stream)};

	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	closedir(stream);
}
static void *list_own(void *unused)
{
	DIR *stream = opendir("/");

	for (int i = 0; i < 100; i++)
		if (!readdir(stream))
			rewinddir(stream);
	closedir(stream);
	return unused;
}
static void readdir_own_ok(void) { in_threads(list_own, list_own); }

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(strtok_twice),          SHAPE(localtime_gmtime),
	    SHAPE(ctime_twice),           SHAPE(ctime_asctime),
	    SHAPE(getpwnam_twice),        SHAPE(getenv_setenv),
	    SHAPE(setenv_getenv),         SHAPE(putenv_getenv),
	    SHAPE(lcong48_lrand48),       SHAPE(mblen_twice),
	    SHAPE(ether_aton_twice),      SHAPE(getopt_twice),
	    SHAPE(hsearch_enter_find),    SHAPE(strtok_r_ok),
	    SHAPE(localtime_r_ok),        SHAPE(localtime_asctime_ok),
	    SHAPE(strtok_mblen_ok),       SHAPE(getenv_twice_ok),
	    SHAPE(hsearch_find_twice_ok), SHAPE(setenv_twice_ok),
	    SHAPE(setenv_unless_set_ok),  SHAPE(mbtowc_ok),
	    SHAPE(strtok_locked_ok),      SHAPE(strtok_joined_ok),
	    SHAPE(strtok_flag_ok),        SHAPE(readdir_locked_ok),
	    SHAPE(readdir_own_ok),
	};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
