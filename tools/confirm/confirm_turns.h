/*
 * In which order the predictions of a plan hold threads up (shim/confirm.h, 6).
 *
 * Predictions with a lock or a call stack in common are a group, of which one at a time has its turn.  First in a group
 * is the one that the fewest runs have tried: so each has its turn, if the user confirms again and again.  Among these
 * it is the one with the fewest chances.  What happens often, happens again after the rare one was tried; it is not so
 * the other way round.
 */
#ifndef RINGTAIL_CONFIRM_TURNS_H
#define RINGTAIL_CONFIRM_TURNS_H

#include "tools/confirm/confirm.h"

/* Fills confirm->cycles, and sets the cycle of each edge. */
void confirm_set_turns(struct confirm *confirm);

#endif
