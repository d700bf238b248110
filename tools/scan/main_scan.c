/* `ringtail-scan RING`: the shim starts it at the end of a program that has no live reader.  Users do not call it. */
#include <stdio.h>
#include <unistd.h>

#include "tools/base/error.h"
#include "tools/base/memory.h"
#include "tools/base/own_process.h"
#include "tools/scan/at_end.h"

int main(int argc, char **argv)
{
	own_process_start_up_for_shim();
	memory_start_up();
	if (argc != 2) {
		fputs("ringtail-scan: programs with libringtail.so start it at their end; see `ringtail help leaks`\n",
		      stderr);
		return EXIT_USAGE;
	}
	_exit(scan_at_end_alone(argv[1]));
}
