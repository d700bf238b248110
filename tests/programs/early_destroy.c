/* The program's first call of a hooked function comes before any constructor has run. */
#include <pthread.h>

#include "tests/programs/say.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void destroy_early(void) { pthread_mutex_destroy(&mutex); }

__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = destroy_early;

int main(void)
{
	say("here\n");
	return 0;
}
