/*
 * Signals that are sent to `ringtail run` are meant for the program: they are passed on to it, once.
 *
 * One that is sent to the whole process group has reached the program already, and siginfo does not tell it from one
 * that is sent to us alone.  A child of ours in our group tells: the witness.  It blocks every signal and does nothing,
 * so that all that is pending there was sent to the group.  The kernel signals the members of a group under its lock of
 * tasks, which setpgid takes for writing: after a setpgid, each walk that has come to us has come to the witness.
 *
 *   collector                                 witness
 *   ---------                                 -------
 *   G1: takes all that is pending for us
 *   G2: setpgid: walks that reached us end
 *   G3: asks                                  G4: takes all that is pending for it, answers
 *   G5: passes on what G4 did not have
 *
 * A signal that comes between G1 and G4 is in this answer, and with us at the next G1: the answer counts for that too.
 */
#ifndef RINGTAIL_COMMAND_SIGNALS_H
#define RINGTAIL_COMMAND_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct command_signals {
	int fd;          /* readable when one has come, or a child has ended */
	sigset_t before; /* the mask that the command gets */
	pid_t witness;   /* 0: there is none, and what the terminal sends counts as the group's */
	int ask;
	uint64_t carried; /* bit N: the group was sent N, and we have not taken it yet */
};

/* Blocks them, and SIGCHLD, for the calling thread and those that it starts. */
void command_signals_begin(struct command_signals *signals);
/* Takes what has come and passes it on; command 0: it has ended, and nothing is.  True: one of those came that ask a
 * program to end. */
bool command_signals_take(struct command_signals *signals, pid_t command);
/* Only storing is left to do.  An interrupt from the terminal ends that.  What was sent to a program that has ended by
 * now is nobody's, and does not change our status. */
void command_signals_end(struct command_signals *signals);

#endif
