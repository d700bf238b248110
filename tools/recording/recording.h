/* One process image being read: its ring, merged, into its analysis. */
#ifndef RINGTAIL_RECORDING_H
#define RINGTAIL_RECORDING_H

#include "tools/analyse/analyse.h"
#include "tools/source/merge.h"
#include "tools/recording/waiting_calls.h"

struct recording {
	struct ring_file ring;
	struct merge *merge;
	struct analysis *analysis;
	struct live *live; /* in its place, where nothing is asked but what is live (tools/scan/at_end_alone.c) */
	struct waiting_calls waiting_calls; /* the analysis asks it */
};

/* live: the reader that drains the ring while the program runs. */
bool recording_open(struct recording *recording, const char *path, bool live, struct error *err);
void recording_close(struct recording *recording);

/* What the header says about the end. */
struct process_end recording_end(const struct recording *recording);
/* What waitpid said, which is more than a killed process can say of itself. */
struct process_end recording_end_by_status(const struct recording *recording, int wait_status);
/* Reads all there is, shows progress, and lets the analysers conclude; of a running process a snapshot. */
void recording_finish(struct recording *recording, struct process_end end);

/* The same of what has been read so far, and reads no more: the process and whoever reads its ring go on. */
void recording_conclude(struct recording *recording);

/* The arguments in the header, NULL terminated; free with recording_free_command. */
char **recording_command(const struct ring_file *ring);
void recording_free_command(char **command);

#endif
