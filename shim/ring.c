/* Chunks: claiming, sealing, waiting for the reader, loss.  ring.h has the theory. */
#include "shim/ring.h"

#include <errno.h>
#include <string.h>

#include "shim/message.h"
#include "shim/process.h"
#include "shim/ring_copy.h"
#include "shim/ring_map.h"
#include "shim/sys.h"
#include "shim/thread.h"

#define READER_STALE_NS      200000000u  /* of a heartbeat: /proc is asked whether the reader lives */
#define READER_DEAD_NS       5000000000u /* of a heartbeat: the reader counts as dead, whatever its pid says */
#define READER_COMES_NS      2000000000u /* how long `ringtail run` may take to attach */
#define WAIT_STEP_NS         200000
#define SEARCH_WHEN_DROPPING 64u
#define SEARCH_FOR_DRAINED   128u
#define FIRST_BYTES          8192u /* of a lane's first chunk that get pages at first: most threads write little */

bool ring_threaded;

static struct rt_chunk *chunk_at(uint32_t index)
{
	const struct rt_header *header = process->header;
	return (struct rt_chunk *)(process->base + header->chunks_offset + (uint64_t)index * header->chunk_bytes);
}

/* True if there is a live reader, or one died without saying that it leaves. */
static bool has_reader(const struct rt_header *header) { return header->live && !load_acquire(&header->reader_left); }

static uint32_t chunks_in_use(const struct rt_header *header)
{
	uint64_t used = load_relaxed(&header->chunks_used);
	uint32_t there = load_relaxed(&process->chunks_there);
	uint64_t mapped = ring_map_chunk_bytes() / header->chunk_bytes;
	if (there > mapped)
		there = (uint32_t)mapped;
	return used < there ? (uint32_t)used : there;
}

/* Events up to this stamp may be missing. */
static void note_missing(uint64_t stamp)
{
	uint64_t *until = &process->header->missing_until, before;

	do {
		before = load_relaxed(until);
	} while (before < stamp && !cas_acq_rel(until, before, stamp));
}

/* Takes the chunk when it is in one of the states that `wanted` (a bit set) names. */
static bool try_claim(struct rt_chunk *chunk, unsigned wanted)
{
	uint32_t state = load_acquire(&chunk->state);
	if (!(wanted & 1u << (state & RT_CHUNK_STATE_MASK)))
		return false;
	uint32_t generation = (state >> RT_CHUNK_GEN_SHIFT) + 1;
	if ((state & RT_CHUNK_STATE_MASK) == RT_CHUNK_FULL)
		note_missing(load_relaxed(&chunk->end_stamp)); /* before the loss can be seen */
	if (!cas_acq_rel(&chunk->state, state, generation << RT_CHUNK_GEN_SHIFT | RT_CHUNK_CLAIMED)) /* W6 */
		return false;
	if ((state & RT_CHUNK_STATE_MASK) == RT_CHUNK_FULL)
		fetch_add_relaxed(&process->header->overwritten, chunk->events);
	return true;
}

/* Takes a chunk that no lane has used.  It is the caller's alone from now on; it has no pages yet. */
static struct rt_chunk *take_unused(uint32_t limit)
{
	struct rt_header *header = process->header;
	if (load_relaxed(&process->disk_full) || load_relaxed(&header->chunks_used) >= limit)
		return NULL;
	uint64_t index = fetch_add_relaxed(&header->chunks_used, 1);
	return index < header->chunk_count ? chunk_at((uint32_t)index) : NULL;
}

/* Notes that neither this chunk nor any behind it may be touched. */
static void note_full_disk(const struct rt_chunk *chunk)
{
	const struct rt_header *header = process->header;
	uint64_t offset = (uint64_t)((const unsigned char *)chunk - process->base) - header->chunks_offset;
	uint32_t index = (uint32_t)(offset / header->chunk_bytes), there;

	do {
		there = load_relaxed(&process->chunks_there);
	} while (index < there && !cas_acq_rel(&process->chunks_there, there, index));
	store_relaxed(&process->disk_full, 1);
	message_once("the disk has no more room for the ring file: older events are overwritten from now on", NULL);
}

/* Gives pages to the first `bytes` of a chunk that take_unused gave. */
static struct rt_chunk *claim_part(struct rt_chunk *chunk, uint32_t bytes)
{
	if (ring_map_reach(chunk, process->header->chunk_bytes) && sys_populate(chunk, bytes))
		return try_claim(chunk, 1u << RT_CHUNK_UNUSED) ? chunk : NULL;
	note_full_disk(chunk);
	return NULL;
}

static struct rt_chunk *claim_taken(struct rt_chunk *chunk) { return claim_part(chunk, process->header->chunk_bytes); }

static struct rt_chunk *claim_unused(uint32_t limit)
{
	struct rt_chunk *chunk = take_unused(limit);
	return chunk ? claim_taken(chunk) : NULL;
}

/* Goes round all chunks from where the last search ended: they were filled in that order, so the first found is
 * about the oldest. */
static struct rt_chunk *claim_used(unsigned wanted, uint32_t most)
{
	uint32_t used = chunks_in_use(process->header);
	if (most > used)
		most = used;
	for (uint32_t i = 0; i < most; i++) {
		struct rt_chunk *chunk = chunk_at(fetch_add_relaxed(&process->hand, 1) % used);
		if (try_claim(chunk, wanted))
			return chunk;
	}
	return NULL;
}

static uint64_t age_of_heartbeat(void)
{
	return clock_ns(CLOCK_MONOTONIC) - load_relaxed(&process->header->reader_heartbeat);
}

/* True if the reader is in another PID namespace: its pid means nothing here, and only the heartbeat counts. */
static bool reader_is_elsewhere(void)
{
	const struct rt_header *header = process->header;
	return load_relaxed(&header->reader_space) != header->pid_space;
}

uint32_t ring_reader(void)
{
	uint32_t reader = load_acquire(&process->header->reader_pid);
	return reader && !reader_is_elsewhere() ? reader : 0;
}

/* PATH of a number: PREFIX NUMBER SUFFIX.  Returns its length. */
static size_t name_number(char *path, const char *prefix, uint32_t number, const char *suffix)
{
	char digits[12], *first = digits + sizeof digits;
	size_t start = strlen(prefix), length, rest = strlen(suffix);

	do
		*--first = (char)('0' + number % 10);
	while (number /= 10);
	length = (size_t)(digits + sizeof digits - first);
	memcpy(path, prefix, start);
	memcpy(path + start, first, length);
	memcpy(path + start + length, suffix, rest + 1);
	return start + length + rest;
}

/* True if /proc is there and knows processes by the numbers that they have for this process. */
static bool has_own_proc(void)
{
	char own[16], told[16];
	size_t length = name_number(own, "", (uint32_t)sys_getpid(), "");

	return sys_readlink("/proc/self", told, sizeof told) == (long)length && !memcmp(own, told, length);
}

/* False also for a zombie, which has no program any more but is there for kill. */
static bool process_exists(uint32_t pid)
{
	char path[32], target[8];

	if (sys_kill((int)pid, 0) == -ESRCH)
		return false;
	name_number(path, "/proc/", pid, "/exe");
	return sys_readlink(path, target, sizeof target) != -ENOENT || !has_own_proc();
}

bool ring_reader_lives(void)
{
	struct rt_header *header = process->header;
	if (!has_reader(header) || sys_restricted) /* no reader, or no right to sleep */
		return false;
	uint32_t reader = load_acquire(&header->reader_pid);
	if (!reader)
		return clock_ns(CLOCK_MONOTONIC_RAW) - header->clock_start.mono_ns < READER_COMES_NS;
	uint64_t age = age_of_heartbeat();
	if ((int64_t)age < (int64_t)READER_STALE_NS)
		return true;
	return age < READER_DEAD_NS && (reader_is_elsewhere() || process_exists(reader));
}

bool ring_reader_exists(void)
{
	uint32_t reader = load_acquire(&process->header->reader_pid);
	if (!reader || !has_reader(process->header))
		return false;
	return reader_is_elsewhere() ? (int64_t)age_of_heartbeat() < (int64_t)READER_DEAD_NS : process_exists(reader);
}

/* True if the reader has a chunk to hand back.  Where threads outnumber the chunks, all may be OPEN: then no thread
 * fills one while all wait for another, and waiting would never end. */
static bool reader_owes_chunks(void)
{
	uint32_t used = chunks_in_use(process->header);
	for (uint32_t i = 0; i < used; i++) {
		uint32_t state = load_relaxed(&chunk_at(i)->state) & RT_CHUNK_STATE_MASK;
		if (state == RT_CHUNK_FULL || state == RT_CHUNK_DRAINED)
			return true;
	}
	return false;
}

static struct rt_chunk *claim_when_full(void)
{
	const struct rt_header *header = process->header;
	struct rt_chunk *chunk = NULL;

	if (header->on_full == RT_ON_FULL_DROP)
		return claim_used(1u << RT_CHUNK_DRAINED, SEARCH_WHEN_DROPPING);
	/* On a full disk there may be no chunks at all, and each event would wait in vain. */
	if (header->on_full == RT_ON_FULL_WAIT && ring_reader_lives() && reader_owes_chunks()) {
		fetch_add_relaxed(&process->header->waits, 1);
		do {
			sys_sleep_ns(WAIT_STEP_NS);
			chunk = claim_used(1u << RT_CHUNK_DRAINED, UINT32_MAX);
		} while (!chunk && ring_reader_lives() && reader_owes_chunks());
		if (chunk)
			return chunk;
	}
	chunk = claim_unused(header->chunk_count);
	if (chunk)
		return chunk;
	/* The oldest chunk may have been moved to a part of the file that is not mapped yet. */
	ring_map_reach(chunk_at(0), (uint64_t)header->chunk_count * header->chunk_bytes);
	return claim_used(1u << RT_CHUNK_DRAINED | 1u << RT_CHUNK_FULL, UINT32_MAX);
}

static struct rt_chunk *claim_chunk(void)
{
	const struct rt_header *header = process->header;
	struct rt_chunk *chunk;
	if (!has_reader(header)) {
		chunk = claim_unused(header->chunk_count);
		return chunk ? chunk : claim_when_full();
	}
	/* New pages cost more than the events that are written into them, so drained chunks are used first.  A part of
	 * them is kept, so that `ringtail events` can show the last events. */
	chunk = claim_unused(header->chunk_keep_count);
	if (!chunk)
		chunk = claim_used(1u << RT_CHUNK_DRAINED, SEARCH_FOR_DRAINED);
	if (!chunk)
		chunk = claim_unused(header->chunk_live_count);
	if (!chunk)
		chunk = claim_used(1u << RT_CHUNK_DRAINED, UINT32_MAX);
	return chunk ? chunk : claim_when_full();
}

static void leave_chunk(struct lane *lane)
{
	lane->cursor = NULL; /* first: a lane with a cursor has all the rest */
	signal_fence();
	lane->end = NULL;
	lane->chunk = NULL;
}

/* The lane's chunk; NULL: it has none, or a longjmp left a hook that was giving the chunk up. */
static struct rt_chunk *own_chunk(const struct lane *lane)
{
	struct rt_chunk *chunk = lane->chunk;
	if (!chunk || chunk->lane != lane->number)
		return NULL;
	uint32_t state = load_acquire(&chunk->state) & RT_CHUNK_STATE_MASK;
	return state == RT_CHUNK_OPEN || state == RT_CHUNK_CLAIMED ? chunk : NULL;
}

/* Fills in what is valid once the chunk is FULL. */
static void close_chunk(const struct lane *lane, struct rt_chunk *chunk)
{
	chunk->events = lane->events - chunk->first_event;
	store_relaxed(&chunk->end_stamp, lane->last);
}

static void seal(struct lane *lane)
{
	struct rt_chunk *chunk = own_chunk(lane);
	if (!chunk) {
		leave_chunk(lane);
		return;
	}
	uint32_t generation = load_relaxed(&chunk->state) >> RT_CHUNK_GEN_SHIFT;
	close_chunk(lane, chunk);
	store_release(&chunk->state, generation << RT_CHUNK_GEN_SHIFT | RT_CHUNK_FULL); /* W5 */
	leave_chunk(lane);
}

/* Moves what the lane has written to an unused part of the file, so that its chunk, whose pages are mapped and in the
 * processor's caches, can be used again.  Returns the chunk to go on with, claimed; NULL: none could be had this way.
 */
static struct rt_chunk *move_out(const struct thread *thread, struct lane *lane)
{
	struct rt_header *header = process->header;
	struct rt_chunk *chunk = own_chunk(lane);

	if (!chunk || has_reader(header) || sys_restricted || load_relaxed(&process->no_moves))
		return NULL;
	struct rt_chunk *to = take_unused(header->chunk_count);
	if (!to)
		return NULL;
	close_chunk(lane, chunk);
	if (!ring_copy_chunk(thread->tid, chunk, to)) { /* the copy was refused, or there is no room */
		store_relaxed(&process->no_moves, 1);
		seal(lane);
		return claim_taken(to);
	}
	uint32_t generation = (load_relaxed(&chunk->state) >> RT_CHUNK_GEN_SHIFT) + 1;
	store_release(&chunk->state, generation << RT_CHUNK_GEN_SHIFT | RT_CHUNK_CLAIMED); /* M2 */
	leave_chunk(lane);
	return chunk;
}

/* A longjmp out of a signal handler may come at any point, so the lane gets its cursor last. */
static void open_chunk(struct thread *thread, struct lane *lane, struct rt_chunk *chunk, uint32_t bytes)
{
	uint32_t generation = load_relaxed(&chunk->state) >> RT_CHUNK_GEN_SHIFT;
	fence_release(); /* W7, pairs with the fence of R4: the claim is seen before what is written from here on */
	chunk->lane = lane->number;
	chunk->seq = lane->seq++;
	chunk->thread = lane->thread;
	chunk->tid = (uint32_t)thread->tid;
	chunk->depth = (uint32_t)(lane - thread->lanes);
	chunk->base_stamp = lane->last;
	chunk->first_event = lane->events - lane->unreported;
	chunk->events = 0;
	chunk->tail = sizeof *chunk;
	lane->chunk = chunk;
	lane->end = (unsigned char *)chunk + bytes;
	store_release(&chunk->state, generation << RT_CHUNK_GEN_SHIFT | RT_CHUNK_OPEN); /* W7 */
	signal_fence();
	lane->cursor = (unsigned char *)(chunk + 1);
}

void ring_lose(struct lane *lane, enum rt_loss reason)
{
	lane->unreported++;
	lane->unreported_reason = reason;
	lane->events++;
	note_missing(clock_ticks());
	fetch_add_relaxed(&process->header->lost, 1);
}

/* Writes a record that is no event: it says how many events are missing here. */
static void say_loss(struct thread *thread, struct lane *lane)
{
	uint64_t lost = lane->unreported;
	if (!lost)
		return;
	lane->unreported = 0;
	lane->events--; /* ring_write counts it */
	ring_write(thread, lane, RT_LOSS, 2, rt_word1(lost, lane->unreported_reason), 0, 0);
}

static void number_lane(struct lane *lane)
{
	if (lane->number)
		return;
	lane->number = (uint32_t)fetch_add_relaxed(&process->header->lanes, 1) + 1;
	lane->seq = RT_SEQ_FIRST;
	lane->last = clock_ticks();
}

/* Only one thread at a time, because the two numbers belong together. */
static void note_clock(void)
{
	struct rt_clock_pair *latest = &process->header->clock_latest;
	if (!cas_acq_rel(&process->noting_clock, 0, 1))
		return;
	struct rt_clock_pair now = clock_pair();
	store_relaxed(&latest->ticks, now.ticks);
	store_relaxed(&latest->mono_ns, now.mono_ns);
	store_release(&process->noting_clock, 0);
}

/* Gives the rest of a lane's first chunk its pages.  If there is no room, the chunk ends here and is not used again. */
static bool widen(struct lane *lane)
{
	unsigned char *start = (unsigned char *)lane->chunk, *end = start + process->header->chunk_bytes;

	if (!lane->cursor || lane->end == end)
		return false;
	if (!sys_populate(lane->end, (size_t)(end - lane->end))) {
		note_full_disk(lane->chunk);
		return false;
	}
	lane->end = end;
	return true;
}

/* The first chunk of a lane, while unused chunks are preferred anyway; NULL: it is not the lane's first, or there is no
 * chunk. */
static struct rt_chunk *claim_first(const struct lane *lane)
{
	const struct rt_header *header = process->header;

	if (lane->seq != RT_SEQ_FIRST || header->chunk_bytes <= FIRST_BYTES)
		return NULL;
	struct rt_chunk *chunk = take_unused(has_reader(header) ? header->chunk_keep_count : header->chunk_count);
	return chunk ? claim_part(chunk, FIRST_BYTES) : NULL;
}

unsigned char *ring_next_chunk(struct thread *thread, struct lane *lane)
{
	if (unlikely(load_acquire(&process->state) != PROCESS_RECORDING))
		return NULL; /* forked by a signal handler between the start of this hook and here: no ring yet */
	if (widen(lane))
		return lane->cursor;
	number_lane(lane);
	struct rt_chunk *first = claim_first(lane);
	struct rt_chunk *chunk = first ? first : move_out(thread, lane);
	if (!chunk) {
		seal(lane);
		chunk = claim_chunk();
	}
	if (!chunk) {
		ring_lose(lane, process->disk_full ? RT_LOSS_MEMORY : RT_LOSS_FULL);
		return NULL;
	}
	note_clock();
	open_chunk(thread, lane, chunk, first ? FIRST_BYTES : process->header->chunk_bytes);
	say_loss(thread, lane);
	return lane->cursor;
}

void ring_announce(struct thread *thread, struct lane *lane)
{
	if (likely(lane->thread == thread->id))
		return;
	lane->thread = thread->id;
	struct ring_record record = ring_begin(thread, lane, 4);
	if (record.at)
		ring_commit(lane, record, RT_THREAD_BEGIN, thread->runs, 4,
		            rt_word1((uintptr_t)pthread_self(), thread->flags),
		            (uint64_t)thread->id | (uint64_t)(uint32_t)thread->tid << 32, thread->stack_extent);
}
