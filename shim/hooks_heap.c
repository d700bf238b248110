/* malloc and its family. */
#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "shim/boot.h"
#include "shim/boot_heap.h"
#include "shim/cfi.h"
#include "shim/front.h"
#include "shim/hooks.h"
#include "shim/known_allocator.h"
#include "shim/modules.h"
#include "shim/sys.h"

/* Call only functions of `real` here: the compiler turns its builtins into calls of the hooks. */

__thread unsigned heap_calls_unrecorded;

static inline struct thread *heap_watcher(void)
{
	struct thread *self = thread_self();
	if (unlikely(!self))
		heap_calls_unrecorded++;
	return likely(options.heap) ? self : NULL;
}

/* Operators are the program's calls wherever the allocator is. */
static bool is_watched(void) { return options.heap || front_watched; }

static bool is_new(unsigned type) { return type == RT_OPERATOR_NEW || type == RT_OPERATOR_NEW_ARRAY; }

/* An allocator's own new may call malloc too: for the block, of the same size, or for what it needs itself. */
static __attribute__((noinline)) bool is_for_own_new(struct origin *origin, const void *block, size_t bytes)
{
	if (!is_new(origin->type) || !block)
		return false;
	origin->inner = block;
	origin->inner_bytes = bytes;
	if (origin->block || bytes != origin->bytes)
		return false;
	origin->block = block;
	return true;
}

/* What the program asked of new, where the runtime asks malloc for `bytes`: it makes one byte of none, and multiples of
 * the alignment. */
static __attribute__((noinline)) size_t asked_of_new(const struct origin *origin, size_t bytes, size_t align)
{
	size_t asked = origin->bytes;
	bool rounded = align && bytes - asked < align;
	return is_new(origin->type) && asked < bytes && (rounded || (!asked && bytes == 1)) ? asked : bytes;
}

/* Takes the function that the program called, its caller, and what it asked for: operator new calls malloc. */
static inline void take_origin(struct thread *self, struct caller *caller, unsigned *type, const void *block,
                               size_t *bytes, size_t align)
{
	struct origin *origin = &self->origin;
	if (likely(!origin->type) || (origin->own && !is_for_own_new(origin, block, *bytes)))
		return;
	*caller = origin->caller;
	*type = origin->type;
	if (unlikely(origin->bytes != *bytes))
		*bytes = asked_of_new(origin, *bytes, align);
	if (!origin->own)
		origin->type = 0;
}

/* Records keep 56 bits of a size: enough to tell a negative number from a size that was merely too large. */
static uint64_t failed_size(size_t bytes)
{
	if (bytes >> 63)
		return (bytes & RT_SIZE_MASK) | RT_SIZE_NEGATIVE;
	return bytes < RT_SIZE_NEGATIVE ? bytes : RT_SIZE_NEGATIVE - 1;
}

static __attribute__((noinline)) void record_failure(struct thread *self, const struct caller *caller, unsigned type,
                                                     size_t bytes)
{
	record_wide(self, caller, RT_ALLOC_FAILED, 3, rt_word1(0, type), failed_size(bytes), 0);
}

static inline void record_block(struct thread *self, const struct caller *caller, unsigned type, const void *block,
                                size_t bytes)
{
	if (likely(bytes < RT_SIZE_BIG))
		record(self, caller, type, rt_word1((uintptr_t)block, (unsigned)bytes));
	else
		record_wide(self, caller, type, 3, rt_word1((uintptr_t)block, RT_SIZE_BIG), bytes & RT_SIZE_MASK, 0);
}

static inline void record_alloc(struct thread *self, struct caller *caller, unsigned type, const void *block,
                                size_t bytes)
{
	if (unlikely(!self))
		return;
	int error = errno;
	take_origin(self, caller, &type, block, &bytes, 0);
	if (likely(block != NULL))
		record_block(self, caller, type, block, bytes);
	else
		record_failure(self, caller, type, bytes);
	errno = error;
}

static void record_aligned(struct thread *self, struct caller *caller, unsigned type, const void *block, size_t align,
                           size_t bytes)
{
	if (!self)
		return;
	int error = errno;
	unsigned log2 = align ? (unsigned)__builtin_ctzl(align) : 0;
	take_origin(self, caller, &type, block, &bytes, align);
	if (block)
		record_wide(self, caller, type, 3, rt_word1((uintptr_t)block, RT_SIZE_BIG),
		            (bytes & RT_SIZE_MASK) | (uint64_t)log2 << RT_ALIGN_SHIFT, 0);
	else
		record_failure(self, caller, type, bytes);
	errno = error;
}

/* ---- what is given back ----------------------------------------------------------------
 *
 * Allocators get their memory between the end of the executable and the lowest library that it was started with: by
 * brk behind the executable, by mmap below the libraries.  An address elsewhere is probably none of a block.  The
 * loader and the kernel are asked then, so that the reader finds the library whose data it is, or that nothing is
 * there.
 */
static uintptr_t window_start, window_bytes = UINTPTR_MAX;
static unsigned strangers; /* addresses elsewhere that may be blocks all the same */

#define STRANGERS_MOST 16u

void heap_start_up(void)
{
	const struct link_map *map = _r_debug.r_map;
	struct text_range program = map ? modules_range((uintptr_t)map->l_ld) : (struct text_range){0, 0};
	uintptr_t start = program.start + program.bytes, end = UINTPTR_MAX;
	for (map = map ? map->l_next : NULL; map; map = map->l_next) {
		struct text_range library = modules_range((uintptr_t)map->l_ld);
		if (library.bytes && library.start < end)
			end = library.start;
	}
	if (!program.bytes || start >= end)
		return;
	window_start = start;
	store_release(&window_bytes, end - start);
}

static __attribute__((noinline)) unsigned look_at_stranger(uintptr_t block)
{
	struct dl_find_object object;
	char byte;
	if (cfi_object(block, &object)) {
		modules_index(&object);
		return 0;
	}
	long got = sys_restricted ? 1 : sys_peek((const void *)block, &byte, 1);
	if (got == -EFAULT || got == 0)
		return RT_FREE_UNMAPPED;
	if (fetch_add_relaxed(&strangers, 1) >= STRANGERS_MOST)
		store_relaxed(&window_bytes, UINTPTR_MAX);
	return 0;
}

static inline bool is_stranger(uintptr_t block) { return block - window_start >= load_relaxed(&window_bytes); }

static __attribute__((noinline)) void record_big_size(struct thread *self, const struct caller *caller, unsigned type,
                                                      const void *block, size_t bytes)
{
	record_wide(self, caller, type, 3, rt_word1((uintptr_t)block, RT_FREE_SIZED | RT_FREE_SIZE_BIG),
	            bytes & RT_SIZE_MASK, 0);
}

/* bytes: the size that was given too, or NO_SIZE. */
static inline __attribute__((always_inline)) void record_release(struct thread *self, const struct caller *caller,
                                                                 unsigned type, const void *block, size_t bytes)
{
	unsigned aux = 0;
	if (unlikely(is_stranger((uintptr_t)block)))
		aux = look_at_stranger((uintptr_t)block);
	if (bytes != NO_SIZE && !aux) {
		if (unlikely(bytes >= RT_FREE_SIZE_BIG)) {
			record_big_size(self, caller, type, block, bytes);
			return;
		}
		aux = RT_FREE_SIZED | (unsigned)bytes;
	}
	record(self, caller, type, rt_word1((uintptr_t)block, aux));
}

/* ---- an allocator's own operators ------------------------------------------------- */

static void record_given(struct thread *self, const struct caller *caller, unsigned type, const void *block)
{
	record(self, caller, type, (uintptr_t)block & RT_OBJECT_MASK);
}

static unsigned delete_of(unsigned new)
{
	return new == RT_OPERATOR_NEW ? RT_OPERATOR_DELETE : RT_OPERATOR_DELETE_ARRAY;
}

bool heap_record_new(struct thread *self, struct origin *origin, const void *block, size_t align)
{
	const struct origin new = *origin;
	struct caller caller = new.caller;
	origin->type = 0;               /* events from here on do not belong to the operator */
	if (!new.type || !is_watched()) /* no type: wiped, this is a forked child */
		return true;
	if (block && new.block == block) /* recorded by malloc already */
		return true;
	if (new.block) { /* malloc's block was not for the program */
		record_given(self, &caller, delete_of(new.type), new.block);
		record_alloc(self, &caller, RT_MALLOC, new.block, new.bytes);
	}
	if (block && (uintptr_t)block - (uintptr_t) new.inner < new.inner_bytes) { /* the block is a part of malloc's */
		record_given(self, &caller, RT_FREE, new.inner);
		record_alloc(self, &caller, new.type, new.inner, new.inner_bytes);
		return false;
	}
	if (align)
		record_aligned(self, &caller, new.type, block, align, new.bytes);
	else
		record_alloc(self, &caller, new.type, block, new.bytes);
	return true;
}

void heap_record_delete(struct thread *self, const struct origin *origin)
{
	if (is_watched())
		record_release(self, &origin->caller, origin->type, origin->block, origin->bytes);
}

/* ---- allocation ----------------------------------------------------------------- */

void *malloc(size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = heap_watcher();
	if (unlikely(!self) && boot_under_way())
		return boot_heap_alloc(bytes, 16);
	void *block = real.malloc(bytes);
	record_alloc(self, &caller, RT_MALLOC, block, bytes);
	return block;
}

void *calloc(size_t count, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = heap_watcher();
	size_t total;
	if (unlikely(__builtin_mul_overflow(count, bytes, &total)))
		total = SIZE_MAX;
	if (unlikely(!self) && boot_under_way())
		return total == SIZE_MAX ? NULL : boot_heap_alloc(total, 16);
	void *block = real.calloc(count, bytes);
	record_alloc(self, &caller, RT_CALLOC, block, total);
	return block;
}

void *memalign(size_t align, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = heap_watcher();
	if (unlikely(!self) && boot_under_way())
		return boot_heap_alloc(bytes, align);
	void *block = real.memalign(align, bytes);
	record_aligned(self, &caller, RT_MEMALIGN, block, align, bytes);
	return block;
}

int posix_memalign(void **block, size_t align, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = heap_watcher();
	if (unlikely(!self) && boot_under_way())
		return (*block = boot_heap_alloc(bytes, align)) ? 0 : ENOMEM;
	int error = real.posix_memalign(block, align, bytes);
	record_aligned(self, &caller, RT_POSIX_MEMALIGN, error ? NULL : *block, align, bytes);
	return error;
}

void *aligned_alloc(size_t align, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = heap_watcher();
	if (unlikely(!self) && boot_under_way())
		return boot_heap_alloc(bytes, align);
	void *block = real.aligned_alloc(align, bytes);
	record_aligned(self, &caller, RT_ALIGNED_ALLOC, block, align, bytes);
	return block;
}

void *valloc(size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = heap_watcher();
	if (unlikely(!self) && boot_under_way())
		return boot_heap_alloc(bytes, 4096);
	void *block = real.valloc(bytes);
	record_aligned(self, &caller, RT_VALLOC, block, 4096, bytes);
	return block;
}

void *pvalloc(size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = heap_watcher();
	if (unlikely(!self) && boot_under_way())
		return boot_heap_alloc((bytes + 4095) & ~(size_t)4095, 4096);
	void *block = real.pvalloc(bytes);
	record_aligned(self, &caller, RT_PVALLOC, block, 4096, bytes);
	return block;
}

/* ---- release ---------------------------------------------------------------------- */

/* An allocator's own operator delete goes on to free. */
static bool is_recorded(const struct origin *origin, const void *block)
{
	return origin->own && !is_new(origin->type) && origin->block == block;
}

/* Within an operator.  operator delete calls free, and the event is the operator's; an allocator's own operator may
 * free what it needs itself. */
static inline __attribute__((always_inline)) void release_in_operator(struct thread *self, struct caller *caller,
                                                                      const void *block, size_t bytes)
{
	struct origin *origin = &self->origin;
	unsigned type = RT_FREE;
	if (is_recorded(origin, block))
		return;
	if (!origin->own) {
		*caller = origin->caller;
		type = origin->type;
		bytes = is_new(type) ? bytes : origin->bytes;
		origin->type = 0;
	}
	record_release(self, caller, type, block, bytes);
}

/* Before the real call.  self NULL: nothing is recorded; bytes: see record_release. */
static inline __attribute__((always_inline)) void record_free(struct thread *self, const void *block,
                                                              struct caller *caller, size_t bytes)
{
	bool loader = unlikely(in_range(&loader_range, caller->pc));
	if (likely(self != NULL)) {
		if (unlikely(self->origin.type))
			release_in_operator(self, caller, block, bytes);
		else
			record_release(self, caller, RT_FREE, block, bytes);
	}
	if (loader)
		modules_recheck(); /* a library may have been unloaded; matters even if the heap is not watched */
}

/* The common part of free and its sized forms.  False: the block is not the real allocator's. */
static inline __attribute__((always_inline)) bool about_to_free(void *block, struct caller *caller, size_t bytes)
{
	if (unlikely(boot_heap_has(block)))
		return false;
	record_free(heap_watcher(), block, caller, bytes);
	return true;
}

void free(void *block)
{
	struct caller caller = CALLER();
	if (block && about_to_free(block, &caller, NO_SIZE))
		real.free(block);
}

static bool late_looked_up;

/* Looks up C23's sized forms at their first call: they are new in glibc, and some allocators have them. */
static void look_up_late(void)
{
	real.free_sized = (__typeof__(real.free_sized))resolve_late("free_sized");
	real.free_aligned_sized = (__typeof__(real.free_aligned_sized))resolve_late("free_aligned_sized");
	store_release(&late_looked_up, true);
}

void free_sized(void *block, size_t bytes)
{
	struct caller caller = CALLER();
	if (!block || !about_to_free(block, &caller, bytes))
		return;
	if (unlikely(!late_looked_up))
		look_up_late();
	if (real.free_sized)
		real.free_sized(block, bytes);
	else
		real.free(block);
}

void free_aligned_sized(void *block, size_t align, size_t bytes)
{
	struct caller caller = CALLER();
	if (!block || !about_to_free(block, &caller, bytes))
		return;
	if (unlikely(!late_looked_up))
		look_up_late();
	if (real.free_aligned_sized)
		real.free_aligned_sized(block, align, bytes);
	else
		real.free(block);
}

/* ---- reallocation -------------------------------------------------------------------- */

static void *leave_boot_heap(void *block, size_t bytes)
{
	size_t had = boot_heap_size(block);
	void *moved = malloc(bytes);
	if (moved)
		memcpy(moved, block, had < bytes ? had : bytes);
	return moved;
}

/* realloc(p, 0) frees p in glibc; elsewhere it may return a block of no size. */
static void *realloc_to_nothing(const struct real *next, struct thread *self, struct caller *caller, void *block)
{
	unsigned flags = is_stranger((uintptr_t)block) ? look_at_stranger((uintptr_t)block) : 0;
	record(self, caller, RT_FREE, rt_word1((uintptr_t)block, flags ? flags : RT_FREE_BY_REALLOC));
	void *moved = next->realloc(block, 0);
	if (moved && self)
		record_alloc(self, caller, RT_MALLOC, moved, 0);
	return moved;
}

/* Gives the old block up before the call: another thread may get its address while realloc is still at work. */
static inline __attribute__((always_inline)) void *resize_by(const struct real *next, struct thread *self,
                                                             struct caller *caller, void *block, size_t bytes)
{
	if (block && !bytes)
		return realloc_to_nothing(next, self, caller, block);
	if (block)
		record_release(self, caller, RT_REALLOC_BEGIN, block, NO_SIZE);
	void *moved = next->realloc(block, bytes);
	if (!block) {
		record_alloc(self, caller, RT_MALLOC, moved, bytes);
		return moved;
	}
	int error = errno;
	record_block(self, caller, RT_REALLOC_END, moved, moved ? bytes : failed_size(bytes));
	errno = error;
	return moved;
}

static void *resize(struct caller *caller, void *block, size_t bytes)
{
	if (unlikely(boot_heap_has(block)))
		return leave_boot_heap(block, bytes);
	struct thread *self = heap_watcher();
	if (unlikely(!self) && boot_under_way() && !block)
		return boot_heap_alloc(bytes, 16);
	return resize_by(&real, self, caller, block, bytes);
}

void *realloc(void *block, size_t bytes)
{
	struct caller caller = CALLER();
	return resize(&caller, block, bytes);
}

/* glibc's reallocarray calls the realloc hook; here it is made one call, and so one event.  If an allocator in front of
 * the shim lacks reallocarray, glibc's is called, which calls that allocator: the blocks are its own. */
void *reallocarray(void *block, size_t count, size_t bytes)
{
	struct caller caller = CALLER();
	size_t total;
	thread_self(); /* may be the first hooked call */
	if (unlikely(heap_is_anothers))
		return real.reallocarray(block, count, bytes);
	if (__builtin_mul_overflow(count, bytes, &total)) {
		record_failure(heap_watcher(), &caller, block ? RT_REALLOC_END : RT_MALLOC, SIZE_MAX);
		errno = ENOMEM;
		return NULL;
	}
	return resize(&caller, block, total);
}

size_t malloc_usable_size(void *block)
{
	if (block && boot_heap_has(block))
		return boot_heap_size(block);
	thread_self(); /* may be the first hooked call */
	return real.malloc_usable_size(block);
}

/* ---- for the hooks of an allocator in front (front.h) ------------------------------------ */

void heap_record_alloc(struct thread *self, struct caller *caller, unsigned type, const void *block, size_t bytes)
{
	record_alloc(self, caller, type, block, bytes);
}

void heap_record_aligned(struct thread *self, struct caller *caller, unsigned type, const void *block, size_t align,
                         size_t bytes)
{
	record_aligned(self, caller, type, block, align, bytes);
}

void heap_record_free(struct thread *self, const void *block, struct caller *caller, size_t bytes)
{
	record_free(self, block, caller, bytes);
}

void *heap_resize(const struct real *next, struct thread *self, struct caller *caller, void *block, size_t bytes)
{
	return resize_by(next, self, caller, block, bytes);
}

/* ---- mappings (option mmap, or an allocator that is known) ------------------------------------ */

static void record_map(const struct caller *caller, const void *at, size_t bytes, int flags)
{
	struct thread *self = thread_current;
	bool known = known_allocator_serves(), wanted = known || (options.mmap && flags & MAP_ANONYMOUS);
	if (!self || !wanted || at == MAP_FAILED)
		return;
	unsigned aux = known && known_allocator_has(caller->pc) ? RT_MAP_BY_ALLOCATOR : 0;
	record_wide(self, caller, RT_MAP, 3, rt_word1((uintptr_t)at, aux), bytes, 0);
}

static void record_unmap(struct thread *self, const struct caller *caller, const void *at, size_t bytes)
{
	if (self && (options.mmap || known_allocator_serves()))
		record_wide(self, caller, RT_UNMAP, 3, (uintptr_t)at & RT_OBJECT_MASK, bytes, 0);
}

void *mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	struct caller caller = CALLER();
	thread_self();
	if (unlikely(!real.mmap)) { /* while booting */
		errno = ENOMEM;
		return MAP_FAILED;
	}
	void *mapped = real.mmap(at, bytes, prot, flags, fd, offset);
	record_map(&caller, mapped, bytes, flags);
	return mapped;
}

void *mmap64(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	struct caller caller = CALLER();
	thread_self();
	if (unlikely(!real.mmap64)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	void *mapped = real.mmap64(at, bytes, prot, flags, fd, offset);
	record_map(&caller, mapped, bytes, flags);
	return mapped;
}

int munmap(void *at, size_t bytes)
{
	struct caller caller = CALLER();
	record_unmap(thread_self(), &caller, at, bytes);
	return real.munmap(at, bytes);
}

void *mremap(void *at, size_t before, size_t bytes, int flags, ...)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	va_list list;
	va_start(list, flags);
	void *to = va_arg(list, void *); /* real.mremap knows whether there is one */
	va_end(list);
	if (unlikely(!real.mremap)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	record_unmap(self, &caller, at, before);
	void *mapped = real.mremap(at, before, bytes, flags, to);
	record_map(&caller, mapped, bytes, MAP_ANONYMOUS);
	return mapped;
}

/* ---- the heap's end --------------------------------------------------------------------------
 *
 * malloc moves it by a call within libc.  So a call that comes here is the program's: it makes a pool of its own, where
 * it may keep pointers. */

static void note_own_part(uintptr_t start, uintptr_t end)
{
	struct rt_header *header = process->header;
	uint64_t seen;
	while ((!(seen = load_relaxed(&header->brk_start)) || seen > start) &&
	       !cas_acq_rel(&header->brk_start, seen, (uint64_t)start))
		;
	while ((seen = load_relaxed(&header->brk_end)) < end && !cas_acq_rel(&header->brk_end, seen, (uint64_t)end))
		;
}

/* tcmalloc gets its memory here.  Other parts of its first and last page may be the program's. */
static void record_grown(const struct caller *caller, uintptr_t start, uintptr_t end)
{
	start = (start + 4095) & ~(uintptr_t)4095;
	end &= ~(uintptr_t)4095;
	if (known_allocator_serves() && start < end)
		record_map(caller, (const void *)start, end - start, 0);
}

void *sbrk(long bytes)
{
	struct caller caller = CALLER();
	struct thread *self = thread_self();
	if (unlikely(!real.sbrk)) {
		errno = ENOMEM;
		return (void *)-1;
	}
	void *before = real.sbrk(bytes);
	if (self && bytes > 0 && before != (void *)-1) {
		note_own_part((uintptr_t)before, (uintptr_t)before + (uintptr_t)bytes);
		record_grown(&caller, (uintptr_t)before, (uintptr_t)before + (uintptr_t)bytes);
	}
	return before;
}

int brk(void *end)
{
	struct thread *self = thread_self();
	if (unlikely(!real.brk)) {
		errno = ENOMEM;
		return -1;
	}
	uintptr_t before = self ? (uintptr_t)real.sbrk(0) : UINTPTR_MAX;
	int result = real.brk(end);
	if (!result && (uintptr_t)end > before)
		note_own_part(before, (uintptr_t)end);
	return result;
}
