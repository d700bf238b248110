#include "shim/turning.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/address_space.h"
#include "shim/allocator.h"
#include "shim/cfi.h"
#include "shim/clock.h"
#include "shim/front.h"
#include "shim/hooks.h"
#include "shim/known_allocator.h"
#include "shim/modules.h"
#include "shim/slots.h"
#include "shim/sys.h"

bool turning_wanted;

/* Threads take turns; one that comes while another is at it leaves its wish here, and the other one looks again. */
static uint32_t busy, wishes;

static __thread unsigned opened;   /* libraries with RTLD_DEEPBIND by this thread, since its last look */
static bool deepbound_ever;        /* any thread has opened one */
static uint32_t deepbound_pending; /* how many, since the last look of the thread that opened them */
static bool deepbound_left;        /* the last look could not turn all of theirs */

__thread struct turning_window turning_window;

/* ---- hooks by name ----------------------------------------------------------------------------- */

struct hook {
	const char *name;
	void **goes_on_to;
	uintptr_t address; /* of the hook; 0: not found */
	bool front;        /* of an allocator in front */
};

/* The second ABI of condition variables has the same names: its version tells it. */
#define OLD_VERSION "GLIBC_2.2.5"

#define HOOK(ret, name, ...) {#name, (void **)&real.name, 0, false},
static struct hook hooks[] = {
#include "shim/hooks.def"
};
#undef HOOK
#define HOOKS (sizeof hooks / sizeof *hooks)

#define NEW(name, ...)    {#name, NULL, 0, false},
#define DELETE(name, ...) {#name, NULL, 0, false},
static struct hook operators[] = {
#include "shim/operators.def"
};
#undef NEW
#undef DELETE
#define OPERATORS (sizeof operators / sizeof *operators)

#define BUCKETS 1024u /* a power of two, far more than there are hooks */
static const struct hook *by_name[BUCKETS];

static unsigned bucket_of(const char *name)
{
	uint32_t hash = 5381;
	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash % BUCKETS;
}

static const struct hook *find_hook(const char *name)
{
	for (unsigned i = bucket_of(name); by_name[i]; i = (i + 1) % BUCKETS)
		if (!strcmp(by_name[i]->name, name))
			return by_name[i];
	return NULL;
}

static void add_hook(const struct hook *hook)
{
	unsigned bucket = bucket_of(hook->name);
	while (by_name[bucket])
		bucket = (bucket + 1) % BUCKETS;
	by_name[bucket] = hook;
}

/* By the shim's own symbols: a name in the shim's code may be bound to another module's function.  Those that an
 * allocator in front has in their place are there before. */
static void add_hooks(const struct slots *own, struct hook *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		rows[i].address = slots_defined(own, rows[i].name);
		if (rows[i].address && !find_hook(rows[i].name))
			add_hook(&rows[i]);
	}
}

static struct hook front_hooks[64]; /* more than there are rows in front.def and operators.def together */
static unsigned front_hook_count;

static void add_front_hooks(const struct front_hook *(*row)(unsigned index))
{
	const struct front_hook *hook;
	for (unsigned i = 0; (hook = row(i)) && front_hook_count < sizeof front_hooks / sizeof *front_hooks; i++) {
		if (!*hook->goes_on_to)
			continue;
		front_hooks[front_hook_count] =
		    (struct hook){hook->name, hook->goes_on_to, (uintptr_t)hook->hook, true};
		add_hook(&front_hooks[front_hook_count++]);
	}
}

/* What the operators go on to is known once a C++ runtime has been found. */
static uintptr_t goes_on_to(const struct hook *hook)
{
	return (uintptr_t)(hook->goes_on_to ? *hook->goes_on_to : operators_real(hook->name));
}

/* ---- modules ------------------------------------------------------------------------------------- */

#define MODULES_KNOWN 4096u

/* Those that were there before, or have been looked at. */
static struct known_module {
	uintptr_t start, bias;
} * known;
static unsigned known_count, initial_count;
static unsigned long long adds_seen, subs_seen;

static bool is_known(const struct slots *slots)
{
	for (unsigned i = 0; i < known_count; i++)
		if (known[i].start == slots->start && known[i].bias == slots->bias)
			return true;
	return false;
}

static void remember_module(const struct slots *slots)
{
	if (known_count < MODULES_KNOWN)
		known[known_count++] = (struct known_module){slots->start, slots->bias};
}

static bool has(const struct slots *slots, uintptr_t address)
{
	return address - slots->start < slots->end - slots->start;
}

static int remember_initial(struct dl_phdr_info *info, size_t bytes, void *unused)
{
	struct slots slots;
	if (slots_of(&slots, info))
		remember_module(&slots);
	if (has(&slots, shim_range.start)) {
		add_hooks(&slots, hooks, HOOKS);
		add_hooks(&slots, operators, OPERATORS);
	}
	adds_seen = info->dlpi_adds;
	subs_seen = info->dlpi_subs;
	return 0;
}

/* ---- slots that are turned ----------------------------------------------------------------------- */

#define TURNED_MOST 16384u

static struct turned {
	struct slots slots;
	uintptr_t *at;
	uintptr_t before, hook;
	bool present; /* its module is still loaded */
} * turned;
static unsigned turned_count;

static void *make_table(size_t bytes)
{
	bytes = (bytes + 4095) & ~(size_t)4095;
	address_space_take(bytes);
	void *table = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	if (!table)
		address_space_give(bytes);
	return table;
}

/* ---- one module ------------------------------------------------------------------------------------ */

struct pass {
	struct slots slots;
	const char *name; /* that a definition is looked for of */
	uintptr_t owner;  /* of the function that the hook goes on to */
	bool defined_elsewhere;
	bool deepbound; /* it may have been opened with RTLD_DEEPBIND */
	bool not_yet;   /* the loader is not done with the module */
	bool elsewhere; /* a slot of malloc's holds another allocator's */
	bool refused;
	unsigned count, front_count; /* of slots turned to hooks of hooks.def, and of front.h */
};

static int look_for_definition(struct dl_phdr_info *info, size_t bytes, void *data)
{
	struct pass *pass = data;
	struct slots slots;
	if (slots_of(&slots, info) && !has(&slots, pass->owner) && !has(&slots, shim_range.start) &&
	    slots_defined(&slots, pass->name))
		pass->defined_elsewhere = true;
	return pass->defined_elsewhere;
}

/* Whether a slot that is not bound yet will be bound to the hook or to what it goes on to. */
static bool can_only_be(struct pass *pass, const struct hook *hook)
{
	pass->name = hook->name;
	pass->owner = goes_on_to(hook);
	pass->defined_elsewhere = false;
	dl_iterate_phdr(look_for_definition, pass);
	return !pass->defined_elsewhere;
}

static bool is_in_a_module(uintptr_t address)
{
	struct dl_find_object object;
	return cfi_object(address, &object);
}

/* True for a slot that leads to the module's own PLT, to be bound at the first call. */
static bool is_not_bound_yet(const struct pass *pass, const struct slot *slot, uintptr_t value)
{
	return has(&pass->slots, value) && value != slot->own;
}

/* A slot that is not bound yet will be bound to the allocator in front, unless the module looks elsewhere first: in
 * itself, or in libc. */
static bool shall_turn_to_front(struct pass *pass, const struct slot *slot, const struct hook *hook, uintptr_t value)
{
	if (value == goes_on_to(hook))
		return true;
	if (value && value == slot->own)
		return false; /* the module's own function, or its PLT entry, whose slot is turned */
	if (is_not_bound_yet(pass, slot, value)) {
		pass->elsewhere |= pass->deepbound && !strcmp(hook->name, "malloc");
		return !pass->deepbound && !(slot->defined_here && pass->slots.symbolic) &&
		       (slot->version || !front_by_version);
	}
	pass->not_yet |= !value || !is_in_a_module(value);
	return false;
}

static bool shall_turn(struct pass *pass, const struct slot *slot, const struct hook *hook, uintptr_t value)
{
	if (value == hook->address || !goes_on_to(hook))
		return false;
	if (value == goes_on_to(hook))
		return true;
	if (!slot->defined_here && has(&pass->slots, value))
		return can_only_be(pass, hook);
	if (value && !is_in_a_module(value))
		pass->not_yet = true;
	else if (value && !strcmp(hook->name, "malloc"))
		pass->elsewhere = true;
	return false;
}

static void turn(struct pass *pass, const struct slot *slot, const struct hook *hook, uintptr_t value)
{
	if (turned_count == TURNED_MOST) {
		pass->refused = true;
		return;
	}
	switch (slots_write(&pass->slots, slot->at, hook->address)) {
	case SLOT_NOT_YET: pass->not_yet = true; return;
	case SLOT_REFUSED: pass->refused = true; return;
	case SLOT_WRITTEN: break;
	}
	turned[turned_count++] = (struct turned){pass->slots, slot->at, value, hook->address, true};
	pass->count += !hook->front;
	pass->front_count += hook->front;
}

static bool turn_slot(void *data, const struct slot *slot)
{
	struct pass *pass = data;
	const struct hook *hook = find_hook(slot->name);
	if (!hook ||
	    (slot->version && !strcmp(slot->version, OLD_VERSION) && !strncmp(hook->name, "pthread_cond_", 13)))
		return true;
	uintptr_t value = load_acquire(slot->at);
	if (hook->front ? shall_turn_to_front(pass, slot, hook, value)
	                : load_acquire(&deepbound_ever) && shall_turn(pass, slot, hook, value))
		turn(pass, slot, hook, value);
	return true;
}

/* In the ring file, for reports. */
static void note_module(const struct pass *pass)
{
	struct dl_find_object object;
	uint32_t index = cfi_object(pass->slots.start, &object) ? modules_index(&object) : 0;
	if (!index)
		return;
	struct rt_module *module = &process->modules[index - 1];
	module->turned = clock_ticks();
	store_release(&module->calls, pass->refused     ? RT_CALLS_PAST
	                              : pass->elsewhere ? RT_CALLS_ELSEWHERE
	                                                : RT_CALLS_TURNED);
}

/* What a look has come to. */
struct outcome {
	bool deepbound; /* the modules that came may have been opened with RTLD_DEEPBIND */
	bool not_yet, refused;
	bool front; /* slots were turned to the hooks of front.h */
};

static int look_at(struct dl_phdr_info *info, size_t bytes, void *data)
{
	struct outcome *outcome = data;
	struct pass pass = {.deepbound = outcome->deepbound};
	if (!slots_of(&pass.slots, info) || is_known(&pass.slots) || has(&pass.slots, shim_range.start))
		return 0;
	slots_each(&pass.slots, turn_slot, &pass);
	if (pass.count || pass.elsewhere || (pass.refused && load_acquire(&deepbound_ever)))
		note_module(&pass);
	outcome->front |= pass.front_count != 0;
	outcome->refused |= pass.refused;
	outcome->not_yet |= pass.not_yet;
	if (!pass.not_yet)
		remember_module(&pass.slots);
	return 0;
}

/* ---- the look --------------------------------------------------------------------------------------- */

struct change {
	bool came, went;
};

static int mark_present(struct dl_phdr_info *info, size_t bytes, void *unused)
{
	struct slots slots;
	if (slots_of(&slots, info))
		for (unsigned i = 0; i < turned_count; i++)
			turned[i].present |= turned[i].slots.start == slots.start && turned[i].slots.bias == slots.bias;
	return 0;
}

/* Modules went: their slots too. */
static void forget_gone(void)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < turned_count; i++)
		turned[i].present = false;
	dl_iterate_phdr(mark_present, NULL);
	for (unsigned i = 0; i < turned_count; i++)
		if (turned[i].present)
			turned[kept++] = turned[i];
	turned_count = kept;
}

static int changed(struct dl_phdr_info *info, size_t bytes, void *data)
{
	struct change *change = data;
	change->came = info->dlpi_adds != adds_seen;
	change->went = info->dlpi_subs != subs_seen;
	adds_seen = info->dlpi_adds;
	subs_seen = info->dlpi_subs;
	return 1;
}

/* True if slots were turned to the hooks of front.h. */
static bool look(void)
{
	struct change change;
	struct outcome outcome = {.deepbound = load_acquire(&deepbound_pending) || deepbound_left};
	dl_iterate_phdr(changed, &change);
	if (change.went) { /* another may be in the place of one that went */
		known_count = initial_count;
		forget_gone();
	}
	if (!change.came && !change.went)
		return false;
	if (load_acquire(&deepbound_ever))
		operators_look_up(); /* before the lock of dl_iterate_phdr, which the loader takes after its own */
	dl_iterate_phdr(look_at, &outcome);
	if (outcome.not_yet)
		adds_seen = 0;
	deepbound_left = outcome.deepbound && outcome.not_yet;
	if (outcome.refused && front_watched)
		allocator_lost();
	return outcome.front;
}

static bool look_in_turn(void)
{
	bool turned_to_front = false;
	fetch_add_acq_rel(&wishes, 1);
	while (load_acquire(&wishes) && cas_acq_rel(&busy, 0, 1)) {
		uint32_t seen = load_acquire(&wishes);
		turned_to_front |= look();
		fetch_add_acq_rel(&wishes, -seen);
		store_release(&busy, 0);
	}
	return turned_to_front;
}

static void note_unseen(unsigned what, bool begins)
{
	struct thread *self = thread_self();
	if (!self)
		return;
	unsigned lane = thread_enter(self, (uintptr_t)__builtin_frame_address(0));
	if (lane < RING_LANES)
		ring_write(self, &self->lanes[lane], RT_UNSEEN, 2, rt_word1(begins, what), 0, 0);
	thread_leave(self, lane);
	fetch_add_relaxed(&process->header->unseen[what], begins ? 1u : -1u);
}

void turning_look(void)
{
	int error = errno;
	if (sys_restricted || !process_is_ours())
		return;
	if (look_in_turn() && !turning_window.count) { /* libc has opened them */
		note_unseen(RT_UNSEEN_HEAP, true);
		note_unseen(RT_UNSEEN_HEAP, false);
	}
	for (; opened; opened--) {
		note_unseen(RT_UNSEEN_MODULE, false);
		fetch_add_acq_rel(&deepbound_pending, -1u);
	}
	for (; turning_window.count; turning_window.count--)
		note_unseen(RT_UNSEEN_HEAP, false);
	errno = error;
}

static bool begin(void)
{
	known = make_table(MODULES_KNOWN * sizeof *known);
	turned = make_table(TURNED_MOST * sizeof *turned);
	if (!known || !turned)
		return false;
	dl_iterate_phdr(remember_initial, NULL);
	initial_count = known_count;
	return true;
}

void turning_before_deepbind(void)
{
	int error = errno;
	if (!thread_self() || !process_is_ours())
		return;
	note_unseen(RT_UNSEEN_MODULE, true);
	known_allocator_asked();
	opened++;
	store_release(&deepbound_ever, true);
	fetch_add_acq_rel(&deepbound_pending, 1);
	if (!load_acquire(&turning_wanted) && cas_acq_rel(&busy, 0, 1)) {
		if (!turning_wanted && begin())
			store_release(&turning_wanted, true);
		store_release(&busy, 0);
	}
	errno = error;
}

void turning_before_namespace(void)
{
	int error = errno;
	if (thread_self() && process_is_ours())
		note_unseen(RT_UNSEEN_LIBC, true);
	errno = error;
}

/* ---- an allocator in front ---------------------------------------------------------------------------- */

void turning_before_open(const struct caller *caller)
{
	int error = errno;
	if (!front_watched || !thread_self() || !process_is_ours())
		return;
	note_unseen(RT_UNSEEN_HEAP, true);
	turning_window = (struct turning_window){turning_window.count + 1, caller->sp, caller->pc};
	errno = error;
}

void *turning_hook(void *handle, const char *name)
{
	const struct hook *hook = front_watched && handle != RTLD_NEXT ? find_hook(name) : NULL;
	if (!hook || !hook->front || (uintptr_t)real.dlsym(handle, name) != goes_on_to(hook))
		return NULL;
	return (void *)hook->address;
}

/* While dlopen runs, its return address stands below the stack pointer of its caller.  Later calls of that caller put
 * theirs there. */
static bool has_returned(const struct caller *caller)
{
	if (caller->sp >= turning_window.sp)
		return true;
#if defined(__x86_64__)
	return ((const uintptr_t *)turning_window.sp)[-1] != turning_window.pc;
#else
	return false;
#endif
}

void turning_after_open(const struct caller *caller)
{
	if (has_returned(caller))
		turning_look();
}

/* A word that no relocation names. */
static bool turn_word(void *data, uintptr_t *at)
{
	uintptr_t value = load_acquire(at);
	for (unsigned i = 0; i < front_hook_count; i++)
		if (value == goes_on_to(&front_hooks[i])) {
			turn(data, &(struct slot){.at = at}, &front_hooks[i], value);
			break;
		}
	return true;
}

/* The loader keeps the program's malloc, calloc, realloc and free in data that is read-only once it has started up.
 * True: all that do not lead through a PLT entry of the executable's were found. */
static bool turn_loader(struct pass *pass)
{
	unsigned before = pass->front_count;
	uintptr_t *end = (uintptr_t *)pass->slots.relro_end;
	for (uintptr_t *at = (uintptr_t *)pass->slots.relro_start; at < end; at++)
		turn_word(pass, at);
	return pass->front_count - before >= front_direct;
}

static int turn_to_front(struct dl_phdr_info *info, size_t bytes, void *data)
{
	struct outcome *outcome = data;
	struct pass pass = {.deepbound = false};
	if (!slots_of(&pass.slots, info) || has(&pass.slots, shim_range.start) || has(&pass.slots, front_range.start))
		return 0;
	slots_each(&pass.slots, turn_slot, &pass);
	slots_each_copied(&pass.slots, turn_word, &pass);
	if (has(&pass.slots, loader_range.start))
		outcome->refused |= !turn_loader(&pass);
	outcome->refused |= pass.refused || pass.not_yet;
	return 0;
}

bool turning_to_front(void)
{
	struct outcome outcome = {.refused = false};
	if (sys_restricted || load_acquire(&turning_wanted) || !cas_acq_rel(&busy, 0, 1))
		return false;
	add_front_hooks(front_function);
	add_front_hooks(front_operator);
	outcome.refused = !begin();
	if (!outcome.refused)
		dl_iterate_phdr(turn_to_front, &outcome);
	store_release(&turning_wanted, !outcome.refused);
	store_release(&busy, 0);
	if (outcome.refused)
		turning_back();
	return !outcome.refused;
}

static int turn_back(struct dl_phdr_info *info, size_t bytes, void *unused)
{
	struct slots slots;
	if (!slots_of(&slots, info))
		return 0;
	for (unsigned i = 0; i < turned_count; i++) {
		const struct turned *one = &turned[i];
		if (one->slots.start == slots.start && one->slots.bias == slots.bias &&
		    load_acquire(one->at) == one->hook)
			slots_write(&slots, one->at, one->before);
	}
	return 0;
}

void turning_back(void)
{
	if (!cas_acq_rel(&busy, 0, 1))
		return;
	dl_iterate_phdr(turn_back, NULL);
	turned_count = 0;
	store_release(&busy, 0);
}
