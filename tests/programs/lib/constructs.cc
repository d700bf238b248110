/*
 * The library that opens_constructs opens.  Its constructors free blocks that libc and the C++ runtime allocate for
 * them, and keep one.  Its functions allocate and free for the program.
 */
#include <cstdlib>
#include <cstring>
#include <string>

static void *volatile latest;
static char *kept;

static struct constructed {
	constructed()
	{
		std::string text(200, 'x');

		text += text;
		free(strdup("freed in the constructor"));
		kept = strdup("kept by the constructor");
	}
} constructed;

extern "C" {

__attribute__((noinline)) void constructs_lose() { latest = malloc(72); }
void *constructs_make() { return malloc(40); }
void constructs_end(void *block) { free(block); }

void constructs_forget()
{
	latest = nullptr;
	free(kept);
}
}
