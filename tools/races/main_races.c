/* `ringtail-races RING`: the shim starts it before a program creates its second thread.  Users do not call it. */
#include <stdio.h>
#include <unistd.h>

#include "tools/base/error.h"
#include "tools/base/memory.h"
#include "tools/base/own_process.h"
#include "tools/races/tracer_alone.h"

int main(int argc, char **argv)
{
	own_process_start_up_for_shim();
	memory_start_up();
	if (argc != 2) {
		fputs("ringtail-races: programs with libringtail.so start it, with the option races; see `ringtail "
		      "help run`\n",
		      stderr);
		return EXIT_USAGE;
	}
	setsid(); /* signals for the program's group are not for it */
	_exit(tracer_alone(argv[1]));
}
