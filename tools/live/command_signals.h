/*
 * Signals that are sent to `ringtail run` are meant for the program: `ringtail run` passes them on to it, once.
 *
 * A signal that was sent to the whole process group has reached the program already, and siginfo does not tell whether
 * a signal was sent to the group or to the collector alone.  The witness tells: a child of the collector, in the same
 * group.  It blocks every signal and does nothing, so that any signal pending there was sent to the group.  To signal a
 * group, the kernel walks over its members under its lock of tasks, which setpgid takes for writing.  So after a
 * setpgid, each walk that has reached the collector has also reached the witness.
 *
 *   collector                                 witness
 *   ---------                                 -------
 *   G1: takes all that is pending for it
 *   G2: setpgid: walks that reached it end
 *   G3: asks                                  G4: takes all that is pending for it, answers
 *   G5: passes on what G4 did not have
 *
 * A signal to the group that comes between G1 and G4 is in this answer, but pending for the collector only at the next
 * G1.  So the answer also counts for the next G1 (carried).
 */
#ifndef RINGTAIL_COMMAND_SIGNALS_H
#define RINGTAIL_COMMAND_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct command_signals {
	int fd;          /* readable when a signal has come, or a child has ended */
	sigset_t before; /* the signal mask that the command gets */
	pid_t witness;   /* 0: there is none, and signals from the terminal count as sent to the group */
	int ask;
	uint64_t carried; /* bit N: signal N was sent to the group, and the collector has not taken it yet */
};

/* Blocks the signals that are passed on, and SIGCHLD, for the calling thread and for threads that it starts later. */
void command_signals_begin(struct command_signals *signals);
/* Takes the signals that have come and passes them on.  command 0: the command has ended, and none is passed on.  True:
 * a signal came that asks a program to end. */
bool command_signals_take(struct command_signals *signals, pid_t command);
/* Call this when only storing is left to do.  An interrupt from the terminal ends the storing.  Other signals, meant
 * for a program that has ended by now, are dropped and do not change the exit status. */
void command_signals_end(struct command_signals *signals);

#endif
