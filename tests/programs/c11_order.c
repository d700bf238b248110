/*
 * C11's locks and threads, used wrongly and nearly so: the first argument names the shape (shapes.h).
 */
#include <threads.h>

#include "shapes.h"

static mtx_t first, second;
static cnd_t changed;

static void nest(mtx_t *outer, mtx_t *inner)
{
	mtx_lock(outer);
	mtx_lock(inner);
	mtx_unlock(inner);
	mtx_unlock(outer);
}

static thrd_t begin(thrd_start_t routine)
{
	thrd_t thread;

	must(thrd_create(&thread, routine, NULL) == thrd_success);
	return thread;
}

static void both(thrd_start_t one, thrd_start_t other)
{
	thrd_t threads[] = {begin(one), begin(other)};

	thrd_join(threads[0], NULL);
	thrd_join(threads[1], NULL);
}

static int nest_forth(void *unused)
{
	nest(&first, &second);
	through();
	return 0;
}

static int nest_back(void *unused)
{
	give_way(1);
	nest(&second, &first);
	return 0;
}

static int try_back(void *unused)
{
	give_way(1);
	mtx_lock(&second);
	if (mtx_trylock(&first) == thrd_success)
		mtx_unlock(&first);
	mtx_unlock(&second);
	return 0;
}

static void mutex(void) { both(nest_forth, nest_back); }
static void mutex_ok(void) { both(nest_forth, try_back); }

/* cnd_timedwait releases `second`, and takes it again while this thread holds `first`. */
static int wait_inside(void *unused)
{
	struct timespec past = {1, 0};

	mtx_lock(&second);
	mtx_lock(&first);
	cnd_timedwait(&changed, &second, &past);
	mtx_unlock(&first);
	mtx_unlock(&second);
	through();
	return 0;
}

static void condition(void) { both(wait_inside, nest_back); }

static int wait_outside(void *unused)
{
	struct timespec past = {1, 0};

	mtx_lock(&second);
	cnd_timedwait(&changed, &second, &past);
	mtx_lock(&first);
	mtx_unlock(&first);
	mtx_unlock(&second);
	through();
	return 0;
}

static void condition_ok(void) { both(wait_outside, nest_back); }

static int nothing(void *unused) { return 0; }

static void thread(void)
{
	begin(nothing);
	await_end_of_others();
}

static void thread_ok(void)
{
	thrd_join(begin(nothing), NULL);
	thrd_detach(begin(nothing));
	await_end_of_others();
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
	    SHAPE(mutex), SHAPE(mutex_ok), SHAPE(condition), SHAPE(condition_ok), SHAPE(thread), SHAPE(thread_ok),
	};

	mtx_init(&first, mtx_plain);
	mtx_init(&second, mtx_timed);
	cnd_init(&changed);
	NAME_LOCK(first);
	NAME_LOCK(second);
	return run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);
}
