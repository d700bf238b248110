/*
 * Text for a stream in great amounts: a buffer to which numbers are appended without printf.  Millions of lines are
 * made several times faster than with stdio.
 *
 * Not for several threads.  The bytes are those that printf would make of the same values.
 */
#ifndef RINGTAIL_BASE_LINES_H
#define RINGTAIL_BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LINES_BYTES (256u << 10)

struct lines {
	char *at, *end; /* where the next byte goes; the end of the buffer */
	int fd;
	int error;            /* errno of the first write that failed, after which nothing is written; 0: none did */
	uint64_t early;       /* the last seconds were this many pieces of 100 us ... */
	unsigned early_bytes; /* ... which is this text: times that follow each other mostly have it in common */
	char early_text[32];
	char buffer[LINES_BYTES];
};

void lines_begin(struct lines *lines, int fd);
/* Writes what is in the buffer.  False: this or an earlier write failed; error tells why. */
bool lines_flush(struct lines *lines);

/* Makes room for bytes, of which there may be LINES_BYTES at most. */
static inline void lines_room(struct lines *lines, size_t bytes)
{
	if (__builtin_expect((size_t)(lines->end - lines->at) < bytes, 0))
		lines_flush(lines);
}

/* Text of any length, past the buffer. */
void lines_put_long(struct lines *lines, const char *text, size_t bytes);
static inline void lines_put(struct lines *lines, const char *text, size_t bytes)
{
	if (__builtin_expect((size_t)(lines->end - lines->at) < bytes, 0)) {
		lines_put_long(lines, text, bytes);
		return;
	}
	memcpy(lines->at, text, bytes);
	lines->at += bytes;
}

/* Inline, so that the length of a literal is known to the compiler. */
static inline void lines_text(struct lines *lines, const char *text) { lines_put(lines, text, strlen(text)); }

/* As printf's %lu and 0x%lx. */
void lines_number(struct lines *lines, uint64_t number);
void lines_hex(struct lines *lines, uint64_t number);

/* A line whose parts are put behind each other, without a look at the buffer in between: that takes half as long.
 *
 *     char *at = lines_begin_line(lines);
 *     at = line_hex(line_text(at, "object "), object);
 *     lines_end_line(lines, at);
 *
 * It may have LINE_BYTES.  Each function returns the end of what it has written. */
#define LINE_BYTES 1024u
static inline char *lines_begin_line(struct lines *lines)
{
	lines_room(lines, LINE_BYTES);
	return lines->at;
}

static inline void lines_end_line(struct lines *lines, char *at) { lines->at = at; }

static inline char *line_put(char *at, const char *text, size_t bytes)
{
	memcpy(at, text, bytes);
	return at + bytes;
}

static inline char *line_text(char *at, const char *text) { return line_put(at, text, strlen(text)); }
char *line_number(char *at, uint64_t number);
char *line_hex(char *at, uint64_t number);
/* As printf's %.9f. */
char *line_seconds(struct lines *lines, char *at, double seconds);

#endif
