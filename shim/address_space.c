#include "shim/address_space.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>

#include "shim/atomics.h"
#include "shim/sys.h"

#define HEADROOM       (UINT64_C(1) << 33) /* of the hard limit: a constant, larger than the shim's memory ever is */
#define ROOM_TO_GROW   (UINT64_C(64) << 20)
#define ROOM_FOR_SPAWN (UINT64_C(4) << 20) /* the child's stack, and what other threads allocate meanwhile */
#define SHARE          16 /* if the kernel's limit cannot be raised, the ring takes at most 1/16 of it */

static uint64_t ours;
static bool limited;
static struct rlimit own, given; /* while limited; changed between enter and leave */

/* ---- one at a time -------------------------------------------------------------------------- */

#define YIELDS     100u
#define WAITS_MOST 10000u /* waits of a millisecond each; after them, the thread inside will not run again */

static uint32_t
    inside; /* pid of the process whose thread is inside; 0: none is.  A forked child ignores its parent's */

/* Signals are held back, so no handler keeps a thread inside for long. */
bool address_space_enter(uint64_t *signals)
{
	uint32_t pid = (uint32_t)sys_getpid();

	sys_hold_signals(signals);
	for (unsigned waits = 0; waits < WAITS_MOST; waits++) {
		uint32_t held = load_acquire(&inside);
		if (held != pid && cas_acq_rel(&inside, held, pid))
			return true;
		if (waits < YIELDS)
			sys_yield();
		else
			sys_sleep_ns(1000000);
	}
	sys_let_signals(signals);
	return false;
}

void address_space_leave(const uint64_t *signals)
{
	store_release(&inside, 0u);
	sys_let_signals(signals);
}

/* ---- the kernel's side --------------------------------------------------------------------- */

static bool give_kernel(int pid, const struct rlimit *limit)
{
	return sys_call6(SYS_prlimit64, pid, RLIMIT_AS, (long)limit, 0, 0, 0) == 0;
}

static bool is_same(const struct rlimit *a, const struct rlimit *b)
{
	return a->rlim_cur == b->rlim_cur && a->rlim_max == b->rlim_max;
}

static rlim_t plus(rlim_t limit, uint64_t bytes)
{
	return limit < RLIM_INFINITY - bytes ? limit + bytes : RLIM_INFINITY;
}

struct offer { /* limits, in the order in which they are offered to the kernel */
	struct rlimit limits[2];
	unsigned count;
};

static struct offer offer_for(const struct rlimit *wanted)
{
	rlim_t soft = plus(wanted->rlim_cur, load_relaxed(&ours)), hard = wanted->rlim_max;
	struct rlimit raised = {soft, plus(hard, HEADROOM)}, within = {soft < hard ? soft : hard, hard};

	if (wanted->rlim_cur > hard) /* the kernel will return the error */
		return (struct offer){{*wanted}, 1};
	if (hard > own.rlim_max) /* with the headroom the kernel would accept more than the program may have */
		return (struct offer){{raised}, 1};
	if (hard == RLIM_INFINITY || plus(soft, ROOM_TO_GROW) <= hard)
		return (struct offer){{within}, 1};
	return (struct offer){{raised, within}, 2};
}

static void set(const struct rlimit *wanted, const struct rlimit *now_given)
{
	own = *wanted;
	given = *now_given;
	store_release(&limited, own.rlim_cur != RLIM_INFINITY || own.rlim_max != RLIM_INFINITY);
}

/* A3 */
static void adopt(void)
{
	struct rlimit now;

	if (sys_getrlimit(RLIMIT_AS, &now) == 0 && (!limited || !is_same(&now, &given)))
		set(&now, &now);
}

/* Sets the kernel's limit to the program's own and the size of the shim's memory.  False: the kernel refused a part of
 * that. */
static bool apply(void)
{
	struct offer offer = offer_for(&own);

	for (unsigned i = 0; i < offer.count; i++)
		if (is_same(&offer.limits[i], &given) || give_kernel(0, &offer.limits[i])) {
			given = offer.limits[i];
			return offer.limits[i].rlim_cur == plus(own.rlim_cur, load_relaxed(&ours));
		}
	return false;
}

/* ---- ours ------------------------------------------------------------------------------------- */

static uint64_t library_bytes(void)
{
	struct dl_find_object library;

	if (_dl_find_object((void *)(uintptr_t)library_bytes, &library))
		return 0;
	uintptr_t start = (uintptr_t)library.dlfo_map_start & ~(uintptr_t)4095;
	return (((uintptr_t)library.dlfo_map_end + 4095) & ~(uintptr_t)4095) - start;
}

/* Raises the kernel's limit to the size that the shim maps by now.  False: the kernel refused a part of that.  Between
 * enter and leave. */
static bool keep_up(void)
{
	adopt();
	return !limited || apply();
}

static void bring_up_to_date(void)
{
	uint64_t signals;

	if (sys_restricted || !address_space_enter(&signals))
		return;
	keep_up();
	address_space_leave(&signals);
}

void address_space_start_up(void)
{
	ours = library_bytes();
	bring_up_to_date();
}

bool address_space_is_limited(void)
{
	struct rlimit now;

	return !sys_restricted && sys_getrlimit(RLIMIT_AS, &now) == 0 && now.rlim_cur != RLIM_INFINITY;
}

void address_space_take(uint64_t bytes)
{
	fetch_add_relaxed(&ours, bytes);
	if (load_acquire(&limited))
		bring_up_to_date();
}

void address_space_give(uint64_t bytes) { address_space_take(-bytes); }

bool address_space_may_take(uint64_t bytes)
{
	fetch_add_relaxed(&ours, bytes);
	if (keep_up() || load_relaxed(&ours) <= own.rlim_cur / SHARE)
		return true;
	address_space_untake(bytes);
	return false;
}

void address_space_untake(uint64_t bytes)
{
	fetch_add_relaxed(&ours, -bytes);
	keep_up();
}

/* ---- the program's side ------------------------------------------------------------------------- */

int address_space_set(const struct rlimit *wanted, struct rlimit *old, address_space_call *call)
{
	uint64_t signals;
	int result = -1, error = errno;

	if (!address_space_enter(&signals))
		return call(wanted, old);
	adopt();
	struct offer offer = offer_for(wanted);
	for (unsigned i = 0; i < offer.count && result; i++) {
		result = call(&offer.limits[i], old);
		if (result)
			continue;
		address_space_show(old);
		set(wanted, &offer.limits[i]);
		errno = error;
	}
	address_space_leave(&signals);
	return result;
}

void address_space_show(struct rlimit *limit)
{
	if (limit && load_acquire(&limited) && is_same(limit, &given))
		*limit = own;
}

/* True while a program that is executed now would inherit the limit that is meant for this process. */
static bool passes_given_on(void)
{
	struct rlimit now;

	return load_acquire(&limited) && !sys_restricted && sys_getrlimit(RLIMIT_AS, &now) == 0 &&
	       is_same(&now, &given);
}

void address_space_pass_on(void)
{
	if (passes_given_on())
		give_kernel(0, &own);
}

void address_space_resume(void)
{
	uint64_t signals;

	if (!load_acquire(&limited) || sys_restricted || !address_space_enter(&signals))
		return;
	given = own;
	apply();
	address_space_leave(&signals);
}

static uint64_t used_now(void)
{
	char text[64] = "";
	uint64_t pages = 0;
	long fd = sys_open("/proc/self/statm", O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return UINT64_MAX / 2;
	sys_read((int)fd, text, sizeof text - 1);
	sys_close((int)fd);
	for (const char *at = text; *at >= '0' && *at <= '9'; at++)
		pages = pages * 10 + (uint64_t)(*at - '0');
	return pages * 4096;
}

void address_space_before_spawn(void)
{
	uint64_t signals;

	if (!passes_given_on() || used_now() + ROOM_FOR_SPAWN > own.rlim_cur || !address_space_enter(&signals))
		return;
	struct rlimit lowered = {own.rlim_cur, given.rlim_max};
	if (give_kernel(0, &lowered))
		given = lowered;
	address_space_leave(&signals);
}

void address_space_after_spawn(int child)
{
	if (!load_acquire(&limited))
		return;
	if (child && passes_given_on())
		give_kernel(child, &own);
	bring_up_to_date();
}
