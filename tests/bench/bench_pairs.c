/*
 * What a pair of calls costs: malloc and free, or lock and unlock, or two calls of getenv, at a given call depth, in a
 * given number of threads.  One case a process, as its beginning is one of the two things measured:
 *
 *   start  the first pairs of a new process: memory, caches and tables are used for the first time
 *   warm   pairs of a process that has been doing this for a while
 *
 * and three shapes of the stacks from which the calls come:
 *
 *   hot    one loop at full depth: the stack stays the same from call to call
 *   walk   as in a compiler or a tree walk: after each pair a random number of frames returns (geometric, mean
 *          about 3, at most 10), the frame then reached calls another function than before, and from there
 *          it goes down to full depth again, left or right at random at each level.  The outer frames stay
 *   path   the extreme: the lower half of the stack is the same, the upper half is walked anew for every pair
 *          and turns left or right at each level as a counter's bits say
 *
 * One thread is the main thread of a process that has no other.  Nanoseconds are of processor time where threads
 * outnumber processors: elapsed time x min(threads, processors) / pairs.  Each thread has a mutex of its own:
 * this measures ringtail, not contention.  Prints "start warm", nanoseconds per pair.
 *
 * usage: bench_pairs malloc|mutex|getenv hot|walk|path DEPTH THREADS [START-PAIRS [WARM-UP-MS [MEASURE-MS]]]
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS      64
#define PAIRS_A_LOOK      256  /* so often a thread looks at the clock */
#define MOST_MS           1000 /* start and warm-up end here, too: some peers take microseconds a pair */
#define MOST_RETURNS      10
#define NOT_A_TAIL_CALL() __asm__ volatile("" ::: "memory")

enum phase { START, WARM_UP, WARM, PHASES };

struct work {
	void (*pair)(struct work *work);
	void (*shape)(struct work *work);
	unsigned depth;
	pthread_mutex_t lock;

	/* the current phase */
	long most_pairs;
	double began, ended, deadline;
	long pairs;
	unsigned until_look;
	bool over;

	/* the way through the stacks */
	uint64_t random;
	unsigned long turns;
	unsigned returns;        /* frames that are still to return */
} __attribute__((aligned(128))); /* so that no two threads share a cache line */

static double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static uint32_t next_random(struct work *work)
{
	work->random = work->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(work->random >> 32);
}

/* ---- the pairs ------------------------------------------------------------------ */

__attribute__((noinline)) static void malloc_pair(struct work *work)
{
	void *volatile block = malloc(64);

	free(block);
	NOT_A_TAIL_CALL();
}

__attribute__((noinline)) static void lock_pair(struct work *work)
{
	pthread_mutex_lock(&work->lock);
	pthread_mutex_unlock(&work->lock);
	NOT_A_TAIL_CALL();
}

/* The first variable is found, so that the call is as short as it can be. */
static char first_name[256] = "none";

static void find_first_name(void)
{
	extern char **environ;

	if (*environ)
		snprintf(first_name, sizeof first_name, "%.*s", (int)strcspn(*environ, "="), *environ);
}

__attribute__((noinline)) static void getenv_pair(struct work *work)
{
	char *volatile value = getenv(first_name);

	value = getenv(first_name);
	(void)value;
	NOT_A_TAIL_CALL();
}

/* The phase is over when its pairs are done or its time is up, at a multiple of PAIRS_A_LOOK. */
static bool look_at_the_clock(struct work *work)
{
	work->pairs += PAIRS_A_LOOK;
	work->until_look = PAIRS_A_LOOK;
	work->ended = now_ns();
	work->over = work->pairs >= work->most_pairs || work->ended >= work->deadline;
	return !work->over;
}

/* True if another pair is to come; called before each. */
static inline bool another(struct work *work) { return work->until_look-- > 0 || look_at_the_clock(work); }

/* ---- hot --------------------------------------------------------------------------- */

__attribute__((noinline)) static void hot(struct work *work)
{
	while (another(work))
		work->pair(work);
	NOT_A_TAIL_CALL();
}

/* ---- path ---------------------------------------------------------------------------- */

static void turn(struct work *work, unsigned levels);

__attribute__((noinline)) static void left(struct work *work, unsigned levels)
{
	turn(work, levels - 1);
	NOT_A_TAIL_CALL();
}

__attribute__((noinline)) static void right(struct work *work, unsigned levels)
{
	turn(work, levels - 1);
	NOT_A_TAIL_CALL();
}

/* A level is two frames: turn() and left() or right(). */
__attribute__((noinline)) static void turn(struct work *work, unsigned levels)
{
	if (levels == 0)
		work->pair(work);
	else if (work->turns >> levels % 8 & 1)
		left(work, levels);
	else
		right(work, levels);
	NOT_A_TAIL_CALL();
}

__attribute__((noinline)) static void path(struct work *work)
{
	while (another(work)) {
		work->turns += 2654435761u;
		turn(work, work->depth / 4);
	}
	NOT_A_TAIL_CALL();
}

/* ---- walk ---------------------------------------------------------------------------- */

typedef void walker(struct work *work, unsigned levels);

#define WALKER_LEVELS 8
static walker *const walkers[WALKER_LEVELS][2];

/* 1 to MOST_RETURNS: each further frame returns with two chances in three. */
static unsigned frames_to_return(struct work *work)
{
	unsigned frames = 1;

	for (uint32_t bits = next_random(work); frames < MOST_RETURNS && bits % 3; bits /= 3)
		frames++;
	return frames;
}

/* The innermost frame: makes one pair, and chooses how many frames return after it. */
static void walk_leaf(struct work *work)
{
	if (another(work)) {
		work->pair(work);
		work->returns = frames_to_return(work);
	}
}

/* What each frame of a walk does.  The first call is either of two functions; after a return to here the next
 * one is the other. */
static inline void walk_on(struct work *work, unsigned levels)
{
	unsigned which = next_random(work) & 1;

	do {
		if (levels == 0)
			walk_leaf(work);
		else
			walkers[levels % WALKER_LEVELS][which](work, levels - 1);
		which ^= 1;
	} while (!work->over && work->returns-- == 0);
	NOT_A_TAIL_CALL();
}

/* Functions with frames of different sizes, two for each level. */
#define WALKER(name, words)                                                                                            \
	__attribute__((noinline)) static void name(struct work *work, unsigned levels)                                 \
	{                                                                                                              \
		volatile uint64_t locals[words];                                                                       \
		locals[0] = levels;                                                                                    \
		walk_on(work, (unsigned)locals[0]);                                                                    \
	}

/* clang-format off */
WALKER(statement, 4)
WALKER(declaration, 9)
WALKER(expression, 2)
WALKER(condition, 12)
WALKER(sum, 6)
WALKER(difference, 3)
WALKER(product, 7)
WALKER(quotient, 5)
WALKER(call, 14)
WALKER(index_of, 4)
WALKER(argument, 8)
WALKER(initialiser, 10)
WALKER(name, 2)
WALKER(literal, 3)
WALKER(type, 5)
WALKER(member, 11)
/* clang-format on */

static walker *const walkers[WALKER_LEVELS][2] = {
    {statement, declaration}, {expression, condition}, {sum, difference}, {product, quotient},
    {call, index_of},         {argument, initialiser}, {name, literal},   {type, member},
};

/* Returns may reach this frame while it is not over: then it goes down again. */
__attribute__((noinline)) static void walk(struct work *work)
{
	while (!work->over) {
		work->returns = 0;
		statement(work, work->depth);
	}
	NOT_A_TAIL_CALL();
}

/* ---- phases ---------------------------------------------------------------------------- */

static struct work works[MOST_THREADS];
static unsigned threads;
static pthread_barrier_t together;
/* What comes before the warm phase fills 16 MiB of ring at 32 bytes a pair, unless a pair takes over 3 us. */
static long phase_pairs[PHASES] = {400000, 600000, INT64_MAX};
static double phase_ms[PHASES] = {MOST_MS, MOST_MS, 150};

/* The frames below those of the shape itself. */
static unsigned frames_below(const struct work *work)
{
	return work->shape == hot ? work->depth : work->shape == path ? work->depth / 2 : 0;
}

__attribute__((noinline)) static void dive(struct work *work, unsigned levels)
{
	if (levels == 0)
		work->shape(work);
	else
		dive(work, levels - 1);
	NOT_A_TAIL_CALL();
}

/* From the first thread that begins to the last that ends. */
static double phase_ns(void)
{
	double began = works[0].began, ended = works[0].ended, pairs = 0;
	unsigned processors = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);

	for (unsigned i = 0; i < threads; i++) {
		began = works[i].began < began ? works[i].began : began;
		ended = works[i].ended > ended ? works[i].ended : ended;
		pairs += (double)works[i].pairs;
	}
	return (ended - began) * (threads < processors ? threads : processors) / pairs;
}

/* No barrier for a thread alone: a single-threaded process has none. */
static void meet(void)
{
	if (threads > 1)
		pthread_barrier_wait(&together);
}

static void run_phase(struct work *work, enum phase phase)
{
	work->most_pairs = phase_pairs[phase] / threads;
	work->pairs = 0;
	work->until_look = PAIRS_A_LOOK;
	work->over = false;
	work->began = now_ns();
	work->deadline = work->began + phase_ms[phase] * 1e6;
	dive(work, frames_below(work));
}

static void *run(void *argument)
{
	static double results[PHASES];
	struct work *work = argument;

	for (int phase = START; phase < PHASES; phase++) {
		meet();
		run_phase(work, phase);
		meet();
		if (work == works)
			results[phase] = phase_ns();
	}
	if (work == works)
		printf("%.2f %.2f\n", results[START], results[WARM]);
	return NULL;
}

static void run_threads(void)
{
	pthread_t ids[MOST_THREADS];

	pthread_barrier_init(&together, NULL, threads);
	for (unsigned i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, run, &works[i]);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
}

static bool set_shape(struct work *work, const char *name)
{
	work->shape = !strcmp(name, "hot") ? hot : !strcmp(name, "walk") ? walk : !strcmp(name, "path") ? path : NULL;
	return work->shape;
}

static bool set_pair(struct work *work, const char *name)
{
	work->pair = !strcmp(name, "malloc")   ? malloc_pair
	             : !strcmp(name, "mutex")  ? lock_pair
	             : !strcmp(name, "getenv") ? getenv_pair
	                                       : NULL;
	return work->pair;
}

static bool arguments(int argc, char **argv, struct work *pattern)
{
	if (argc < 5 || argc > 8 || !set_pair(pattern, argv[1]) || !set_shape(pattern, argv[2]))
		return false;
	pattern->depth = (unsigned)atoi(argv[3]);
	threads = (unsigned)atoi(argv[4]);
	phase_pairs[START] = argc > 5 ? atol(argv[5]) : phase_pairs[START];
	phase_ms[WARM_UP] = argc > 6 ? atof(argv[6]) : phase_ms[WARM_UP];
	phase_ms[WARM] = argc > 7 ? atof(argv[7]) : phase_ms[WARM];
	return pattern->depth > MOST_RETURNS - 1 && threads >= 1 && threads <= MOST_THREADS;
}

int main(int argc, char **argv)
{
	find_first_name();
	struct work pattern = {.depth = 0};

	if (!arguments(argc, argv, &pattern)) {
		fprintf(stderr, "usage: bench_pairs malloc|mutex|getenv hot|walk|path DEPTH THREADS "
		                "[START-PAIRS [WARM-UP-MS [MEASURE-MS]]]\n");
		return 64;
	}
	for (unsigned i = 0; i < threads; i++) {
		works[i] = pattern;
		works[i].random = i + 1;
		pthread_mutex_init(&works[i].lock, NULL);
	}
	if (threads == 1)
		run(&works[0]);
	else
		run_threads();
	return 0;
}
