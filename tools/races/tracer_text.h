/*
 * The code of a traced program, in which the first bytes of sites are replaced by int3, and the copies of instructions
 * that threads run instead.
 *
 * A byte is written when a site is armed and when it is taken out, and never to let one thread pass: the thread runs a
 * copy of the instruction in a slot.  The slots are in memory of their own close to the code (tracer_inject.h).  A slot
 * belongs to one site until the process ends, and behind the copy it jumps to the instruction behind the site.  So a
 * thread in a slot needs nothing more from the tracer, and many threads can be in one slot.
 *
 * The slots have the name "area".  Its first page holds the program's handler of SIGTRAP.
 */
#ifndef RINGTAIL_RACES_TRACER_TEXT_H
#define RINGTAIL_RACES_TRACER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/base/error.h"
#include "tools/races/site.h"

#define TEXT_SLOT_BYTES   32u
#define TEXT_AREA_BYTES   (UINT64_C(1) << 20)
#define TEXT_HANDLER_ROOM UINT64_C(4096)
#define TEXT_WHEEL        1024u /* turns of the wheel on which resting sites wait */

struct text_site {
	uint32_t slot;      /* number of its slot; 0: none yet */
	uint32_t stops;     /* number of its slot that stops behind the copy; 0: none yet */
	uint32_t next;      /* on the wheel; TEXT_NO_SITE: none */
	uint16_t rank;      /* random: the sites of a lower rank than text->cut are armed */
	uint8_t rests;      /* how often it was taken out because a loop runs over it */
	bool dead : 1;      /* never armed again */
	bool resting : 1;   /* taken out for a while */
	bool queued : 1;    /* on the wheel */
	bool in_text : 1;   /* its int3 is in the program's memory */
	bool caught : 1;    /* it is a side of a pair that was caught */
	bool candidate : 1; /* it may race, by what was seen (tracer_samples.c) ... */
	uint8_t strikes;    /* ... but this many holds there caught nothing */
};

#define TEXT_NO_SITE UINT32_MAX

/* The sites that rest and that last accessed this word of memory: the newest few. */
struct text_place {
	uint64_t word;
	uint32_t sites[4]; /* 1 + the index of the site; 0: none */
};

#define TEXT_PLACES 4096u

struct text {
	int memory;              /* descriptor of /proc/PID/mem, of this image alone: it is of no use after an exec */
	unsigned compilers;      /* set of enum race_compiler, of the file */
	int original_file;       /* descriptor of a memory file with the code as it was, for the guardian */
	const uint8_t *original; /* the same, mapped */
	uint64_t start, bytes;   /* the executable segment, in the process */
	uint64_t bias;
	struct race_sites *sites;
	struct text_site *states; /* one for each of sites->items */
	uint8_t *page_used;       /* number of the page: true if an int3 was ever written to it */
	uint64_t area;            /* 0: not there yet */
	bool full;                /* there is no room for slots of further sites */
	uint32_t slots;           /* in use, numbered from 1 */
	uint32_t *slot_sites;     /* the site of each slot */
	size_t slot_room;
	bool on;       /* int3s are in the program's memory; else they only would be */
	uint32_t cut;  /* TEXT_ALL: all sites are armed */
	uint64_t turn; /* of the wheel: the last one that is over */
	uint32_t wheel[TEXT_WHEEL];
	uint32_t queued;           /* sites on the wheel */
	struct text_place *places; /* by a hash of the word */
	uint32_t armed;            /* sites with in_text */
};

#define TEXT_ALL 0x10000u

/* Reads the executable of the process and its sites, and opens its memory.  The process may run.  False, with the
 * reason in err: it cannot be done, or its code in memory is not that of the file. */
bool text_open(struct text *text, pid_t pid, uint32_t seed, struct error *err);
void text_close(struct text *text);
/* For a mapping of `bytes` bytes of this file at this offset: how many of them, from the start, belong to an executable
 * segment of the file.  0: it is no mapping of such a segment. */
uint64_t text_file_code_end(const char *path, uint64_t offset, uint64_t bytes);

/* The site whose instruction starts at this address of the process, as an index of sites->items; TEXT_NO_SITE: none. It
 * need not be armed. */
uint32_t text_site_at(const struct text *text, uint64_t address);
static inline uint64_t text_address(const struct text *text, uint32_t site)
{
	return text->sites->items[site].address + text->bias;
}

/* Puts all int3s that are due into the code, and takes all out. */
void text_arm(struct text *text);
void text_disarm(struct text *text);
/* Writes the code without int3s into another process's memory: of a child that fork has just made. */
void text_restore_child(const struct text *text, int memory);
/* Arms only the sites below this rank, from 1 to TEXT_ALL. */
void text_set_cut(struct text *text, uint32_t cut);

/* Takes a site out for a while: for 200 us at first, or 1600 if longer, and each time for twice as long, up to 100 ms.
 * address: that it accesses now.  now: of a clock of the caller's, ns, the same for text_wake and text_next_wake. */
void text_rest(struct text *text, uint32_t site, uint64_t address, bool longer, uint64_t now);
/* Arms the resting sites that last accessed these bytes. */
void text_wake_place(struct text *text, uint64_t address, uint64_t size);
/* Arms this site, if it rests. */
void text_wake_site(struct text *text, uint32_t site);
/* Arms the sites that have rested. */
void text_wake(struct text *text, uint64_t now);
/* When text_wake has work again, ns; UINT64_MAX: never. */
uint64_t text_next_wake(const struct text *text);
/* Takes a site out for ever. */
void text_kill(struct text *text, uint32_t site);

/* The address of the site's slot, which is made if there is none yet.  0: there is no room for it; then the site is
 * dead, and so are, before it comes to that, all sites without a slot. */
uint64_t text_slot(struct text *text, uint32_t site);
/* The address of a slot that has an int3 between the copy and the jump: the thread stops once more when its access is
 * done.  If the tracer is killed before that, the handler lets the thread go on behind the int3.  0: there is no room,
 * or the site goes elsewhere. */
uint64_t text_stop_slot(struct text *text, uint32_t site);
/* The site of a thread that has run into the int3 of such a slot, by its instruction pointer; TEXT_NO_SITE: it has not.
 * The thread then goes on where it is. */
uint32_t text_stopped_behind(const struct text *text, uint64_t rip);
/* Where the thread stands if its instruction pointer is in a slot: before the site, or behind it.  Else rip itself;
 * also for a thread that is about to jump where a call goes. */
uint64_t text_outside(const struct text *text, uint64_t rip);
static inline bool text_in_area(const struct text *text, uint64_t rip)
{
	return text->area && rip - text->area < TEXT_AREA_BYTES;
}

#endif
