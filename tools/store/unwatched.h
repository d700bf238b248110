/* How a reason begins in table unwatched, of `what` = 'heap': checks tell by it which of these holds. */
#ifndef RINGTAIL_STORE_UNWATCHED_H
#define RINGTAIL_STORE_UNWATCHED_H

#define UNWATCHED_LINKED_IN        "malloc is linked into the program itself"
#define UNWATCHED_PRELOADED_BEFORE "malloc is that of a library preloaded before ringtail"
#define UNWATCHED_NEVER_CALLED     "the program never calls malloc"

#endif
