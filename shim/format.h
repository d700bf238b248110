/*
 * The ring file: the one thing that the shim and the tools share.
 *
 * One file per process image, mapped MAP_SHARED by the program under test and
 * read by the tools, live or after the process is gone.  docs/FORMAT.md tells
 * the same story in prose; every offset is held by a static assertion here.
 *
 *   +--------------+ 0
 *   | rt_header    | one page: identity, clock, counters, how it ended
 *   +--------------+ modules.offset
 *   | rt_module[]  | the objects that stack frames were found in
 *   +--------------+ pcs.offset
 *   | rt_pc[]      | distinct return addresses; the index is the PC id - 1
 *   +--------------+ nodes.offset
 *   | u64[]        | stack tree: (parent node, PC id); the index is the node id - RT_NODE_FIRST
 *   +--------------+ chunks_offset
 *   | rt_chunk     | chunk_bytes each: header, then records
 *   | ...          |
 *   +--------------+ file_bytes
 *
 * The file is sparse: only what was written takes space.  All integers are of
 * the machine's byte order; `arch` tells a reader of another machine.
 * Every reader must treat the file as hostile: nothing in it may be trusted
 * before it has been checked against the file's real size.
 */
#ifndef RINGTAIL_FORMAT_H
#define RINGTAIL_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define RT_MAGIC          "ringtail" /* 8 bytes, no terminator */
#define RT_FORMAT_VERSION 10u
#define RT_RING_SUFFIX    ".ring" /* of the file in the directory of a run: PID.IMAGE.ring */

#define RT_ARCH_X86_64  62u /* ELF's e_machine numbers */
#define RT_ARCH_AARCH64 183u
#if defined(__x86_64__)
#define RT_ARCH_OWN RT_ARCH_X86_64 /* this build's */
#elif defined(__aarch64__)
#define RT_ARCH_OWN RT_ARCH_AARCH64
#else
#error "no such architecture yet"
#endif

/* ---- records --------------------------------------------------------------
 *
 * A record is 1 to 15 words of 8 bytes.  Word 0 of every record:
 *
 *    63            40 39                 12 11   8 7      0
 *   +----------------+---------------------+------+--------+
 *   | stack node id  | ticks since the last| words|  type  |
 *   +----------------+---------------------+------+--------+
 *
 * "ticks since the last" counts from the stamp of the record before it in the
 * same chunk, and from rt_chunk.base_stamp for the first.  A longer pause is
 * bridged by an RT_TIME record.  Word 1, where there is one, is mostly
 *
 *    63        48 47                                      0
 *   +------------+-----------------------------------------+
 *   |    aux     |  object: an address                     |
 *   +------------+-----------------------------------------+
 */
#define RT_TYPE_BITS        8
#define RT_WORDS_SHIFT      8
#define RT_WORDS_MASK       0xfu
#define RT_DT_SHIFT         12
#define RT_DT_BITS          28
#define RT_DT_MAX           ((1u << RT_DT_BITS) - 1)
#define RT_STACK_SHIFT      40
#define RT_STACK_MAX        ((1u << 24) - 1)
#define RT_MAX_RECORD_WORDS 15u

#define RT_OBJECT_BITS 48
#define RT_OBJECT_MASK ((UINT64_C(1) << RT_OBJECT_BITS) - 1)
#define RT_AUX_SHIFT   48

static inline uint64_t rt_word0(unsigned type, unsigned words, uint64_t dt, uint32_t stack)
{
	return (uint64_t)type | (uint64_t)words << RT_WORDS_SHIFT | dt << RT_DT_SHIFT |
	       (uint64_t)stack << RT_STACK_SHIFT;
}

static inline uint64_t rt_word1(uint64_t object, unsigned aux)
{
	return (object & RT_OBJECT_MASK) | (uint64_t)aux << RT_AUX_SHIFT;
}

enum rt_type {
	RT_END = 0,          /* never written: an unwritten word */
	RT_TIME = 1,         /* word 1: the full stamp that the next record counts from */
	RT_LOSS = 2,         /* word 1: events missing here (48 bits), aux: enum rt_loss */
	RT_THREAD_BEGIN = 3, /* word 1: pthread_t, aux: RT_THREAD_* flags;
	                      * word 2: thread id | kernel tid << 32;
	                      * word 3: end of its stack | (bytes of it >> RT_STACK_UNIT_SHIFT) << RT_AUX_SHIFT,
	                      * 0: not known; all of that is certainly the stack.  The record's stack is one exact
	                      * frame: the start routine; none where it is not known.
	                      * First record a thread writes into a lane; from here on the lane's
	                      * records are this thread's */
	RT_THREAD_END = 4,   /* the start routine returned, or the thread exited or was cancelled */
	RT_THREAD_NAME = 5,  /* word 1: pthread_t named; words 2..3: 16 bytes, NUL padded */

	/* Blocks.  Stamped after the real call returned.  Word 1: address, aux: the size;
	 * where the size is RT_SIZE_BIG or more or an alignment was asked for, aux is RT_SIZE_BIG
	 * and word 2 is size | log2(alignment) << 56 (0: none asked for). */
	RT_ALLOC_FIRST = 16,
	RT_MALLOC = 16,
	RT_CALLOC = 17,
	RT_MEMALIGN = 18,
	RT_POSIX_MEMALIGN = 19,
	RT_ALIGNED_ALLOC = 20,
	RT_VALLOC = 21,
	RT_PVALLOC = 22,
	RT_OPERATOR_NEW = 23,       /* operator new in all its forms */
	RT_OPERATOR_NEW_ARRAY = 24, /* operator new[] in all its forms */
	RT_ALLOC_LAST = 24,
	RT_REALLOC_BEGIN = 25, /* word 1: the old block, not null; stamped BEFORE the real call,
	                        * which may give it away */
	RT_REALLOC_END = 26,   /* as an alloc: the new block; closes the thread's REALLOC_BEGIN.
	                        * Object 0: the call failed, and the old block lives on as it was */
	RT_ALLOC_FAILED = 27,  /* word 1: 0, aux: the RT_MALLOC.. type that failed; word 2: size, and from
	                        * RT_SIZE_NEGATIVE on it looked like a negative number */

	/* Stamped BEFORE the real call.  Word 1: address (never 0), aux: see rt_free_aux.  RT_FREE also ends a
	 * block by realloc(p, 0), if that freed it (aux: RT_FREE_BY_REALLOC). */
	RT_FREE_FIRST = 32,
	RT_FREE = 32,
	RT_OPERATOR_DELETE = 33,
	RT_OPERATOR_DELETE_ARRAY = 34,
	RT_FREE_LAST = 34,

	/* Synchronisation.  Word 1: the object, aux: rt_sync_aux(). */
	RT_WAIT = 40,    /* about to block (for kind thread: a join).  Kind sem with RT_SYNC_TIMED: word 2 is how
	                  * many nanoseconds the wait may last, 0: not known */
	RT_ACQUIRE = 41, /* the lock is held / the wait is over with success */
	RT_RELEASE = 42, /* about to be unlocked / posted; stamped BEFORE the real call */
	RT_FAILED = 43,  /* the call returned an error (aux.result), nothing was acquired; with
	                  * RT_SYNC_UNLOCK: the release before it did not happen */
	RT_INIT = 44,    /* word 2: RT_INIT_*; aux.result: 0, or why it was refused */
	RT_DESTROY = 45, /* cond, barrier: BEFORE the call, or after it where an RT_WAIT with RT_SYNC_LEAVE came before;
	                  * else after it; aux.result: 0, or why it refused */
	RT_COND_WAIT = 46, /* object: the cond; word 2: the mutex, released by this wait; with RT_SYNC_TIMED word 3:
	                    * how many nanoseconds the wait may last, 0: not known */
	RT_COND_WAKE = 47, /* object: the cond; word 2: the mutex, held again; aux.result: 0,
	                    * ETIMEDOUT, ...; RT_SYNC_CANCELLED when the wait was cancelled */
	RT_SIGNAL = 48,    /* cond signal, futex wake (word 2: how many) */
	RT_BROADCAST = 49,
	RT_MUTEX_CONSISTENT = 50, /* pthread_mutex_consistent succeeded; where it fails: RT_FAILED */
	RT_ON_STACK = 51,         /* word 1: a lock that the thread is about to use and that lies on its own stack; the
	                           * record's stack: of the frames that called the frame in which it lies; word 2: the stack of
	                           * the call.  Recorded once for each lock and call stack, and again
	                           * when the thread has forgotten them */

	/* Functions of libc with hidden state (libc_state.def).  Word 1: the stream that is used, 0: none; aux: number
	 * of the function.  Word 2: number of the call in its thread, within 32 bits. */
	RT_LIBC_ENTER = 52, /* before the call, of some calls.  Upper half of word 2: another thread, which is within a
	                     * call on the same state now, 0: none; word 3: the number of that call */
	RT_LIBC_LEAVE = 53, /* after the call, if it and a call of another thread have met.  Word 2 with
	                     * RT_LIBC_UNCHANGED: nothing was changed or handed out */

	/* Threads. */
	RT_THREAD_CREATE = 56,  /* stamped before the real call: word 1: start routine, aux:
	                         * RT_THREAD_DETACHED; word 2: new thread id */
	RT_THREAD_CREATED = 57, /* word 1: pthread_t, aux: result; word 2: new thread id */
	RT_JOINED = 58,         /* word 1: pthread_t, aux: result of the join (0: joined) */
	RT_DETACH = 59,         /* word 1: pthread_t, aux: result */
	RT_CANCEL = 60,         /* word 1: pthread_t, aux: result */
	RT_THREAD_EXIT = 61,    /* pthread_exit or thrd_exit was called */

	/* The process. */
	RT_FORK = 64,        /* word 1: the child's pid, aux: enum rt_fork */
	RT_EXEC = 65,        /* about to exec */
	RT_EXEC_FAILED = 66, /* aux: errno */
	RT_EXIT = 67,        /* word 1: status, aux: enum rt_end_how */
	RT_FORKING = 68,     /* fork is about to be called */
	RT_UNSEEN = 69,      /* word 1: 1 from here on, 0 no longer: calls may be made that are not seen; aux: enum
	                      * rt_unseen */
	RT_CHILD_END = 70,   /* a wait told of a child's end.  word 1: its pid, aux: its status, as waitpid's */

	/* Mappings, where the allocator is one that is known (known_allocator.h): all of them.  Else anonymous ones,
	 * with option mmap=yes.  Word 1: address; word 2: bytes. */
	RT_MAP = 72,   /* aux: RT_MAP_BY_ALLOCATOR, or 0; stamped after the real call */
	RT_UNMAP = 73, /* stamped before the real call */
	RT_TYPE_LIMIT = 74,
};

#define RT_STACK_UNIT_SHIFT 16
#define RT_STACK_UNITS_MOST 0xffffu

#define RT_SIZE_BIG      0xffffu
#define RT_SIZE_MASK     ((UINT64_C(1) << 56) - 1)
#define RT_SIZE_NEGATIVE (UINT64_C(1) << 55) /* of a request that failed */
#define RT_ALIGN_SHIFT   56

/* aux of RT_FREE.. and RT_REALLOC_BEGIN: 0, one of these, or RT_FREE_SIZED | the size that was given (sized delete,
 * free_sized), where a size of RT_FREE_SIZE_BIG or more is in word 2. */
#define RT_FREE_BY_REALLOC 1u
#define RT_FREE_UNMAPPED   2u /* there is no memory at the address */
#define RT_FREE_SIZED      0x8000u
#define RT_FREE_SIZE_BIG   0x7fffu

#define RT_MAP_BY_ALLOCATOR 1u /* the allocator called */

#define RT_LIBC_UNCHANGED (UINT64_C(1) << 32)

enum rt_unseen {
	RT_UNSEEN_MODULE = 0, /* of a library opened with RTLD_DEEPBIND, until its calls are turned to the hooks */
	RT_UNSEEN_LIBC = 1,   /* of libraries in a namespace of dlmopen, which have a libc of their own: for good */
	RT_UNSEEN_HEAP = 2, /* malloc, free and the like of a library that this thread opens, until its calls are turned
	                     * to the hooks: the allocator is in front (heap_in_front) */
	RT_UNSEEN_KINDS = 3,
};

enum rt_loss {
	RT_LOSS_FULL = 1,   /* no room in the ring (on-full=drop) */
	RT_LOSS_NESTED = 2, /* signal handlers nested deeper than there are lanes */
	RT_LOSS_MEMORY = 3, /* no memory or disk for a chunk */
};

#define RT_THREAD_MAIN     1u /* the thread that started the process image */
#define RT_THREAD_ADOPTED  2u /* not made through a hooked call: seen at its first event */
#define RT_THREAD_DETACHED 4u /* created detached */

enum rt_kind {
	RT_KIND_NONE,
	RT_KIND_MUTEX,
	RT_KIND_RWLOCK,
	RT_KIND_SPIN,
	RT_KIND_COND,
	RT_KIND_SEM,
	RT_KIND_BARRIER,
	RT_KIND_ONCE,
	RT_KIND_THREAD, /* joins: the object is the pthread_t */
	RT_KIND_FUTEX,
};

#define RT_SYNC_SHARED    1u /* read lock */
#define RT_SYNC_TRY       2u /* a try call: adds no lock order */
#define RT_SYNC_TIMED     4u /* has a time-out */
#define RT_SYNC_UNLOCK    8u /* RT_FAILED: it was the unlock that failed */
#define RT_SYNC_CANCELLED 8u /* RT_COND_WAKE: the waiter was cancelled */
#define RT_SYNC_SERIAL    8u /* RT_ACQUIRE of a barrier: PTHREAD_BARRIER_SERIAL_THREAD */
#define RT_SYNC_LEAVE                                                                                                  \
	1u /* RT_WAIT of a condition or barrier: its destruction waits until the threads in it have left */
#define RT_SYNC_PSHARED 8u /* RT_WAIT, RT_COND_WAIT, RT_DESTROY of a barrier: process-shared */

/* The result of RT_WAIT and RT_ACQUIRE of a read-write lock: it lets writers go first, so that a waiting writer keeps
 * new readers out (PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP). */
#define RT_RWLOCK_WRITERS_FIRST 1u

/* aux of a synchronisation record: kind:4 flags:4 result:8 (an errno value) */
static inline unsigned rt_sync_aux(unsigned kind, unsigned flags, unsigned result)
{
	return (kind & 15u) | (flags & 15u) << 4 | (result & 255u) << 8;
}

static inline unsigned rt_aux_kind(unsigned aux) { return aux & 15u; }
static inline unsigned rt_aux_flags(unsigned aux) { return aux >> 4 & 15u; }
static inline unsigned rt_aux_result(unsigned aux) { return aux >> 8 & 255u; }

/* Word 2 of RT_INIT.  type: PTHREAD_MUTEX_* or PTHREAD_RWLOCK_*; value: sem's or barrier's count. */
#define RT_INIT_TYPE_MASK   0xffu
#define RT_INIT_SHARED      (1u << 8)
#define RT_INIT_ROBUST      (1u << 9)
#define RT_INIT_PI          (1u << 10)
#define RT_INIT_PP          (1u << 11)
#define RT_INIT_NAMED       (1u << 12) /* sem_open: opened again, it is the same semaphore */
#define RT_INIT_VALUE_SHIFT 32

enum rt_fork { RT_FORK_FORK = 1, RT_FORK_VFORK = 2, RT_FORK_SPAWN = 3 };

/* ---- chunks ---------------------------------------------------------------- */

enum rt_chunk_state {
	RT_CHUNK_UNUSED = 0,  /* never used */
	RT_CHUNK_CLAIMED = 1, /* a writer is filling in the header: not readable */
	RT_CHUNK_OPEN = 2,    /* being written */
	RT_CHUNK_FULL = 3,    /* complete, not yet drained */
	RT_CHUNK_DRAINED = 4, /* read by the live reader: may be claimed again */
};
#define RT_CHUNK_STATE_MASK 7u
#define RT_CHUNK_GEN_SHIFT  3

/* tail: bytes of the chunk that are published, header included.  Bit 0 is set while a record is
 * being written, from before its stamp is taken until it is published. */
#define RT_TAIL_ACTIVE 1u

struct rt_chunk {
	uint32_t state;       /* enum rt_chunk_state | generation << RT_CHUNK_GEN_SHIFT */
	uint32_t lane;        /* the lane whose records these are */
	uint32_t seq;         /* the chunk's ordinal in its lane; wraps, the first is RT_SEQ_FIRST */
	uint32_t thread;      /* thread id in force at the start of the chunk (0: none yet) */
	uint64_t base_stamp;  /* the first record's ticks count from here */
	uint64_t first_event; /* events the lane had recorded or lost before this chunk */
	uint64_t tail;        /* published bytes | RT_TAIL_ACTIVE */
	uint64_t events;      /* events in the chunk; valid once FULL */
	uint32_t tid;         /* kernel's id of that thread */
	uint32_t depth;       /* nesting depth of the lane: 0 usual, 1.. in a signal handler */
	uint64_t end_stamp;   /* of the last record; valid once FULL */
};
#define RT_SEQ_FIRST 0xfffffffeu /* so that every test wraps */

/* ---- tables ---------------------------------------------------------------- */

#define RT_DEPTH_MOST   4096u /* frames per stack, whatever is asked for */
#define RT_MODULE_PATH  880
#define RT_BUILD_ID_MAX 32

enum rt_calls {                         /* of a module to functions that are hooked */
	        RT_CALLS_BOUND = 0,     /* bound to the hooks by the loader, as far as is known */
	        RT_CALLS_TURNED = 1,    /* turned to the hooks, from `turned` on */
	        RT_CALLS_ELSEWHERE = 2, /* the same, but its malloc is another than the program's */
	        RT_CALLS_PAST = 3,      /* pass by the hooks: they could not be turned */
	        RT_CALLS_SERVED = 4, /* it is the allocator, preloaded before the shim: calls of it were turned to the
	                              * hooks at `turned`; 0: they were not */
};

struct rt_module {
	uint64_t state;    /* 0 unused, 1 being written, 2 loaded, 3 unloaded */
	uint64_t bias;     /* what to add to the file's addresses */
	uint64_t start;    /* mapped from here */
	uint64_t end;      /* to here, exclusive */
	uint64_t seen;     /* stamp when first met */
	uint64_t unloaded; /* stamp when found gone, 0 while loaded */
	uint64_t build_id_bytes;
	uint8_t build_id[RT_BUILD_ID_MAX];
	char path[RT_MODULE_PATH]; /* NUL terminated; "[vdso]" for the vDSO */
	uint32_t calls;            /* enum rt_calls */
	uint32_t reserved0;
	uint64_t turned; /* stamp, if calls is not RT_CALLS_BOUND */
	uint8_t reserved[40];
};

/* key: 0 unused, else the address | flags */
#define RT_PC_USED    (UINT64_C(1) << 63)
#define RT_PC_EXACT   (UINT64_C(1) << 62) /* interrupted here: not a return address */
#define RT_PC_DEAD    (UINT64_C(1) << 61) /* its module was unloaded: the address may mean another now */
#define RT_PC_ADDRESS ((UINT64_C(1) << 56) - 1)

struct rt_pc {
	uint64_t key;
	uint32_t module; /* index into the modules + 1; 0: in no module (made at run time) */
	uint32_t rule;   /* the shim's own: the unwind rule found for it */
};

/* A stack is the id of its innermost node.  A node is parent << 32 | PC id, 0 where unused.  Ids
 * below RT_NODE_FIRST are no nodes but the ends of a stack: */
#define RT_STACK_NONE     0u /* no stack was recorded */
#define RT_ROOT_COMPLETE  1u /* unwound to the thread's first frame */
#define RT_ROOT_TRUNCATED 2u /* the frame above has no usable unwind information */
#define RT_ROOT_DEPTH     3u /* the depth limit was reached */
#define RT_NODE_FIRST     16u

struct rt_table {
	uint64_t offset; /* from the start of the file */
	uint64_t count;  /* entries there is room for */
};

/* ---- header ---------------------------------------------------------------- */

enum rt_clock { RT_CLOCK_TSC = 1, RT_CLOCK_MONOTONIC_RAW = 2 /* ticks are nanoseconds */ };

/* RT_CLOCK_TSC, now: the CPU's counter.  Not ordered with what stands before or after it. */
static inline uint64_t rt_counter(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	uint64_t ticks;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#endif
}

enum rt_end_how {
	RT_END_RUNNING = 0,  /* or ended without a word: SIGKILL, a crash */
	RT_END_EXIT = 1,     /* exit(), or a return from main; status */
	RT_END_EXIT_NOW = 2, /* _exit, _Exit or quick_exit; status */
	RT_END_ABORT = 3,
	RT_END_EXEC = 4,
};

enum rt_on_full { RT_ON_FULL_WAIT = 0, RT_ON_FULL_DROP = 1, RT_ON_FULL_OVERWRITE = 2 };
enum rt_stacks { RT_STACKS_FULL = 0, RT_STACKS_CALLER = 1, RT_STACKS_NONE = 2 };

#define RT_SCAN_REGISTERS 33u

/* The leak scan; shim/scan.h has the whole picture. */
enum rt_scan {
	RT_SCAN_NONE = 0,    /* none is asked for, or no tool came */
	RT_SCAN_WAITING = 1, /* the program is at its end and waits */
	RT_SCAN_TAKEN = 2,   /* a tool makes it now */
	RT_SCAN_DONE = 3,    /* its result is known, or lies in the .scan file beside this one */
	RT_SCAN_REFUSED = 4, /* the same, and it says why nothing could be seen */
};
enum rt_scan_missed { /* why no scan came at the end of a program, or where its result is not */
	              RT_SCAN_MISSED_OTHERWISE = 0,
	              RT_SCAN_MISSED_CHILDREN_ELSEWHERE =
	                  1, /* its children are born in another PID namespace, as the first of which the
	                      * tool would take that namespace with it */
	              RT_SCAN_MISSED_NO_TOOL = 2,    /* no such file beside the library */
	              RT_SCAN_MISSED_NO_PROCESS = 3, /* none could be made */
	              RT_SCAN_MISSED_RESTRICTED = 4, /* the program had given up system calls */
	              RT_SCAN_MISSED_OTHER_USER = 5, /* the tool, of the user that the program had become, may not open
	                                              * the ring file */
	              RT_SCAN_MISSED_LIMIT = 6,      /* it ended without a result, under a limit of address space */
	              RT_SCAN_MISSED_TOOL = 7,       /* it ended without a result */
	              RT_SCAN_MISSED_LATE = 8,       /* it was waited for no longer */
	              RT_SCAN_MISSED_VALGRIND = 11,  /* the program runs under valgrind */
	              /* Of a scan that was made: the tool says so before DONE or REFUSED. */
	              RT_SCAN_MISSED_WITH_READER = 9, /* there is no .scan file: the live reader keeps the result */
	              RT_SCAN_MISSED_UNWRITTEN = 10,  /* the .scan file could not be written; bits 8 to 31: the errno */
};
#define RT_SCAN_MISSED_KIND  0xffu
#define RT_SCAN_MISSED_SHIFT 8               /* of the errno */
#define RT_SCAN_TOOL         "ringtail-scan" /* beside the library: `ringtail-scan RING`, as the shim starts it */

/* The tracer of data races; shim/races.h has the whole picture. */
enum rt_races {
	RT_RACES_NONE = 0,     /* not wanted, or no second thread was created yet */
	RT_RACES_CALLED = 1,   /* the program waits until the tool traces it, or refuses */
	RT_RACES_WATCHING = 2, /* the tool traces it */
	RT_RACES_REFUSED = 3,  /* no tracer came; the .races file, if there is one, tells why */
	RT_RACES_ENDED = 4,    /* the tracer has ended */
};
enum rt_races_end { /* why the tracer is asked to end */
	            RT_RACES_END_NONE = 0,
	            RT_RACES_END_SCAN = 1,    /* a leak scan is to stop the process, at its end */
	            RT_RACES_END_NOW = 2,     /* the same, while the process runs */
	            RT_RACES_END_EXEC = 3,    /* the process executes another program */
	            RT_RACES_END_TRAP = 4,    /* the program handles SIGTRAP, or ignores it */
	            RT_RACES_END_FILTERS = 5, /* the program gives up system calls */
	            RT_RACES_ENDS
};
#define RT_RACES_TOOL "ringtail-races" /* beside the library: `ringtail-races RING`, as the shim starts it */

#define RT_WATCH_HEAP  1u
#define RT_WATCH_LOCKS 2u
#define RT_WATCH_MMAP  4u

enum rt_heap_unseen { /* why the heap is not watched although RT_WATCH_HEAP asks for it */
	              RT_HEAP_SEEN = 0,
	              RT_HEAP_IN_PROGRAM = 1, /* malloc is part of the executable, whose calls of it no library sees */
	              RT_HEAP_IN_FRONT = 2,   /* malloc is that of a library preloaded before the shim */
};

/* One moment on both clocks. */
struct rt_clock_pair {
	uint64_t ticks;
	uint64_t mono_ns; /* CLOCK_MONOTONIC_RAW */
};

#define RT_HEADER_BYTES 4096u

#define RT_ALLOCATOR_PARTS 2
#define RT_PATH_MAX        1024
#define RT_COMMAND_MAX     1024

/*
 * Stands at the start of each piece of memory of the program's process that the shim works with.  Such memory holds
 * values found on the program's stacks, which keep nothing alive; but for what a thread was started with, as libc keeps
 * that.
 */
struct rt_own {
	uint64_t next;  /* address of another, 0: the last */
	uint64_t bytes; /* of the piece, this included */
	uint64_t argument;
};

struct rt_header {
	char magic[8];
	uint32_t version;
	uint32_t header_bytes;
	uint64_t file_bytes;
	uint32_t arch;
	uint32_t page_bytes;
	uint32_t ready; /* 1 once all fields up to the counters are valid */
	uint32_t pid;
	uint32_t parent;        /* its parent's pid at the start of this image */
	uint32_t image;         /* 0 for a pid's first image, 1 after its first exec, ... */
	uint64_t realtime_ns;   /* CLOCK_REALTIME at start */
	uint64_t process_start; /* field 22 of /proc/PID/stat: tells a reused pid */
	uint32_t clock;         /* enum rt_clock */
	uint32_t watch;         /* RT_WATCH_* */
	struct rt_clock_pair clock_start;
	struct rt_clock_pair clock_latest; /* from time to time, and at the end */
	uint8_t boot_id[40];               /* text, as in /proc/sys/kernel/random/boot_id */

	struct rt_table modules; /* struct rt_module */
	struct rt_table pcs;     /* struct rt_pc */
	struct rt_table nodes;   /* uint64_t */
	uint64_t chunks_offset;
	uint32_t chunk_bytes;
	uint32_t chunk_count;      /* there is room for */
	uint32_t chunk_live_count; /* how many are used while a live reader keeps up */
	uint32_t depth;            /* limit of frames per stack */
	uint32_t stacks;           /* enum rt_stacks */
	uint32_t on_full;          /* enum rt_on_full */
	uint32_t live;             /* 1: started by `ringtail run`, a reader will come */
	uint32_t chunk_keep_count; /* how many are used before drained ones are used again */

	/* Counters, written while the program runs. */
	uint64_t chunks_used; /* chunks [0, chunks_used) have been claimed at some time; may exceed
	                       * chunk_count by threads that found none left */
	uint64_t threads;     /* highest thread id given out */
	uint64_t lanes;       /* lanes given out */
	uint64_t lost;        /* events never written */
	uint64_t overwritten; /* events written, then overwritten unread */
	uint64_t modules_used;
	uint64_t stacks_lost; /* stacks for which the tree had no room */
	uint64_t waits;       /* times a writer waited for the reader */

	/* How it ended. */
	uint32_t end_how; /* enum rt_end_how */
	int32_t end_status;
	uint64_t end_stamp;

	/* The reader's side. */
	uint32_t reader_pid;       /* 0: none; as the reader itself calls it */
	uint32_t reader_space;     /* its PID namespace, as pid_space */
	uint64_t reader_heartbeat; /* CLOCK_MONOTONIC ns of its last round */
	uint64_t analysed;         /* 1: everything in this file is in the database */
	uint64_t drained_events;   /* events in chunks the live reader has taken */

	char exe[RT_PATH_MAX];        /* NUL terminated */
	char command[RT_COMMAND_MAX]; /* arguments, NUL separated, as in /proc/PID/cmdline */
	uint32_t command_bytes;
	uint32_t command_truncated;

	uint32_t forked; /* 1: made by fork without exec: locks may be held that were never seen taken, and there are
	                  * blocks of its parent's */

	/* The leak scan. */
	uint32_t scan_tid;   /* the thread that waits at the end */
	uint32_t scan_state; /* enum rt_scan; waited on as a futex by the program */
	uint32_t scan_wait;  /* seconds that it may take; 0: none is wanted */
	uint64_t scan_sp;    /* where the program's part of that thread's stack begins; 0: not known */
	uint64_t scan_registers[RT_SCAN_REGISTERS]; /* of the frame there */
	uint64_t own;                               /* address of the newest struct rt_own, 0: none */
	uint64_t brk_start, brk_end; /* within: all that the program itself, and not malloc, got by sbrk and brk */

	uint32_t pid_space;   /* the PID namespace that pid, parent and tids are of: the inode of /proc/self/ns/pid; 0:
	                         not known */
	uint32_t scan_missed; /* enum rt_scan_missed */

	uint32_t reader_left; /* 1: the reader has left, or had before this began: none will come any more */
	uint32_t unfollowed;  /* programs that it or its children started without the shim in their environment */

	uint32_t heap_unseen;   /* enum rt_heap_unseen */
	uint32_t refused;       /* 1: ended before its main, since --must-watch was given and its heap is not seen */
	uint32_t unseen[3];     /* by enum rt_unseen: how many RT_UNSEEN have begun and not ended */
	uint32_t heap_in_front; /* 1: the allocator is a library preloaded before the shim, and calls of it were turned
	                         * to the hooks: blocks made before that are not known */

	uint64_t missing_until; /* no event that `lost` or `overwritten` counts has a later stamp; raised before the
	                         * event is counted */

	/* The allocator, where it is a library that is nothing else (known_allocator.h): where it is mapped, and the
	 * library that maps its memory, if that is another.  0: there is none. */
	struct {
		uint64_t start, end;
	} allocator[RT_ALLOCATOR_PARTS];
	uint32_t allocator_asked; /* 1: the program may have called functions of the allocator that are not hooked */
	uint32_t reserved;

	/* The search for data races. */
	uint32_t races_share;    /* percent of the time that it may cost; 0: none is wanted */
	uint32_t races_floor_ms; /* milliseconds that it may cost in any case */
	uint32_t races_seed;     /* of the tracer's choices; 0: it takes one by chance */
	uint32_t races_state;    /* enum rt_races; waited on as a futex by the program */
	uint32_t races_tracer;   /* the tracer's pid in the PID namespace of the program, while it traces */
	uint32_t races_end;      /* enum rt_races_end: written by the first that wants the tracer to end */
};

/* ---- the plan of `ringtail run --confirm` ------------------------------------
 *
 * A file of its own, RUN/confirm.plan: what an earlier run predicted.  The tool writes it before the program starts,
 * the shim holds threads up by it and counts.  Header, modules, cycles, edges and frames follow each other without
 * gaps.
 */
#define RT_PLAN_MAGIC   "rt-plan\0"
#define RT_PLAN_VERSION 2u

struct rt_plan {
	char magic[8];
	uint32_t version;
	uint32_t modules, edges, frames; /* how many of each */
	uint32_t hold_ms;                /* a thread is held up for so long at most */
	uint32_t hold_most;              /* and so often at one edge, all threads and processes together */
	uint64_t bytes;                  /* of the whole file */
	uint32_t cycles;                 /* how many */
	uint32_t reserved[5];
};

struct rt_plan_module { /* the same file in both runs: by build id where there is one, else by path */
	uint64_t build_id_bytes;
	uint8_t build_id[RT_BUILD_ID_MAX];
	char path[RT_MODULE_PATH];
};

/* Whether it is the planned one, as far as a reader of another run can know. */
static inline int rt_plan_has_module(const struct rt_plan_module *planned, const struct rt_module *module)
{
	if (planned->build_id_bytes != module->build_id_bytes)
		return 0;
	if (planned->build_id_bytes)
		return !__builtin_memcmp(planned->build_id, module->build_id, RT_BUILD_ID_MAX);
	return !__builtin_strncmp(planned->path, module->path, RT_MODULE_PATH);
}

struct rt_plan_frame {
	uint64_t offset; /* address less the module's bias */
	uint32_t module; /* index + 1; 0: code made at run time, any address is as good */
	uint32_t reserved;
};

struct rt_plan_stack { /* innermost frame first */
	uint32_t first, count;
	uint32_t cut; /* 1: there were more frames */
	uint32_t reserved;
};

/* A predicted deadlock. */
struct rt_plan_cycle {
	uint32_t first, edges; /* index of its first edge, and how many it has */
	uint32_t group;        /* index of the first cycle of its group.  The cycles of a group follow each other */
	/* While the program runs, in the first cycle of a group only. */
	uint32_t turn;      /* index of the cycle of the group that holds threads up now */
	uint64_t latest_ns; /* CLOCK_MONOTONIC when it last did, or when its turn began; 0: no thread has come yet */
};

enum rt_plan_flags {
	RT_PLAN_AHEAD = 1,  /* a writer that waits: it holds nothing, and no thread is held up here */
	RT_PLAN_BEHIND = 2, /* what is wanted is a read lock, and a writer waits ahead: the edge that follows */
};

struct rt_plan_edge { /* a thread that holds a lock, taken at one stack, wants another one at the other */
	struct rt_plan_stack held, wanted;
	uint16_t held_kind; /* enum rt_kind; THREAD: what is held is the thread itself, which another joins */
	uint16_t flags;     /* enum rt_plan_flags */
	uint32_t cycle;     /* index */
	/* Counted while the program runs. */
	uint32_t reached; /* times that a thread came to it */
	uint32_t held_up; /* times that one was held up there */
	uint32_t met;     /* times that a thread there was part of a closed cycle, and let go */
	uint32_t reserved2;
};

#define RT_AT(type, field, offset) _Static_assert(offsetof(struct type, field) == (offset), #type "." #field " moved")
RT_AT(rt_chunk, base_stamp, 16);
RT_AT(rt_chunk, tail, 32);
RT_AT(rt_chunk, tid, 48);
RT_AT(rt_chunk, end_stamp, 56);
RT_AT(rt_module, build_id, 56);
RT_AT(rt_module, path, 88);
RT_AT(rt_module, calls, 968);
RT_AT(rt_pc, module, 8);
RT_AT(rt_header, version, 8);
RT_AT(rt_header, file_bytes, 16);
RT_AT(rt_header, ready, 32);
RT_AT(rt_header, realtime_ns, 48);
RT_AT(rt_header, clock, 64);
RT_AT(rt_header, clock_start, 72);
RT_AT(rt_header, boot_id, 104);
RT_AT(rt_header, modules, 144);
RT_AT(rt_header, chunks_offset, 192);
RT_AT(rt_header, live, 224);
RT_AT(rt_header, chunks_used, 232);
RT_AT(rt_header, end_how, 296);
RT_AT(rt_header, reader_pid, 312);
RT_AT(rt_header, exe, 344);
RT_AT(rt_header, forked, 2400);
RT_AT(rt_header, scan_sp, 2416);
RT_AT(rt_header, own, 2688);
RT_AT(rt_header, brk_start, 2696);
RT_AT(rt_header, pid_space, 2712);
RT_AT(rt_header, reader_left, 2720);
RT_AT(rt_header, heap_unseen, 2728);
RT_AT(rt_header, missing_until, 2752);
RT_AT(rt_header, allocator, 2760);
RT_AT(rt_header, allocator_asked, 2792);
RT_AT(rt_header, races_share, 2800);
RT_AT(rt_header, races_end, 2820);
RT_AT(rt_plan, bytes, 32);
RT_AT(rt_plan_cycle, latest_ns, 16);
RT_AT(rt_plan_edge, held_kind, 32);
RT_AT(rt_plan_edge, met, 48);
_Static_assert(sizeof(struct rt_chunk) == 64, "a chunk header is one cache line");
_Static_assert(sizeof(struct rt_module) == 1024, "module size");
_Static_assert(sizeof(struct rt_pc) == 16, "pc size");
_Static_assert(sizeof(struct rt_plan) == 64, "plan header size");
_Static_assert(sizeof(struct rt_plan_module) == 920, "plan module size");
_Static_assert(sizeof(struct rt_plan_frame) == 16, "plan frame size");
_Static_assert(sizeof(struct rt_plan_cycle) == 24, "plan cycle size");
_Static_assert(sizeof(struct rt_plan_edge) == 56, "plan edge size");
_Static_assert(sizeof(struct rt_header) <= RT_HEADER_BYTES, "header is one page");
#undef RT_AT

#endif
