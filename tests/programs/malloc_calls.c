/*
 * glibc's other allocator calls: malloc_usable_size (the program writes to all of these bytes), malloc_info, mallinfo2,
 * mallopt (M_ARENA_MAX, M_MMAP_THRESHOLD, M_PERTURB), malloc_trim; with 8 threads of 200 blocks, whose contents must
 * not change.
 */
#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include "say.h"

#define THREADS 8
#define BLOCKS  200

static void *work(void *argument)
{
	unsigned char *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++) {
		size_t bytes = (size_t)(1 + i * 37 % 5000), usable;

		blocks[i] = i % 3 ? malloc(bytes) : calloc(1, bytes);
		must(blocks[i] && (usable = malloc_usable_size(blocks[i])) >= bytes);
		memset(blocks[i], i, usable);
	}
	for (int i = 0; i < BLOCKS; i++) {
		must(blocks[i][malloc_usable_size(blocks[i]) - 1] == (unsigned char)i);
		free(blocks[i]);
	}
	return argument;
}

static int count(const char *text, const char *word)
{
	int found = 0;

	for (; (text = strstr(text, word)); text++)
		found++;
	return found;
}

/* The number of arenas in malloc_info's answer. */
static int arenas(void)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	must(out && malloc_info(0, out) == 0 && fclose(out) == 0);
	int found = count(text, "<heap nr=");
	free(text);
	return found;
}

int main(void)
{
	pthread_t threads[THREADS];

	say("mallopt %d %d %d %d\n", mallopt(M_ARENA_MAX, 2), mallopt(M_MMAP_THRESHOLD, 4096), mallopt(M_PERTURB, 0x5a),
	    mallopt(M_ARENA_TEST, 1));
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	work(NULL);
	say("at most two arenas: %d, usable size of NULL %zu\n", arenas() <= 2, malloc_usable_size(NULL));

	void *large = malloc(100000);
	must(large);
	struct mallinfo2 info = mallinfo2();
	say("one mapped block: %zu\n", info.hblks);
	free(large);
	say("trimmed %d\n", malloc_trim(0) >= 0);
	return 0;
}
