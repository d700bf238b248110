/* A recording: the ring of one process image, the merge that orders its events, and the analysis that receives them. */
#ifndef RINGTAIL_RECORDING_H
#define RINGTAIL_RECORDING_H

#include "tools/analyse/analyse.h"
#include "tools/analyse/locks/locks.h"
#include "tools/source/merge.h"
#include "tools/recording/stack_walker.h"

struct recording {
	struct ring_file ring;
	struct merge *merge;
	struct analysis *analysis;
	struct stack_walker walker; /* for what the analysis asks of stacks */
	struct code_source code;
};

/* live: opens the ring as its live reader, which drains it while the program runs. */
bool recording_open(struct recording *recording, const char *path, bool live, struct error *err);
void recording_close(struct recording *recording);

/* How the process ended, as the header of its ring says. */
struct process_end recording_end(const struct recording *recording);
/* How the process ended, from the status of waitpid: a killed process could not write that into the header. */
struct process_end recording_end_by_status(const struct recording *recording, int wait_status);
/* Reads all published events, shows progress, and lets the analysers conclude.  For a running process that is a
 * snapshot.  end.stamp: when the caller saw that the process had ended; 0: it did not see that. */
void recording_finish(struct recording *recording, struct process_end end);

/* Lets the analysers conclude on the events read so far, and reads no more.  The process and the reader of its ring go
 * on. */
void recording_conclude(struct recording *recording);

/* The command's arguments from the header, NULL terminated.  The caller frees them with recording_free_command. */
char **recording_command(const struct ring_file *ring);
void recording_free_command(char **command);

#endif
