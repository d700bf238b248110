#include "tools/races/site.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/memory.h"
#include "tools/base/search.h"
#include "tools/races/code.h"
#include "tools/races/decode.h"

#define RBP 5 /* in the numbering of instructions */

/* ---- scanning ------------------------------------------------------------------------------- */

struct scan {
	const struct race_code *code;
	const struct race_decoder *decoder;
	struct race_sites *sites;
	size_t room, function_room;
};

static bool is_shared(const struct scan *scan, const struct race_site *site, struct race_frame_walk *walk)
{
	if (site->rip_relative)
		return race_code_is_variable(scan->code, site->variable, site->size);
	return site->base != RBP || !race_frame_rbp(walk, site->address);
}

/* An update whose flags are used is what compilers make of a volatile variable, too.  Whether they are, the
 * instructions up to the next that sets flags tell; a function does not pass them to its caller or to a function it
 * calls. */
static bool are_flags_used(const struct scan *scan, const struct race_frame *frame, const uint8_t *bytes, uint64_t at)
{
	struct race_step step;

	for (; at < frame->end; at += step.length) {
		if (!race_decode_step(scan->decoder, bytes + (at - frame->start), frame->end - at, at, &step) ||
		    step.reads_flags || step.kind == RACE_STEP_JUMP)
			return true;
		if (step.writes_flags || step.kind == RACE_STEP_CALL || step.kind == RACE_STEP_RETURN)
			return false;
	}
	return false;
}

/* Adds the sites of a function.  False: it does not decode to its end. */
static bool scan_instructions(struct scan *scan, const struct race_frame *frame, const uint8_t *bytes)
{
	struct race_sites *sites = scan->sites;
	struct race_frame_walk walk;

	race_frame_walk_begin(&walk, frame);
	for (uint64_t at = frame->start; at < frame->end;) {
		bool is_site;

		GROW(sites->items, scan->room, sites->count + 1);
		struct race_site *site = &sites->items[sites->count];
		size_t length =
		    race_decode(scan->decoder, bytes + (at - frame->start), frame->end - at, at, site, &is_site);
		if (!length)
			return false;
		if (is_site && is_shared(scan, site, &walk)) {
			site->function = (uint32_t)sites->function_count;
			if (site->shape == RACE_SHAPE_UPDATE && are_flags_used(scan, frame, bytes, at + length))
				site->shape = RACE_SHAPE_UPDATE_TEST;
			sites->count++;
		}
		sites->instructions++;
		at += length;
	}
	return true;
}

static void scan_function(struct scan *scan, const struct race_frame *frame, uint64_t *last_end)
{
	struct race_sites *sites = scan->sites;
	size_t first = sites->count;
	uint64_t room = 0;
	const uint8_t *bytes = race_code_at(scan->code, frame->start, &room);

	if (!bytes || frame->end - frame->start > room || frame->start < *last_end ||
	    !scan_instructions(scan, frame, bytes)) {
		sites->count = first;
		sites->dropped++;
		return;
	}
	*last_end = frame->end;
	GROW(sites->functions, scan->function_room, sites->function_count + 1);
	sites->functions[sites->function_count++] = (struct race_function){
	    .start = frame->start,
	    .end = frame->end,
	    .first = (uint32_t)first,
	    .sites = (uint32_t)(sites->count - first),
	};
}

static void scan_code(struct race_sites *sites, const struct race_code *code, const struct race_decoder *decoder)
{
	struct scan scan = {.code = code, .decoder = decoder, .sites = sites};
	struct race_frame *frames;
	size_t count = race_code_frames(code, &frames);
	uint64_t last_end = 0;

	for (size_t i = 0; i < count; i++)
		scan_function(&scan, &frames[i], &last_end);
	free(frames);
}

struct race_sites *race_sites_of(int fd, struct error *err)
{
	struct race_decoder *decoder = race_decoder_new();
	struct race_sites *sites = NULL;
	struct race_code code;

	if (!decoder) {
		error_set(err, EXIT_UNWATCHABLE, "this ringtail was built without Zydis (make ZYDIS=no)");
	} else if (race_code_begin(&code, fd, err)) {
		sites = memory_zeroed(1, sizeof *sites);
		scan_code(sites, &code, decoder);
		race_code_close(&code);
		sites->code = memory_zeroed(1, sizeof code);
		*sites->code = code;
	}
	race_decoder_free(decoder);
	return sites;
}

void race_sites_free(struct race_sites *sites)
{
	if (!sites)
		return;
	race_code_end(sites->code);
	free(sites->code);
	free(sites->items);
	free(sites->functions);
	free(sites);
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* The number of sites that start below the address. */
static size_t sites_below(const struct race_sites *sites, uint64_t address)
{
	return count_below(sites->items, sites->count, sizeof *sites->items, address);
}

const struct race_site *race_sites_find(const struct race_sites *sites, uint64_t address)
{
	size_t at = sites_below(sites, address);

	return at < sites->count && sites->items[at].address == address ? &sites->items[at] : NULL;
}

const struct race_site *race_sites_ending(const struct race_sites *sites, uint64_t address)
{
	size_t below = sites_below(sites, address);
	const struct race_site *site = below ? &sites->items[below - 1] : NULL;

	return site && site->address + site->length == address ? site : NULL;
}

bool race_sites_access_ending(const struct race_sites *sites, uint64_t address, struct race_site *site)
{
	const struct race_function *function = race_sites_function(sites, address - 1);
	struct race_decoder *decoder = function ? race_decoder_new() : NULL;
	uint64_t room = 0, at = function ? function->start : 0;
	const uint8_t *bytes = function ? race_code_at(sites->code, at, &room) : NULL;
	bool is_site = false;
	size_t length;

	for (; decoder && bytes && at < address; at += length, bytes += length, room -= length) {
		length = race_decode(decoder, bytes, room, at, site, &is_site);
		if (!length)
			break;
	}
	race_decoder_free(decoder);
	site->function = function ? (uint32_t)(function - sites->functions) : 0;
	if (site->shape == RACE_SHAPE_UPDATE) /* whether its flags are used is not looked up */
		site->shape = RACE_SHAPE_UPDATE_TEST;
	return at == address && is_site;
}

const struct race_function *race_sites_function(const struct race_sites *sites, uint64_t address)
{
	size_t count = count_up_to(sites->functions, sites->function_count, sizeof *sites->functions, address);

	return count && address < sites->functions[count - 1].end ? &sites->functions[count - 1] : NULL;
}

const uint8_t *race_sites_bytes(const struct race_sites *sites, uint64_t address, uint64_t *room)
{
	return race_code_at(sites->code, address, room);
}

/* ---- the process ------------------------------------------------------------------------------ */

#define CHUNK (64u << 10)

static bool is_same(const uint8_t *content, uint64_t bytes, int memory, uint64_t address)
{
	uint8_t *chunk = memory_zeroed(1, CHUNK);
	uint64_t done = 0;

	while (done < bytes) {
		size_t size = bytes - done < CHUNK ? (size_t)(bytes - done) : CHUNK;

		if (pread(memory, chunk, size, (off_t)(address + done)) != (ssize_t)size ||
		    memcmp(chunk, content + done, size) != 0)
			break;
		done += size;
	}
	free(chunk);
	return done == bytes;
}

bool race_text_is_mapped(int fd, int memory, uint64_t bias)
{
	struct race_code code;
	struct error err;
	bool same = race_code_begin(&code, fd, &err);

	for (size_t i = 0; same && i < code.segment_count; i++)
		if (code.segments[i].executable)
			same = code.segments[i].content && is_same(code.segments[i].content, code.segments[i].in_file,
			                                           memory, code.segments[i].address + bias);
	race_code_end(&code);
	return same;
}
