/*
 * Deadlocks that are predicted and do not happen by themselves: a flag keeps the threads apart.  The first argument
 * names the shape (shapes.h).  `flag`, `fence` and `writer_after_flag` can never hang: no call shows what keeps the
 * threads apart.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shapes.h"

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t table = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP,
                        index_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_spinlock_t spin;
static atomic_int done;
static atomic_int first_caller, second_caller; /* their thread ids; 0: they have not begun */
static atomic_bool first_is_through, second_is_through;

/* Waits until the thread is through, or sleeps because it is held up in front of a lock. */
static void let_through(atomic_int *caller, atomic_bool *is_through)
{
	for (int asleep = 0; !*is_through && asleep < 2; pause_ms(1))
		asleep = *caller && thread_state(*caller) == 'S' ? asleep + 1 : 0;
}

/* Makes the second thread come later, however busy the machine is, without a call that the shim sees.  --confirm may
 * hold the first thread up until the second one comes. */
static void let_first_through(void) { let_through(&first_caller, &first_is_through); }

static void *forward(void *unused)
{
	first_caller = gettid();
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&second);
	pthread_mutex_unlock(&second);
	pthread_mutex_unlock(&first);
	first_is_through = true;
	return unused;
}

static void *backward(void *unused)
{
	pthread_mutex_lock(&second);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
	return unused;
}

static void *late_backward(void *unused)
{
	let_first_through();
	return backward(unused);
}

/* ---- deadlocks that can happen ------------------------------------------------------------------------------ */

static void *read_then_first(void *unused)
{
	first_caller = gettid();
	pthread_rwlock_rdlock(&rwlock);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	pthread_rwlock_unlock(&rwlock);
	first_is_through = true;
	return unused;
}

static void *first_then_write(void *unused)
{
	let_first_through();
	pthread_mutex_lock(&first);
	pthread_rwlock_wrlock(&rwlock);
	pthread_rwlock_unlock(&rwlock);
	pthread_mutex_unlock(&first);
	return unused;
}

static void read_lock(void) { in_threads(read_then_first, first_then_write); }

static void *spin_then_first(void *unused)
{
	first_caller = gettid();
	pthread_spin_lock(&spin);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	pthread_spin_unlock(&spin);
	first_is_through = true;
	return unused;
}

/* Takes `first` by a try: a thread that tries holds the lock afterwards, but never waited for it. */
static void *try_then_spin(void *unused)
{
	let_first_through();
	must(pthread_mutex_trylock(&first) == 0);
	pthread_spin_lock(&spin);
	pthread_spin_unlock(&spin);
	pthread_mutex_unlock(&first);
	return unused;
}

static void spin_lock(void)
{
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	in_threads(spin_then_first, try_then_spin);
}

/* Runs until the second caller waits for it, and takes `first` before that. */
static void lock_first(void)
{
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	first_is_through = true;
	while (!second_caller || thread_state(second_caller) != 'S')
		pause_ms(1);
}

static void *call_once_routine(void *unused)
{
	first_caller = gettid();
	pthread_once(&once, lock_first);
	return unused;
}

static void *first_then_once(void *unused)
{
	let_first_through();
	pthread_mutex_lock(&first);
	second_caller = gettid();
	pthread_once(&once, lock_first);
	pthread_mutex_unlock(&first);
	return unused;
}

static void once_control(void) { in_threads(call_once_routine, first_then_once); }

static void two_locks(void)
{
	first_caller = 0;
	first_is_through = false;
	in_threads(forward, late_backward);
}

static void in_child(void)
{
	int status = 0;
	pid_t child = fork();

	if (!child) {
		two_locks();
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child);
}

/* 10000 passes in a thread that is alone: none can deadlock, and --confirm must not hold up each of them. */
static void *many_forward(void *unused)
{
	for (int i = 0; i < 10000; i++)
		forward(NULL);
	return unused;
}

static void many_passes(void)
{
	in_thread(many_forward, NULL);
	two_locks();
}

/* ---- deadlocks behind a writer ----------------------------------------------------------------------------- */

static void *read_twice(void *unused)
{
	first_caller = gettid();
	pthread_rwlock_rdlock(&table);
	pthread_rwlock_rdlock(&table);
	pthread_rwlock_unlock(&table);
	pthread_rwlock_unlock(&table);
	first_is_through = true;
	return unused;
}

static void write_table(void)
{
	pthread_rwlock_wrlock(&table);
	pthread_rwlock_unlock(&table);
}

static void *late_write(void *unused)
{
	let_first_through();
	write_table();
	return unused;
}

static void behind_writer(void) { in_threads(read_twice, late_write); }

static void *read_table_then_index(void *unused)
{
	first_caller = gettid();
	pthread_rwlock_rdlock(&table);
	pthread_rwlock_rdlock(&index_lock);
	pthread_rwlock_unlock(&index_lock);
	pthread_rwlock_unlock(&table);
	first_is_through = true;
	return unused;
}

static void *read_index_then_write_table(void *unused)
{
	let_first_through();
	second_caller = gettid();
	pthread_rwlock_rdlock(&index_lock);
	write_table();
	pthread_rwlock_unlock(&index_lock);
	second_is_through = true;
	return unused;
}

static void *late_write_index(void *unused)
{
	let_through(&second_caller, &second_is_through);
	pthread_rwlock_wrlock(&index_lock);
	pthread_rwlock_unlock(&index_lock);
	return unused;
}

static void behind_writer_in_ring(void)
{
	pthread_t writer = start(late_write_index, NULL);

	in_threads(read_table_then_index, read_index_then_write_table);
	pthread_join(writer, NULL);
}

/* ---- a deadlock among predictions that cannot close -------------------------------------------------------- */

enum { OBJECTS = 10, VISITS = 20, ROUNDS = 8 /* as often as --confirm holds threads up at one place */ };

static pthread_mutex_t list = PTHREAD_MUTEX_INITIALIZER, objects[OBJECTS];
static int listed;

/* No other thread knows the object yet, so that none can hold the list and wait for the object. */
static void publish(int object)
{
	pthread_mutex_lock(&objects[object]);
	pthread_mutex_lock(&list);
	listed = object + 1;
	pthread_mutex_unlock(&list);
	pthread_mutex_unlock(&objects[object]);
}

static void visit(void)
{
	pthread_mutex_lock(&list);
	for (int i = 0; i < listed; i++) {
		pthread_mutex_lock(&objects[i]);
		pthread_mutex_unlock(&objects[i]);
	}
	pthread_mutex_unlock(&list);
}

/* The deadlock with visit(). */
static void touch(int object)
{
	pthread_mutex_lock(&objects[object]);
	pthread_mutex_lock(&list);
	pthread_mutex_unlock(&list);
	pthread_mutex_unlock(&objects[object]);
}

static void *make_objects(void *unused)
{
	first_caller = gettid();
	for (int i = 0; i < OBJECTS; i++)
		publish(i);
	touch(0);
	first_is_through = true;
	return unused;
}

/* A thread that is held up in publish() lets it make all its visits, and is alone when it comes to touch(). */
static void *visit_objects(void *unused)
{
	let_first_through();
	for (int i = 0; i < VISITS; i++)
		visit();
	return unused;
}

static void among_false(void) { in_threads(make_objects, visit_objects); }

/* ---- deadlocks that cannot happen --------------------------------------------------------------------------- */

static void *forward_then_flag(void *unused)
{
	forward(NULL);
	done = 1;
	return unused;
}

static void *flag_then_backward(void *unused)
{
	while (!done)
		pause_ms(1);
	return backward(unused);
}

static void flag(void) { in_threads(forward_then_flag, flag_then_backward); }

/* A spin lock made of a flag: one thread waits until the other is done, however long that takes. */
static void *fenced(void *routine)
{
	while (atomic_exchange(&done, 1))
		pause_ms(1);
	((void *(*)(void *))routine)(NULL);
	done = 0;
	return NULL;
}

static void fence(void)
{
	pthread_t threads[] = {start(fenced, forward), start(fenced, backward)};

	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

/* ---- a deadlock after a prediction that cannot close ------------------------------------------------------- */

static void nest(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	pthread_mutex_lock(outer);
	pthread_mutex_lock(inner);
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
}

static void *fenced_in_rounds(void *routine)
{
	for (int i = 0; i < ROUNDS; i++)
		fenced(routine);
	return NULL;
}

/* More often than in the fence: the plan has the rare prediction first. */
static void *nest_often(void *unused)
{
	first_caller = gettid();
	for (int i = 0; i < 2 * ROUNDS; i++)
		nest(&first, &second);
	first_is_through = true;
	return unused;
}

static void *nest_backward_often(void *unused)
{
	let_first_through();
	for (int i = 0; i < 2 * ROUNDS; i++)
		nest(&second, &first);
	return unused;
}

static void after_false(void)
{
	pthread_t threads[] = {start(fenced_in_rounds, forward), start(fenced_in_rounds, backward)};

	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	first_caller = 0;
	first_is_through = false;
	in_threads(nest_often, nest_backward_often);
}

/* The writer never comes between the two reads. */
static void *read_twice_then_flag(void *unused)
{
	read_twice(NULL);
	done = 1;
	return unused;
}

static void *flag_then_write(void *unused)
{
	while (!done)
		pause_ms(1);
	write_table();
	return unused;
}

static void writer_after_flag(void) { in_threads(read_twice_then_flag, flag_then_write); }

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(two_locks),         SHAPE(read_lock),   SHAPE(spin_lock),   SHAPE(once_control),
	    SHAPE(in_child),          SHAPE(many_passes), SHAPE(flag),        SHAPE(fence),
	    SHAPE(behind_writer),     SHAPE(among_false), SHAPE(after_false), SHAPE(behind_writer_in_ring),
	    SHAPE(writer_after_flag),
	};

	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
