/*
 * Locks that lie in blocks of the heap, and beside them a variable and a lock on a stack.
 *
 * heap_locks           all are used and the program ends
 * heap_locks hang      two threads wait for each other's lock for ever; an alarm ends the program after a minute
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline))

struct conn {
	char name[24];
	pthread_mutex_t lock;
};

struct session {
	char name[40];
	pthread_rwlock_t lock; /* of zeroed memory, without an initialisation */
};

struct queue {
	sem_t items;
};

struct pair {
	pthread_spinlock_t locks[2];
};

static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;

static void use(pthread_mutex_t *lock)
{
	pthread_mutex_lock(lock);
	pthread_mutex_unlock(lock);
}

static FUNCTION struct conn *conn_new(void)
{
	struct conn *conn = calloc(1, sizeof *conn);

	if (!conn)
		abort();
	pthread_mutex_init(&conn->lock, NULL);
	return conn;
}

static FUNCTION struct session *session_new(void) { return calloc(1, sizeof(struct session)); }
static FUNCTION struct queue *queue_new(void) { return calloc(1, sizeof(struct queue)); }
static FUNCTION struct pair *pair_new(void) { return calloc(1, sizeof(struct pair)); }

/* One destroyed and freed, one freed as it is, one kept: all are made at one place. */
static FUNCTION void use_conns(void)
{
	static struct conn *conns[3];

	for (int i = 0; i < 3; i++) {
		conns[i] = conn_new();
		use(&conns[i]->lock);
	}
	pthread_mutex_destroy(&conns[0]->lock);
	free(conns[0]);
	free(conns[1]);
}

/* Both are made at one place, and do not lie at one place in the block. */
static FUNCTION void use_pair(void)
{
	static struct pair *pair;

	pair = pair_new();
	for (volatile int i = 0; i < 2; i++) { /* volatile: unrolled it would be two places */
		pthread_spin_init(&pair->locks[i], 0);
		pthread_spin_lock(&pair->locks[i]);
		pthread_spin_unlock(&pair->locks[i]);
	}
}

static FUNCTION void use_others(void)
{
	static struct session *session;
	static struct queue *queue;
	pthread_mutex_t on_stack = PTHREAD_MUTEX_INITIALIZER;

	session = session_new();
	queue = queue_new();
	pthread_rwlock_rdlock(&session->lock);
	pthread_rwlock_unlock(&session->lock);
	sem_init(&queue->items, 0, 1);
	sem_wait(&queue->items);
	use(&on_stack);
	use(&table);
}

/* ---- hang ---- */

static pthread_barrier_t both_hold_one;
static struct conn *one, *other;

static void *take(void *second)
{
	struct conn *mine = second ? other : one, *theirs = second ? one : other;

	pthread_mutex_lock(&mine->lock);
	pthread_barrier_wait(&both_hold_one);
	pthread_mutex_lock(&theirs->lock);
	return NULL;
}

static void hang(void)
{
	pthread_t threads[2];

	alarm(60);
	one = conn_new();
	other = conn_new();
	pthread_barrier_init(&both_hold_one, NULL, 2);
	pthread_create(&threads[0], NULL, take, NULL);
	pthread_create(&threads[1], NULL, take, &both_hold_one);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "hang")) {
		hang();
		return 1;
	}
	use_conns();
	use_pair();
	use_others();
	return 0;
}
