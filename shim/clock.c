#include "shim/clock.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

bool rt_clock_is_counter;

#if defined(__x86_64__)
static bool counter_is_invariant(void)
{
	unsigned eax, ebx, ecx, edx;
	return __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) && (edx & 1u << 8);
}
#elif defined(__aarch64__)
static bool counter_is_invariant(void) { return true; } /* the architecture guarantees it */
#else
static bool counter_is_invariant(void) { return false; }
#endif

void clock_choose(void) { rt_clock_is_counter = counter_is_invariant(); }
