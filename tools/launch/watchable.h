/* Whether the shim can watch a command, before it is run: what a preloaded library cannot get into. */
#ifndef RINGTAIL_WATCHABLE_H
#define RINGTAIL_WATCHABLE_H

enum watchable {
	WATCHABLE,
	WATCHABLE_CHILDREN,      /* itself not, but what it starts: a static program */
	WATCHABLE_NOT,           /* preloading would be ignored or would break it */
	WATCHABLE_NOT_FOUND,     /* no such command: 127 in a shell */
	WATCHABLE_NOT_EXECUTABLE /* 126 */
};

/* Looks for command as execvp does.  why (one sentence: the reason and what to do) is set unless WATCHABLE.
 */
enum watchable watchable_look(const char *command, char *why, unsigned room);

#endif
