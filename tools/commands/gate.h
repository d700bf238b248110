/* The verdict of a check: for `check`, and for `run --fail-on`. */
#ifndef RINGTAIL_COMMANDS_GATE_H
#define RINGTAIL_COMMANDS_GATE_H

#include "tools/report/report.h"

enum verdict { VERDICT_PASSED, VERDICT_FAILED, VERDICT_UNKNOWN };

/* Fails if the report has a finding that is not suppressed; the report's `only` lists the findings that must not be
 * there.  Prints the verdict to stderr, with the suppressed findings and the unused rules.  Without a finding the
 * verdict is unknown if a process could not be read, or if more of its events were lost than are known. */
enum verdict gate_judge(struct report *report);
/* For a check that could not be made at all: prints why. */
enum verdict gate_unknown(const char *why);

#endif
