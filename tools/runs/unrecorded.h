/*
 * The note on a run of which nothing was recorded: the program could not be started, or not be watched.
 *
 * The note lies in the run's directory in place of a recording, so that a report without RUN tells of this run and does
 * not show an older one of another program.  In a directory there is one such run at most: the next run removes it.
 */
#ifndef RINGTAIL_RUNS_UNRECORDED_H
#define RINGTAIL_RUNS_UNRECORDED_H

#define UNRECORDED_FILE "not-recorded"

/* Writes the note into the directory of the run; why: one line without its end.  A failure leaves no note. */
void unrecorded_note(const char *directory, const char *why);
/* The reason in the note of this directory, malloced; NULL: there is none, or a run was recorded there all the same. */
char *unrecorded_why(const char *directory);
/* Removes the note of this directory, if it has one. */
void unrecorded_forget(const char *directory);
/* Removes the directories of runs ("ringtail.*") in the current directory that hold nothing but a note. */
void unrecorded_forget_all(void);

#endif
