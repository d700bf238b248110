/*
 * The tool's own process: how it treats signals, and standard streams that are closed, broken or full.
 *
 * A write to a broken pipe, or past the limit of file sizes, is an error like any other.  SIGPIPE and SIGXFSZ are
 * ignored while a database may be open for writing, so that no database is left half written.  A command that only
 * prints keeps the action for SIGPIPE that its caller set, and dies of the signal as any filter does.
 */
#ifndef RINGTAIL_OWN_PROCESS_H
#define RINGTAIL_OWN_PROCESS_H

#include <stdbool.h>

/* Call this before any file is opened.  It keeps the numbers of closed standard streams in use: no file that the
 * tool opens gets such a number, and no output to that stream lands in a file. */
void own_process_start_up(void);

/* The same for a tool that the shim has started (shim/tool.h), with all signals blocked and the program's limits.
 * Unblocks the signals of faults, which map_guard needs: it notices a ring file that has shrunk.  Lifts the limit of
 * address space, as mapping the ring may need more than that; this works only with privilege. */
void own_process_start_up_for_shim(void);

/* true: from now on the command writes to standard output alone, until own_process_prints(false). */
void own_process_prints(bool prints);

/* For a child of fork before its exec: restores the signal actions that the tool's caller set. */
void own_process_hand_down(void);

/* Call this at the end of a command: it flushes the standard streams and returns the exit status.  A full or broken
 * standard output is reported on stderr, where that is possible, and makes the status non-zero; a broken standard
 * output ends the process as SIGPIPE would have.  A standard error that its reader closed is no failure of the
 * command. */
int own_process_end(int status);

/* Ends this process by the signal, without a second core dump.  Returns only where the signal cannot kill it: the first
 * process of a PID namespace. */
void own_process_die_of(int signal);

#endif
