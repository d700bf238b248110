#include "tools/races/tracer_text.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/base/memory.h"
#include "tools/base/proc.h"
#include "tools/base/u64_map.h"
#include "tools/races/shapes.h"

#define PAGE       UINT64_C(4096)
#define INT3       0xcc
#define JUMP       0xe9 /* jmp rel32, of JUMP_BYTES */
#define JUMP_BYTES 5u
#define PUSH_BYTES 6u
#define REST_FIRST UINT64_C(200000)
#define REST_MOST  UINT64_C(100000000)
#define TURN       UINT64_C(100000) /* ns; the wheel is longer than the longest rest */
/* Slots that are kept for threads that have run into an int3 before it could be taken out. */
#define SLOTS_KEPT 512u
/* Sites that are armed at first: of a larger program, others follow as far as their cost is allowed. */
#define FIRST_MOST UINT64_C(20000)
#define SLOTS_MOST ((uint32_t)((TEXT_AREA_BYTES - TEXT_HANDLER_ROOM) / TEXT_SLOT_BYTES))

_Static_assert(TEXT_WHEEL *TURN > REST_MOST, "a site would be armed a turn too early");

/* ---- the executable in memory --------------------------------------------------------------- */

struct segment {
	uint64_t address, offset, bytes;
};

/* The largest executable segment, and the first one of all. */
static bool find_segments(int fd, struct segment *code, struct segment *first)
{
	bool any = false;
	size_t count = 0;
	GElf_Phdr header;

	*code = (struct segment){0};
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_getphdrnum(elf, &count))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD)
			continue;
		if (!any)
			*first = (struct segment){header.p_vaddr, header.p_offset, header.p_filesz};
		any = true;
		if (header.p_flags & PF_X && header.p_filesz > code->bytes)
			*code = (struct segment){header.p_vaddr, header.p_offset, header.p_filesz};
	}
	elf_end(elf);
	return any && code->bytes;
}

uint64_t text_file_code_end(const char *path, uint64_t offset, uint64_t bytes)
{
	struct segment code = {0}, first = {0};
	uint64_t end = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (find_segments(fd, &code, &first) && offset == (code.offset & ~(PAGE - 1)))
		end = code.offset + code.bytes - offset;
	close(fd);
	return end <= bytes ? end : 0;
}

/* The bias, from the mapping that the segment begins. */
static bool find_bias(pid_t pid, const char *executable, const struct segment *first, uint64_t *bias)
{
	char path[64], *line = NULL;
	unsigned long long start, offset;
	size_t room = 0, length = strlen(executable);
	bool found = false;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)process_number(pid));
	FILE *maps = fopen(path, "re");
	while (maps && !found && getline(&line, &room, maps) > 0) {
		int name = 0;
		if (sscanf(line, "%llx-%*x %*s %llx %*s %*s %n", &start, &offset, &name) != 2 || !name ||
		    strncmp(line + name, executable, length))
			continue;
		found = offset == (first->offset & ~(PAGE - 1));
		*bias = start - (first->address & ~(PAGE - 1));
	}
	if (maps)
		fclose(maps);
	free(line);
	return found;
}

/* A copy of the code as the file has it, in memory that the guardian can read, too. */
static bool copy_original(struct text *text, int fd, uint64_t offset)
{
	text->original_file = memfd_create("ringtail-code", MFD_CLOEXEC);
	if (text->original_file < 0 || ftruncate(text->original_file, (off_t)text->bytes))
		return false;
	uint8_t *copy = mmap(NULL, text->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, text->original_file, 0);
	if (copy == MAP_FAILED)
		return false;
	text->original = copy;
	return pread(fd, copy, text->bytes, (off_t)offset) == (ssize_t)text->bytes;
}

/* Where a jump or call through memory has its ModRM byte. */
static unsigned flow_operand(const uint8_t *code, unsigned length)
{
	for (unsigned i = 0; i + 1 < length; i++)
		if (code[i] == 0xff)
			return i + 1;
	return 0;
}

#define FLOW_KIND(modrm) ((modrm) >> 3 & 7)
enum { FLOW_CALL = 2, FLOW_JUMP = 4 }; /* the others are far ones */

static bool can_be_armed(const struct text *text, const struct race_site *site)
{
	uint64_t at = site->address + text->bias - text->start;

	if (site->locked || at >= text->bytes || site->length > text->bytes - at)
		return false;
	const uint8_t *code = text->original + at;
	unsigned kind = FLOW_KIND(code[flow_operand(code, site->length)]);
	return !site->control_flow || kind == FLOW_CALL || kind == FLOW_JUMP;
}

static void make_states(struct text *text, uint32_t seed)
{
	text->states = memory_zeroed(text->sites->count, sizeof *text->states);
	text->places = memory_zeroed(TEXT_PLACES, sizeof *text->places);
	text->page_used = memory_zeroed(text->bytes / PAGE + 2, sizeof *text->page_used);
	for (uint32_t i = 0; i < text->sites->count; i++) {
		text->states[i].rank = (uint16_t)(u64_mix((uint64_t)seed << 32 | i) >> 7);
		text->states[i].dead = !can_be_armed(text, &text->sites->items[i]);
	}
	for (uint32_t i = 0; i < TEXT_WHEEL; i++)
		text->wheel[i] = TEXT_NO_SITE;
	text->cut = text->sites->count > FIRST_MOST ? (uint32_t)(TEXT_ALL * FIRST_MOST / text->sites->count) : TEXT_ALL;
}

static bool open_file(struct text *text, pid_t pid, int fd, const char *executable, struct error *err)
{
	struct segment code = {0}, first = {0};

	if (!find_segments(fd, &code, &first) || !find_bias(pid, executable, &first, &text->bias))
		return error_set(err, EXIT_INTERNAL, "the program's code was not found in its memory");
	text->start = code.address + text->bias;
	text->bytes = code.bytes;
	if (!copy_original(text, fd, code.offset))
		return error_set(err, EXIT_INTERNAL, "the program's code cannot be read");
	if (!race_text_is_mapped(fd, text->memory, text->bias))
		return error_set(err, EXIT_INTERNAL, "the program's code in memory is not that of its file");
	text->compilers = race_compilers_of(fd);
	return (text->sites = race_sites_of(fd, err)) != NULL;
}

bool text_open(struct text *text, pid_t pid, uint32_t seed, struct error *err)
{
	char path[64], executable[4096];
	bool good = false;

	*text = (struct text){.memory = -1, .original_file = -1};
	snprintf(path, sizeof path, "/proc/%d/mem", (int)process_number(pid));
	text->memory = open(path, O_RDWR | O_CLOEXEC);
	snprintf(path, sizeof path, "/proc/%d/exe", (int)process_number(pid));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = readlink(path, executable, sizeof executable - 1);
	if (text->memory < 0 || fd < 0 || length <= 0) {
		error_set(err, EXIT_INTERNAL, "the program's memory or its file cannot be opened");
	} else {
		executable[length] = '\0';
		good = open_file(text, pid, fd, executable, err);
	}
	if (fd >= 0)
		close(fd);
	if (good)
		make_states(text, seed);
	else
		text_close(text);
	return good;
}

void text_close(struct text *text)
{
	if (text->original)
		munmap((void *)text->original, text->bytes);
	if (text->memory >= 0)
		close(text->memory);
	if (text->original_file >= 0)
		close(text->original_file);
	race_sites_free(text->sites);
	free(text->states);
	free(text->page_used);
	free(text->slot_sites);
	free(text->places);
	*text = (struct text){.memory = -1, .original_file = -1};
}

uint32_t text_site_at(const struct text *text, uint64_t address)
{
	const struct race_site *site = race_sites_find(text->sites, address - text->bias);

	return site ? (uint32_t)(site - text->sites->items) : TEXT_NO_SITE;
}

/* ---- int3s -------------------------------------------------------------------------------------- */

static bool is_due(const struct text *text, uint32_t site)
{
	const struct text_site *state = &text->states[site];

	return !state->dead && !state->resting && state->rank < text->cut;
}

static uint64_t page_of(const struct text *text, uint32_t site)
{
	return text_address(text, site) / PAGE - text->start / PAGE;
}

/* The part of the code that is in this page. */
static uint64_t page_start(const struct text *text, uint64_t page)
{
	uint64_t start = (text->start / PAGE + page) * PAGE;

	return start > text->start ? start : text->start;
}

static uint64_t page_end(const struct text *text, uint64_t page)
{
	uint64_t end = (text->start / PAGE + page + 1) * PAGE;

	return end < text->start + text->bytes ? end : text->start + text->bytes;
}

static bool write_memory(int memory, uint64_t address, const void *from, uint64_t bytes)
{
	return pwrite(memory, from, bytes, (off_t)address) == (ssize_t)bytes;
}

/* Writes one page of code with the int3s of the sites from *site on that are in it, and counts *site up past them. */
static void arm_page(struct text *text, uint64_t page, uint32_t *site)
{
	uint8_t copy[PAGE];
	uint64_t start = page_start(text, page), bytes = page_end(text, page) - start;
	bool any = false;

	memcpy(copy, text->original + (start - text->start), bytes);
	for (; *site < text->sites->count && page_of(text, *site) == page; ++*site) {
		bool due = is_due(text, *site);
		text->armed += due;
		text->states[*site].in_text = due;
		any |= due;
		if (due)
			copy[text_address(text, *site) - start] = INT3;
	}
	if (!any && !text->page_used[page])
		return;
	text->page_used[page] |= any;
	write_memory(text->memory, start, copy, bytes);
}

void text_arm(struct text *text)
{
	uint32_t site = 0;

	text->armed = 0;
	text->on = true;
	while (site < text->sites->count) {
		uint64_t at = text_address(text, site);
		if (at < text->start || at >= text->start + text->bytes)
			site++;
		else
			arm_page(text, page_of(text, site), &site);
	}
}

static void write_original(const struct text *text, uint64_t page, int memory)
{
	uint64_t start = page_start(text, page), end = page_end(text, page);

	if (text->page_used[page] && start < end)
		write_memory(memory, start, text->original + (start - text->start), end - start);
}

void text_disarm(struct text *text)
{
	if (!text->on)
		return;
	text->on = false;
	for (uint64_t page = 0; page <= text->bytes / PAGE; page++)
		write_original(text, page, text->memory);
	for (uint32_t i = 0; i < text->sites->count; i++)
		text->states[i].in_text = false;
	text->armed = 0;
}

/* The child was made while int3s were in the code or not: its memory tells. */
void text_restore_child(const struct text *text, int memory)
{
	for (uint64_t page = 0; page <= text->bytes / PAGE; page++) {
		uint8_t copy[PAGE];
		uint64_t start = page_start(text, page), bytes = page_end(text, page) - start;
		if (!text->page_used[page] || pread(memory, copy, bytes, (off_t)start) != (ssize_t)bytes)
			continue;
		if (memcmp(copy, text->original + (start - text->start), bytes))
			write_original(text, page, memory);
	}
}

void text_set_cut(struct text *text, uint32_t cut)
{
	if (cut == text->cut)
		return;
	text->cut = cut;
	if (text->on)
		text_arm(text);
}

/* Brings one site's byte into the state that is due. */
static void refresh(struct text *text, uint32_t site)
{
	struct text_site *state = &text->states[site];
	uint64_t address = text_address(text, site);
	bool due = text->on && is_due(text, site);
	uint8_t byte = due ? INT3 : text->original[address - text->start];

	if (due == state->in_text)
		return;
	state->in_text = due;
	text->armed += due ? 1u : UINT32_MAX;
	text->page_used[page_of(text, site)] = true;
	write_memory(text->memory, address, &byte, 1);
}

void text_kill(struct text *text, uint32_t site)
{
	text->states[site].dead = true;
	refresh(text, site);
}

/* ---- resting ---------------------------------------------------------------------------------------- */

#define WORD_BYTES 8u
#define WORDS_MOST 4u /* of one access */

static struct text_place *place_of(const struct text *text, uint64_t word)
{
	return &text->places[u64_mix(word) % TEXT_PLACES];
}

static void note_place(struct text *text, uint32_t site, uint64_t word)
{
	struct text_place *place = place_of(text, word);
	size_t most = sizeof place->sites / sizeof *place->sites;

	if (place->word != word)
		*place = (struct text_place){.word = word};
	for (size_t i = 0; i < most; i++)
		if (place->sites[i] == site + 1)
			return;
	memmove(place->sites + 1, place->sites, (most - 1) * sizeof *place->sites);
	place->sites[0] = site + 1;
}

static void queue(struct text *text, uint32_t site, uint64_t until)
{
	uint32_t *head = &text->wheel[until / TURN % TEXT_WHEEL];

	text->states[site].queued = true;
	text->states[site].next = *head;
	*head = site;
	text->queued++;
}

void text_rest(struct text *text, uint32_t site, uint64_t address, bool longer, uint64_t now)
{
	struct text_site *state = &text->states[site];
	uint64_t rest = REST_FIRST << (state->rests + (longer ? 3 : 0));

	if (state->resting)
		return;
	if (!text->queued)
		text->turn = now / TURN;
	state->rests += rest < REST_MOST;
	state->resting = true;
	if (!state->queued)
		queue(text, site, now + (rest < REST_MOST ? rest : REST_MOST));
	note_place(text, site, address / WORD_BYTES);
	refresh(text, site);
}

void text_wake_site(struct text *text, uint32_t site)
{
	text->states[site].resting = false;
	refresh(text, site);
}

void text_wake_place(struct text *text, uint64_t address, uint64_t size)
{
	uint64_t first = address / WORD_BYTES, last = (address + size - 1) / WORD_BYTES;

	for (uint64_t word = first; word <= last && word < first + WORDS_MOST; word++) {
		const struct text_place *place = place_of(text, word);
		for (size_t i = 0; place->word == word && i < sizeof place->sites / sizeof *place->sites; i++)
			if (place->sites[i])
				text_wake_site(text, place->sites[i] - 1);
	}
}

static void wake_turn(struct text *text, uint32_t *head)
{
	while (*head != TEXT_NO_SITE) {
		uint32_t site = *head;
		*head = text->states[site].next;
		text->states[site].queued = false;
		text->queued--;
		text_wake_site(text, site);
	}
}

void text_wake(struct text *text, uint64_t now)
{
	uint64_t turn = now / TURN;

	if (!text->queued || turn <= text->turn)
		return;
	if (turn - text->turn > TEXT_WHEEL)
		text->turn = turn - TEXT_WHEEL;
	while (text->turn < turn)
		wake_turn(text, &text->wheel[++text->turn % TEXT_WHEEL]);
}

uint64_t text_next_wake(const struct text *text)
{
	if (!text->queued)
		return UINT64_MAX;
	for (uint64_t i = 1; i <= TEXT_WHEEL; i++)
		if (text->wheel[(text->turn + i) % TEXT_WHEEL] != TEXT_NO_SITE)
			return (text->turn + i) * TURN;
	return UINT64_MAX;
}

/* ---- slots --------------------------------------------------------------------------------------------- */

static uint64_t slot_address(const struct text *text, uint32_t slot)
{
	return text->area + TEXT_HANDLER_ROOM + (uint64_t)slot * TEXT_SLOT_BYTES;
}

static bool put_distance(uint8_t *at, uint64_t distance)
{
	int32_t near = (int32_t)distance;

	memcpy(at, &near, sizeof near);
	return (uint64_t)(int64_t)near == distance;
}

/* Copies the instruction to a place in memory.  False: the distance to its variable is too long. */
static bool copy_instruction(const struct text *text, uint32_t number, uint8_t *copy, uint64_t at)
{
	const struct race_site *site = &text->sites->items[number];
	uint64_t address = text_address(text, number);
	int32_t displacement;

	memcpy(copy, text->original + (address - text->start), site->length);
	if (!site->rip_relative)
		return true;
	memcpy(&displacement, copy + site->displacement_at, sizeof displacement);
	return put_distance(copy + site->displacement_at, (uint64_t)(int64_t)displacement + address - at);
}

/* `call` must leave the address behind the site on the stack, where the program's unwinders look for it, and not that
 * of its copy: push of that address, and a jump by the same operand. */
static bool make_call(const struct text *text, uint32_t number, uint64_t at, uint8_t *copy)
{
	static const uint8_t push[PUSH_BYTES] = {0xff, 0x35}; /* push of the 8 bytes at rip + 32 bits */
	const struct race_site *site = &text->sites->items[number];
	uint64_t back = text_address(text, number) + site->length;
	uint8_t *jump = copy + PUSH_BYTES;

	memcpy(copy, push, PUSH_BYTES);
	copy[2] = site->length; /* from there on to the address, which lies behind the jump */
	bool good = copy_instruction(text, number, jump, at + PUSH_BYTES);
	uint8_t *operand = jump + flow_operand(jump, site->length);
	*operand = (uint8_t)((*operand & ~(7 << 3)) | FLOW_JUMP << 3);
	memcpy(jump + site->length, &back, sizeof back);
	return good;
}

/* Makes the copy that runs at `at`.  stops: with an int3 behind it.  False: the distances are too long. */
static bool make_copy(const struct text *text, uint32_t number, uint64_t at, bool stops, uint8_t copy[TEXT_SLOT_BYTES])
{
	const struct race_site *site = &text->sites->items[number];
	uint64_t address = text_address(text, number), jump = site->length + stops;
	const uint8_t *code = text->original + (address - text->start);

	memset(copy, INT3, TEXT_SLOT_BYTES);
	if (site->control_flow && FLOW_KIND(code[flow_operand(code, site->length)]) == FLOW_CALL)
		return make_call(text, number, at, copy);
	if (!copy_instruction(text, number, copy, at))
		return false;
	copy[jump] = JUMP;
	return put_distance(copy + jump + 1, address + site->length - (at + jump + JUMP_BYTES));
}

/* Kills the sites that have no slot: no thread shall run into one of them and find no room. */
static void close_slots(struct text *text)
{
	for (uint32_t i = 0; i < text->sites->count; i++)
		if (!text->states[i].slot)
			text->states[i].dead = true;
	text->full = true;
	if (text->on)
		text_arm(text);
}

/* A new slot with a copy of the site.  0: there is no room. */
static uint32_t make_slot(struct text *text, uint32_t site, bool stops)
{
	uint64_t at = slot_address(text, text->slots + 1);
	uint8_t copy[TEXT_SLOT_BYTES];

	if (text->slots + 2 >= SLOTS_MOST || !make_copy(text, site, at, stops, copy) ||
	    !write_memory(text->memory, at, copy, sizeof copy))
		return 0;
	GROW(text->slot_sites, text->slot_room, text->slots + 2);
	text->slot_sites[++text->slots] = site;
	return text->slots;
}

uint64_t text_slot(struct text *text, uint32_t site)
{
	struct text_site *state = &text->states[site];

	if (!state->slot && text->slots + 1 >= SLOTS_MOST - SLOTS_KEPT && !text->full)
		close_slots(text);
	if (!state->slot)
		state->slot = make_slot(text, site, false);
	if (!state->slot)
		text_kill(text, site);
	return state->slot ? slot_address(text, state->slot) : 0;
}

uint64_t text_stop_slot(struct text *text, uint32_t site)
{
	struct text_site *state = &text->states[site];

	if (text->sites->items[site].control_flow)
		return 0;
	if (!state->stops && text->slots + 1 < SLOTS_MOST - SLOTS_KEPT)
		state->stops = make_slot(text, site, true);
	return state->stops ? slot_address(text, state->stops) : 0;
}

/* The number of the slot that an address is in; 0: it is in none. */
static uint32_t slot_at(const struct text *text, uint64_t address)
{
	uint64_t slot = (address - text->area - TEXT_HANDLER_ROOM) / TEXT_SLOT_BYTES;

	if (!text_in_area(text, address) || address - text->area < TEXT_HANDLER_ROOM || slot > text->slots)
		return 0;
	return (uint32_t)slot;
}

uint32_t text_stopped_behind(const struct text *text, uint64_t rip)
{
	uint32_t slot = slot_at(text, rip - 1), site = slot ? text->slot_sites[slot] : TEXT_NO_SITE;

	if (!slot || text->states[site].stops != slot ||
	    rip - 1 != slot_address(text, slot) + text->sites->items[site].length)
		return TEXT_NO_SITE;
	return site;
}

uint64_t text_outside(const struct text *text, uint64_t rip)
{
	uint32_t slot = slot_at(text, rip), site;

	if (!slot)
		return rip;
	site = text->slot_sites[slot];
	if (rip == slot_address(text, slot))
		return text_address(text, site);
	/* Within a call, which is made by halves, there is no such place. */
	return text->sites->items[site].control_flow ? rip : text_address(text, site) + text->sites->items[site].length;
}
