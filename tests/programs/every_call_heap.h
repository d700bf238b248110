/* every_call: the heap. */
#include <malloc.h>
#include <sys/mman.h>

static volatile size_t too_much = SIZE_MAX / 4;

static void *block_ok(const char *what, void *block, size_t bytes, size_t alignment)
{
	bool good = block && (uintptr_t)block % alignment == 0 && malloc_usable_size(block) >= bytes;

	if (good)
		memset(block, 0xa5, bytes);
	say("%s: %s, errno %s\n", what, good ? "ok" : "wrong", error_name(errno));
	return block;
}

static void block_null(const char *what, void *block)
{
	say("%s: %s, errno %s\n", what, block ? "a block" : "NULL", error_name(errno));
}

static bool all_zero(const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

static void heap_successes(void)
{
	void *block;

	errno = 77;
	free(block_ok("malloc", malloc(100), 100, 16));
	free(block_ok("malloc(0)", malloc(0), 0, 16));
	block = calloc(10, 30);
	say("calloc is zero: %d\n", all_zero(block, 300));
	free(block_ok("calloc", block, 300, 16));
	block = block_ok("realloc(NULL)", realloc(NULL, 20), 20, 16);
	block = block_ok("realloc", realloc(block, 2000), 2000, 16);
	block = block_ok("reallocarray", reallocarray(block, 70, 70), 4900, 16);
	block_null("realloc(block, 0)", realloc(block, 0));
	free(block_ok("memalign", memalign(256, 100), 100, 256));
	free(block_ok("aligned_alloc", aligned_alloc(512, 1024), 1024, 512));
	free(block_ok("valloc", valloc(100), 100, 4096));
	free(block_ok("pvalloc", pvalloc(100), 4096, 4096));
	returns(posix_memalign(&block, 1024, 100));
	free(block_ok("posix_memalign", block, 100, 1024));
}

static void heap_failures(void)
{
	void *block = (void *)16;

	errno = 77;
	block_null("malloc too much", malloc(too_much));
	errno = 77;
	block_null("calloc overflow", calloc(too_much, 16));
	errno = 77;
	block_null("memalign too much", memalign(64, too_much));
	errno = 77;
	block_null("aligned_alloc too much", aligned_alloc(64, too_much));
	errno = 77;
	block_null("valloc too much", valloc(too_much));
	errno = 77;
	block_null("pvalloc too much", pvalloc(too_much));
	returns(posix_memalign(&block, 3, 10));
	returns(posix_memalign(&block, 64, too_much));
	say("posix_memalign leaves its result alone: %d\n", block == (void *)16);
	block = malloc(10);
	errno = 77;
	block_null("realloc too much", realloc(block, too_much));
	errno = 77;
	block_null("reallocarray overflow", reallocarray(block, too_much, 16));
	errno = 77;
	free(block);
	free(NULL);
	say("free: errno %s, usable size of NULL %zu\n", error_name(errno), malloc_usable_size(NULL));
}

/* Functions of libc that call malloc and free themselves. */
static void heap_by_libc(void)
{
	char *line = NULL, *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	fprintf(stream, "first\nsecond\n");
	fclose(stream);
	say("open_memstream: %zu bytes\n", size);
	stream = fmemopen(text, size, "r");
	size = 0;
	say("getline: %zd\n", getline(&line, &size, stream));
	fclose(stream);
	free(line);
	free(text);
	must(asprintf(&line, "%d", 12345) == 5);
	text = strdup(line);
	say("asprintf, strdup: %s %s\n", line, text);
	free(line);
	free(text);
}

static void mappings(void)
{
	unsigned char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	say("mmap: %d\n", pages != MAP_FAILED && all_zero(pages, 8192));
	sets_errno(munmap(pages, 8192));
	pages = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pages = mremap(pages, 4096, 8192, MREMAP_MAYMOVE);
	say("mremap: %d\n", pages != MAP_FAILED && all_zero(pages, 8192));
	say("mremap to an address: %d\n",
	    mremap(pages, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, pages + 4096) == pages + 4096);
	sets_errno(mremap((void *)4096, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED);
	sets_errno(munmap(pages, 8192));
	pages = mmap64(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	say("mmap64: %d\n", pages != MAP_FAILED);
	sets_errno(munmap(pages, 4096));
	sets_errno(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	sets_errno(munmap((void *)1, 4096));
}

static void every_heap_call(void)
{
	heap_successes();
	heap_failures();
	heap_by_libc();
	mappings();
}
