#include "tools/launch/watchable.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shim/format.h"
#include "tools/base/own_names.h"
#include "tools/launch/sanitized.h"

#define SCRIPT_DEPTH        4 /* nested interpreters that the kernel allows */
#define PROGRAM_HEADERS_MAX 512

struct look {
	const char *name; /* as the user gave it */
	const char *path; /* of the file that is examined */
	char *why;        /* NULL: the reason is not asked for */
	unsigned room;
};

#define say(look, ...) snprintf((look)->why, (look)->room, __VA_ARGS__)

/* ---- finding it ------------------------------------------------------------------------- */

static int try_path(const char *path)
{
	struct stat stat_buffer;

	if (stat(path, &stat_buffer))
		return errno;
	if (S_ISDIR(stat_buffer.st_mode) || access(path, X_OK))
		return EACCES;
	return 0;
}

static int search(const char *name, char path[PATH_MAX])
{
	const char *list = getenv("PATH");
	int result = ENOENT;

	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		return try_path(path);
	}
	for (list = list ? list : "/bin:/usr/bin"; list; list = strchr(list, ':')) {
		list += *list == ':';
		int length = (int)strcspn(list, ":");
		snprintf(path, PATH_MAX, "%.*s%s%s", length, list, length ? "/" : "", name);
		int tried = try_path(path);
		if (tried == 0)
			return 0;
		if (tried == EACCES)
			result = EACCES;
		list += length;
		if (!*list)
			break;
	}
	return result;
}

/* ---- what runs with other rights ----------------------------------------------------------- */

/* True if exec of the file raises rights (AT_SECURE): the loader then ignores LD_PRELOAD. */
static bool raises_rights(const char *path, const struct stat *stat)
{
	if ((stat->st_mode & S_ISUID) && stat->st_uid != geteuid())
		return true;
	if ((stat->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && stat->st_gid != getegid())
		return true;
	return geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

/* ---- ELF ------------------------------------------------------------------------------------- */

static enum watchable judge_allocator(struct look *look, int fd)
{
	const char *name = look->why ? own_name_in(fd) : NULL;

	if (!name)
		return WATCHABLE;
	say(look, "a part of the heap of %s: it has an allocator under a name of its own, %s", look->name, name);
	return WATCHABLE_IN_PART;
}

static enum watchable judge_interpreter(struct look *look, int fd, const char *interpreter)
{
	const char *slash = strrchr(interpreter, '/');
	const char *base = slash ? slash + 1 : interpreter;

	if (!strncmp(base, "ld-musl", 7)) {
		say(look, "%s is linked with musl, and ringtail watches programs of glibc: build it for glibc",
		    look->name);
		return WATCHABLE_NOT;
	}
	if (strncmp(base, "ld-linux", 8)) {
		say(look, "%s has a loader that is not glibc's (%.200s): build it for glibc", look->name, interpreter);
		return WATCHABLE_NOT;
	}
	const char *sanitizer = sanitized_by(look->path, interpreter);
	if (sanitizer) {
		say(look, "%s runs with %s, which cannot share a process with ringtail: use one at a time", look->name,
		    sanitizer);
		return WATCHABLE_NOT;
	}
	return judge_allocator(look, fd);
}

static enum watchable judge_segments(struct look *look, int fd, const Elf64_Ehdr *header)
{
	char interpreter[PATH_MAX];

	for (unsigned i = 0; i < header->e_phnum && i < PROGRAM_HEADERS_MAX; i++) {
		Elf64_Phdr segment;
		if (pread(fd, &segment, sizeof segment, (off_t)(header->e_phoff + i * sizeof segment)) !=
		    (ssize_t)sizeof segment)
			break;
		if (segment.p_type != PT_INTERP)
			continue;
		size_t bytes = segment.p_filesz < sizeof interpreter ? segment.p_filesz : sizeof interpreter - 1;
		ssize_t got = pread(fd, interpreter, bytes, (off_t)segment.p_offset);
		interpreter[got > 0 ? got : 0] = '\0';
		return judge_interpreter(look, fd, interpreter);
	}
	say(look, "%s is statically linked, and nothing can be preloaded into it: link it dynamically", look->name);
	return WATCHABLE_CHILDREN;
}

static enum watchable judge_elf(struct look *look, int fd, const Elf64_Ehdr *header)
{
	if (header->e_ident[EI_CLASS] != ELFCLASS64) {
		say(look, "%s is a 32-bit program, and this ringtail watches 64-bit ones: build it for 64 bits",
		    look->name);
		return WATCHABLE_NOT;
	}
	if (header->e_machine != RT_ARCH_OWN) {
		say(look, "%s is made for another machine (%u): run ringtail there", look->name, header->e_machine);
		return WATCHABLE_NOT;
	}
	return judge_segments(look, fd, header);
}

/* ---- scripts ----------------------------------------------------------------------------------- */

/* Gives the interpreter on the first line, or, like execvp, /bin/sh if there is none. */
static void script_interpreter(const char *head, char interpreter[256])
{
	if (strncmp(head, "#!", 2)) {
		strcpy(interpreter, "/bin/sh");
		return;
	}
	head += 2 + strspn(head + 2, " \t");
	snprintf(interpreter, 256, "%.*s", (int)strcspn(head, " \t\n"), head);
}

static enum watchable judge_file(struct look *look, const char *path, int depth)
{
	union {
		Elf64_Ehdr elf;
		char text[256];
	} head = {.text = ""};
	char interpreter[256];
	struct stat stat_buffer;
	enum watchable answer = WATCHABLE;

	look->path = path;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) /* an executable file may be unreadable: exec will show what it is */
		return WATCHABLE;
	ssize_t got = pread(fd, &head, sizeof head - 1, 0);
	bool is_elf = got >= (ssize_t)sizeof head.elf && !memcmp(head.elf.e_ident, ELFMAG, SELFMAG);
	if (is_elf && !fstat(fd, &stat_buffer) && raises_rights(path, &stat_buffer)) {
		say(look,
		    "%s runs with other rights (setuid, setgid or capabilities), where preloading is "
		    "ignored: run it as the user it changes to",
		    look->name);
		answer = WATCHABLE_NOT;
	} else if (is_elf) {
		answer = judge_elf(look, fd, &head.elf);
	} else if (got > 0 && depth < SCRIPT_DEPTH) {
		script_interpreter(head.text, interpreter);
		answer = judge_file(look, interpreter, depth + 1);
	}
	close(fd);
	return answer;
}

enum watchable watchable_look(const char *command, char *why, unsigned room)
{
	char path[PATH_MAX];
	struct look look = {.name = command, .why = why, .room = room};
	int error = search(command, path);

	if (why)
		*why = '\0';
	if (error == ENOENT || error == ENOTDIR) {
		say(&look, strchr(command, '/') ? "%s: no such file" : "%s: command not found", command);
		return WATCHABLE_NOT_FOUND;
	}
	if (error) {
		say(&look, "%s: %s", command, strerror(error));
		return WATCHABLE_NOT_EXECUTABLE;
	}
	return judge_file(&look, path, 0);
}
