/* What check and `run --fail-on` have in common: the verdict. */
#ifndef RINGTAIL_COMMANDS_GATE_H
#define RINGTAIL_COMMANDS_GATE_H

#include "tools/render/report.h"

enum verdict { VERDICT_PASSED, VERDICT_FAILED, VERDICT_UNKNOWN };

/* Whether the report, whose `only` is what must not be there, has any finding that is not suppressed.  Says so on
 * stderr, with what was suppressed and the rules that were not used.  Nothing is found in what is not known: without a
 * finding the check cannot be made if a process could not be read, or more of its events were lost than are known. */
enum verdict gate_judge(struct report *report);
/* It could not be made at all. */
enum verdict gate_unknown(const char *why);

#endif
