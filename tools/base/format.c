#include "tools/base/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct label human_count(uint64_t number)
{
	struct label label;
	char digits[24];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number), used = 0;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			label.text[used++] = ',';
		label.text[used++] = digits[i];
	}
	label.text[used] = '\0';
	return label;
}

/* Three significant digits: 1.24, 12.4, 124. */
static int decimals(double value) { return value < 9.995 ? 2 : value < 99.95 ? 1 : 0; }

struct label human_bytes(uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	struct label label;
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(label.text, sizeof(label.text), "%" PRIu64 " B", bytes);
		return label;
	}
	for (; value >= 1023.5 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		value /= 1024;
	snprintf(label.text, sizeof(label.text), "%.*f %s", value < 99.95 ? 1 : 0, value, units[unit]);
	return label;
}

static struct label long_time(double seconds)
{
	struct label label;
	uint64_t whole = (uint64_t)(seconds + 0.5);

	if (whole < 3600)
		snprintf(label.text, sizeof(label.text), "%" PRIu64 " min %" PRIu64 " s", whole / 60, whole % 60);
	else
		snprintf(label.text, sizeof(label.text), "%" PRIu64 " h %" PRIu64 " min", whole / 3600,
		         whole / 60 % 60);
	return label;
}

struct label human_seconds(double seconds)
{
	static const struct {
		double least, scale;
		const char *unit;
	} units[] = {{1, 1, "s"}, {1e-3, 1e3, "ms"}, {1e-6, 1e6, "us"}, {0, 1e9, "ns"}};
	struct label label = {"0 s"};
	double size = fabs(seconds);

	if (size < 5e-10 || !isfinite(seconds))
		return label;
	if (size >= 119.5)
		return long_time(seconds);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (size < units[i].least)
			continue;
		snprintf(label.text, sizeof(label.text), "%.*f %s", i == 3 ? 0 : decimals(size * units[i].scale),
		         seconds * units[i].scale, units[i].unit);
		break;
	}
	return label;
}

struct label human_share(uint64_t part, uint64_t whole)
{
	struct label label = {"-"};
	double share = whole ? 100.0 * (double)part / (double)whole : 0;

	if (whole)
		snprintf(label.text, sizeof(label.text), "%.*f%%", share < 99.95 ? 1 : 0, share);
	return label;
}

const char *plural(uint64_t count, const char *one, const char *many) { return count == 1 ? one : many; }

const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash && slash[1] ? slash + 1 : path;
}

/* ---- names too long for a line ---------------------------------------------------------- */

#define NAME_ROOM 4096 /* of a longer name, the end is lost */

static bool is_operator(const char *start, const char *at)
{
	const char *word = at;

	while (word > start && strchr("<>=-(", word[-1]))
		word--;
	return word - start >= 8 && !strncmp(word - 8, "operator", 8);
}

/* Copies name with the arguments of templates nested depth deep or deeper as "<...>". */
static void fold_templates(const char *name, unsigned depth, char *out, size_t size)
{
	unsigned level = 0;
	size_t used = 0;

	/* "<T as Trait>::f" of Rust: the outermost pair is the name. */
	depth += *name == '<';
	for (const char *at = name; *at && used + 6 < size; at++) {
		bool opens = *at == '<' && !is_operator(name, at), closes = *at == '>' && !is_operator(name, at);

		if (closes && level > 0)
			level--;
		if (level <= depth && !(closes && level == depth))
			out[used++] = *at;
		if (opens && level++ == depth) {
			memcpy(out + used, "...>", 4);
			used += 4;
		}
	}
	out[used] = '\0';
}

/* The longest end of the name that begins with "::" and fits with `more` characters in front; NULL: none. */
static const char *end_that_fits(const char *text, size_t width, size_t more)
{
	const char *end = text + strlen(text);
	unsigned level = 0;

	for (const char *at = text; *at; at++) {
		bool name = !is_operator(text, at);

		level += name && (*at == '<' || *at == '(');
		level -= level && name && (*at == '>' || *at == ')');
		if (!level && at[0] == ':' && at[1] == ':' && (size_t)(end - at) + more <= width)
			return at;
	}
	return NULL;
}

/* Leaves out namespaces at the start, if most of the line is still used then: "...::part::name", or "name" alone where
 * the dots would not fit. */
static bool cut_namespaces(char *text, size_t width)
{
	bool wide = strlen(text) > width;
	const char *end = wide ? end_that_fits(text, width, strlen("...")) : NULL;
	const char *name = wide && !end ? end_that_fits(text, width + strlen("::"), 0) : NULL;

	if (name && 2 * strlen(name) >= width) {
		memmove(text, name + 2, strlen(name + 2) + 1);
		return true;
	}
	if (!end || 2 * (strlen(end) + 3) < width)
		return false;
	memmove(text + 3, end, strlen(end) + 1);
	memcpy(text, "...", 3);
	return true;
}

static void cut_middle(char *text, size_t width)
{
	size_t length = strlen(text), head, tail;

	if (length <= width || width < 8)
		return;
	/* The end of a name says more than the namespaces in front of it: keep more of it. */
	head = (width - 3) / 3;
	tail = width - 3 - head;
	memcpy(text + head, "...", 3);
	memmove(text + head + 3, text + length - tail, tail + 1);
}

/* In a buffer of its own, since out may be too small for the whole name, whose end says most. */
void shorten_function(const char *name, size_t width, char *out, size_t size)
{
	char text[NAME_ROOM];

	snprintf(text, sizeof(text), "%s", name);
	for (unsigned depth = 4; strlen(name) > width && strlen(text) > width && depth-- > 0;)
		fold_templates(name, depth, text, sizeof(text));
	if (!cut_namespaces(text, width))
		cut_middle(text, width);
	snprintf(out, size, "%s", text);
}
