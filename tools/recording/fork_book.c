#include "tools/recording/fork_book.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"

#define FORKS_MOST 4096u /* of a run, the latest */

struct fork_entry {
	struct fork_locks fork;
	uint32_t pid_space;
};

void fork_book_free(struct fork_book *book)
{
	for (size_t i = 0; i < book->count; i++)
		fork_locks_free(&book->entries[i].fork);
	free(book->entries);
	*book = (struct fork_book){0};
}

static void add(struct fork_book *book, const struct rt_header *header, struct fork_locks fork)
{
	if (book->count == FORKS_MOST) {
		fork_locks_free(&book->entries[0].fork);
		memmove(book->entries, book->entries + 1, --book->count * sizeof *book->entries);
	}
	GROW(book->entries, book->room, book->count + 1);
	fork.parent = header->pid;
	book->entries[book->count++] = (struct fork_entry){.fork = fork, .pid_space = header->pid_space};
}

void fork_book_take(struct fork_book *book, struct recording *recording)
{
	size_t count;
	struct fork_locks *forks = locks_take_forks(recording->analysis->locks, &count);

	for (size_t i = 0; i < count; i++)
		add(book, &recording->ring.header, forks[i]);
	free(forks);
}

/* The child begins to record after the fork: the latest fork before that made it, should its pid come twice. */
void fork_book_give(const struct fork_book *book, struct recording *recording)
{
	const struct rt_header *header = &recording->ring.header;
	struct lock_analysis *locks = recording->analysis->locks;

	if (!header->forked || locks_has_inherited(locks))
		return;
	for (size_t i = book->count; i > 0; i--) {
		const struct fork_entry *entry = &book->entries[i - 1];

		if (entry->fork.parent == header->parent && entry->fork.child == header->pid &&
		    entry->pid_space == header->pid_space && entry->fork.begun <= header->clock_start.ticks) {
			locks_inherit(locks, &entry->fork);
			return;
		}
	}
}
