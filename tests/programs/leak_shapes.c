/*
 * Live blocks at the end, in every shape that C can give them: the first argument names it (shapes.h).  What each
 * leaves behind, and what memcheck says of it, is in tests/e2e/tables/leak_shapes.def.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "shapes.h"

#define NOINLINE __attribute__((noinline))

static void *volatile kept, *volatile kept_too;

/* A block all of whose bytes are overwritten, so that no pointer of an earlier owner is left in it. */
NOINLINE static void *block(size_t bytes)
{
	void *made = malloc(bytes);

	must(made);
	memset(made, 1, bytes);
	return made;
}

/* Overwrites what the last calls left below the stack pointer and in registers. */
NOINLINE static void wipe(void)
{
	volatile char below[16384];

	for (size_t i = 0; i < sizeof below; i++)
		below[i] = 2;
}

/* ---- lists, trees, cycles ---------------------------------------------------------------------- */

struct node {
	struct node *next, *other;
	long number;
};

NOINLINE static struct node *node(struct node *next, struct node *other)
{
	struct node *made = block(sizeof *made);

	made->next = next;
	made->other = other;
	made->number = 3;
	return made;
}

NOINLINE static struct node *list(unsigned length)
{
	struct node *head = NULL;

	while (length--)
		head = node(head, NULL);
	return head;
}

NOINLINE static struct node *tree(unsigned depth) { return depth ? node(tree(depth - 1), tree(depth - 1)) : NULL; }

/* Returns the node that was made first, which is the last of the list and points to its head. */
NOINLINE static struct node *ring(unsigned length)
{
	struct node *first = node(NULL, NULL), *head = first;

	while (--length)
		head = node(head, NULL);
	first->next = head;
	return first;
}

static void list_lost(void) { list(100); }
static void list_kept(void) { kept = list(100); }
static void list_kept_in_the_middle(void)
{
	struct node *head = list(100);

	for (unsigned i = 0; i < 40; i++)
		head = head->next;
	kept = head;
}
static void lists_lost_that_share_a_tail(void)
{
	struct node *tail = list(10);

	node(tail, NULL);
	node(tail, NULL);
}
static void tree_lost(void) { tree(6); }
static void tree_kept(void) { kept = tree(6); }
static void tree_half_kept(void) { kept = tree(6)->other; }
static void ring_lost(void) { ring(10); }
static void ring_kept(void) { kept = ring(10); }
static void ring_lost_with_a_tail(void) { ring(10)->other = list(5); }
static void ring_lost_behind_a_list(void)
{
	struct node *head = list(5);

	head->next->other = ring(10);
}
static void rings_lost_that_are_joined(void)
{
	struct node *one = ring(4);

	one->other = ring(3);
}
static void self_lost(void)
{
	struct node *one = node(NULL, NULL);

	one->next = one;
}
static void owner_kept_owner_lost(void)
{
	struct node *shared = list(3);

	kept = node(shared, NULL);
	node(shared, NULL);
}
static void lost_later_by_its_owner(void) /* the scan meets the lower block first, but the higher one owns it */
{
	struct node *low = node(NULL, NULL), *high = node(NULL, NULL);

	if (low > high) {
		struct node *swap = low;
		low = high;
		high = swap;
	}
	high->next = low;
	low->next = list(2);
}

/* ---- pointers to other places than the start ------------------------------------------------------ */

static void interior(void) { kept = (char *)block(100) + 40; }
static void interior_and_start(void)
{
	kept = block(100);
	kept_too = (char *)kept + 40;
}
static void list_behind_interior(void) { kept = (char *)list(10) + 8; }
static void interior_from_lost(void)
{
	struct node *head = node(NULL, NULL);

	head->next = (struct node *)((char *)list(3) + 8);
}
static void last_byte(void) { kept = (char *)block(100) + 99; }
static void past_the_end(void) { kept = (char *)block(104) + 104; }
static void past_the_end_with_a_neighbour(void)
{
	kept = (char *)block(24) + 32;
	kept_too = block(24);
}
static void tagged_low_bits(void) { kept = (void *)((uintptr_t)block(64) | 3); }
static void tagged_four_bits(void)
{
	static void *places[3];
	static const uintptr_t marks[] = {1, 9, 15};

	for (unsigned i = 0; i < 3; i++)
		places[i] = (void *)((uintptr_t)block(64) | marks[i]);
	must(places[2]);
}

/* ---- blocks that are held at an offset ------------------------------------------------------------ */

#define PLACES_MOST 16u

static void *volatile places[PLACES_MOST];

/* Keeps, of `count` blocks of one site, only pointers that many bytes behind their start; NOT_KEPT: none. */
#define NOT_KEPT UINT64_MAX
NOINLINE static void keep_at(unsigned count, const uint64_t *offsets)
{
	for (unsigned i = 0; i < count; i++) {
		char *made = block(40);

		places[i] = offsets[i] == NOT_KEPT ? NULL : made + offsets[i];
	}
}

static void headers(void) { keep_at(5, (uint64_t[]){16, 16, 16, 16, 16}); }
static void headers_some_lost(void) { keep_at(5, (uint64_t[]){16, 16, 16, NOT_KEPT, NOT_KEPT}); }
static void headers_one_by_its_start(void) { keep_at(5, (uint64_t[]){0, 16, 16, 16, 16}); }
static void headers_with_marks(void) { keep_at(5, (uint64_t[]){16, 17, 18, 19, 23}); }
static void headers_hold_others(void)
{
	headers();
	for (unsigned i = 0; i < 5; i++)
		*(void **)((char *)places[i] - 16) = block(24);
}

/* Not held at an offset: nothing shows that the pointers are more than accidental values. */
static void offsets_differ(void) { keep_at(5, (uint64_t[]){16, 16, 16, 16, 24}); }
static void offset_of_one(void) { keep_at(1, (uint64_t[]){16}); }
static void most_by_their_start(void) { keep_at(6, (uint64_t[]){0, 0, 0, 0, 16, 16}); }
static void most_lost(void) { keep_at(6, (uint64_t[]){16, 16, NOT_KEPT, NOT_KEPT, NOT_KEPT, NOT_KEPT}); }

struct linked { /* the link is not first, and points to the link of the next */
	uint64_t header[2], *link;
	uint64_t number;
};

/* Returns the link of the first; a ring: the last one leads to it. */
NOINLINE static uint64_t **chain(unsigned length, bool is_ring)
{
	uint64_t **next = NULL, **last = NULL;

	while (length--) {
		struct linked *made = block(sizeof *made);

		made->link = (uint64_t *)next;
		next = &made->link;
		last = last ? last : next;
	}
	if (is_ring)
		*last = (uint64_t *)next;
	return next;
}

static void links_not_first(void) { kept = chain(10, false); }
static void ring_of_links_not_first(void) { kept = chain(10, true); }

/* The ring is lost.  The value leads into one of its blocks, but not to where the ring's own pointers lead. */
static void ring_lost_and_an_accidental_value(void) { kept = (char *)chain(10, true) + 8; }
static void chain_lost_and_an_accidental_value(void) { kept = (char *)chain(10, false) + 8; }

static void tagged_high_bits(void) { kept = (void *)((uintptr_t)block(64) | (uintptr_t)0x5a << 56); }
static void hidden_by_xor(void) { kept = (void *)((uintptr_t)block(64) ^ UINT64_C(0x5555555555555555)); }
static struct __attribute__((packed)) {
	char one;
	void *at;
} unaligned_place;
static void unaligned(void) { unaligned_place.at = block(64); }
static uint32_t halves[4];
static void in_halves(void)
{
	uintptr_t at = (uintptr_t)block(64);

	halves[0] = (uint32_t)at;
	halves[2] = (uint32_t)(at >> 32);
}
static void length64(void)
{
	uint64_t *words = block(64);

	words[0] = 56;
	kept = words + 1;
}
static void length64_wrong(void)
{
	uint64_t *words = block(64);

	words[0] = 55;
	kept = words + 1;
}
static void no_bytes(void)
{
	kept = malloc(0);
	kept_too = (char *)malloc(0) + 1;
}

/* ---- thread-local, and of threads ------------------------------------------------------------------- */

static _Thread_local void *volatile local;
static pthread_key_t keys[40];
static pthread_barrier_t there;

static void *keep_locally(void *argument)
{
	local = block(80);
	return argument;
}
static void *keep_locally_and_stay(void *argument)
{
	local = block(80);
	pthread_barrier_wait(&there);
	pause();
	return argument;
}
static void *keep_on_the_stack(void *argument)
{
	void *volatile mine = block(80);

	pthread_barrier_wait(&there);
	pause();
	return mine;
}
static void *return_block(void *unused) { return block(80); }
static void *do_nothing(void *argument) { return argument; }

/* Starts a thread that keeps something and stays, asleep. */
static void beside(void *(*routine)(void *))
{
	static unsigned staying;

	pthread_barrier_init(&there, NULL, 2);
	start(routine, NULL);
	pthread_barrier_wait(&there);
	await_others(++staying);
}

static void thread_local_of_main(void) { local = block(80); }
static void thread_local_of_a_thread(void) { beside(keep_locally_and_stay); }
static void thread_local_of_an_ended_thread(void) { in_thread(keep_locally, NULL); }
static void stack_of_a_thread(void) { beside(keep_on_the_stack); }
static void result_of_a_joined_thread(void) { in_thread(return_block, NULL); }
static void result_of_a_thread_not_joined(void)
{
	start(return_block, NULL);
	await_end_of_others();
}
static void threads_joined(void)
{
	pthread_t threads[8];

	for (unsigned i = 0; i < 8; i++)
		threads[i] = start(do_nothing, NULL);
	for (unsigned i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
}
static void *detached_end(void *argument)
{
	local = block(80);
	return argument;
}
static void thread_detached(void)
{
	pthread_detach(start(detached_end, NULL));
	await_end_of_others();
}
static void specific_of_main(void)
{
	for (unsigned i = 0; i < 40; i++)
		must(!pthread_key_create(&keys[i], NULL));
	pthread_setspecific(keys[0], block(80));
	pthread_setspecific(keys[39], block(90)); /* in glibc's second level, which glibc allocates */
}
static void *keep_specific_and_stay(void *argument)
{
	specific_of_main();
	pthread_barrier_wait(&there);
	pause();
	return argument;
}
static void specific_of_a_thread(void) { beside(keep_specific_and_stay); }

/* A start routine whose argument is a block to which no other pointer leads. */
static void *wait_with_argument(void *argument)
{
	must(argument);
	pthread_barrier_wait(&there);
	for (;;)
		pause();
	return argument;
}
static void argument_of_a_thread(void)
{
	pthread_barrier_init(&there, NULL, 2);
	start(wait_with_argument, block(80));
	pthread_barrier_wait(&there);
	await_others(1);
}

#if defined(__x86_64__)
/* The thread waits for ever in a system call, and one register alone holds the block's address. */
#define WAIT_WITH(load)                                                                                                \
	static void *wait_with_##load(void *argument)                                                                  \
	{                                                                                                              \
		pthread_barrier_wait(&there);                                                                          \
		wait_by_##load(block(80));                                                                             \
		return argument;                                                                                       \
	}
#define FORGET                                                                                                         \
	"xor %%edi, %%edi\n\txor %%esi, %%esi\n\txor %%edx, %%edx\n\txor %%ebx, %%ebx\n\t"                             \
	"xor %%r8d, %%r8d\n\txor %%r9d, %%r9d\n\txor %%r10d, %%r10d\n\t"
#define WAIT "1: mov %1, %%eax\n\tsyscall\n\tjmp 1b"
NOINLINE static void wait_by_general(void *only)
{
	__asm__ volatile("mov %0, %%r12\n\t" FORGET WAIT
	                 : "+D"(only)
	                 : "i"(SYS_pause)
	                 : "rbx", "rsi", "rdx", "r8", "r9", "r10", "r12", "rax", "rcx", "r11", "memory");
}
NOINLINE static void wait_by_vector(void *only)
{
	__asm__ volatile("movq %0, %%xmm7\n\t" FORGET WAIT
	                 : "+D"(only)
	                 : "i"(SYS_pause)
	                 : "rbx", "rsi", "rdx", "r8", "r9", "r10", "rax", "rcx", "r11", "xmm7", "memory");
}
WAIT_WITH(general)
WAIT_WITH(vector)
static void register_only(void) { beside(wait_with_general); }
static void vector_register_only(void) { beside(wait_with_vector); }
#endif

/* ---- libraries ---------------------------------------------------------------------------------------- */

static void *library(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 16);

	must(length > 0);
	path[length] = '\0';
	strcpy(strrchr(path, '/'), "/keeper.so");
	void *opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	must(opened);
	return opened;
}

static void keep_in(void *opened, const char *how)
{
	void (*keep)(void *) = (void (*)(void *))dlsym(opened, how);

	must(keep);
	keep(block(80));
}

static void library_data(void) { keep_in(library(), "keep"); }
static void library_thread_local(void) { keep_in(library(), "keep_locally"); }
static void library_closed(void)
{
	void *opened = library();

	keep_in(opened, "keep");
	dlclose(opened);
}
static void library_closed_thread_local(void)
{
	void *opened = library();

	keep_in(opened, "keep_locally");
	dlclose(opened);
}
static void *keep_in_library_and_stay(void *opened)
{
	keep_in(opened, "keep_locally");
	pthread_barrier_wait(&there);
	pause();
	return NULL;
}
static void library_thread_local_of_a_thread(void)
{
	pthread_barrier_init(&there, NULL, 2);
	start(keep_in_library_and_stay, library());
	pthread_barrier_wait(&there);
	await_others(1);
}

/* ---- how it was allocated ------------------------------------------------------------------------------ */

static void realloc_chain_kept(void)
{
	void *chain = NULL;

	for (size_t bytes = 16; bytes <= 1 << 20; bytes *= 2)
		chain = realloc(chain, bytes);
	kept = chain;
}
static void realloc_chain_lost(void)
{
	void *volatile chain = NULL;

	for (size_t bytes = 16; bytes <= 1 << 20; bytes *= 2)
		chain = realloc(chain, bytes);
	chain = NULL;
}
static void realloc_shrunk_behind_a_pointer(void) { kept = (char *)realloc(block(1000), 100) + 500; }
static void realloc_moves_what_it_holds(void)
{
	struct node *head = list(3);

	for (size_t bytes = 64; bytes <= 1 << 18; bytes *= 4)
		head = realloc(head, bytes);
	kept = head;
}

NOINLINE static void aligned_all(void **to)
{
	must(!posix_memalign(&to[0], 256, 100));
	to[1] = aligned_alloc(128, 256);
	to[2] = memalign(64, 99);
	to[3] = valloc(101);
	to[4] = calloc(3, 37);
	to[5] = reallocarray(NULL, 5, 21);
	for (unsigned i = 0; i < 6; i++)
		must(to[i]);
}
static void aligned_lost(void)
{
	void *volatile blocks[8];

	aligned_all((void **)blocks);
	memset((void *)blocks, 0, sizeof blocks);
}
static void *aligned_blocks[8];
static void aligned_kept(void) { aligned_all(aligned_blocks); }
static void large_lost(void) { block(1 << 20); }
static void large_kept(void) { kept = block(1 << 20); }
static void large_interior(void) { kept = (char *)block(64 << 20) + (40 << 20); }
static void sparse(void) /* two pages of 256 MiB are touched */
{
	char *large = malloc(256 << 20);

	must(large);
	*(void **)(large + (200 << 20)) = block(64);
	kept = large;
}
static void from_freed_memory(void) /* the only pointer is in a freed block */
{
	struct node *owner = node(list(2), NULL);

	node(NULL, NULL); /* keeps the allocator from merging the freed block with the memory behind it */
	free(owner);
}
static void by_strdup(void)
{
	kept = strdup("kept");
	strdup("lost");
	putenv(strdup("LEAK_SHAPES=kept by the environment"));
	setenv("LEAK_SHAPES_TOO", "kept by libc", 1);
}

/* ---- memory that the program maps itself ------------------------------------------------------------------------ */

static void **pool(int rights, int flags)
{
	void **made = mmap(NULL, 1 << 20, rights, flags | MAP_ANONYMOUS, -1, 0);

	must(made != MAP_FAILED);
	return made;
}

static void pool_private(void) { pool(PROT_READ | PROT_WRITE, MAP_PRIVATE)[5000] = block(64); }
static void pool_shared(void) { pool(PROT_READ | PROT_WRITE, MAP_SHARED)[5000] = block(64); }
static void pool_read_only(void)
{
	void **own = pool(PROT_READ | PROT_WRITE, MAP_PRIVATE);

	own[5000] = block(64);
	mprotect(own, 1 << 20, PROT_READ);
}
static void pool_out_of_reach(void)
{
	void **own = pool(PROT_READ | PROT_WRITE, MAP_PRIVATE);

	own[5000] = block(64);
	mprotect(own, 1 << 20, PROT_NONE);
}
static void pool_unmapped(void)
{
	void **own = pool(PROT_READ | PROT_WRITE, MAP_PRIVATE);

	own[5000] = block(64);
	munmap(own, 1 << 20);
}
static void pool_moved(void)
{
	void **own = pool(PROT_READ | PROT_WRITE, MAP_PRIVATE);

	own[5000] = block(64);
	must(mremap(own, 1 << 20, 1 << 23, MREMAP_MAYMOVE) != MAP_FAILED);
}
static void pool_of_a_file(void)
{
	FILE *file = tmpfile();

	must(file && !ftruncate(fileno(file), 1 << 20));
	void **own = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
	must(own != MAP_FAILED);
	own[5000] = block(64);
	fclose(file);
}
static void pool_by_sbrk(void)
{
	void **own = sbrk(1 << 16);

	must(own != (void *)-1);
	own[100] = block(64);
	own[8000] = block(64);
	for (unsigned i = 0; i < 3000; i++) /* the heap grows behind the program's own memory */
		free(block(500));
	kept = block(1 << 16);
}
static void pool_within_a_block(void) /* a pool in a malloced block: no pointer leads to the block's start */
{
	char *own = block(4096);

	*(void **)(own + 64) = block(64);
	kept = own + 64;
}

/* ---- forms that memcheck sees through and a scan from outside does not ---------------------------------------- */

static void stale_in_new_memory(void) /* the new block is where an old one was that held the pointer */
{
	struct node *old = node(NULL, NULL);

	old->number = (long)block(64);
	free(old);
	kept = malloc(sizeof *old);
	must(kept);
}
static void dangling_into_memory_used_again(void)
{
	void *first = block(64);

	kept = (char *)first + 8;
	free(first);
	block(64);
}
static volatile char *stale_frame;
NOINLINE static void use_stack(void)
{
	void *volatile there_before[64];

	for (unsigned i = 0; i < 64; i++)
		there_before[i] = 0;
	there_before[32] = block(64);
	must(there_before[32]);
}
NOINLINE static void end_above_it(void) /* this frame covers the old one without writing: the pointer is still there */
{
	volatile char room[1024];

	stale_frame = room;
	exit(0);
}
static void stale_on_the_stack(void)
{
	use_stack();
	end_above_it();
}

/* ---- processes ------------------------------------------------------------------------------------------- */

static void forked(void)
{
	kept = block(64);
	pid_t child = fork();

	if (!child) {
		block(100);
		kept_too = block(200);
		wipe();
		exit(0);
	}
	must(waitpid(child, NULL, 0) == child);
	block(300);
}
static void forked_and_hung_into_inherited(void) /* only an inherited block points to the child's block */
{
	struct node *head = list(3);
	kept = head;
	pid_t child = fork();

	if (!child) {
		head->next->other = block(100);
		wipe();
		exit(0);
	}
	must(waitpid(child, NULL, 0) == child);
}

/* ---- signals ------------------------------------------------------------------------------------------------ */

static void exit_from_handler(int unused)
{
	void *volatile mine = block(100);

	must(mine);
	exit(0);
}
static void exit_on_an_alternate_stack(void)
{
	stack_t stack = {.ss_sp = pool(PROT_READ | PROT_WRITE, MAP_PRIVATE), .ss_size = 1 << 20};
	struct sigaction action = {.sa_handler = exit_from_handler, .sa_flags = SA_ONSTACK};
	void *volatile below = block(90); /* on the stack that was left */

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	must(!below);
}

/* ---- left behind by libraries, and not to be reported ---------------------------------------------------- */

static void loader(void)
{
	dlopen("libsqlite3.so.0", RTLD_LAZY);
	dlopen("libjansson.so.4", RTLD_LAZY | RTLD_GLOBAL);
	dlerror();
	dlopen("/no/such/library.so", RTLD_LAZY);
}
static void stdio(void)
{
	FILE *file = fopen("/dev/null", "r+"), *memory = open_memstream(&(char *){0}, &(size_t){0});

	must(file && memory);
	fprintf(file, "buffered\n");
	printf("buffered\n");
	setvbuf(stderr, NULL, _IOFBF, 0);
}
static void threads_running(void)
{
	for (unsigned i = 0; i < 4; i++)
		beside(keep_on_the_stack);
}

static const struct shape shapes[] = {
#define LEAK_C(name, ...) SHAPE(name),
#define LEAK_CC(...)
#define LEAK_OLD_STRING(...)
#include "tests/e2e/tables/leak_shapes.def"
};

int main(int argc, char **argv)
{
	int status = run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);

	wipe();
	return status;
}
