/*
 * Code made at run time, without unwind information: it calls malloc(151) itself, then a compiled function that calls
 * malloc(152), each time with another value in rbp, rbx and the stack slots above.  An unwinder must stop at this code.
 * malloc(153) follows from compiled code.  Ten rounds.
 */
#include <string.h>
#include <sys/mman.h>

#include "say.h"

__attribute__((noinline)) static void *called_back(size_t bytes)
{
	void *block = malloc(bytes);

	__asm__ volatile("" : : : "memory");
	return block;
}

/* push rbp; push rbx; sub rsp, 40; movabs rbp, garbage; mov rbx, rbp; mov [rsp], rbp; mov [rsp + 8], rbp; mov edi,
 * bytes; movabs rax, function; call rax; add rsp, 40; pop rbx; pop rbp; ret */
static const unsigned char code[] = {
    0x55, 0x53, 0x48, 0x83, 0xec, 0x28, 0x48, 0xbd, 0,    0,    0,    0,    0,    0,    0,    0,    0x48, 0x89,
    0xeb, 0x48, 0x89, 0x2c, 0x24, 0x48, 0x89, 0x6c, 0x24, 0x08, 0xbf, 0,    0,    0,    0,    0x48, 0xb8, 0,
    0,    0,    0,    0,    0,    0,    0,    0xff, 0xd0, 0x48, 0x83, 0xc4, 0x28, 0x5b, 0x5d, 0xc3,
};
enum { GARBAGE_AT = 8, BYTES_AT = 29, FUNCTION_AT = 35 };

static void *run(unsigned char *page, void *(*function)(size_t), int bytes, size_t garbage)
{
	memcpy(page, code, sizeof code);
	memcpy(page + GARBAGE_AT, &garbage, 8);
	memcpy(page + BYTES_AT, &bytes, 4);
	memcpy(page + FUNCTION_AT, &function, 8);
	return ((void *(*)(void))page)();
}

__attribute__((noinline)) static void round_of(unsigned char *page, size_t garbage)
{
	free(run(page, malloc, 151, garbage));
	free(run(page, called_back, 152, garbage));
	free(malloc(153));
	__asm__ volatile("");
}

int main(void)
{
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t on_stack[2] = {1, 1};
	size_t garbage[] = {
	    0, 1, 8, 0xdeadbeef, ~0ul, ~7ul, 0x8000000000000000ul, (size_t)on_stack, (size_t)page, (size_t)&main,
	};

	must(page != MAP_FAILED);
	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
		round_of(page, garbage[i]);
	say("done\n");
	return 0;
}
