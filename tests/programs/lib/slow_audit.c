/* An auditor (LD_AUDIT) that holds the loader up for half a second, before it brings in anything of the program. */
#include <time.h>

unsigned int la_version(unsigned int version)
{
	nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
	return version;
}
