/*
 * RUN/control: the socket by which a command sends requests to the `ringtail run` that reads the rings of a run.
 *
 *   request:  "now PID SPACE NANOSECONDS\n"
 *                                       scan this process (PID 0: all) now, and stop it for NANOSECONDS at most.  PID
 *                                       is the number that the process has in the PID namespace SPACE: the two sides
 *                                       may be in different namespaces.
 *   answer:   "kept NAME\n"             the name of the snapshot in the directory of the run
 *             "failed CODE TEXT\n"      exit code, and the message for the user
 *
 * A connection carries one request, and ends with the answer.  Only the owner of the run's directory can enter it, so
 * only the owner can send a request.
 */
#ifndef RINGTAIL_NOW_CONTROL_H
#define RINGTAIL_NOW_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_LINE 1400 /* bytes of a question or an answer at most */

/* Both return a descriptor, or -1 with errno set.  control_listen replaces a socket that was left behind. */
int control_listen(const char *run);
int control_connect(const char *run);
/* Removes the socket's name: call this when `ringtail run` stops listening. */
void control_remove(const char *run);

/* Reads the bytes that have come, without waiting.  1: line holds a whole line, without the newline.  0: the line is
 * not complete yet.  -1: the other side has closed the connection, or its line is too long. */
int control_read_line(int fd, char line[CONTROL_LINE], size_t *length);

#endif
