/*
 * The library that deepbound opens with RTLD_DEEPBIND, and in a namespace of its own: it allocates, frees, locks and
 * starts threads for the program.  Its constructor starts a thread that waits with a mutex held.
 */
#include <pthread.h>

#include <cstdlib>

extern "C" {

static pthread_mutex_t early_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t early_cond = PTHREAD_COND_INITIALIZER;
static bool early_ready, early_done;
static pthread_t early_thread;
static void *early_block;

static void *wait_early(void *argument)
{
	pthread_mutex_lock(&early_lock);
	early_ready = true;
	pthread_cond_broadcast(&early_cond);
	while (!early_done)
		pthread_cond_wait(&early_cond, &early_lock);
	pthread_mutex_unlock(&early_lock);
	return argument;
}

/* Starts a thread that waits by the time the constructor returns. */
__attribute__((constructor)) static void begin()
{
	early_block = malloc(48);
	pthread_create(&early_thread, nullptr, wait_early, nullptr);
	pthread_mutex_lock(&early_lock);
	while (!early_ready)
		pthread_cond_wait(&early_cond, &early_lock);
	pthread_mutex_unlock(&early_lock);
}

void plugin_end()
{
	pthread_mutex_lock(&early_lock);
	early_done = true;
	pthread_cond_broadcast(&early_cond);
	pthread_mutex_unlock(&early_lock);
	pthread_join(early_thread, nullptr);
	free(early_block);
}

__attribute__((noinline)) void *plugin_malloc(size_t bytes) { return malloc(bytes); }
void plugin_free(void *block) { free(block); }
__attribute__((noinline)) int *plugin_new() { return new int; }
void plugin_delete(int *number) { delete number; }
void plugin_lock(pthread_mutex_t *lock) { pthread_mutex_lock(lock); }
void plugin_unlock(pthread_mutex_t *lock) { pthread_mutex_unlock(lock); }
int plugin_start(pthread_t *thread, void *(*routine)(void *))
{
	return pthread_create(thread, nullptr, routine, nullptr);
}
void plugin_join(pthread_t thread) { pthread_join(thread, nullptr); }
}
