/* The hooks of an allocator in front of the shim: front.h. */
#include "shim/front.h"

#include <link.h>

#include "shim/hooks.h"
#include "shim/slots.h"
#include "shim/turning.h"

/* Call only functions of `front` here: the compiler turns its builtins into calls of the hooks. */

struct real front;
struct text_range front_range;
bool front_watched, front_by_version;
unsigned front_direct;

/* The common beginning of the hooks of the second set.  NULL: nothing is recorded. */
static inline struct thread *front_watcher(const struct caller *caller)
{
	struct thread *self = thread_self();
	if (unlikely(turning_window.count))
		turning_after_open(caller);
	return likely(front_watched) ? self : NULL;
}

/* ---- allocation ----------------------------------------------------------------- */

static void *front_malloc(size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	void *block = front.malloc(bytes);
	heap_record_alloc(self, &caller, RT_MALLOC, block, bytes);
	return block;
}

static void *front_calloc(size_t count, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	size_t total;
	if (unlikely(__builtin_mul_overflow(count, bytes, &total)))
		total = SIZE_MAX;
	void *block = front.calloc(count, bytes);
	heap_record_alloc(self, &caller, RT_CALLOC, block, total);
	return block;
}

static void *front_memalign(size_t align, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	void *block = front.memalign(align, bytes);
	heap_record_aligned(self, &caller, RT_MEMALIGN, block, align, bytes);
	return block;
}

static int front_posix_memalign(void **block, size_t align, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	int error = front.posix_memalign(block, align, bytes);
	heap_record_aligned(self, &caller, RT_POSIX_MEMALIGN, error ? NULL : *block, align, bytes);
	return error;
}

static void *front_aligned_alloc(size_t align, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	void *block = front.aligned_alloc(align, bytes);
	heap_record_aligned(self, &caller, RT_ALIGNED_ALLOC, block, align, bytes);
	return block;
}

static void *front_valloc(size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	void *block = front.valloc(bytes);
	heap_record_aligned(self, &caller, RT_VALLOC, block, 4096, bytes);
	return block;
}

static void *front_pvalloc(size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	void *block = front.pvalloc(bytes);
	heap_record_aligned(self, &caller, RT_PVALLOC, block, 4096, bytes);
	return block;
}

/* ---- release ---------------------------------------------------------------------- */

static void front_free(void *block)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	if (block)
		heap_record_free(self, block, &caller, NO_SIZE);
	front.free(block);
}

static void front_free_sized(void *block, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	if (block)
		heap_record_free(self, block, &caller, bytes);
	front.free_sized(block, bytes);
}

static void front_free_aligned_sized(void *block, size_t align, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	if (block)
		heap_record_free(self, block, &caller, bytes);
	front.free_aligned_sized(block, align, bytes);
}

/* ---- reallocation -------------------------------------------------------------------- */

static void *front_realloc(void *block, size_t bytes)
{
	struct caller caller = CALLER();
	return heap_resize(&front, front_watcher(&caller), &caller, block, bytes);
}

static void *front_reallocarray(void *block, size_t count, size_t bytes)
{
	struct caller caller = CALLER();
	struct thread *self = front_watcher(&caller);
	size_t total;
	if (__builtin_mul_overflow(count, bytes, &total)) /* the allocator refuses it, and sets errno as it does */
		return front.reallocarray(block, count, bytes);
	return heap_resize(&front, self, &caller, block, total);
}

/* ---- which there are ------------------------------------------------------------------- */

#define FRONT(name) {#name, (void **)&front.name, (void *)front_##name},
static const struct front_hook functions[] = {
#include "shim/front.def"
};
#undef FRONT

const struct front_hook *front_function(unsigned index)
{
	return index < sizeof functions / sizeof *functions ? &functions[index] : NULL;
}

/* The first module that defines malloc: the loader lists modules in the order in which it looks for functions. */
static int find_server(struct dl_phdr_info *info, size_t bytes, void *data)
{
	struct slots *slots = data;
	return slots_of(slots, info) && slots_defined(slots, "malloc");
}

static int find_module(struct dl_phdr_info *info, size_t bytes, void *data)
{
	struct slots *slots = data;
	return slots_of(slots, info) && front_range.start - slots->start < slots->end - slots->start;
}

void *front_server(void *its_malloc)
{
	struct slots slots;
	if (is_in_executable(its_malloc) && dl_iterate_phdr(find_server, &slots))
		return (void *)slots_defined(&slots, "malloc");
	return its_malloc;
}

/* The address of a function that the executable takes may be that of its PLT entry.  So the allocator's own symbols are
 * asked. */
static void find(const struct slots *slots, const struct front_hook *hook)
{
	bool by_version;
	void *called = resolve_in_front(hook->name, &by_version), *own = (void *)slots_defined(slots, hook->name);
	void *found = own ? own : called;
	*hook->goes_on_to = in_range(&front_range, (uintptr_t)found) ? found : NULL;
	front_by_version |= *hook->goes_on_to && found == called && by_version;
	if (hook->goes_on_to == (void **)&front.malloc || hook->goes_on_to == (void **)&front.calloc ||
	    hook->goes_on_to == (void **)&front.realloc || hook->goes_on_to == (void **)&front.free)
		front_direct += found == called;
}

bool front_find(void *its_malloc)
{
	const struct front_hook *hook;
	struct slots slots;
	front_range = modules_range((uintptr_t)its_malloc);
	if (!dl_iterate_phdr(find_module, &slots))
		return false;
	for (unsigned i = 0; (hook = front_function(i)); i++)
		find(&slots, hook);
	for (unsigned i = 0; (hook = front_operator(i)); i++)
		find(&slots, hook);
	return front.malloc && front.calloc && front.realloc && front.free;
}
