#include "tools/diff/diff.h"

#include <stdlib.h>

#include "tools/base/u64_map.h"

bool diff_make(struct diff *diff, struct query *old, struct query *new, enum diff_by by)
{
	*diff = (struct diff){.queries = {old, new}, .by = by};
	return diff_sites(diff) && diff_findings(diff);
}

void diff_free(struct diff *diff)
{
	for (size_t i = 0; i < diff->site_count; i++)
		free(diff->sites[i].exe);
	for (size_t i = 0; i < diff->finding_count; i++) {
		free(diff->findings[i].id);
		free(diff->findings[i].kind);
		free(diff->findings[i].class);
	}
	free(diff->sites);
	free(diff->findings);
	*diff = (struct diff){0};
}

enum diff_change diff_change(const struct diff_amount amounts[2])
{
	const struct diff_amount *before = &amounts[DIFF_OLD], *after = &amounts[DIFF_NEW];

	if (!before->blocks || !after->blocks)
		return before->blocks ? DIFF_GONE : after->blocks ? DIFF_APPEARED : DIFF_SAME;
	if (before->bytes != after->bytes)
		return before->bytes < after->bytes ? DIFF_GREW : DIFF_SHRANK;
	if (before->blocks != after->blocks)
		return before->blocks < after->blocks ? DIFF_GREW : DIFF_SHRANK;
	return DIFF_SAME;
}

int64_t diff_growth(uint64_t before, uint64_t after) { return (int64_t)(after - before); }

uint64_t diff_hash(const char *text)
{
	uint64_t hash = 1;

	while (*text)
		hash = u64_mix(hash + (unsigned char)*text++);
	return hash;
}
