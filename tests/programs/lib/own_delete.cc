/*
 * The library that own_delete opens.  It has operators new and delete for itself, as a library with a C++ runtime of
 * its own does; delete frees by a jump.  It has no symbols but those that own_delete.map exports.
 */
#include <cstdlib>
#include <new>

__attribute__((noinline)) void *operator new(std::size_t size)
{
	void *block = malloc(size);

	if (!block)
		abort();
	return block;
}
__attribute__((noinline)) void operator delete(void *block) noexcept { free(block); }
__attribute__((noinline)) void operator delete(void *block, std::size_t) noexcept { free(block); }

extern "C" int by_operator(long *block)
{
	delete block;
	return 1;
}

extern "C" int by_free(long *block)
{
	free(block);
	return 2;
}

extern "C" long *made_by_operator() { return new long(3); }

extern "C" long *made_by_malloc()
{
	long *block = static_cast<long *>(malloc(sizeof(long)));

	if (block)
		*block = 3;
	return block;
}
