#include "shim/ring_map.h"

#include <linux/mman.h>
#include <sys/auxv.h>

#include "shim/address_space.h"
#include "shim/atomics.h"
#include "shim/sys.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Between the program's code and the mappings that the kernel places from the top down, away from addresses that other
 * software asks for: tables of sanitizers, coloured heaps of Java, arenas of Go. */
#define QUIET_BASE UINT64_C(0x2a3700000000)
#define QUIET_SPAN (UINT64_C(1) << 40)
#define STEP       (UINT64_C(1) << 20) /* the least growth of a part, if address space is not limited */

#define GROWTH   8u
#define SPINS    10000u /* most spins for the growing thread, which a signal handler may have interrupted */
#define SLEEPS   4u     /* then sleeps of a millisecond: the growing thread has lost its processor */
#define SLEEP_NS 1000000u

/* In ordinary memory, so that a forked child knows what it has to unmap. */
static struct mapped {
	unsigned char *at;
	uint64_t bytes, whole;
	uint64_t reaching; /* above `bytes` while a thread grows the part: a forked child finds either size */
	uint32_t growing;  /* a thread grows the part; a hint, so that other threads need not queue with system calls */
	uint32_t scarce;   /* address space is scarce: the part grows by no more than is needed, or could not grow */
} mapped[RING_PARTS];
static bool at_once; /* the whole file is one mapping, at an address that the kernel chose */

/* ---- at the start ------------------------------------------------------------------------- */

void ring_map_drop(void)
{
	for (unsigned i = 0; i < RING_PARTS; i++) {
		uint64_t bytes = mapped[i].reaching > mapped[i].bytes ? mapped[i].reaching : mapped[i].bytes;
		if (bytes) {
			sys_munmap(mapped[i].at, bytes);
			address_space_give(mapped[i].bytes);
		}
		mapped[i].bytes = mapped[i].reaching = mapped[i].growing = 0;
	}
}

static void advise(void *at, uint64_t bytes)
{
	sys_madvise(at, bytes, MADV_DONTDUMP);
	sys_madvise(at, bytes, MADV_RANDOM); /* no read-ahead: on some file systems its start costs milliseconds */
}

static bool map_at(struct mapped *part, void *at, uint64_t bytes, int fd, uint64_t offset)
{
	address_space_take(bytes);
	int flags = MAP_SHARED | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0);
	long result = sys_call6(SYS_mmap, (long)at, (long)bytes, PROT_READ | PROT_WRITE, flags, fd, (long)offset);

	if (result < 0 && result > -4096) {
		address_space_give(bytes);
		return false;
	}
	*part = (struct mapped){(unsigned char *)result, bytes, bytes, 0, 0, 0};
	advise(part->at, bytes);
	return !at || part->at == at;
}

/* An attacker of the program would profit from a writable mapping at an address that is the same in every run, or from
 * which libc's guards of stacks and pointers could be computed: these are made of the same 16 bytes. */
static unsigned char *quiet_place(void)
{
	const unsigned char *chance = (const unsigned char *)getauxval(AT_RANDOM);
	uint64_t words[2] = {0, 0};

	if (chance)
		memcpy(words, chance, sizeof words);
	uint64_t number = (words[0] ^ words[1] >> 29) * UINT64_C(0x9e3779b97f4a7c15) + words[1];
	number = (number ^ number >> 32) * UINT64_C(0xd6e8feb86659fd93) >> 8;
	return (unsigned char *)(QUIET_BASE + (number & (QUIET_SPAN - 1) & ~UINT64_C(0xffff)));
}

static bool map_parts(unsigned char *base, int fd, const struct ring_part parts[RING_PARTS])
{
	for (unsigned i = 0; i < RING_PARTS; i++) {
		if (!map_at(&mapped[i], base + parts[i].offset, parts[i].first, fd, parts[i].offset)) {
			ring_map_drop();
			return false;
		}
		mapped[i].whole = parts[i].whole;
	}
	return true;
}

static unsigned char *map_all(int fd, const struct ring_part parts[RING_PARTS])
{
	struct mapped all;

	if (!map_at(&all, NULL, parts[RING_PARTS - 1].offset + parts[RING_PARTS - 1].whole, fd, 0))
		return NULL;
	for (unsigned i = 0; i < RING_PARTS; i++) {
		uint64_t end = i + 1 < RING_PARTS ? parts[i + 1].offset : all.bytes;
		mapped[i] =
		    (struct mapped){all.at + parts[i].offset, end - parts[i].offset, end - parts[i].offset, 0, 0, 0};
	}
	at_once = true;
	return all.at;
}

/* True if the parent's ring has the same layout as this one. */
static bool is_alike(const struct ring_part parts[RING_PARTS])
{
	for (unsigned i = 0; i < RING_PARTS; i++)
		if (!mapped[i].bytes || mapped[i].at != mapped[RING_HEAD].at + parts[i].offset ||
		    mapped[i].bytes > parts[i].whole)
			return false;
	return true;
}

static bool map_over(struct mapped *part, int fd, const struct ring_part *in_file)
{
	long result = sys_call6(SYS_mmap, (long)part->at, (long)part->bytes, PROT_READ | PROT_WRITE,
	                        MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd, (long)in_file->offset);

	if (result != (long)part->at)
		return false;
	advise(part->at, part->bytes);
	if (part->reaching > part->bytes)
		sys_munmap(part->at + part->bytes, part->reaching - part->bytes);
	part->reaching = 0;
	part->growing = 0;
	part->whole = in_file->whole;
	return true;
}

/* Maps the new ring over all of the parent's, at the same address, so that no part of that stays reachable.  If a
 * signal handler forked within a hook, that hook goes on in the child, and writes to this mapping data that no reader
 * reads. */
static bool map_over_all(int fd, const struct ring_part parts[RING_PARTS])
{
	bool good = is_alike(parts);

	for (unsigned i = 0; i < RING_PARTS && good; i++)
		good = map_over(&mapped[i], fd, &parts[i]);
	return good;
}

unsigned char *ring_map(int fd, const struct ring_part parts[RING_PARTS])
{
	unsigned char *base = mapped[RING_HEAD].at ? mapped[RING_HEAD].at : quiet_place();

	if (map_over_all(fd, parts))
		return base;
	ring_map_drop();
	return !at_once && map_parts(base, fd, parts) ? base : map_all(fd, parts);
}

struct rt_header *ring_map_header(void)
{
	return mapped[RING_HEAD].bytes ? (struct rt_header *)mapped[RING_HEAD].at : NULL;
}

/* ---- growing -------------------------------------------------------------------------------- */

/* Eight times as much each time, so that the system calls of growing do not grow with the events.  Where address space
 * is limited, no more than what is needed. */
static uint64_t size_for(struct mapped *part, uint64_t bytes)
{
	bool limited = address_space_is_limited();
	uint64_t wanted = !limited && bytes < GROWTH * part->bytes ? GROWTH * part->bytes : bytes;
	uint64_t step = limited ? 4096 : STEP, size = (wanted + step - 1) & ~(step - 1);

	store_relaxed(&part->scarce, limited);
	return size < part->whole ? size : part->whole;
}

/* False: there is no room, or a mapping of the program is in the way.  Between address_space_enter and leave. */
static bool grow(struct mapped *part, uint64_t bytes)
{
	uint64_t have = part->bytes, size = size_for(part, bytes);

	if (have >= bytes)
		return true; /* another thread has grown it already */
	if (!address_space_may_take(size - have))
		return false;
	store_relaxed(&part->reaching, size);
	bool grown = sys_call6(SYS_mremap, (long)part->at, (long)have, (long)size, 0, 0, 0) == (long)part->at;
	if (grown)
		store_release(&part->bytes, size);
	else
		address_space_untake(size - have);
	store_relaxed(&part->reaching, 0);
	return grown;
}

static bool has(const struct mapped *part, uint64_t bytes) { return load_acquire(&part->bytes) >= bytes; }

/* Chunks are mapped ahead, when half of those that are mapped are in use: the thread that comes first does it, while
 * the others go on in the rest. */
static bool should_grow_ahead(const struct mapped *part, uint64_t bytes)
{
	uint64_t have = load_acquire(&part->bytes);

	return part == &mapped[RING_CHUNKS] && have >= STEP && bytes > have / 2 && have < part->whole &&
	       !load_relaxed(&part->scarce);
}

static void wait_for_grower(const struct mapped *part, uint64_t bytes)
{
	for (unsigned i = 0; i < SPINS && !has(part, bytes) && load_acquire(&part->growing); i++)
		spin_hint();
	for (unsigned i = 0; i < SLEEPS && !has(part, bytes) && load_acquire(&part->growing); i++)
		sys_sleep_ns(SLEEP_NS);
}

static bool grow_to(struct mapped *part, uint64_t bytes)
{
	uint64_t signals;

	if (sys_restricted || !address_space_enter(&signals))
		return false;
	bool grown = grow(part, bytes);
	address_space_leave(&signals);
	return grown;
}

static bool reach(struct mapped *part, uint64_t bytes)
{
	bool there = has(part, bytes), ahead = there && should_grow_ahead(part, bytes);

	if ((there && !ahead) || bytes > part->whole)
		return there;
	bool first = cas_acq_rel(&part->growing, 0u, 1u);
	if (ahead && first && should_grow_ahead(part, bytes) && !grow_to(part, load_acquire(&part->bytes) + 1))
		store_relaxed(&part->scarce, 1u);
	if (!there && !first)
		wait_for_grower(part, bytes);
	there = has(part, bytes) || grow_to(part, bytes);
	if (first)
		store_release(&part->growing, 0u);
	return there;
}

bool ring_map_reach(const void *at, size_t bytes)
{
	unsigned i = RING_PARTS - 1;

	while (i && (const unsigned char *)at < mapped[i].at)
		i--;
	return reach(&mapped[i], (uint64_t)((const unsigned char *)at - mapped[i].at) + bytes);
}

uint64_t ring_map_chunk_bytes(void) { return load_acquire(&mapped[RING_CHUNKS].bytes); }

void ring_map_whole(void)
{
	for (unsigned i = 0; i < RING_PARTS; i++)
		if (mapped[i].at)
			reach(&mapped[i], mapped[i].whole);
}
