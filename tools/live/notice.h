/* What cannot wait for the end: findings of a process that hangs, told at once on standard error. */
#ifndef RINGTAIL_NOTICE_H
#define RINGTAIL_NOTICE_H

#include "tools/finding/findings.h"
#include "tools/recording/recording.h"

struct notice;

struct notice *notice_new(void);
/* A copy of what is needed: the recording may go on.  Its ring must stay open until the notice is printed.  A deadlock over
 * several processes is in the findings of each: those of the first are printed, the others' stacks are looked up. */
void notice_add(struct notice *notice, const struct recording *recording, const struct finding *findings, size_t count);
/* Names the stacks, prints, and frees the notice. */
void notice_print(struct notice *notice);

#endif
