/*
 * Conflicting lock orders over locks without initialisation, in memory that the program divides by itself, and in
 * memory that it does not: the first argument names the shape (shapes.h).  No shape hangs.  In a shape NAME_ok the
 * memory of one lock is used for another one in between; in the shape NAME it is one lock all the time.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

#include "shapes.h"

#define POOL_BYTES 8192
#define SLOT       2048

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
static const pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;

static struct message {
	pthread_mutex_t lock;
	char text[64];
} * message, *other;

/* What a constructor of std::mutex does, or the copy of a static initialiser. */
static struct message *make_message(char *memory)
{
	struct message *made = (struct message *)memory;

	memcpy(&made->lock, &unlocked, sizeof made->lock);
	return made;
}

/* ---- by different code ----------------------------------------------------------------------------- */

static void store(void)
{
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&message->lock);
	pthread_mutex_unlock(&message->lock);
	pthread_mutex_unlock(&first);
}

static void send(void)
{
	pthread_mutex_lock(&message->lock);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&message->lock);
}

static void *store_it(void *unused)
{
	store();
	through();
	return unused;
}

static void *send_it(void *unused)
{
	give_way(1);
	send();
	return unused;
}

static void *send_another(void *unused)
{
	give_way(1);
	message = make_message((char *)message);
	send();
	return unused;
}

static void *send_and_store(void *unused)
{
	give_way(1);
	send();
	store();
	return unused;
}

static char *pool_by_malloc(void)
{
	char *pool = malloc(POOL_BYTES);

	must(pool != NULL);
	return pool;
}

static char *pool_by_mmap(void)
{
	char *pool = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(pool != MAP_FAILED);
	return pool;
}

static void in_pool_ok(void)
{
	message = make_message(pool_by_malloc() + SLOT);
	in_threads(store_it, send_another);
}

static void in_mapping_ok(void)
{
	message = make_message(pool_by_mmap() + SLOT);
	in_threads(store_it, send_another);
}

/* The function that took it before takes it again: it is still a lock of that kind of object. */
static void in_pool(void)
{
	message = make_message(pool_by_malloc() + SLOT);
	in_threads(store_it, send_and_store);
}

static void in_mapping(void)
{
	message = make_message(pool_by_mmap() + SLOT);
	in_threads(store_it, send_and_store);
}

/* Each new message is initialised: so it is the same one. */
static void initialised_in_pool(void)
{
	message = make_message(pool_by_malloc() + SLOT);
	pthread_mutex_init(&message->lock, NULL);
	in_threads(store_it, send_it);
}

static void in_small_block(void)
{
	message = make_message(malloc(sizeof *message));
	in_threads(store_it, send_it);
}

static struct message static_message = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void in_data(void)
{
	message = &static_message;
	in_threads(store_it, send_it);
}

/* Lies in the frame of a function that does not return before they are done. */
static void in_frame(void)
{
	struct message local;

	message = make_message((char *)&local);
	in_threads(store_it, send_it);
}

/* ---- by the same code ------------------------------------------------------------------------------ */

static void take(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	pthread_mutex_lock(outer);
	pthread_mutex_lock(inner);
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
}

static void *take_forth(void *unused)
{
	take(&message->lock, &other->lock);
	through();
	return unused;
}

static void *take_back(void *unused)
{
	give_way(1);
	take(&other->lock, &message->lock);
	return unused;
}

/* As elements of a large array. */
static void elements(void)
{
	struct message *array = calloc(100, sizeof *array);

	message = make_message((char *)&array[10]);
	other = make_message((char *)&array[70]);
	in_threads(take_forth, take_back);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(in_pool_ok),     SHAPE(in_pool), SHAPE(in_mapping_ok), SHAPE(in_mapping), SHAPE(initialised_in_pool),
	    SHAPE(in_small_block), SHAPE(in_data), SHAPE(in_frame),      SHAPE(elements),
	};

	NAME_LOCK(first);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
