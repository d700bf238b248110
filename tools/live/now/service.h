/*
 * The side of `ringtail run`: scans its processes when a command requests it (control.h).
 *
 * Only the live reader of a ring knows which blocks are live, and only an ancestor may stop a process on every system.
 * So the collector stops the process and reads its memory, between two rounds.  Then it forks.  The child has a copy of
 * the analysis as it is at this moment: it finds the classes, concludes, stores the snapshot and answers.  Meanwhile
 * the collector reads on.
 */
#ifndef RINGTAIL_NOW_SERVICE_H
#define RINGTAIL_NOW_SERVICE_H

#include <poll.h>
#include <signal.h>

#include "tools/live/archive.h"
#include "tools/recording/recording.h"
#include "tools/scan/graph.h"

struct now_service;

/* signals: the signal mask that the child gets.  On a file system without sockets no request can come; the service is
 * opened all the same, and a command that asks gets an error. */
struct now_service *now_service_open(const char *run, struct archive *archive, const sigset_t *signals);
/* Waits for children that still write snapshots, SNAPSHOTS_WITHIN at most.  A child that needs longer is ended: no
 * process of ringtail's outlives `ringtail run`.  Its snapshot is lost, and a line says so; the command that asked for
 * it sees the connection end. */
void now_service_close(struct now_service *service);

/* Fills in the descriptors to wait for, as entries for poll; returns how many there are. */
#define NOW_SERVICE_POLLS 17u
unsigned now_service_polls(const struct now_service *service, struct pollfd polls[NOW_SERVICE_POLLS]);

/* Accepts connections and reads their requests.  True while a client waits for a snapshot: then call
 * now_service_serve. */
bool now_service_look(struct now_service *service);
/* Scans the requested ones of these processes, and answers.  tick: called from time to time while a process is
 * scanned. */
void now_service_serve(struct now_service *service, struct recording **recordings, size_t count,
                       const struct scan_tick *tick);

#endif
