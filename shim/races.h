/*
 * The tracer of data races, from the program's side: it is started before the process creates its second thread, and
 * ended before anything that cannot bear it.
 *
 *   program, one thread                      `ringtail-races`, a process of its own
 *   -------------------                      --------------------------------------
 *   R1: starts the tool, allows it to trace,
 *       state NONE -> CALLED
 *                                            R2: sees CALLED, makes the .races file, seizes the thread
 *                                            R3: CALLED -> WATCHING or REFUSED (CAS), wakes
 *   R4: reads WATCHING or REFUSED (acquire);
 *       the tool died, or is late:
 *       CALLED -> REFUSED (CAS)
 *       creates the thread
 *   ...
 *   R5: writes why to races_end, sends
 *       SIGTERM, and waits until the kernel
 *       says that no process traces it
 *                                            R6: takes its int3s out, state -> ENDED, ends
 *
 * R3 and R4 change one word by CAS: if the program has given up, the tool ends without having changed anything.  R1
 * comes after the tool may trace, so R2 is not refused for that.  The waits are bounded, and R4 ends at once when the
 * tool dies.
 *
 * The tool may not be a child of the program, as that would show in wait().  As its parent ends at once, the kernel
 * gives it to init.  If the program itself would get it, because it is the init of its PID namespace or a subreaper,
 * the parent stays until the tool ends.
 *
 * A forked child, and a program after exec, begin anew with their own first thread.
 */
#ifndef RINGTAIL_SHIM_RACES_H
#define RINGTAIL_SHIM_RACES_H

#include <stdbool.h>

#include "shim/format.h"

#pragma GCC visibility push(hidden)

/* The calling thread is about to create another.  Starts the tracer if data races are looked for and this has not been
 * tried.  The process records.  Keeps errno. */
void races_before_thread(void);
/* Ends the tracer of this process, if there is one: no thread is traced when this returns, or the tracer did not end in
 * time.  Any thread, any signal handler.  Keeps errno. */
void races_end(enum rt_races_end why);
/* True while this process is traced, and int3s may be in its code. */
bool races_are_watched(void);

#pragma GCC visibility pop

#endif
