/*
 * The tracer, on programs of tests/programs.  What is caught depends on luck: a race must be caught within a few tries,
 * and where there is none, no try may catch one.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/memory.h"
#include "tools/races/shapes.h"
#include "tools/races/site.h"
#include "tools/races/tracer.h"
#include "tools/races/watch.h"

#if defined(__x86_64__)

#define TRIES 20

TestSuite(race_tracer, .timeout = 60);

struct subject { /* a program that waits until the tracer is there */
	pid_t pid;
	int go, in, out; /* ends of pipes: to start it, its standard input and output */
	struct tracer tracer;
	char text[4096]; /* that it printed */
	int status;
};

static void become(const char *program, const char *shape)
{
	const char *build = getenv("RT_BUILD");
	char path[512], *size = strchr(shape, ' '), name[64];

	snprintf(path, sizeof path, "%s/programs/%s", build ? build : "build", program);
	snprintf(name, sizeof name, "%.*s", (int)strcspn(shape, " "), shape);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	execl(path, path, name, size ? size + 1 : NULL, NULL);
	_exit(127);
}

static struct subject prepare(const char *program, const char *shape)
{
	struct subject subject = {0};
	int go[2], in[2], out[2];
	char start;

	cr_assert(!pipe2(go, O_CLOEXEC) && !pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC));
	subject.pid = fork();
	if (!subject.pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		if (read(go[0], &start, 1) == 1)
			become(program, shape);
		_exit(126);
	}
	close(go[0]);
	close(in[0]);
	close(out[1]);
	subject.go = go[1];
	subject.in = in[1];
	subject.out = out[0];
	return subject;
}

static void let_start(struct subject *subject)
{
	cr_assert_eq(write(subject->go, "x", 1), 1);
	close(subject->go);
}

static void trace(struct subject *subject, uint32_t seed)
{
	/* on a busy machine, too, all cost is allowed */
	struct tracer_options options = {
	    .seed = seed, .share = 50, .floor_ns = UINT64_C(20000000000), .hold_ns = 1000000, .before_exec = true};
	struct error err;

	memory_start_up();
	cr_assert(tracer_start(&subject->tracer, subject->pid, &options, &err), "%s", err.text);
	let_start(subject);
}

static void await_end(struct subject *subject)
{
	size_t used = 0;
	ssize_t got;

	close(subject->in);
	while ((got = read(subject->out, subject->text + used, sizeof subject->text - 1 - used)) > 0)
		used += (size_t)got;
	close(subject->out);
	cr_assert_eq(waitpid(subject->pid, &subject->status, 0), subject->pid);
}

/* Runs it to its end.  The tracer's results are in subject.tracer.shared; the caller calls tracer_free. */
static struct subject run(const char *program, const char *shape, uint32_t seed)
{
	struct subject subject = prepare(program, shape);

	trace(&subject, seed);
	await_end(&subject);
	tracer_stop(&subject.tracer);
	return subject;
}

static struct subject run_bare(const char *program, const char *shape)
{
	struct subject subject = prepare(program, shape);

	let_start(&subject);
	await_end(&subject);
	return subject;
}

/* ---- what is caught ------------------------------------------------------------------------- */

/* The first pair that was caught by this proof; ANY_PROOF: by any.  NULL: none was. */
#define ANY_PROOF UINT32_MAX

static const struct races_caught *pair_of(const struct subject *subject, uint32_t proof)
{
	for (uint32_t i = 0; i < subject->tracer.shared->count; i++)
		if (proof == ANY_PROOF || subject->tracer.shared->caught[i].proof == proof)
			return &subject->tracer.shared->caught[i];
	return NULL;
}

/* True if it is caught in one of the tries; caught is its first pair of that proof. */
static bool is_caught_by(const char *shape, uint32_t proof, struct races_caught *caught)
{
	bool found = false;

	for (uint32_t seed = 1; seed <= TRIES && !found; seed++) {
		struct subject subject = run("data_races", shape, seed);
		cr_expect_eq(subject.status, 0);
		const struct races_caught *pair = pair_of(&subject, proof);
		found = pair != NULL;
		if (found)
			*caught = *pair;
		tracer_free(&subject.tracer);
	}
	return found;
}

static bool is_caught(const char *shape, struct races_caught *caught) { return is_caught_by(shape, RACES_MET, caught); }

Test(race_tracer, a_counter_is_caught)
{
	struct races_caught caught;

	cr_assert(is_caught("counter", &caught));
	cr_expect_eq(caught.proof, RACES_MET);
	cr_expect(caught.sides[0].writes || caught.sides[1].writes);
	cr_expect_eq(caught.sides[0].address, caught.sides[1].address);
	cr_expect_eq(caught.sides[0].size, sizeof(long));
	cr_expect_neq(caught.sides[0].tid, caught.sides[1].tid);
	cr_expect_eq(caught.value_address, caught.sides[0].address);
	cr_expect_eq(caught.value_bytes, sizeof(long));
	cr_expect(caught.value_after_known);
	cr_expect(memcmp(caught.before, caught.after, sizeof(long)), "both have counted");
	for (int i = 0; i < 2; i++) {
		const struct races_side *side = &caught.sides[i];
		cr_expect(side->frames > 0 && side->stack_is_whole, "side %d has %u frames", i, side->frames);
		cr_expect_eq(side->compilers, RACE_BY_GCC);
		cr_expect(!side->polls && !side->locked_nearby);
	}
}

/* The call is made in a slot, and leaves the right address on the stack. */
Test(race_tracer, a_call_through_memory_is_caught)
{
	struct races_caught caught;
	struct subject bare = run_bare("data_races", "calls_while_set"), subject;

	cr_assert(is_caught("calls_while_set", &caught));
	cr_expect(caught.sides[0].shape == RACE_SHAPE_CALL || caught.sides[1].shape == RACE_SHAPE_CALL);
	subject = run("data_races", "calls_while_set", 1);
	cr_expect_str_eq(subject.text, bare.text);
	tracer_free(&subject.tracer);
}

/* memset has no int3. */
Test(race_tracer, an_access_by_libc_is_caught_by_a_watchpoint)
{
	struct races_caught caught;

	if (!watch_works())
		return;
	cr_assert(is_caught_by("filled_by_libc 2000000", RACES_WATCHED, &caught));
	cr_expect(caught.sides[0].reads && !caught.sides[0].writes);
	cr_expect(caught.sides[1].writes);
	cr_expect_eq(caught.sides[0].size, sizeof(int));
	cr_expect_eq(caught.sides[1].size, sizeof(int), "what is not known is no difference");
	cr_expect(caught.sides[1].frames > 0 && caught.sides[1].stack_is_whole);
	cr_expect_neq(caught.sides[0].tid, caught.sides[1].tid);
}

/* One element of thousands, at the end of one thread's work and the beginning of the other's. */
Test(race_tracer, what_meets_at_a_border_is_caught)
{
	struct races_caught caught;

	cr_assert(is_caught_by("border", ANY_PROOF, &caught));
	cr_expect(caught.sides[0].writes);
}

/* The kernel writes the memory, which no watchpoint notices. */
Test(race_tracer, a_value_that_changes_is_noticed)
{
	struct races_caught caught;

	cr_assert(is_caught_by("filled_by_kernel 2000000", RACES_VALUE_CHANGED, &caught));
	cr_expect(caught.sides[0].reads && caught.sides[0].frames > 0);
	cr_expect_eq(caught.sides[1].pc, 0);
	cr_expect(memcmp(caught.before, caught.after, caught.value_bytes));
}

static bool any_polls(const struct races_file *file)
{
	for (uint32_t i = 0; i < file->count; i++)
		for (int number = 0; number < 2; number++)
			if (file->caught[i].sides[number].polls)
				return true;
	return false;
}

/* True if in one of the tries a race is caught, and a side of it polls, or none does. */
static bool is_caught_polling(const char *shape, bool polls)
{
	bool found = false;

	for (uint32_t seed = 1; seed <= TRIES && !found; seed++) {
		struct subject subject = run("data_races", shape, seed);
		cr_expect_eq(subject.status, 0);
		found = pair_of(&subject, ANY_PROOF) && any_polls(subject.tracer.shared) == polls;
		tracer_free(&subject.tracer);
	}
	return found;
}

/* Known by its next read.  The first may be its last, and then nothing is known. */
Test(race_tracer, a_read_that_polls_is_known) { cr_assert(is_caught_polling("polled_flag", true)); }
Test(race_tracer, a_read_that_goes_on_to_other_memory_does_not_poll)
{
	cr_assert(is_caught_polling("scanned 20000", false));
}

static void expect_nothing(const char *shape)
{
	struct subject bare = run_bare("data_races", shape);

	for (uint32_t seed = 1; seed <= 5; seed++) {
		struct subject subject = run("data_races", shape, seed);
		cr_expect_eq(subject.status, 0);
		cr_expect_str_eq(subject.text, bare.text);
		cr_expect_eq(subject.tracer.shared->count, 0, "%s: %u pairs", shape, subject.tracer.shared->count);
		cr_expect_gt(subject.tracer.shared->figures.hits, 0, "%s was not looked at", shape);
		tracer_free(&subject.tracer);
	}
}

Test(race_tracer, accesses_under_a_lock_are_not) { expect_nothing("counter_locked"); }
Test(race_tracer, accesses_of_own_data_are_not) { expect_nothing("own"); }
Test(race_tracer, accesses_of_own_parts_are_not) { expect_nothing("parts"); }
Test(race_tracer, calls_by_what_nobody_sets_are_not) { expect_nothing("calls"); }
Test(race_tracer, accesses_up_to_a_border_are_not) { expect_nothing("border_kept"); }
Test(race_tracer, accesses_by_libc_beside_are_not) { expect_nothing("filled_beside"); }

/* ---- programs are not harmed ------------------------------------------------------------------- */

/* Pairs of which no side has LOCK: the flag that ends the program's threads is atomic. */
static unsigned plain_pairs(const struct races_file *file)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < file->count; i++)
		count += file->caught[i].sides[0].shape != RACE_SHAPE_LOCKED &&
		         file->caught[i].sides[1].shape != RACE_SHAPE_LOCKED;
	return count;
}

static void expect_same(const char *shape)
{
	struct subject bare = run_bare("traced_shapes", shape), subject = run("traced_shapes", shape, 1);

	cr_expect_eq(subject.status, bare.status, "%s: status %x, bare %x", shape, subject.status, bare.status);
	cr_expect_str_eq(subject.text, bare.text);
	cr_expect_eq(plain_pairs(subject.tracer.shared), 0, "%s has no race", shape);
	tracer_free(&subject.tracer);
}

#define SAME(shape)                                                                                                    \
	Test(race_tracer, goes_on_as_without_it_##shape) { expect_same(#shape); }

SAME(forks)
SAME(forks_with_threads)
SAME(spawns)
SAME(execs)
SAME(traces)
SAME(signals)
SAME(faulting)
SAME(blocks)
SAME(handles_trap)
SAME(own_int3)
SAME(raises_trap)
SAME(exits)
SAME(killed)
SAME(main_ends)
SAME(many)
SAME(filtered)
SAME(resets_actions)

static void await_ready(struct subject *subject)
{
	char line[6];

	cr_assert_eq(read(subject->out, line, sizeof line), (ssize_t)sizeof line);
	cr_assert(!memcmp(line, "ready\n", sizeof line));
}

static void sleep_us(long us) { nanosleep(&(struct timespec){0, us * 1000}, NULL); }

/* Its parent stops it and lets it go on. */
Test(race_tracer, job_control_works)
{
	struct subject subject = prepare("traced_shapes", "waits");
	int status;

	trace(&subject, 1);
	await_ready(&subject);
	for (int i = 0; i < 3; i++) {
		sleep_us(2000);
		kill(subject.pid, SIGSTOP);
		cr_assert_eq(waitpid(subject.pid, &status, WUNTRACED), subject.pid);
		cr_expect(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
		kill(subject.pid, SIGCONT);
		cr_assert_eq(waitpid(subject.pid, &status, WCONTINUED), subject.pid);
		cr_expect(WIFCONTINUED(status));
	}
	await_end(&subject);
	cr_expect_eq(subject.status, 0);
	tracer_free(&subject.tracer);
}

/* As before a leak scan, which stops all threads. */
Test(race_tracer, when_it_is_stopped_the_program_goes_on_untraced)
{
	struct subject subject = prepare("traced_shapes", "waits");

	trace(&subject, 1);
	await_ready(&subject);
	sleep_us(5000);
	tracer_stop(&subject.tracer);
	cr_expect_eq(subject.tracer.shared->state, RACES_ENDED);
	cr_expect(!ptrace(PTRACE_SEIZE, subject.pid, NULL, NULL), "it is still traced");
	await_end(&subject);
	cr_expect_eq(subject.status, 0);
	tracer_free(&subject.tracer);
}

Test(race_tracer, a_program_under_a_debugger_is_left_alone)
{
	struct subject subject = prepare("traced_shapes", "exits");
	struct tracer_options options = {.seed = 1};
	struct error err;

	memory_start_up();
	cr_assert(!ptrace(PTRACE_SEIZE, subject.pid, NULL, NULL));
	cr_expect(!tracer_start(&subject.tracer, subject.pid, &options, &err));
	cr_expect(strstr(err.text, "a debugger or tracer"), "%s", err.text);
	let_start(&subject);
	await_end(&subject);
	cr_expect_eq(WEXITSTATUS(subject.status), 7);
}

/* ---- the tracer dies --------------------------------------------------------------------------------- */

/* RINGTAIL_KILLS: how many times each; a few by default. */
static void expect_survival(const char *program, const char *shape)
{
	const char *given = getenv("RINGTAIL_KILLS");
	struct subject bare = run_bare(program, shape);
	int kills = given ? atoi(given) : 6;

	srand48(getpid());
	for (int i = 0; i < kills; i++) {
		struct subject subject = prepare(program, shape);
		long after = (long)(drand48() * 20000);
		trace(&subject, (uint32_t)i);
		sleep_us(after);
		kill(subject.tracer.pid, SIGKILL);
		await_end(&subject);
		cr_expect_eq(subject.status, bare.status, "%s: status %x, killed after %ld us", shape, subject.status,
		             after);
		cr_expect_str_eq(subject.text, bare.text, "%s, killed after %ld us", shape, after);
		tracer_free(&subject.tracer);
	}
}

Test(race_tracer, its_death_does_not_harm_threads) { expect_survival("data_races", "parts 50000"); }
Test(race_tracer, its_death_does_not_harm_users_of_locks) { expect_survival("data_races", "counter_locked 3000"); }
Test(race_tracer, its_death_does_not_harm_children) { expect_survival("traced_shapes", "forks"); }
Test(race_tracer, its_death_does_not_harm_programs_it_starts) { expect_survival("traced_shapes", "spawns"); }
Test(race_tracer, its_death_does_not_harm_its_successor) { expect_survival("traced_shapes", "execs"); }

#endif
