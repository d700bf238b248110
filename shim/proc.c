#include "shim/proc.h"

#include <string.h>
#include <sys/auxv.h>

#include "shim/sys.h"
#include "shim/text.h"

size_t proc_read(const char *path, char *to, size_t room)
{
	long fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	long got = sys_read((int)fd, to, room - 1);
	sys_close((int)fd);
	to[got > 0 ? got : 0] = '\0';
	return got > 0 ? (size_t)got : 0;
}

/* Field 22 of /proc/self/stat, counted from the end of the name, which may contain any character. */
uint64_t proc_start_time(void)
{
	char text[1024];
	if (!proc_read("/proc/self/stat", text, sizeof text))
		return 0;
	char *at = strrchr(text, ')');
	for (unsigned field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	uint64_t start = 0;
	for (at = at ? at + 1 : text; *at >= '0' && *at <= '9'; at++)
		start = start * 10 + (uint64_t)(*at - '0');
	return start;
}

/* The link is like "pid:[4026531836]". */
uint32_t proc_pid_namespace(const char *link)
{
	char text[64] = "";
	uint32_t space = 0;

	sys_readlink(link, text, sizeof text - 1);
	for (const char *at = strchr(text, '['); at && *++at >= '0' && *at <= '9';)
		space = space * 10 + (uint32_t)(*at - '0');
	return space;
}

bool proc_has_seccomp_filter(void)
{
	char text[4096];
	return proc_read("/proc/self/status", text, sizeof text) && strstr(text, "\nSeccomp:\t2");
}

void proc_executable(char *to, size_t room)
{
	long length = sys_readlink("/proc/self/exe", to, room - 1);
	if (length > 0) {
		to[length] = '\0';
		return;
	}
	const char *name = (const char *)getauxval(AT_EXECFN);
	text_append(to, to + room, name ? name : "unknown");
}
