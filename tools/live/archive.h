/*
 * What becomes of a process that was read live: its analysis goes to the
 * database, its ring file is kept for `ringtail events` while there is room.
 *
 * A thread of its own does it, as symbolizing takes time, and the rings of the
 * processes that still run must not wait for it.
 */
#ifndef RINGTAIL_ARCHIVE_H
#define RINGTAIL_ARCHIVE_H

#include "tools/live/notice.h"
#include "tools/store/store.h"

struct archive;

/* store must outlive the archive, and is the archive's alone until archive_close.  NULL: nothing can be
 * stored, and the ring files stay as they are. */
struct archive *archive_open(struct store *store);
/* Takes a malloced, finished recording over.  final: the process has ended. */
void archive_put(struct archive *archive, struct recording *recording, bool final);
/* Takes a notice over, to be printed before any recording that is put after it is closed. */
void archive_tell(struct archive *archive, struct notice *notice);
/* No item is begun until archive_release.  True: none is under way either, so that the process may be forked.  False: try
 * again later, when that one is done. */
bool archive_hold(struct archive *archive);
void archive_release(struct archive *archive);
/* Waits until all is stored.  Where the disk is full, that is in memory (store->in_memory), *why_not says why, and ring
 * files of processes that have ended have made room for it as far as that helps.  False with err filled when something
 * could not be stored at all, and is not known. */
bool archive_close(struct archive *archive, struct error *why_not, struct error *err);

#endif
