/* The time that is left of a time-out after a stop, and the stops after which the waiting time of a call is known. */
#include <criterion/criterion.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>

#include "tools/target/restart.h"

#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)

TestSuite(restart);

Test(restart, milliseconds_are_never_too_few)
{
	cr_expect_eq(restart_left_ms(100, 0), 100);
	cr_expect_eq(restart_left_ms(100, 1), 100);
	cr_expect_eq(restart_left_ms(100, MS - 1), 100);
	cr_expect_eq(restart_left_ms(100, MS), 99);
	cr_expect_eq(restart_left_ms(100, 99 * MS + 1), 1);
	cr_expect_eq(restart_left_ms(100, 100 * MS), 0);
	cr_expect_eq(restart_left_ms(100, UINT64_MAX), 0);
	cr_expect_eq(restart_left_ms(INT_MAX, S), INT_MAX - 1000);
	cr_expect_eq(restart_left_ms(0, S), 0);
	cr_expect_eq(restart_left_ms(-1, S), -1);
}

static void expect_left(struct timespec timeout, uint64_t waited, time_t seconds, long ns)
{
	struct timespec left = restart_left(timeout, waited);

	cr_expect_eq(left.tv_sec, seconds);
	cr_expect_eq(left.tv_nsec, ns);
}

Test(restart, timespecs)
{
	expect_left((struct timespec){2, 5}, 0, 2, 5);
	expect_left((struct timespec){2, 5}, 5, 2, 0);
	expect_left((struct timespec){2, 5}, 6, 1, 999999999);
	expect_left((struct timespec){2, 5}, 2 * S + 5, 0, 0);
	expect_left((struct timespec){2, 5}, 2 * S + 6, 0, 0);
	expect_left((struct timespec){2, 5}, UINT64_MAX, 0, 0);
	expect_left((struct timespec){-1, 5}, S, -1, 5);
	expect_left((struct timespec){1, -5}, S, 1, -5);
	expect_left((struct timespec){1, 1000000000}, S, 1, 1000000000);
}

/* The clocks of two processors say nothing about each other, and a thread that ran in between has begun another wait.
 */
Test(restart, a_wait_is_known_where_nothing_else_happened)
{
	struct restart_sleep before = {.left_at = 1000, .switches = 7, .processor = 1};

	cr_expect_eq(restart_slept(&before, &(struct restart_sleep){5000, 8, 1}), 4000);
	cr_expect_eq(restart_slept(&before, &(struct restart_sleep){5000, 8, 0}), 0);
	cr_expect_eq(restart_slept(&before, &(struct restart_sleep){5000, 9, 1}), 0);
	cr_expect_eq(restart_slept(&before, &(struct restart_sleep){5000, 7, 1}), 0);
	cr_expect_eq(restart_slept(&before, &(struct restart_sleep){900, 8, 1}), 0);
	before.left_at = 0; /* moved to this processor in its sleep */
	cr_expect_eq(restart_slept(&before, &(struct restart_sleep){5000, 8, 1}), 0);
}

#if defined(__x86_64__)
Test(restart, calls)
{
	cr_expect_eq(restart_call(SYS_epoll_wait).time, RESTART_MS);
	cr_expect_eq(restart_call(SYS_epoll_wait).argument, 3);
	cr_expect_eq(restart_call(SYS_rt_sigtimedwait).time, RESTART_TIMESPEC);
	cr_expect_eq(restart_call(SYS_io_uring_enter).time, RESTART_URING);
	cr_expect(restart_call(SYS_recvfrom).known);
	cr_expect_not(restart_call(SYS_close).known);
	cr_expect_not(restart_call(SYS_ioctl).known);
	cr_expect_not(restart_call(-1).known);
}
#endif
