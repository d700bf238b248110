/* Feeds an analysis with events by hand: each call hands it one event, one tick after the event before. */
#ifndef RINGTAIL_TESTS_EVENT_SCRIPT_H
#define RINGTAIL_TESTS_EVENT_SCRIPT_H

#include "tools/finding/findings.h"
#include "tools/analyse/heap/heap.h"
#include "tools/analyse/locks/locks.h"
#include "tools/analyse/threads/threads.h"

struct script {
	struct ring_file ring;
	struct analysis *analysis;
	uint64_t now; /* stamp of the last event */
};

#define PTHREAD(id) (0x700000000000u + (id)*0x1000ull)

void script_begin(struct script *script);
void script_finish(struct script *script, int how);
void script_free(struct script *script);

void script_event(struct script *script, struct event event);
void script_alloc(struct script *script, unsigned type, uint32_t thread, uint32_t stack, uint64_t address,
                  uint64_t size);
/* An event that has an object and no other argument: frees, RT_REALLOC_BEGIN. */
void script_object(struct script *script, unsigned type, uint32_t thread, uint32_t stack, uint64_t object);
void script_loss(struct script *script, uint32_t thread, uint64_t events);

void script_sync(struct script *script, unsigned type, uint32_t thread, uint32_t stack, unsigned kind, unsigned flags,
                 uint64_t object);
/* The usual cases of mutexes. */
void script_lock(struct script *script, uint32_t thread, uint32_t stack, uint64_t mutex);
void script_wait(struct script *script, uint32_t thread, uint32_t stack, uint64_t mutex);
void script_unlock(struct script *script, uint32_t thread, uint64_t mutex);
void script_cond(struct script *script, unsigned type, uint32_t thread, uint32_t stack, uint64_t cond, uint64_t mutex);

/* Thread 1 begins with the process.  script_create creates and begins another thread, with pthread_t PTHREAD(id). */
void script_main(struct script *script);
void script_create(struct script *script, uint32_t creator, uint32_t stack, uint32_t id, unsigned flags);
void script_end(struct script *script, uint32_t thread);
void script_join(struct script *script, uint32_t joiner, uint32_t stack, uint32_t id);
/* The WAIT of a join that never returns. */
void script_join_wait(struct script *script, uint32_t joiner, uint32_t stack, uint32_t id);
void script_exit(struct script *script, uint32_t thread);

/* The number of findings of this kind and class (NULL: any class); and the nth of them, NULL if there is none. */
size_t script_count(const struct script *script, const char *kind, const char *class);
const struct finding *script_finding(const struct script *script, const char *kind, const char *class, size_t nth);
const struct lock_result *script_lock_result(const struct script *script, uint64_t address, uint32_t generation);
const struct thread_result *script_thread(const struct script *script, uint32_t id);
/* The counts of the site of this stack, whatever its function; zeros if there is none. */
struct heap_counts script_site(const struct script *script, uint32_t stack);

#endif
