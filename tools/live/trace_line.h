/* `ringtail run --trace-every`: prints one line about what the threads of a process do now. */
#ifndef RINGTAIL_TRACE_LINE_H
#define RINGTAIL_TRACE_LINE_H

#include "tools/recording/recording.h"

struct trace_line {               /* of one process; zeroed: new */
	uint64_t at, contentions; /* time and count at the previous line */
};

void trace_line_print(struct trace_line *line, struct recording *recording, uint64_t now);

#endif
