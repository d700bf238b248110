#include "shim/message.h"

#include <stdbool.h>

#include "shim/atomics.h"
#include "shim/hold.h"
#include "shim/sys.h"
#include "shim/text.h"

static struct file_identity stderr_identity; /* device 0: there was no standard error at the start */

void message_start_up(void) { sys_identify(2, &stderr_identity); }

void message_once(const char *what, const char *detail)
{
	static const char *said[8];
	char line[512], *at = line, *end = line + sizeof line - 1;

	for (unsigned i = 0; i < 8; i++) {
		if (load_relaxed(&said[i]) == what)
			return;
		if (!said[i] && cas_acq_rel(&said[i], NULL, what))
			break;
	}
	if (!stderr_identity.device || !sys_is_file(2, &stderr_identity))
		return; /* the program has closed standard error, or put another file in its place */
	at = text_append(at, end, "ringtail: ");
	at = text_append(at, end, what);
	if (detail) {
		at = text_append(at, end, ": ");
		at = text_append(at, end, detail);
	}
	at = text_append(at, line + sizeof line, "\n");
	hold_write(2, line, (size_t)(at - line));
}
