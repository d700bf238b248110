/*
 * Read-write locks at which a waiting writer keeps new readers out, and others at which it does not: the first argument
 * names the shape (shapes.h).  No shape hangs, because the threads come one after the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <semaphore.h>

#include "shapes.h"

#define WRITERS_FIRST PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP

static pthread_rwlock_t table = WRITERS_FIRST, list = WRITERS_FIRST;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static sem_t done;

static void make(pthread_rwlock_t *lock, int kind)
{
	pthread_rwlockattr_t attributes;

	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, kind);
	must(pthread_rwlock_init(lock, &attributes) == 0);
	pthread_rwlockattr_destroy(&attributes);
}

static void read_it(pthread_rwlock_t *lock)
{
	pthread_rwlock_rdlock(lock);
	pthread_rwlock_unlock(lock);
}

static void write_it(pthread_rwlock_t *lock)
{
	pthread_rwlock_wrlock(lock);
	pthread_rwlock_unlock(lock);
}

/* ---- read-locked again ------------------------------------------------------------------------- */

static void *read_twice(void *unused)
{
	pthread_rwlock_rdlock(&table);
	read_it(&table);
	pthread_rwlock_unlock(&table);
	through();
	return unused;
}

static void *write_table(void *unused)
{
	await_through(1);
	write_it(&table);
	return unused;
}

static void reread(void)
{
	threads_through = 0;
	in_threads(read_twice, write_table);
}

static void reread_made(void)
{
	make(&table, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	reread();
}

/* glibc prefers readers for all kinds but PREFER_WRITER_NONRECURSIVE_NP, whatever their names say. */
static void reread_of_others_ok(void)
{
	table = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
	reread();
	make(&table, PTHREAD_RWLOCK_PREFER_READER_NP);
	reread();
	make(&table, PTHREAD_RWLOCK_PREFER_WRITER_NP);
	reread();
	must(pthread_rwlock_init(&table, NULL) == 0);
	reread();
}

static void *nothing(void *unused) { return unused; }

static void reread_without_writer_ok(void) { in_threads(read_twice, nothing); }

static void *read_and_write(void *unused)
{
	read_twice(NULL);
	write_it(&table);
	return unused;
}

/* The only thread that writes is the one that reads twice. */
static void reread_then_write_ok(void) { in_threads(read_and_write, nothing); }

static void *gated_read_twice(void *unused)
{
	pthread_mutex_lock(&gate);
	read_twice(NULL);
	pthread_mutex_unlock(&gate);
	return unused;
}

static void *gated_write(void *unused)
{
	await_through(1);
	pthread_mutex_lock(&gate);
	write_it(&table);
	pthread_mutex_unlock(&gate);
	return unused;
}

static void reread_gated_ok(void) { in_threads(gated_read_twice, gated_write); }

/* The writer does not take the gate. */
static void reread_half_gated(void) { in_threads(gated_read_twice, write_table); }

static void reread_joined_ok(void)
{
	in_thread(read_twice, NULL);
	in_thread(write_table, NULL);
}

/* A writer with a time-out gives up in the end, and lets the reader pass. */
static void *write_in_time(void *unused)
{
	await_through(1);
	struct timespec when = in_ms(1000);
	must(pthread_rwlock_timedwrlock(&table, &when) == 0);
	pthread_rwlock_unlock(&table);
	while (pthread_rwlock_trywrlock(&table))
		;
	pthread_rwlock_unlock(&table);
	return unused;
}

static void reread_in_time_ok(void) { in_threads(read_twice, write_in_time); }

static void *try_twice(void *unused)
{
	struct timespec when = in_ms(1000);

	pthread_rwlock_rdlock(&table);
	must(pthread_rwlock_tryrdlock(&table) == 0);
	must(pthread_rwlock_timedrdlock(&table, &when) == 0);
	for (int i = 0; i < 3; i++)
		pthread_rwlock_unlock(&table);
	through();
	return unused;
}

static void retry_ok(void) { in_threads(try_twice, write_table); }

/* ---- two locks and three threads -------------------------------------------------------------------- */

static void *read_table_then_list(void *unused)
{
	pthread_rwlock_rdlock(&table);
	read_it(&list);
	pthread_rwlock_unlock(&table);
	through();
	return unused;
}

static void *read_list_then_write_table(void *unused)
{
	await_through(1);
	pthread_rwlock_rdlock(&list);
	write_it(&table);
	pthread_rwlock_unlock(&list);
	through();
	return unused;
}

static void *write_list(void *unused)
{
	await_through(2);
	write_it(&list);
	return unused;
}

static void three(void *(*one)(void *), void *(*two)(void *), void *(*writer)(void *))
{
	pthread_t threads[] = {start(one, NULL), start(two, NULL), start(writer, NULL)};

	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static void ring(void) { three(read_table_then_list, read_list_then_write_table, write_list); }

/* The kind matters only at `list`, where a reader would wait behind a writer.  `table` may be of the default kind. */
static void ring_of_one_kind(void)
{
	table = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
	ring();
}

static void ring_of_readers_ok(void)
{
	list = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
	ring();
}

static void ring_without_writer_ok(void) { three(read_table_then_list, read_list_then_write_table, nothing); }

static void *read_table_then_list_then_write(void *unused)
{
	read_table_then_list(NULL);
	await_through(2);
	write_it(&list);
	return unused;
}

/* The thread that write-locks `list` also read-locks it: the deadlock would need a third thread. */
static void ring_of_two_threads_ok(void)
{
	three(read_table_then_list_then_write, read_list_then_write_table, nothing);
}

static void *write_list_after_post(void *unused)
{
	sem_wait(&done);
	write_it(&list);
	return unused;
}

static void *read_table_then_list_then_post(void *unused)
{
	read_table_then_list(NULL);
	sem_post(&done);
	return unused;
}

static void ring_ordered_ok(void)
{
	sem_init(&done, 0, 0);
	three(read_table_then_list_then_post, read_list_then_write_table, write_list_after_post);
}

/* Two readers, and a waiting writer at each of their two locks. */
static void *read_list_then_table(void *unused)
{
	await_through(1);
	pthread_rwlock_rdlock(&list);
	read_it(&table);
	pthread_rwlock_unlock(&list);
	through();
	return unused;
}

static void four(void)
{
	pthread_t writer = start(write_table, NULL);

	three(read_table_then_list, read_list_then_table, write_list);
	pthread_join(writer, NULL);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(reread),
	    SHAPE(reread_made),
	    SHAPE(reread_of_others_ok),
	    SHAPE(reread_without_writer_ok),
	    SHAPE(reread_then_write_ok),
	    SHAPE(reread_gated_ok),
	    SHAPE(reread_half_gated),
	    SHAPE(reread_joined_ok),
	    SHAPE(reread_in_time_ok),
	    SHAPE(retry_ok),
	    SHAPE(ring),
	    SHAPE(ring_of_one_kind),
	    SHAPE(ring_of_readers_ok),
	    SHAPE(ring_without_writer_ok),
	    SHAPE(ring_of_two_threads_ok),
	    SHAPE(ring_ordered_ok),
	    SHAPE(four),
	};

	NAME_LOCK(table);
	NAME_LOCK(list);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
