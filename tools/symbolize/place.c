#include "tools/symbolize/place.h"

#include <string.h>

#include "tools/base/format.h"

struct place_frame place_frame(enum role role, const char *module, const char *function)
{
	const char *file = module ? base_name(module) : NULL;

	return (struct place_frame){
	    .role = role,
	    .libc = file && (!strncmp(file, "libc.so", 7) || !strncmp(file, "ld-linux", 8)),
	    .calls_main = function &&
	                  (!strncmp(function, "__libc_start_main", 17) || !strcmp(function, "__libc_start_call_main")),
	};
}

bool place_acts_for_itself(enum role role)
{
	return role != ROLE_RUNTIME && role != ROLE_ALLOCATES && role != ROLE_LOCKS;
}

/* The frames that main, or what has its place, stands in front of. */
static unsigned up_to_main(const struct place_frame *frames, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (frames[i].role == ROLE_MAIN)
			return i + 1;
	for (unsigned i = 1; i < count; i++)
		if (frames[i].calls_main)
			return i;
	return count;
}

/* Without the frames of the runtime at the outer end, as std::thread has them below what it runs; a stack that has
 * no other frames keeps all. */
static unsigned without_starters(const struct place_frame *frames, unsigned own)
{
	unsigned left = own;

	while (left && frames[left - 1].role == ROLE_RUNTIME)
		left--;
	return left ? left : own;
}

unsigned place_own_frames(const struct place_frame *frames, unsigned count)
{
	unsigned own = up_to_main(frames, count);

	while (own > 1 && frames[own - 1].libc)
		own--;
	return without_starters(frames, own);
}

/* The outermost wrapper within these frames, from 1; 0: none. */
static unsigned wrapper_within(const struct place_frame *frames, unsigned count)
{
	while (count && frames[count - 1].role != ROLE_ALLOCATES)
		count--;
	return count;
}

struct place_index place_find(const struct place_frame *frames, unsigned count)
{
	unsigned place = 0;

	while (place < count && !place_acts_for_itself(frames[place].role))
		place++;
	if (place == count) {
		unsigned own = place_own_frames(frames, count);

		place = own ? own - 1 : 0;
	}
	if (place == count)
		return (struct place_index){0};
	return (struct place_index){place + 1, wrapper_within(frames, place)};
}
