/*
 * What the races are that the tracer caught: the class of each, by the rules of classify.h, and the name of what is
 * accessed.
 *
 * The analysis makes a finding of each pair of accesses (tools/analyse/locks/caught.c).  Names and debug information
 * are needed to judge it, so that is done when the process is stored.
 */
#ifndef RINGTAIL_RACES_JUDGE_H
#define RINGTAIL_RACES_JUDGE_H

#include "tools/recording/recording.h"
#include "tools/symbolize/symbolize.h"

/* Judges the findings of a recording that is finished, and sorts them again.  Call it before the process is stored; a
 * second call changes nothing.  What the findings point to belongs to the symbolizer. */
void races_judge(struct recording *recording, struct symbolizer *symbolizer);

#endif
