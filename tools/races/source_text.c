#include "tools/races/source_text.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define LINES_BEFORE   3 /* a "#pragma omp atomic" stands before its statement */
#define LINES_BEHIND   2
#define STATEMENT_MOST 6 /* lines */
#define NAME_BYTES     64
#define MACRO_NESTING  4

struct span {
	const char *at, *end;
};

/* ---- lines ------------------------------------------------------------------------------------- */

static const char *end_of_line(const char *at, const char *end)
{
	const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

	return newline ? newline : end;
}

static const char *next_line(const char *at, const char *end)
{
	const char *newline = end_of_line(at, end);

	return newline < end ? newline + 1 : end;
}

/* Lines first to last; empty where the file has no such lines. */
static struct span lines_of(const struct race_text *text, int first, int last)
{
	const char *end = text->bytes + text->size;
	struct span span = {text->bytes, end};

	for (int line = 1; line < first && span.at < end; line++)
		span.at = next_line(span.at, end);
	span.end = span.at;
	for (int line = first; line <= last && span.end < end; line++)
		span.end = next_line(span.end, end);
	return span;
}

/* The line, and what follows up to the end of the statement. */
static struct span statement_at(const struct race_text *text, int line)
{
	struct span span = lines_of(text, line, line + STATEMENT_MOST - 1);

	for (const char *at = span.at; at < span.end; at++)
		if (*at == ';' || *at == '{' || *at == '}') {
			span.end = end_of_line(at, span.end);
			break;
		}
	return span;
}

/* ---- words -------------------------------------------------------------------------------------- */

static bool is_name(char byte) { return isalnum((unsigned char)byte) || byte == '_'; }

static bool is_at(struct span span, const char *at, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(span.end - at) >= length && !strncasecmp(at, word, length);
}

/* Signs of accesses that are meant: anywhere in a name, or as the beginning of one. */
static bool has_sign(struct span span)
{
	static const char *const within[] = {"atomic",      "volatile",     "_once", "__sync",
	                                     "interlocked", "memory_order", "fence"};
	static const char *const beginning[] = {"asm", "__asm", "rcu", "urcu", "cmm_", "ck_", "smp_", "barrier"};

	for (const char *at = span.at; at < span.end; at++) {
		bool begins = at == span.at || !isalnum((unsigned char)at[-1]);

		for (size_t i = 0; i < sizeof within / sizeof *within; i++)
			if (is_at(span, at, within[i]))
				return true;
		for (size_t i = 0; begins && i < sizeof beginning / sizeof *beginning; i++)
			if (is_at(span, at, beginning[i]))
				return true;
	}
	return false;
}

/* ---- names and macros --------------------------------------------------------------------------- */

static bool is_plain_span(const struct race_text *text, struct span span, unsigned nesting);

/* Behind a string or a character that begins here, or a comment; at: there is none. */
static const char *skip_literal(const char *at, const char *end)
{
	char quote = *at;

	if (end - at > 1 && at[0] == '/' && at[1] == '/')
		return end_of_line(at, end);
	if (end - at > 1 && at[0] == '/' && at[1] == '*') {
		const char *close = memmem(at + 2, (size_t)(end - at - 2), "*/", 2);

		return close ? close + 2 : end;
	}
	if (quote != '"' && quote != '\'')
		return at;
	for (at++; at < end && *at != quote; at++)
		if (*at == '\\' && at + 1 < end)
			at++;
	return at < end ? at + 1 : end;
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n'))
		at++;
	return at;
}

/* The body of a macro with its continuations, without its parameters.  False: this file does not define it. */
static bool find_macro(const struct race_text *text, const char *name, struct span *body)
{
	const char *end = text->bytes + text->size;
	size_t length = strlen(name);

	for (const char *at = text->bytes; at < end; at = next_line(at, end)) {
		const char *word = skip_blanks(at, end);

		if (word >= end || *word != '#')
			continue;
		word = skip_blanks(word + 1, end);
		if ((size_t)(end - word) < 7 || strncmp(word, "define", 6) != 0)
			continue;
		word = skip_blanks(word + 6, end);
		if ((size_t)(end - word) < length || strncmp(word, name, length) != 0 ||
		    (word + length < end && is_name(word[length])))
			continue;
		body->at = word + length;
		body->end = end_of_line(body->at, end);
		while (body->end < end && body->end > body->at && body->end[-1] == '\\')
			body->end = end_of_line(next_line(body->end, end), end);
		if (body->at < body->end && *body->at == '(')
			while (body->at < body->end && *body->at++ != ')')
				;
		return true;
	}
	return false;
}

static bool is_keyword(const char *name)
{
	static const char *const words[] = {"if",    "while", "for",      "switch",  "return",  "sizeof",
	                                    "case",  "else",  "do",       "defined", "alignof", "_Alignof",
	                                    "throw", "catch", "decltype", "NULL",    "EOF"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(name, words[i]))
			return true;
	return false;
}

/* Names without small letters are those of macros, by custom. */
static bool looks_like_macro(const char *name)
{
	for (const char *at = name; *at; at++)
		if (islower((unsigned char)*at))
			return false;
	return true;
}

static bool is_plain_name(const struct race_text *text, const char *name, bool is_called, unsigned nesting)
{
	struct span body;

	if (is_keyword(name))
		return true;
	if (find_macro(text, name, &body))
		return nesting < MACRO_NESTING && is_plain_span(text, body, nesting + 1);
	if (is_called)
		return text->is_function && text->is_function(text->context, name);
	return !looks_like_macro(name);
}

/* Members and names in namespaces are no macros' names. */
static bool is_member(struct span span, const char *at)
{
	return at - span.at >= 1 && (at[-1] == '.' || (at - span.at >= 2 && ((at[-2] == '-' && at[-1] == '>') ||
	                                                                     (at[-2] == ':' && at[-1] == ':'))));
}

/* Each name in it is plain. */
static bool is_plain_span(const struct race_text *text, struct span span, unsigned nesting)
{
	char name[NAME_BYTES];

	if (has_sign(span))
		return false;
	for (const char *at = span.at; at < span.end;) {
		const char *behind = skip_literal(at, span.end);

		if (behind != at || !is_name(*at)) {
			at = behind != at ? behind : at + 1;
			continue;
		}
		for (behind = at; behind < span.end && is_name(*behind);)
			behind++;
		size_t length = (size_t)(behind - at);
		if (length >= sizeof name)
			return false;
		memcpy(name, at, length);
		name[length] = 0;
		const char *next = skip_blanks(behind, span.end);
		if (!isdigit((unsigned char)*at) && !is_member(span, at) &&
		    !is_plain_name(text, name, next < span.end && *next == '(', nesting))
			return false;
		at = behind;
	}
	return true;
}

bool race_text_is_plain(const struct race_text *text, int line)
{
	if (line < 1)
		return false;
	struct span statement = statement_at(text, line), first = lines_of(text, line, line);
	const char *start = skip_blanks(first.at, first.end);
	int before = line > LINES_BEFORE ? line - LINES_BEFORE : 1;

	return first.at < first.end && start < first.end && *start != '#' &&
	       !has_sign(lines_of(text, before, line + LINES_BEHIND)) && is_plain_span(text, statement, 0);
}

bool race_text_has_sign(const struct race_text *text, int line)
{
	struct span span = lines_of(text, line, line);

	return line < 1 || span.at == span.end || has_sign(span);
}
