#include "tools/live/now/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/races/judge.h"

#define PART ".part"

static bool name_of(const struct snapshot *snapshot, unsigned number, char **path)
{
	return asprintf(path, "%s/now-%u.db", snapshot->directory, number) > 0;
}

/* Claims a number.  1: it is claimed; 0: another snapshot has it; -1: no file can be made here. */
static int take(struct snapshot *snapshot, unsigned number)
{
	char *path = NULL, *part = NULL;
	int taken = -1;

	if (name_of(snapshot, number, &path) && asprintf(&part, "%s" PART, path) > 0) {
		int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		taken = fd >= 0 ? 1 : errno == EEXIST ? 0 : -1;
		if (fd >= 0)
			close(fd);
		if (taken == 1 && !access(path, F_OK)) { /* that snapshot has ended, and left its file */
			unlink(part);
			taken = 0;
		}
	}
	free(path);
	if (taken == 1)
		snapshot->part = part;
	else
		free(part);
	snapshot->number = number;
	return taken;
}

bool snapshot_begin(struct snapshot *snapshot, const char *directory, struct error *err)
{
	int taken = 0;

	*snapshot = (struct snapshot){.directory = strdup(directory)};
	for (unsigned number = 1; number && !taken; number++)
		taken = take(snapshot, number);
	if (taken != 1)
		return error_set(err, EXIT_BAD_DATA, "cannot keep a snapshot in %s: %s", directory, strerror(errno));
	return store_open(&snapshot->store, snapshot->part, err);
}

static void note_run(struct snapshot *snapshot, const struct recording *recording)
{
	const struct rt_header *header = &recording->ring.header;

	if (!snapshot->command) {
		snapshot->command = recording_command(&recording->ring);
		snapshot->started = header->realtime_ns;
	}
	double before = ((double)header->realtime_ns - (double)snapshot->started) / 1e9;
	double end = before + ring_file_seconds(&recording->ring, recording->analysis->end.stamp);
	if (end > snapshot->seconds)
		snapshot->seconds = end;
}

bool snapshot_add(struct snapshot *snapshot, struct recording *recording, struct error *err)
{
	recording_conclude(recording);
	if (!ring_file_whole(&recording->ring, err))
		return false;
	note_run(snapshot, recording);
	races_judge(recording, store_symbolizer(&snapshot->store));
	return store_process(&snapshot->store, recording->analysis, merge_totals(recording->merge), false, err);
}

bool snapshot_end(struct snapshot *snapshot, char **path, struct error *err)
{
	char *absolute = realpath(snapshot->directory, NULL);

	*path = NULL;
	bool good = !snapshot->command || store_run(&snapshot->store, absolute ? absolute : snapshot->directory,
	                                            snapshot->started, snapshot->seconds, snapshot->command, err);
	free(absolute);
	store_close(&snapshot->store);
	if (!good)
		return false;
	if (!name_of(snapshot, snapshot->number, path) || rename(snapshot->part, *path))
		return error_set(err, EXIT_BAD_DATA, "cannot keep a snapshot in %s: %s", snapshot->directory,
		                 strerror(errno));
	free(snapshot->part);
	snapshot->part = NULL;
	return true;
}

void snapshot_free(struct snapshot *snapshot)
{
	store_close(&snapshot->store);
	if (snapshot->part)
		unlink(snapshot->part);
	free(snapshot->part);
	free(snapshot->directory);
	if (snapshot->command)
		recording_free_command(snapshot->command);
	*snapshot = (struct snapshot){0};
}
