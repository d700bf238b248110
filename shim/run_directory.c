#include "shim/run_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "shim/environment.h"
#include "shim/message.h"
#include "shim/options.h"
#include "shim/sys.h"
#include "shim/text.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* DIRECTORY/ringtail.COMMAND.PID, made; false when that cannot be. */
static bool make_under(const char *directory, const char *exe)
{
	char *end = options.run + sizeof options.run;
	char *at = text_append(options.run, end, directory);
	at = text_append(at, end, "/ringtail.");
	at = text_append(at, end, base_name(exe));
	at = text_append(at, end, ".");
	at = text_append_number(at, end, (uint64_t)sys_getpid());
	long made = sys_mkdir(options.run, 0700);
	for (unsigned again = 2; made == -EEXIST && again < 100; again++) {
		text_append_number(text_append(at, end, "."), end, again);
		made = sys_mkdir(options.run, 0700);
	}
	if (made < 0)
		options.run[0] = '\0';
	return made == 0;
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;
	return sys_call6(SYS_newfstatat, AT_FDCWD, (long)a, (long)&one, 0, 0, 0) >= 0 &&
	       sys_call6(SYS_newfstatat, AT_FDCWD, (long)b, (long)&other, 0, 0, 0) >= 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/* The path by which the program was executed, for its name: sh, and not dash.  Where that path is a script's, or leads
 * elsewhere by now, it is the executable's own. */
static const char *path_of_command(const char *exe)
{
	const char *executed = (const char *)getauxval(AT_EXECFN);
	return executed && *executed && same_file(executed, "/proc/self/exe") ? executed : exe;
}

static bool make(const char *exe)
{
	char here[SHIM_PATH_MAX];
	const char *elsewhere = environment_initial("TMPDIR");
	exe = path_of_command(exe);
	if (sys_getcwd(here, sizeof here) > 0 && here[0] == '/' && make_under(here, exe))
		return true;
	if ((elsewhere && elsewhere[0] == '/' && make_under(elsewhere, exe)) || make_under("/tmp", exe)) {
		message_once("the current directory cannot be written to; recording into", options.run);
		return true;
	}
	return false;
}

/* The user's name may be relative to the directory in which the program was started.  A live reader has made its
 * directory already.  If that is missing here, as in a sandbox with its own /tmp, a new directory would not be the one
 * that the reader reads. */
static bool use_named(void)
{
	char relative[SHIM_PATH_MAX];
	if (options.live)
		return sys_call6(SYS_faccessat, AT_FDCWD, (long)options.run, 0 /* F_OK */, 0, 0, 0) != -ENOENT;
	if (options.run[0] != '/') {
		memcpy(relative, options.run, sizeof relative);
		if (sys_getcwd(options.run, sizeof options.run) <= 0)
			return false;
		char *end = options.run + sizeof options.run;
		char *at = text_append(options.run + strlen(options.run), end, "/");
		text_append(at, end, relative);
	}
	long made = sys_mkdir(options.run, 0700);
	return made == 0 || made == -EEXIST;
}

bool run_directory_open(const char *exe)
{
	if (options.run[0] ? use_named() : make(exe))
		return true;
	if (options.live) /* `ringtail run` has made it */
		message_once("this program is not watched: it does not see the directory of the run (a sandbox with "
		             "other files?)",
		             options.run);
	else
		message_once("this program is not watched: no directory to record into; name one with RINGTAIL=run=DIR",
		             NULL);
	return false;
}

bool run_directory_has_reader(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	long fd = sys_open(options.run, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd < 0)
		return true; /* not known: assume yes */
	long error = sys_call3(SYS_fcntl, fd, F_GETLK, &lock);
	sys_close((int)fd);
	return error < 0 || lock.l_type != F_UNLCK;
}
