/* Text in the forms that the database and JSON need. */
#ifndef RINGTAIL_BASE_TEXT_H
#define RINGTAIL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A malloced copy that is valid UTF-8: invalid bytes become U+FFFD.  NULL when memory runs out. */
char *text_utf8(const char *text, size_t length);
/* "2026-11-23T22:56:52.123Z" from nanoseconds since 1970. */
void text_rfc3339(uint64_t realtime_ns, char *out, size_t size);
/* Writes the signal's name ("SIGSEGV"); false if there is no such signal. */
bool text_signal(int signal, char *out, size_t size);
void text_hex(const uint8_t *bytes, size_t count, char *out);
/* The bytes of such a text, `most` at most; returns their number.  0: the text is none. */
size_t text_from_hex(const char *text, uint8_t *bytes, size_t most);
/* A JSON array of the words, which are separated by NUL bytes; malloced. */
char *text_command_json(const char *words, size_t bytes);
char *text_argv_json(char *const *argv);

#endif
