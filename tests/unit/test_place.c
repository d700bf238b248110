/* The rule by which a stack is named (symbolize/place.h). */
#include <criterion/criterion.h>

#include "tools/symbolize/place.h"

#define MOST 8

/* Frames by their roles, innermost first: w allocates for its caller, l locks for its caller, r runtime, m main, o its
 * own; c is a constructor's caller in libc, s the function of libc that calls main. */
static unsigned frames_of(const char *text, struct place_frame frames[MOST])
{
	static const char libc[] = "/lib/x86_64-linux-gnu/libc.so.6";
	unsigned count = 0;

	for (; *text; text++)
		frames[count++] = *text == 'w'   ? place_frame(ROLE_ALLOCATES, "/bin/x", "xmalloc")
		                  : *text == 'l' ? place_frame(ROLE_LOCKS, "/bin/x", "g_mutex_lock")
		                  : *text == 'r' ? place_frame(ROLE_RUNTIME, "/lib/libstdc++.so.6", "std::f")
		                  : *text == 'm' ? place_frame(ROLE_MAIN, "/bin/x", "main")
		                  : *text == 'c' ? place_frame(ROLE_RUNTIME, libc, "call_init")
		                  : *text == 's' ? place_frame(ROLE_RUNTIME, libc, "__libc_start_call_main")
		                                 : place_frame(ROLE_OWN, "/bin/x", "f");
	return count;
}

static void expect_place(const char *text, unsigned frame, unsigned wrapper)
{
	struct place_frame frames[MOST];
	struct place_index found = place_find(frames, frames_of(text, frames));

	cr_expect(found.frame == frame && found.wrapper == wrapper, "%s: frame %u, wrapper %u", text, found.frame,
	          found.wrapper);
}

Test(place, the_innermost_function_that_acts_for_itself)
{
	expect_place("oom", 1, 0);
	expect_place("roms", 2, 0);
	expect_place("lrm", 3, 0);
	expect_place("", 0, 0);
}

Test(place, of_wrappers_the_outermost_is_named)
{
	expect_place("wom", 2, 1);
	expect_place("wrwom", 4, 3);
	expect_place("wlom", 3, 1);
	expect_place("owm", 1, 0);
}

Test(place, if_all_are_passed_over_the_outermost_of_the_program)
{
	expect_place("wwsr", 2, 1);
	expect_place("rrc", 2, 0);
	expect_place("rwcc", 2, 0);
	expect_place("w", 1, 0);
}

static void expect_own(const char *text, unsigned own)
{
	struct place_frame frames[MOST];
	unsigned found = place_own_frames(frames, frames_of(text, frames));

	cr_expect_eq(found, own, "%s: %u", text, found);
}

Test(place, callers_of_main_and_of_constructors_are_not_the_programs)
{
	expect_own("oomso", 3);
	expect_own("ooso", 2);
	expect_own("oocc", 2);
	expect_own("oorr", 2);
	expect_own("rrcc", 2);
	expect_own("", 0);
}
