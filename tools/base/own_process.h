/*
 * What the tool's own process does with signals and with standard streams that are closed, broken or full.
 *
 * A write to a broken pipe or past a limit of file sizes is an error like others: SIGPIPE and SIGXFSZ are ignored while
 * a database may be open for writing, so that none is left half written.  A command that only prints has SIGPIPE as its
 * caller left it, and dies of it as any filter does.
 */
#ifndef RINGTAIL_OWN_PROCESS_H
#define RINGTAIL_OWN_PROCESS_H

#include <stdbool.h>

/* Before anything is opened: a file of ours never gets the number of a standard stream that is closed, and what is
 * printed to that stream never lands in the file. */
void own_process_start_up(void);

/* From here until own_process_prints(false) the command writes to standard output alone. */
void own_process_prints(bool prints);

/* For a child that is about to become another program: signals as our caller left them. */
void own_process_hand_down(void);

/* The end of a command: what was printed is written out.  A full or broken stream is said, where that is possible, and
 * gives a status that is not 0; a broken standard output ends us as SIGPIPE would have.  Standard error can be closed
 * or broken by its reader, which is no failure of the command. */
int own_process_end(int status);

/* Ends this process by the signal, without a second core dump.  Returns where it cannot die of it, as the first process
 * of a PID namespace. */
void own_process_die_of(int signal);

#endif
