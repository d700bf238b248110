/*
 * The side of `ringtail run`: looks at its processes when a command asks (control.h).
 *
 * Only who reads a ring live knows which blocks are live, and only an ancestor may stop a process everywhere.  So the
 * collector stops it and reads its memory, between two rounds; then it forks, and the child, which has all of the analysis
 * as it is at this moment, classes, concludes, stores the snapshot and answers, while the collector reads on.
 */
#ifndef RINGTAIL_NOW_SERVICE_H
#define RINGTAIL_NOW_SERVICE_H

#include <poll.h>
#include <signal.h>

#include "tools/live/archive.h"
#include "tools/recording/recording.h"
#include "tools/scan/graph.h"

struct now_service;

/* signals: the mask of those who are asked for nothing.  Where nobody can be heard (a file system without sockets), the
 * service is there all the same, and whoever asks is told. */
struct now_service *now_service_open(const char *run, struct archive *archive, const sigset_t *signals);
/* Waits for children that still write. */
void now_service_close(struct now_service *service);

/* What to wait for: entries for poll, at most `most`; returns how many. */
#define NOW_SERVICE_POLLS 17u
unsigned now_service_polls(const struct now_service *service, struct pollfd polls[NOW_SERVICE_POLLS]);

/* Takes what has been asked.  Whether somebody waits for now_service_serve. */
bool now_service_look(struct now_service *service);
/* Looks at those of these processes that were asked for, and answers.  tick: called while a process is looked at. */
void now_service_serve(struct now_service *service, struct recording **recordings, size_t count,
                       const struct scan_tick *tick);

#endif
