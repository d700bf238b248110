#include "tools/commands/output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/base/own_process.h"
#include "tools/base/pager.h"

bool output_open(struct output *output, const char *path, enum output_kind kind, struct error *err)
{
	output->path = path && strcmp(path, "-") ? path : NULL;
	output->stream = stdout;
	if (!output->path && kind == OUTPUT_BINARY && isatty(STDOUT_FILENO))
		return error_set(err, EXIT_USAGE,
		                 "this format cannot be written to a terminal: name a file with -o FILE");
	if (!output->path) {
		if (kind == OUTPUT_PAGED)
			pager_begin();
		own_process_prints(true);
		return true;
	}
	output->stream = fopen(output->path, "we");
	return output->stream || error_set(err, EXIT_USAGE, "%s: cannot write: %s", output->path, strerror(errno));
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool output_close(struct output *output, bool good, struct error *err)
{
	bool written;

	errno = 0;
	written = fflush(output->stream) == 0 && !ferror(output->stream);
	own_process_prints(false);
	pager_end();
	if (output->path && fclose(output->stream))
		written = false;
	if (good && !written)
		error_set(err, EXIT_INTERNAL, "cannot write to %s: %s", output->path ? output->path : "standard output",
		          errno ? strerror(errno) : "it takes no more");
	if (output->path && !(good && written) && is_file(output->path))
		unlink(output->path);
	return good && written;
}
