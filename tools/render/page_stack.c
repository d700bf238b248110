#include "tools/render/page.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/render/format.h"
#include "tools/symbolize/names.h"

/* A longer stack is shown by its two ends. */
#define SHOWN_FRAMES 24
#define SHOWN_INNER  14
#define SHOWN_OUTER  8
/* Columns that a place in the source leaves for the function's name. */
#define NAME_AT_LEAST 8

/* " (list.c:12)", or the module where no file is known, or what became of that. */
static void place_of(const struct frame *frame, char *out, size_t size)
{
	*out = '\0';
	if (frame->file && frame->line)
		snprintf(out, size, " (%s:%lld)", base_name(frame->file), (long long)frame->line);
	else if (frame->file)
		snprintf(out, size, " (%s)", base_name(frame->file));
	else if (frame->function && frame->module)
		snprintf(out, size, " (%s)", base_name(frame->module));
	else if (frame->module && frame->missing)
		snprintf(out, size, " (%s)", frame->missing);
}

static void name_of(const struct frame *frame, char *out, size_t size)
{
	if (frame->function && frame->into >= 0)
		snprintf(out, size, "%s+0x%llx", frame->function, (unsigned long long)frame->into);
	else if (frame->function)
		snprintf(out, size, "%s", frame->function);
	else if (frame->module)
		snprintf(out, size, "%s+0x%llx", base_name(frame->module), (unsigned long long)frame->offset);
	else
		snprintf(out, size, "0x%llx, in no file: made at run time",
		         (unsigned long long)frame->offset);
}

/* Both in width columns: the name gives way first, it has more that can be spared. */
static void fit(const struct frame *frame, size_t width, char *name, char *place, size_t size)
{
	char *whole = malloc(size);
	size_t taken;

	if (!whole)
		return;
	place_of(frame, whole, size);
	shorten_function(whole, width > 2 * NAME_AT_LEAST ? width - NAME_AT_LEAST : NAME_AT_LEAST, place,
	                 size);
	taken = strlen(place);
	name_of(frame, whole, size);
	shorten_function(whole, width > taken + NAME_AT_LEAST ? width - taken : NAME_AT_LEAST, name, size);
	free(whole);
}

static void print_frame(struct report *report, unsigned indent, unsigned number, const struct frame *frame,
                        bool foreign)
{
	char name[4096] = "", place[4096] = "", prefix[16];
	unsigned inlined = frame->inlined ? 10 : 0;
	unsigned taken = indent + (unsigned)snprintf(prefix, sizeof(prefix), "#%-2u ", number) + inlined;

	fit(frame, report->width > taken ? report->width - taken : 20, name, place, sizeof(name));
	page_print(report, "%*s", (int)indent, "");
	page_paint(report, PAINT_DIM, "%s", prefix);
	page_paint(report, foreign ? PAINT_DIM : PAINT_PLAIN, "%s", name);
	page_paint(report, PAINT_DIM, "%s%s\n", place, frame->inlined ? " [inlined]" : "");
}

static void print_end(struct report *report, unsigned indent, const struct frames *frames, unsigned own)
{
	bool reached_main = own && own < frames->count;

	if (frames->root == RT_ROOT_TRUNCATED && !reached_main)
		page_paint(report, PAINT_DIM, "%*s(its callers are not known: no unwind information)\n",
		           (int)indent, "");
	if (frames->root == RT_ROOT_DEPTH)
		page_paint(report, PAINT_DIM, "%*s(further callers were not recorded: --depth, --stacks)\n",
		           (int)indent, "");
}

void page_stack(struct report *report, unsigned indent, const struct frames *frames)
{
	unsigned own = frames_own(frames), shown = report->full_stacks ? frames->count : own;
	bool elide = !report->full_stacks && shown > SHOWN_FRAMES;

	for (unsigned i = 0; i < shown; i++) {
		if (elide && i == SHOWN_INNER) {
			i = shown - SHOWN_OUTER;
			page_paint(report, PAINT_DIM,
			           "%*s... %u frames more (--full-stacks shows them) ...\n", (int)indent, "",
			           i - SHOWN_INNER);
		}
		print_frame(report, indent, i, &frames->items[i], i >= own);
	}
	print_end(report, indent, frames, own);
}

void page_stack_id(struct report *report, unsigned indent, int64_t process, int64_t stack)
{
	struct frames frames = frames_load(report, process, stack);

	if (frames.count)
		page_stack(report, indent, &frames);
	else
		page_paint(report, PAINT_DIM, "%*s(no stack was recorded)\n", (int)indent, "");
	frames_free(&frames);
}

static bool says_little(const struct frame *frame)
{
	return name_is_runtime(frame->module, frame->function, frame->file);
}

void page_place(struct report *report, int64_t process, int64_t stack, unsigned width)
{
	struct frames frames = frames_load(report, process, stack);
	char name[4096] = "(no stack)", place[4096] = "";
	unsigned own = frames_own(&frames), i = 0;

	while (i + 1 < own && says_little(&frames.items[i]))
		i++;
	if (frames.count)
		fit(&frames.items[i], width, name, place, sizeof(name));
	page_text(report, name);
	page_text(report, place);
	frames_free(&frames);
}
