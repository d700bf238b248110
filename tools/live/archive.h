/*
 * The archive stores processes that were read live: it writes the analysis to the database, and keeps the ring file for
 * `ringtail events` while there is room.
 *
 * It works in a thread of its own, because symbolizing takes time and the rings of running processes must not wait.
 */
#ifndef RINGTAIL_ARCHIVE_H
#define RINGTAIL_ARCHIVE_H

#include "tools/live/notice.h"
#include "tools/store/store.h"

struct archive;

/* store must outlive the archive, and no other code may use it until archive_close.  store NULL: nothing can be stored,
 * and the ring files stay as they are. */
struct archive *archive_open(struct store *store);
/* Takes over a malloced recording that is finished.  final: its process has ended. */
void archive_put(struct archive *archive, struct recording *recording, bool final);
/* Takes over a notice.  It is printed before any recording that is put later is closed. */
void archive_tell(struct archive *archive, struct notice *notice);
/* Keeps the archive's thread from starting another item until archive_release.  True: it is idle, so that this process
 * may fork.  False: it is still at work on an item; try again later. */
bool archive_hold(struct archive *archive);
void archive_release(struct archive *archive);
/* Waits until everything is stored, and frees the archive.  If the disk is full, the result is in memory
 * (store->in_memory), *why_not says why, and ring files of processes that have ended were removed as far as that made
 * room.  False, with err filled: something could not be stored at all and is lost. */
bool archive_close(struct archive *archive, struct error *why_not, struct error *err);

#endif
