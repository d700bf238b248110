/* A real server under load: every request succeeds and the data is right, with and without ringtail. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(redis);

static struct outcome client(const struct rt *rt, const char *command)
{
	const char *argv[] = {"sh", "-c", command, NULL};

	return spawn((struct command){.argv = argv, .directory = rt->work});
}

static bool wait_until_up(const struct rt *rt)
{
	for (double until = now() + 20; now() < until; sleep_ms(50)) {
		struct outcome outcome = client(rt, "redis-cli -s redis.sock ping");
		bool up = strstr(outcome.out, "PONG");

		outcome_free(&outcome);
		if (up)
			return true;
	}
	return false;
}

/* A socket in the test's own directory: no port to find free, nothing to collide with. */
#define SERVER                                                                                                         \
	"redis-server --port 0 --unixsocket redis.sock --save '' --appendonly no --io-threads 2 "                      \
	"--lazyfree-lazy-user-del yes --loglevel warning"

static const char benchmark[] = "redis-benchmark -s redis.sock -t set,get,incr,lpush,rpop,sadd,hset,mset "
                                "-n 5000 -c 20 -d 100 -r 1000 -P 4 --csv";
static const char fill[] =
    "i=0; while [ $i -lt 3000 ]; do echo \"SET key$i value$i\"; echo \"RPUSH list$((i % 7)) $i\"; "
    "echo \"HSET hash$((i % 5)) f$i $i\"; i=$((i + 1)); done | redis-cli -s redis.sock > fill.out; "
    "grep -ci err fill.out; wc -l < fill.out";
static const char read_back[] =
    "echo 'GET key1234\nDEL list3 hash2\nLLEN list2\nHLEN hash1\nLRANGE list5 10 20\nDBSIZE\nDEBUG DIGEST\n"
    "CONFIG GET save\nCONFIG GET unixsocket' | redis-cli -s redis.sock";

static void expect_all_requests(const struct rt *rt)
{
	struct outcome outcome = client(rt, benchmark);

	cr_expect_eq(outcome.status, 0, "redis-benchmark: %s", outcome.err);
	cr_expect(strstr(outcome.out, "\"MSET"), "not all tests ran: %s", outcome.out);
	cr_expect_not(strstr(outcome.err, "rror"), "errors: %s", outcome.err);
	outcome_free(&outcome);
}

/* Data of a server: what a fixed list of commands answers. */
static char *answers(const struct rt *rt)
{
	struct outcome filled, outcome;
	char *text;

	outcome = client(rt, "redis-cli -s redis.sock flushall");
	outcome_free(&outcome);
	filled = client(rt, fill);
	outcome = client(rt, read_back);
	cr_assert(asprintf(&text, "%s%s", filled.out, outcome.out) > 0);
	outcome_free(&filled);
	outcome_free(&outcome);
	return text;
}

static char *serve(struct rt *rt, enum mode mode)
{
	struct child server;
	struct outcome outcome;
	char *text;

	*rt = rt_new();
	server = rt_start(rt, mode, SERVER);
	cr_assert(wait_until_up(rt), "redis-server did not start");
	expect_all_requests(rt);
	text = answers(rt);
	outcome = client(rt, "redis-cli -s redis.sock shutdown nosave");
	outcome_free(&outcome);
	rt->program = spawn_wait(&server);
	cr_expect_eq(rt->program.status, 0, "redis-server: status %d: %s%s", rt->program.status, rt->program.out,
	             rt->program.err);
	return text;
}

static void expect_same_service(enum mode mode)
{
	struct rt bare, watched;
	char *bare_answers = serve(&bare, MODE_BARE);
	char *watched_answers = serve(&watched, mode);

	expect_same_text("answers", watched_answers, bare_answers);
	cr_expect(strstr(watched_answers, "value1234"), "no data: %s", watched_answers);
	cr_expect_eq(events_lost(rt_report(&watched)), 0);
	cr_expect_gt(json_number(rt_process(&watched, "redis-server"), "heap.allocations"), 10000);
	cr_expect_eq(json_number(rt_process(&watched, "redis-server"), "heap.mismatched"), 0);
	free(bare_answers);
	free(watched_answers);
	rt_end(&bare);
	rt_end(&watched);
}

Test(redis, serves_the_same_run, .timeout = 120) { expect_same_service(MODE_RUN); }
Test(redis, serves_the_same_preload, .timeout = 120) { expect_same_service(MODE_PRELOAD); }
