#include "shim/turning.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/address_space.h"
#include "shim/cfi.h"
#include "shim/clock.h"
#include "shim/hooks.h"
#include "shim/modules.h"
#include "shim/slots.h"
#include "shim/sys.h"

bool turning_wanted;

/* Threads take turns; one that comes while another is at it leaves its wish here, and the other one looks again. */
static uint32_t busy, wishes;

static __thread unsigned opened; /* libraries with RTLD_DEEPBIND by this thread, since its last look */

/* ---- hooks by name ----------------------------------------------------------------------------- */

struct hook {
	const char *name;
	void **goes_on_to;
	uintptr_t address; /* of the hook; 0: not found */
};

/* The second ABI of condition variables has the same names: its version tells it. */
#define OLD_VERSION "GLIBC_2.2.5"

#define HOOK(ret, name, ...) {#name, (void **)&real.name, 0},
static struct hook hooks[] = {
#include "shim/hooks.def"
};
#undef HOOK
#define HOOKS (sizeof hooks / sizeof *hooks)

#define NEW(name, ...)    {#name, NULL, 0},
#define DELETE(name, ...) {#name, NULL, 0},
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

/* By the shim's own symbols: a name in the shim's code may be bound to another module's function. */
static void add_hooks(const struct slots *own, struct hook *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned bucket = bucket_of(rows[i].name);
		while (by_name[bucket])
			bucket = (bucket + 1) % BUCKETS;
		rows[i].address = slots_defined(own, rows[i].name);
		if (rows[i].address)
			by_name[bucket] = &rows[i];
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
	bool not_yet;   /* the loader is not done with the module */
	bool elsewhere; /* a slot of malloc's holds another allocator's */
	bool refused;
	unsigned count;
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
	pass->count++;
}

static bool turn_slot(void *data, const struct slot *slot)
{
	struct pass *pass = data;
	const struct hook *hook = find_hook(slot->name);
	if (!hook ||
	    (slot->version && !strcmp(slot->version, OLD_VERSION) && !strncmp(hook->name, "pthread_cond_", 13)))
		return true;
	uintptr_t value = load_acquire(slot->at);
	if (shall_turn(pass, slot, hook, value))
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

static int look_at(struct dl_phdr_info *info, size_t bytes, void *data)
{
	struct pass pass = {.not_yet = false};
	bool *complete = data;
	if (!slots_of(&pass.slots, info) || is_known(&pass.slots) || has(&pass.slots, shim_range.start))
		return 0;
	slots_each(&pass.slots, turn_slot, &pass);
	if (pass.count || pass.elsewhere || pass.refused)
		note_module(&pass);
	if (pass.not_yet)
		*complete = false;
	else
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

static void look(void)
{
	struct change change;
	bool complete = true;
	dl_iterate_phdr(changed, &change);
	if (change.went) { /* another may be in the place of one that went */
		known_count = initial_count;
		forget_gone();
	}
	if (!change.came && !change.went)
		return;
	operators_look_up(); /* before the lock of dl_iterate_phdr, which the loader takes after its own */
	dl_iterate_phdr(look_at, &complete);
	if (!complete)
		adds_seen = 0;
}

static void look_in_turn(void)
{
	fetch_add_acq_rel(&wishes, 1);
	while (load_acquire(&wishes) && cas_acq_rel(&busy, 0, 1)) {
		uint32_t seen = load_acquire(&wishes);
		look();
		fetch_add_acq_rel(&wishes, -seen);
		store_release(&busy, 0);
	}
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
	look_in_turn();
	for (; opened; opened--)
		note_unseen(RT_UNSEEN_MODULE, false);
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
	opened++;
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
