/*
 * Which sites may race, by what was seen at stops.
 *
 * Each stop at a site is a sample: this thread accesses this memory here.  If two threads have accessed one word, and
 * one of them wrote, their sites are candidates: threads are held there more often, and for longer.  Most candidates
 * are ordered by locks or otherwise, which samples cannot tell.  A site at which three such holds in a row caught
 * nothing is a candidate no more.
 */
#include "tools/races/tracer_parts.h"

#if defined(__x86_64__)

#include <string.h>

#include "tools/base/memory.h"

#define WORD_BYTES   8u
#define SAMPLES      4096u
#define STRIKES_MOST 3u

/* The last accesses of a word, by different threads. */
struct sample {
	uint64_t word;
	bool locked; /* by LOCK, too */
	struct sample_access {
		pid_t tid; /* 0: none */
		uint32_t site;
		bool writes;
	} last[3];
};

static struct sample *sample_of(const struct session *session, uint64_t word)
{
	return &session->samples[u64_mix(word) % SAMPLES];
}

static void make_candidate(struct session *session, uint32_t site)
{
	struct text_site *state = &session->text.states[site];

	state->candidate |= state->strikes < STRIKES_MOST;
}

static void note_access(struct session *session, const struct traced *thread, const struct race_access *access)
{
	uint64_t word = access->address / WORD_BYTES;
	struct sample *sample = sample_of(session, word);
	unsigned place = sizeof sample->last / sizeof *sample->last - 1;

	if (sample->word != word)
		*sample = (struct sample){.word = word};
	for (unsigned i = 0; i <= place; i++) {
		const struct sample_access *last = &sample->last[i];
		if (last->tid == thread->tid && (access->writes || !last->writes))
			place = i;
		if (last->tid && last->tid != thread->tid && (last->writes || access->writes)) {
			make_candidate(session, last->site);
			make_candidate(session, thread->site);
		}
	}
	memmove(sample->last + 1, sample->last, place * sizeof *sample->last);
	sample->last[0] = (struct sample_access){thread->tid, thread->site, access->writes};
}

void samples_note(struct session *session, const struct traced *thread)
{
	if (!session->samples)
		session->samples = memory_zeroed(SAMPLES, sizeof *session->samples);
	for (unsigned i = 0; i < thread->access_count; i++)
		if (thread->accesses[i].size)
			note_access(session, thread, &thread->accesses[i]);
}

bool samples_are_reads(const struct session *session, const struct race_access *access)
{
	uint64_t word = access->address / WORD_BYTES;
	const struct sample *sample = sample_of(session, word);
	unsigned threads = 0;

	for (size_t i = 0; sample->word == word && i < sizeof sample->last / sizeof *sample->last; i++) {
		if (sample->last[i].writes)
			return false;
		threads += sample->last[i].tid != 0;
	}
	return threads > 1;
}

void samples_note_lock(struct session *session, uint64_t address)
{
	uint64_t word = address / WORD_BYTES;
	struct sample *sample = sample_of(session, word);

	if (sample->word != word)
		*sample = (struct sample){.word = word};
	sample->locked = true;
}

bool samples_are_locked(const struct session *session, uint64_t address)
{
	const struct sample *sample = sample_of(session, address / WORD_BYTES);

	return sample->word == address / WORD_BYTES && sample->locked;
}

bool samples_candidate(const struct session *session, uint32_t site) { return session->text.states[site].candidate; }

void samples_strike(struct session *session, uint32_t site)
{
	struct text_site *state = &session->text.states[site];

	if (state->candidate && ++state->strikes >= STRIKES_MOST)
		state->candidate = false;
}

#endif
