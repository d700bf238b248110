#include "tools/races/watch.h"

#if defined(__x86_64__)

#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STOPPED_BY_PERF 6 /* TRAP_PERF */
#define REGISTER_BYTES  8u

static struct perf_event_attr attributes(uint64_t address, uint32_t bytes, bool reads)
{
	return (struct perf_event_attr){
	    .type = PERF_TYPE_BREAKPOINT,
	    .size = sizeof(struct perf_event_attr),
	    .bp_type = reads ? HW_BREAKPOINT_RW : HW_BREAKPOINT_W,
	    .bp_addr = address,
	    .bp_len = bytes,
	    .sample_period = 1,
	    .exclude_kernel = 1,
	    .exclude_hv = 1,
	};
}

static int open_event(struct perf_event_attr *attr, pid_t tid)
{
	return (int)syscall(SYS_perf_event_open, attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* ---- does it work? ------------------------------------------------------------------------------ */

bool watch_works(void)
{
	static volatile uint64_t word;
	struct perf_event_attr attr = attributes((uintptr_t)&word, sizeof word, false);
	uint64_t count = 0;
	int event = open_event(&attr, 0);

	if (event < 0)
		return false;
	word = 1;
	ssize_t got = read(event, &count, sizeof count);
	close(event);
	return got == (ssize_t)sizeof count && count;
}

/* ---- slots --------------------------------------------------------------------------------------- */

static struct perf_event_attr slot_attributes(uint64_t address, uint32_t bytes, bool reads, uint32_t turn,
                                              unsigned slot)
{
	struct perf_event_attr attr = attributes(address, bytes, reads);

	attr.inherit = 1;
	attr.inherit_thread = 1;
	attr.remove_on_exec = 1;
	attr.sigtrap = 1;
	attr.sig_data = (uint64_t)turn * WATCH_SLOTS + slot;
	return attr;
}

bool watch_open(struct watch *watch, pid_t tid)
{
	memset(watch, 0, sizeof *watch);
	for (unsigned slot = 0; slot < WATCH_SLOTS; slot++) {
		struct perf_event_attr attr = slot_attributes(REGISTER_BYTES, REGISTER_BYTES, true, 0, slot);
		attr.disabled = 1;
		watch->slots[slot].event = open_event(&attr, tid);
	}
	watch->open = true;
	for (unsigned slot = 0; slot < WATCH_SLOTS; slot++)
		if (watch->slots[slot].event < 0) {
			watch_close(watch);
			return false;
		}
	return true;
}

void watch_close(struct watch *watch)
{
	for (unsigned slot = 0; slot < WATCH_SLOTS && watch->open; slot++)
		if (watch->slots[slot].event >= 0)
			close(watch->slots[slot].event);
	memset(watch, 0, sizeof *watch);
}

/* The largest power of two that a register can hold at this address, and no more than `most`. */
static uint32_t size_at(uint64_t address, uint64_t most)
{
	uint32_t bytes = REGISTER_BYTES;

	while (bytes > 1 && (bytes > most || address % bytes))
		bytes /= 2;
	return bytes;
}

/* The whole aligned register within the access, if there is one. */
static uint64_t start_at(uint64_t address, uint64_t bytes)
{
	uint64_t aligned = (address + REGISTER_BYTES - 1) & ~(uint64_t)(REGISTER_BYTES - 1);

	return aligned + REGISTER_BYTES <= address + bytes ? aligned : address;
}

int watch_arm(struct watch *watch, uint64_t address, uint64_t bytes, bool reads)
{
	unsigned slot = 0;

	while (slot < WATCH_SLOTS && watch->slots[slot].address)
		slot++;
	if (!watch->open || slot == WATCH_SLOTS || !address || !bytes)
		return -1;
	struct watch_slot *free = &watch->slots[slot];
	free->address = start_at(address, bytes);
	free->bytes = size_at(free->address, address + bytes - free->address);
	free->turn++;
	struct perf_event_attr attr = slot_attributes(free->address, free->bytes, reads, free->turn, slot);
	if (!ioctl(free->event, PERF_EVENT_IOC_MODIFY_ATTRIBUTES, &attr))
		return (int)slot;
	watch_disarm(watch, (int)slot);
	return -1;
}

void watch_disarm(struct watch *watch, int slot)
{
	if (slot < 0)
		return;
	ioctl(watch->slots[slot].event, PERF_EVENT_IOC_DISABLE, 0);
	watch->slots[slot].address = 0;
}

bool watch_is_stop(const siginfo_t *info) { return info->si_signo == SIGTRAP && info->si_code == STOPPED_BY_PERF; }

/* What the kernel's siginfo has behind the address. */
struct perf_part {
	uint64_t data; /* the word that was set with the event */
	uint32_t type, flags;
};

#define SENT_LATER 1u /* TRAP_PERF_FLAG_ASYNC: the thread blocked SIGTRAP, and is elsewhere by now */

static struct perf_part part_of(const siginfo_t *info)
{
	struct perf_part part;

	memcpy(&part, (const char *)info + offsetof(siginfo_t, si_addr) + sizeof(void *), sizeof part);
	return part;
}

int watch_stopped_by(const struct watch *watch, const siginfo_t *info)
{
	struct perf_part part = part_of(info);
	uint64_t slot = part.data % WATCH_SLOTS;

	if (!watch_is_stop(info) || part.flags & SENT_LATER || !watch->slots[slot].address ||
	    watch->slots[slot].turn != part.data / WATCH_SLOTS)
		return -1;
	return (int)slot;
}

#endif
