#include "tools/base/text.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* Bytes of the well-formed sequence at text, 0 where there is none. */
static size_t sequence_length(const unsigned char *text, size_t left)
{
	static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = *text < 0x80 ? 1 : *text >> 5 == 6 ? 2 : *text >> 4 == 14 ? 3 : *text >> 3 == 30 ? 4 : 0;
	uint32_t code;

	if (length <= 1)
		return length;
	if (length > left)
		return 0;
	code = *text & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		code = code << 6 | (text[i] & 0x3fu);
	}
	if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

char *text_utf8(const char *text, size_t length)
{
	char *out = malloc(length * 3 + 1), *end = out;

	if (!out)
		return NULL;
	for (size_t i = 0; i < length;) {
		size_t sequence = sequence_length((const unsigned char *)text + i, length - i);

		end = mempcpy(end, sequence ? text + i : REPLACEMENT, sequence ? sequence : 3);
		i += sequence ? sequence : 1;
	}
	*end = '\0';
	return out;
}

void text_rfc3339(uint64_t realtime_ns, char *out, size_t size)
{
	time_t seconds = (time_t)(realtime_ns / 1000000000u);
	unsigned milliseconds = (unsigned)(realtime_ns % 1000000000u / 1000000u);
	struct tm parts;
	char date[40] = "1970-01-01T00:00:00";

	if (gmtime_r(&seconds, &parts))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(out, size, "%s.%03uZ", date, milliseconds);
}

bool text_signal(int signal, char *out, size_t size)
{
	const char *name = sigabbrev_np(signal);

	if (name)
		snprintf(out, size, "SIG%s", name);
	else if (signal >= SIGRTMIN && signal <= SIGRTMAX)
		snprintf(out, size, "SIGRTMIN+%d", signal - SIGRTMIN);
	return name || (signal >= SIGRTMIN && signal <= SIGRTMAX);
}

void text_hex(const uint8_t *bytes, size_t count, char *out)
{
	*out = '\0';
	for (size_t i = 0; i < count; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
}

static int digit_of(char letter)
{
	const char *digits = "0123456789abcdef", *at = letter ? strchr(digits, letter) : NULL;

	return at ? (int)(at - digits) : -1;
}

size_t text_from_hex(const char *text, uint8_t *bytes, size_t most)
{
	size_t count = 0;

	for (; *text && count < most; text += 2) {
		int high = digit_of(text[0]), low = high < 0 ? -1 : digit_of(text[1]);

		if (low < 0)
			return 0;
		bytes[count++] = (uint8_t)(high << 4 | low);
	}
	return *text ? 0 : count;
}

static void append_word(json_t *array, const char *word, size_t length)
{
	char *clean = text_utf8(word, length);

	json_array_append_new(array, json_string(clean ? clean : ""));
	free(clean);
}

static char *dump(json_t *array)
{
	char *text = json_dumps(array, JSON_COMPACT);

	json_decref(array);
	return text;
}

char *text_command_json(const char *words, size_t bytes)
{
	json_t *array = json_array();

	for (size_t at = 0; at < bytes;) {
		size_t length = strnlen(words + at, bytes - at);

		append_word(array, words + at, length);
		at += length + 1;
	}
	return dump(array);
}

char *text_argv_json(char *const *argv)
{
	json_t *array = json_array();

	for (size_t i = 0; argv && argv[i]; i++)
		append_word(array, argv[i], strlen(argv[i]));
	return dump(array);
}
