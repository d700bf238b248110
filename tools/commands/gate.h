/* What check and `run --fail-on` have in common: the verdict. */
#ifndef RINGTAIL_COMMANDS_GATE_H
#define RINGTAIL_COMMANDS_GATE_H

#include "tools/render/report.h"

/* Whether the report, whose `only` is what must not be there, has any finding that is not suppressed.  Says
 * so on stderr, with what was suppressed and the rules that were not used. */
bool gate_failed(struct report *report);

#endif
