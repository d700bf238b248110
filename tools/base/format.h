/* Numbers and names as people read them. */
#ifndef RINGTAIL_BASE_FORMAT_H
#define RINGTAIL_BASE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* Returned by value, so that printf("%s", human_bytes(n).text) needs no buffer. */
struct label {
	char text[48];
};

struct label human_count(uint64_t number);               /* 1,234,567 */
struct label human_bytes(uint64_t bytes);                /* 512 B, 1.5 KiB, 12.3 MiB */
struct label human_seconds(double seconds);              /* 350 us, 12.3 ms, 1.24 s, 3 min 20 s */
struct label human_share(uint64_t part, uint64_t whole); /* 12.3% */

/* one if count is 1, else many: "block" or "blocks". */
const char *plural(uint64_t count, const char *one, const char *many);
const char *base_name(const char *path);

/* Writes the function's name to out in at most width columns.  Where it is too long, template arguments are left out
 * first, the innermost before the others; then namespaces at its start, or the middle of the name. */
void shorten_function(const char *name, size_t width, char *out, size_t size);

#endif
