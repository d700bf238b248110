/* The FNV-1a hash: for ids that must never change, and for keys of texts. */
#ifndef RINGTAIL_BASE_FNV_H
#define RINGTAIL_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static inline uint64_t fnv_bytes(uint64_t hash, const void *bytes, size_t count)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ byte[i]) * FNV_PRIME;
	return hash;
}

/* With the NUL at its end, so that two texts one after the other do not run together. */
static inline uint64_t fnv_text(uint64_t hash, const char *text) { return fnv_bytes(hash, text, strlen(text) + 1); }

#endif
