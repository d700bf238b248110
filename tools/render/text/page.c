#include "tools/render/text/page.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/base/pager.h"

#define PAGE_WIDTH  80
#define PAGE_LEAST  40  /* a terminal that says it is narrower is not believed */
#define PROSE_MOST  120 /* longer lines of sentences are hard to read */
#define FIELD_WIDTH (PAGE_VALUE_AT - 2)

static const char *const escapes[] = {"", "\033[1m", "\033[1;31m", "\033[33m", "\033[32m", "\033[2m"};

/* Columns of a terminal; 0: not known. */
static unsigned columns_of(int terminal)
{
	struct winsize size;

	return terminal < 0 || ioctl(terminal, TIOCGWINSZ, &size) != 0 ? 0 : size.ws_col;
}

/* A file or a pipe is as wide as COLUMNS says, and without that as wide as its longest line: programs that search it
 * need whole names. */
static unsigned choose_width(int terminal)
{
	const char *wanted = getenv("COLUMNS");
	unsigned columns = columns_of(terminal);

	if (!columns && wanted)
		columns = (unsigned)strtoul(wanted, NULL, 10);
	if (!columns)
		return terminal < 0 ? PAGE_UNLIMITED : PAGE_WIDTH;
	return columns < PAGE_LEAST ? PAGE_WIDTH : columns < PAGE_UNLIMITED ? columns : PAGE_UNLIMITED;
}

bool page_setup(struct report *report, const char *choice)
{
	const char *no_color = getenv("NO_COLOR"), *name = getenv("TERM");
	int terminal = pager_terminal(fileno(report->out));

	report->width = choose_width(terminal);
	if (!choice || !strcmp(choice, "auto"))
		report->color = terminal >= 0 && !(no_color && *no_color) && name && strcmp(name, "dumb") != 0;
	else
		report->color = !strcmp(choice, "always");
	return !choice || !strcmp(choice, "auto") || !strcmp(choice, "always") || !strcmp(choice, "never");
}

unsigned page_prose_width(const struct report *report)
{
	if (report->width == PAGE_UNLIMITED)
		return PAGE_WIDTH;
	return report->width < PROSE_MOST ? report->width : PROSE_MOST;
}

static void print_safely(FILE *out, const char *text)
{
	for (; *text; text++) {
		bool control = ((unsigned char)*text < ' ' && *text != '\n') || *text == 127;

		fputc(control ? '?' : *text, out);
	}
}

void page_text(struct report *report, const char *text) { print_safely(report->out, text ? text : "?"); }

static void print_formatted(struct report *report, const char *format, va_list values)
{
	char *text = NULL;

	if (vasprintf(&text, format, values) >= 0)
		print_safely(report->out, text);
	free(text);
}

void page_print(struct report *report, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	print_formatted(report, format, values);
	va_end(values);
}

/* Only the text gets the colour: newlines around it stay outside. */
static void print_painted(struct report *report, enum paint paint, char *text)
{
	size_t lead = strspn(text, "\n"), end = strlen(text), trail;

	while (end > lead && text[end - 1] == '\n')
		end--;
	trail = strlen(text) - end;
	text[end] = '\0';
	fprintf(report->out, "%.*s%s", (int)lead, text, escapes[paint]);
	print_safely(report->out, text + lead);
	fputs("\033[0m", report->out);
	while (trail-- > 0)
		fputc('\n', report->out);
}

void page_paint(struct report *report, enum paint paint, const char *format, ...)
{
	char *text = NULL;
	va_list values;

	va_start(values, format);
	if (vasprintf(&text, format, values) < 0)
		text = NULL;
	va_end(values);
	if (text && report->color && paint != PAINT_PLAIN)
		print_painted(report, paint, text);
	else if (text)
		print_safely(report->out, text);
	free(text);
}

/* The columns that text takes: the number of bytes that start a character. */
static size_t columns(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* Prints text broken at spaces to the width, with every line but the first indented; `used` columns of that are taken.
 */
static void print_words(struct report *report, unsigned indent, size_t used, size_t width, const char *text)
{
	bool first = true;

	while (*(text += strspn(text, " \n\t"))) {
		size_t length = strcspn(text, " \n\t"), wide = columns(text, length);
		char word[512];

		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		if (!first && used + 1 + wide > width) {
			fprintf(report->out, "\n%*s", (int)indent, "");
			used = indent;
		} else if (!first) {
			fputc(' ', report->out);
			used++;
		}
		print_safely(report->out, word);
		used += wide;
		text += length;
		first = false;
	}
	fputc('\n', report->out);
}

void page_paragraph(struct report *report, unsigned indent, const char *text)
{
	page_print(report, "%*s", (int)indent, "");
	print_words(report, indent, indent, page_prose_width(report), text);
}

/* Like a paragraph behind the name, if the page has a width and the value is longer. */
static void print_value(struct report *report, const char *value)
{
	if (report->width == PAGE_UNLIMITED || PAGE_VALUE_AT + columns(value, strlen(value)) <= report->width)
		page_print(report, "%s\n", value);
	else
		print_words(report, PAGE_VALUE_AT, PAGE_VALUE_AT, report->width, value);
}

void page_field(struct report *report, const char *name, const char *format, ...)
{
	va_list values;
	char *value = NULL;

	page_paint(report, PAINT_DIM, "  %-*s", FIELD_WIDTH, name);
	va_start(values, format);
	if (vasprintf(&value, format, values) < 0)
		value = NULL;
	va_end(values);
	print_value(report, value ? value : "?");
	free(value);
}

void page_heading(struct report *report, const char *format, ...)
{
	va_list values;
	char *text = NULL;

	va_start(values, format);
	if (vasprintf(&text, format, values) >= 0)
		page_paint(report, PAINT_TITLE, "\n%s\n", text);
	va_end(values);
	free(text);
}

void page_bar(struct report *report, uint64_t part, uint64_t whole, unsigned width)
{
	unsigned length = whole ? (unsigned)((double)part / (double)whole * width + 0.5) : 0;

	if (part && !length)
		length = 1;
	if (length > width)
		length = width;
	for (unsigned i = 0; i < length; i++)
		fputc('#', report->out);
}
