/*
 * RUN/control: the socket by which a command asks the `ringtail run` that reads the rings of a run.
 *
 *   asks:     "now PID SPACE NANOSECONDS\n"
 *                                       look at this process (0: all) now, stopping it for no longer than this; PID as it
 *                                       calls itself in the PID namespace SPACE, as asker and asked may be in others
 *   answers:  "kept NAME\n"             a snapshot, in the directory of the run
 *             "failed CODE TEXT\n"      exit code and what to tell the user
 *
 * One question a connection, which ends with the answer.  Only who may enter the directory, which is its owner's alone,
 * can ask.
 */
#ifndef RINGTAIL_NOW_CONTROL_H
#define RINGTAIL_NOW_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_LINE 1400 /* bytes of a question or an answer at most */

/* Descriptors, or -1 with errno set.  Where one listened before, but does no more, its name is used again. */
int control_listen(const char *run);
int control_connect(const char *run);
/* No one will listen there any more. */
void control_remove(const char *run);

/* Reads what is there.  1: line has a whole line, without its end; 0: not yet; -1: the other side is gone, or talks
 * nonsense. */
int control_read_line(int fd, char line[CONTROL_LINE], size_t *length);

#endif
