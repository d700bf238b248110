/* A notice: findings of a process that hangs, printed at once on standard error, before the process ends. */
#ifndef RINGTAIL_NOTICE_H
#define RINGTAIL_NOTICE_H

#include "tools/finding/findings.h"
#include "tools/recording/recording.h"

struct notice;

struct notice *notice_new(void);
/* Adds findings of a process to the notice.  It copies them, so that the recording may go on; the recording's ring must
 * stay open until the notice is printed.  A deadlock over several processes is in the findings of each: it is printed
 * from the first process's findings, and the stacks of the other processes are looked up. */
void notice_add(struct notice *notice, const struct recording *recording, const struct finding *findings, size_t count);
/* Makes the stacks of this process known that findings of others name: a child names where its parent forked. */
void notice_add_stacks(struct notice *notice, const struct recording *recording);
/* Names the stacks, prints, and frees the notice. */
void notice_print(struct notice *notice);

#endif
