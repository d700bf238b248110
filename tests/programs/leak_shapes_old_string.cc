/*
 * Live blocks of std::string as it was before C++11: strings share their text, and point behind the head of the block
 * that holds it.  The first argument names the shape (shapes.h).  What each leaves behind, and what memcheck says of
 * it, is in tests/e2e/tables/leak_shapes.def.
 */
#define _GLIBCXX_USE_CXX11_ABI 0
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "shapes.h"

namespace
{

const char text[] = "the text of a string, which lies behind length, capacity and count of references";

/* An object that is never destroyed. */
template <class T> T &keep()
{
	alignas(T) static unsigned char place[sizeof(T)];

	return *new (place) T;
}

[[gnu::noinline]] void wipe()
{
	volatile char below[16384];

	for (size_t i = 0; i < sizeof below; i++)
		below[i] = 2;
}

void old_string_kept() { keep<std::string>() = text; }
void old_string_lost()
{
	std::string *lost = new std::string(text);

	asm volatile("" : : "r"(lost) : "memory"); /* to the compiler, the string's text is used */
}
void old_string_with_room_kept()
{
	std::string &string = keep<std::string>();

	string.reserve(1000);
	string = "short";
}
void old_string_shared_kept() { keep<std::vector<std::string>>().assign(10, std::string(text)); }
void old_strings_kept()
{
	std::vector<std::string> &strings = keep<std::vector<std::string>>();

	for (char c = 'a'; c < 'k'; c++)
		strings.push_back(text + std::string(1, c));
}
/* The head says 10 bytes, but the block is larger than a string of 10 bytes would have. */
void old_string_head_wrong()
{
	size_t *&kept = keep<size_t *>();

	kept = static_cast<size_t *>(calloc(1, 100));
	kept[0] = kept[1] = 10;
	kept += 3;
}

const shape shapes[] = {
#define LEAK_C(...)
#define LEAK_CC(...)
#define LEAK_OLD_STRING(name, ...) SHAPE(name),
#include "tests/e2e/tables/leak_shapes.def"
};

} // namespace

int main(int argc, char **argv)
{
	int status = run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);

	wipe();
	return status;
}
