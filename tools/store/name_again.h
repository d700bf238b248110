/*
 * Names for places that had none when they were stored, because the file of their module was missing, or stripped.
 *
 * The files are found as at the first time: at the module's path, or as its debug file, and by debuginfod.  A file
 * counts only if it has the module's build id.  Ids of findings stay as they are; so do names of variables and threads.
 */
#ifndef RINGTAIL_STORE_NAME_AGAIN_H
#define RINGTAIL_STORE_NAME_AGAIN_H

#include "tools/store/store.h"

/* True if the file of a module that was missing is there now, or may be: a debuginfod server is named, and was not
 * asked for the debug information of a stripped module. */
bool name_again_can(struct store *store);
/* Names the places of all modules whose files are there now; the store must be open for writing.  False: it could not
 * be written, and is as it was. */
bool name_again(struct store *store);

#endif
