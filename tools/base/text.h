/* Text as the database and JSON want it. */
#ifndef RINGTAIL_STORE_TEXT_H
#define RINGTAIL_STORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A copy that is valid UTF-8: what is not becomes U+FFFD.  NULL without memory. */
char *text_utf8(const char *text, size_t length);
/* "2026-11-23T22:56:52.123Z" from nanoseconds since 1970. */
void text_rfc3339(uint64_t realtime_ns, char *out, size_t size);
/* "SIGSEGV"; false where there is no such signal. */
bool text_signal(int signal, char *out, size_t size);
void text_hex(const uint8_t *bytes, size_t count, char *out);
/* JSON array of the NUL separated words; malloced. */
char *text_command_json(const char *words, size_t bytes);
char *text_argv_json(char *const *argv);

#endif
