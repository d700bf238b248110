/*
 * Reads the .races file of a recording's process (races_file.h), and hands what was caught to the recording's analysis.
 *
 * The file may be damaged or hostile, and may change while it is read.
 */
#ifndef RINGTAIL_RACES_READER_H
#define RINGTAIL_RACES_READER_H

#include "tools/recording/recording.h"

struct races_reader {
	char *path;
	int fd; /* -1: not open */
	struct recording *recording;
};

/* For a recording that is open, which must outlive the reader.  There need not be a file, now or ever. */
void races_reader_begin(struct races_reader *reader, struct recording *recording);
void races_reader_end(struct races_reader *reader);
/* Hands on what was caught since the last call.  Looks for the file if there was none so far. */
void races_reader_poll(struct races_reader *reader);
/* The same when the tracer has ended, or for a report of a process that runs: brings all counts up to date. */
void races_reader_finish(struct races_reader *reader);

/* A merge_sink for a live ring, in place of analysis_events; context is the reader.  Poll before each round.  It polls
 * before it hands on the events: a thread that was caught is stopped until the file tells of it, so its later events
 * come in a later batch. */
void races_reader_deliver(void *reader, const struct event *events, size_t count);

/* Reads the whole file of a process that has ended, or of one that runs and whose ring no collector reads.  Call it
 * before the recording's events are read. */
void races_take(struct recording *recording);

#endif
