#include "tools/render/text/page.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/base/format.h"
#include "tools/query/where.h"

/* Of a longer stack only the two ends are shown. */
#define SHOWN_FRAMES 24
#define SHOWN_INNER  14
#define SHOWN_OUTER  8
/* Of so many frames of the standard library in a row only the two ends are shown. */
#define LONG_ROW 5
/* Columns that a place in the source leaves for the function's name. */
#define NAME_AT_LEAST 16
/* Characters of a name, or of its place. */
#define FRAME_TEXT 4096
/* Columns that the name of a wrapper may take, however narrow the page is. */
#define WRAPPER_AT_LEAST 14

/* " (list.c:12)", with the column where one line has several calls; without a source file the module, or why the
 * module's names are missing. */
static void place_of(const struct frame *frame, char *out, size_t size)
{
	*out = '\0';
	if (frame->file && frame->line && frame->column)
		snprintf(out, size, " (%s:%lld:%lld)", base_name(frame->file), (long long)frame->line,
		         (long long)frame->column);
	else if (frame->file && frame->line)
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
	char room[FRAME_NAME_ROOM];

	if (!frame->function && !frame->module)
		snprintf(out, size, "0x%llx, in no file: made at run time", (unsigned long long)frame->offset);
	else if (frame->into >= 0)
		snprintf(out, size, "%s+0x%llx", frame_name(frame, room), (unsigned long long)frame->into);
	else
		snprintf(out, size, "%s", frame_name(frame, room));
}

/* Columns that the name keeps.  Where the place is a module, which says less than a function, that is most of them. */
static size_t least_of(const struct frame *frame, const char *name, size_t width)
{
	size_t least = frame->file ? NAME_AT_LEAST : 2 * width / 3;

	return strlen(name) < least ? strlen(name) : least;
}

/* Fits both into width columns: the name is shortened first, because more of it can be spared. */
static void fit(const struct frame *frame, size_t width, char *name, char *place, size_t size)
{
	char *whole = malloc(2 * size), *whole_place = whole + size;
	size_t least, taken;

	if (!whole)
		return;
	name_of(frame, whole, size);
	place_of(frame, whole_place, size);
	least = least_of(frame, whole, width);
	shorten_function(whole_place, width > least + NAME_AT_LEAST ? width - least : NAME_AT_LEAST, place, size);
	taken = strlen(place);
	shorten_function(whole, width > taken + least ? width - taken : least, name, size);
	if (strlen(name) + strlen(whole_place) <= width) /* a name may get shorter than it had to */
		snprintf(place, size, "%s", whole_place);
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

enum { SHOWN, LEADING, FOLDED, ELIDED };

/* The innermost frames that act for their caller, if they are several: std::mutex::lock within lock_guard's
 * constructor. Wrappers of an allocator stay, because rows name places by them. */
static void fold_leading(const struct frames *frames, unsigned count, unsigned char *marks)
{
	unsigned leading = 0;

	while (leading < count &&
	       (frames->items[leading].role == ROLE_RUNTIME || frames->items[leading].role == ROLE_LOCKS))
		leading++;
	if (leading > 1 && leading < count)
		memset(marks, LEADING, leading);
}

static void fold_runtime(const struct frames *frames, unsigned count, unsigned char *marks)
{
	for (unsigned first = 0, end; first < count; first = end + 1) {
		for (end = first; end < count && frames->items[end].role == ROLE_RUNTIME;)
			end++;
		if (end >= first + LONG_ROW)
			memset(marks + first + 1, FOLDED, end - first - 2);
	}
}

static void elide_middle(unsigned count, unsigned char *marks)
{
	unsigned left = 0, before = 0;

	for (unsigned i = 0; i < count; i++)
		left += marks[i] == SHOWN;
	if (left <= SHOWN_FRAMES)
		return;
	for (unsigned i = 0; i < count; i++) {
		bool shown = marks[i] == SHOWN;

		if (before >= SHOWN_INNER + (shown ? 0u : 1u) && left > SHOWN_OUTER)
			marks[i] = ELIDED;
		before += shown;
		left -= shown;
	}
}

/* Marks the frames to leave out.  NULL: all frames are shown, also if memory is short. */
static unsigned char *leave_out(const struct report *report, const struct frames *frames, unsigned count)
{
	unsigned char *marks = report->full_stacks ? NULL : calloc(count + 1, 1);

	if (marks) {
		fold_runtime(frames, count, marks);
		fold_leading(frames, count, marks);
		elide_middle(count, marks);
	}
	return marks;
}

static void print_gap(struct report *report, unsigned indent, unsigned count, unsigned char mark)
{
	page_paint(report, PAINT_DIM, "%*s... %u frames %s (--full-stacks shows them) ...\n", (int)indent, "", count,
	           mark == FOLDED ? "of the standard library" : "more");
}

static void print_end(struct report *report, unsigned indent, const struct frames *frames, unsigned own)
{
	bool reached_main = own && own < frames->count;

	if (frames->root == RT_ROOT_TRUNCATED && !reached_main)
		page_paint(report, PAINT_DIM, "%*s(its callers are not known: no unwind information)\n", (int)indent,
		           "");
	if (frames->root == RT_ROOT_DEPTH)
		page_paint(report, PAINT_DIM, "%*s(further callers were not recorded: --depth, --stacks)\n",
		           (int)indent, "");
}

void page_stack(struct report *report, unsigned indent, const struct frames *frames)
{
	unsigned own = frames_own(frames), count = report->full_stacks ? frames->count : own;
	unsigned char *marks = leave_out(report, frames, count);

	for (unsigned i = 0, first = 0; i < count; first = ++i) {
		while (marks && marks[first] != SHOWN && i + 1 < count && marks[i + 1] == marks[first])
			i++;
		if (marks && marks[i] == LEADING)
			continue; /* that the first number is not 0 shows it */
		if (marks && marks[i] != SHOWN)
			print_gap(report, indent, i + 1 - first, marks[i]);
		else
			print_frame(report, indent, i, &frames->items[i], i >= own);
	}
	free(marks);
	print_end(report, indent, frames, own);
}

void page_stack_id(struct report *report, unsigned indent, int64_t process, int64_t stack)
{
	struct frames frames = frames_load(&report->query, process, stack);

	if (frames.count)
		page_stack(report, indent, &frames);
	else
		page_paint(report, PAINT_DIM, "%*s(no stack was recorded)\n", (int)indent, "");
	frames_free(&frames);
}

/* The function of the frame, and not the call in it. */
static struct frame whole_function(const struct frame *frame)
{
	struct frame whole = *frame;

	whole.offset = frame->function ? frame->offset : frame_start(frame);
	whole.into = -1;
	return whole;
}

/* "xmalloc < ".  If it does not fit beside `others` columns, a long name may take a third of the width.  Returns the
 * columns that are used. */
static unsigned write_wrapper(FILE *out, const struct frame *wrapper, size_t others, unsigned width)
{
	struct frame function = whole_function(wrapper);
	char whole[4096], name[4096];

	name_of(&function, whole, sizeof(whole));
	size_t most = width / 3 > WRAPPER_AT_LEAST ? width / 3 : WRAPPER_AT_LEAST;

	if (strlen(whole) + 3 + others <= width)
		most = strlen(whole);
	shorten_function(whole, most, name, sizeof(name));
	fprintf(out, "%s < ", name);
	return (unsigned)strlen(name) + 3;
}

/* Calls in a function without a name are one place: they have no lines that would tell them apart.  A wrapper without a
 * name is called by its module, which the place then need not repeat. */
static struct frame place_to_show(const struct where *where)
{
	struct frame shown = where->frame->function ? *where->frame : whole_function(where->frame);
	const struct frame *wrapper = where->wrapper;

	if (wrapper && !wrapper->function && shown.module && wrapper->module && !strcmp(wrapper->module, shown.module))
		shown.module = shown.function ? NULL : shown.module;
	return shown;
}

char *page_place_text(struct report *report, int64_t process, int64_t stack, unsigned width)
{
	struct where where = where_of_stack(&report->query, process, stack);
	char name[4096] = "(no stack)", place[4096] = "", *text = NULL;
	struct frame shown = where.frame ? place_to_show(&where) : (struct frame){0};
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (where.frame)
		fit(&shown, PAGE_UNLIMITED, name, place, sizeof(name));
	if (where.wrapper) {
		unsigned used = write_wrapper(out, where.wrapper, strlen(name) + strlen(place), width);

		width = width > used ? width - used : 0;
	}
	if (where.frame)
		fit(&shown, width, name, place, sizeof(name));
	fprintf(out, "%s%s", name, place);
	fclose(out);
	return text;
}

/* ":12", or with the column ":12:7". */
static void line_of(const struct frame *frame, char *out, size_t size)
{
	if (frame->column)
		snprintf(out, size, ":%lld:%lld", (long long)frame->line, (long long)frame->column);
	else
		snprintf(out, size, ":%lld", (long long)frame->line);
}

static bool share_a_file(const struct where *a, const struct where *b)
{
	return a->frame && b->frame && !a->wrapper && !b->wrapper && a->frame->file && b->frame->file &&
	       a->frame->line && b->frame->line && !strcmp(a->frame->file, b->frame->file);
}

/* Columns for each name, so that both fit into room. */
static size_t room_of_each(const char *first, const char *second, size_t room)
{
	return !strcmp(first, second) || strlen(first) + strlen(second) <= room ? room : room / 2;
}

char *page_two_places_text(struct report *report, const struct page_stack_at at[2], unsigned width)
{
	const struct where where[] = {where_of_stack(&report->query, at[0].process, at[0].stack),
	                              where_of_stack(&report->query, at[1].process, at[1].stack)};
	char lines[2][48], whole[2][FRAME_TEXT], names[2][FRAME_TEXT], *text = NULL;

	if (!share_a_file(&where[0], &where[1]))
		return NULL;
	for (int i = 0; i < 2; i++) {
		line_of(where[i].frame, lines[i], sizeof(lines[i]));
		name_of(where[i].frame, whole[i], sizeof(whole[i]));
	}
	const char *file = base_name(where[0].frame->file);
	size_t used = strlen("both in  (, )") + strlen(file) + strlen(lines[0]) + strlen(lines[1]);
	size_t each = width > used ? room_of_each(whole[0], whole[1], width - used) : 0;

	if (each < NAME_AT_LEAST)
		return NULL;
	for (int i = 0; i < 2; i++)
		shorten_function(whole[i], each, names[i], sizeof(names[i]));
	bool same = !strcmp(whole[0], whole[1]);
	int length = same && !strcmp(lines[0], lines[1])
	                 ? asprintf(&text, "both in %s (%s%s)", names[0], file, lines[0])
	                 : asprintf(&text, "%s%s%s (%s%s, %s)", names[0], same ? "" : ", ", same ? "" : names[1], file,
	                            lines[0], lines[1]);

	return length < 0 ? NULL : text;
}

void page_place(struct report *report, int64_t process, int64_t stack, unsigned width)
{
	char *text = page_place_text(report, process, stack, width);

	page_text(report, text);
	free(text);
}
