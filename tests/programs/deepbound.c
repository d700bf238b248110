/*
 * deepbound LIBRARY MODE SHAPE: opens the library.  MODE is "now" or "lazy", with RTLD_DEEPBIND: the library's calls
 * find libc's functions before preloaded ones.  Or it is "elsewhere": in a namespace of its own, with dlmopen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

static struct {
	void *(*malloc)(size_t);
	void (*free)(void *);
	int *(*new)(void);
	void (*delete)(int *);
	void (*lock)(pthread_mutex_t *);
	void (*unlock)(pthread_mutex_t *);
	int (*start)(pthread_t *, void *(*)(void *));
	void (*join)(pthread_t);
	void (*end)(void);
} plugin;

static void *find(void *library, const char *name)
{
	void *found = dlsym(library, name);

	must(found);
	return found;
}

static void open_plugin(const char *path, const char *mode)
{
	int how = strcmp(mode, "lazy") ? RTLD_NOW : RTLD_LAZY;
	void *library = strcmp(mode, "elsewhere") ? dlopen(path, how | RTLD_DEEPBIND) : dlmopen(LM_ID_NEWLM, path, how);

	must(library);
	plugin.malloc = (void *(*)(size_t))find(library, "plugin_malloc");
	plugin.free = (void (*)(void *))find(library, "plugin_free");
	plugin.new = (int *(*)(void))find(library, "plugin_new");
	plugin.delete = (void (*)(int *))find(library, "plugin_delete");
	plugin.lock = (void (*)(pthread_mutex_t *))find(library, "plugin_lock");
	plugin.unlock = (void (*)(pthread_mutex_t *))find(library, "plugin_unlock");
	plugin.start = (int (*)(pthread_t *, void *(*)(void *)))find(library, "plugin_start");
	plugin.join = (void (*)(pthread_t))find(library, "plugin_join");
	plugin.end = (void (*)(void))find(library, "plugin_end");
}

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, two = PTHREAD_MUTEX_INITIALIZER;

static void *nothing(void *argument) { return argument; }

/* The program frees the library's blocks and the library the program's; the same addresses are allocated again. */
static void blocks(void)
{
	for (size_t i = 1; i < 200; i++) {
		plugin.free(malloc(i * 24));
		free(realloc(plugin.malloc(i * 16), i * 40));
		free(plugin.malloc(48));
		plugin.delete(plugin.new());
	}
}

/* The library locks and the program unlocks, and the other way round. */
static void locks(void)
{
	for (int i = 0; i < 3; i++) {
		plugin.lock(&one);
		pthread_mutex_unlock(&one);
		pthread_mutex_lock(&one);
		plugin.unlock(&one);
	}
}

/* The library makes a thread and the program joins it, and the other way round. */
static void threads(void)
{
	pthread_t thread;

	must(plugin.start(&thread, nothing) == 0);
	pthread_join(thread, NULL);
	must(pthread_create(&thread, NULL, nothing, NULL) == 0);
	plugin.join(thread);
}

__attribute__((noinline)) static void leak(void)
{
	void *volatile lost;

	for (int i = 0; i < 100; i++)
		lost = plugin.malloc(56);
	lost = NULL;
	(void)lost;
}

static atomic_bool first_is_through;

/* A flag keeps the threads apart, without a call that the shim sees. */
static void *other_order(void *argument)
{
	while (!first_is_through)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	plugin.lock(&two);
	plugin.lock(&one);
	plugin.unlock(&one);
	plugin.unlock(&two);
	return argument;
}

/* Two threads take the locks in both orders, one after the other. */
static void order(void)
{
	pthread_t thread;

	must(plugin.start(&thread, other_order) == 0);
	pthread_mutex_lock(&one);
	plugin.lock(&two);
	plugin.unlock(&two);
	pthread_mutex_unlock(&one);
	first_is_through = true;
	pthread_join(thread, NULL);
}

static const struct shape {
	const char *name;
	void (*run)(void);
} shapes[] = {{"blocks", blocks}, {"locks", locks}, {"threads", threads}, {"leak", leak}, {"order", order}};

int main(int argc, char **argv)
{
	must(argc == 4);
	alarm(60);
	free(malloc(48)); /* the library's constructor may get the same address */
	open_plugin(argv[1], argv[2]);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (!strcmp(shapes[i].name, argv[3]))
			shapes[i].run();
	plugin.end();
	say("done\n");
	return 0;
}
