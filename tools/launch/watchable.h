/* Tells whether the shim can watch a command, before it is run.  A preloaded library cannot get into every program. */
#ifndef RINGTAIL_WATCHABLE_H
#define RINGTAIL_WATCHABLE_H

enum watchable {
	WATCHABLE,
	WATCHABLE_IN_PART,       /* it has an allocator under a name of its own, whose blocks are not seen */
	WATCHABLE_CHILDREN,      /* a static program: the shim can watch the programs that it starts, but not itself */
	WATCHABLE_NOT,           /* preloading would have no effect, or would break the program */
	WATCHABLE_NOT_FOUND,     /* no such command: 127 in a shell */
	WATCHABLE_NOT_EXECUTABLE /* 126 */
};

/* Searches for the command as execvp does.  why: unless the result is WATCHABLE, one sentence with the reason and what
 * to do.  NULL: the caller only asks whether the shim gets into the program.  Its symbols are not searched then, and
 * WATCHABLE_IN_PART is WATCHABLE. */
enum watchable watchable_look(const char *command, char *why, unsigned room);

#endif
