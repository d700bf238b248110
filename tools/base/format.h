/* Numbers and names as people read them. */
#ifndef RINGTAIL_RENDER_FORMAT_H
#define RINGTAIL_RENDER_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* By value: printf("%s", human_bytes(n).text) needs no buffer. */
struct label {
	char text[48];
};

struct label human_count(uint64_t number);               /* 1,234,567 */
struct label human_bytes(uint64_t bytes);                /* 512 B, 1.5 KiB, 12.3 MiB */
struct label human_seconds(double seconds);              /* 350 us, 12.3 ms, 1.24 s, 3 min 20 s */
struct label human_share(uint64_t part, uint64_t whole); /* 12.3% */

/* "blocks" or "block" */
const char *plural(uint64_t count, const char *one, const char *many);
const char *base_name(const char *path);

/* The function's name in at most width columns: template arguments go first, innermost first, then the
 * middle. */
void shorten_function(const char *name, size_t width, char *out, size_t size);

#endif
