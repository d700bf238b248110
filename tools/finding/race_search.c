#include "tools/finding/race_search.h"

#include <stdlib.h>

void race_search_free(struct race_search *search)
{
	free(search->items);
	*search = (struct race_search){0};
}
