/* The place of a stack (symbolize/place.h), as the database has it: stack.place and stack.wrapper. */
#ifndef RINGTAIL_STORE_STACK_PLACE_H
#define RINGTAIL_STORE_STACK_PLACE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/store/stack_set.h"
#include "tools/symbolize/place.h"

struct stack_place { /* place_number of the frames; -1: there is none */
	int64_t place, wrapper;
};

/* The place of a stack of the set.  Call this when it is known which functions are wrappers (wrappers_find). */
struct stack_place stack_place(struct stack_set *set, uint32_t stack);
/* The frame that place or wrapper stands for; NULL for -1.  *frames: those of its address. */
const struct symbol_frame *stack_place_frame(struct stack_set *set, int64_t number, const struct pc_frames **frames);

/* Finds the places of all stacks of a process of the database anew, because names have changed.  False: the database
 * cannot be written. */
bool stack_places_again(sqlite3 *db, int64_t process);

#endif
