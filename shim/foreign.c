#include "shim/foreign.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/readable.h"
#include "shim/sys.h"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#else
#define OWN_MACHINE EM_AARCH64
#endif

#define SCRIPT_DEPTH  4 /* as many interpreters of interpreters as the kernel allows */
#define SEGMENTS_MOST 64u
#define GLIBC_LOADER  "ld-linux"

/* ---- one file ------------------------------------------------------------------------------ */

/* Whether the loader that the file names is glibc's; one without any is static. */
static bool has_foreign_loader(int fd, const Elf64_Ehdr *elf)
{
	for (unsigned i = 0; i < elf->e_phnum && i < SEGMENTS_MOST; i++) {
		Elf64_Phdr segment;
		char name[256];
		if (sys_pread(fd, &segment, sizeof segment, elf->e_phoff + i * sizeof segment) !=
		    sizeof segment)
			return false;
		if (segment.p_type != PT_INTERP)
			continue;
		long got = sys_pread(fd, name, sizeof name - 1, segment.p_offset);
		if (got <= 0)
			return false;
		name[got] = '\0';
		const char *slash = strrchr(name, '/');
		return strncmp(slash ? slash + 1 : name, GLIBC_LOADER, strlen(GLIBC_LOADER)) != 0;
	}
	return false;
}

union head {
	Elf64_Ehdr elf;
	char text[256];
};

static bool is_foreign_elf(int fd, const Elf64_Ehdr *elf)
{
	if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != OWN_MACHINE)
		return true;
	return has_foreign_loader(fd, elf);
}

/* The path after "#!", in place; NULL: it is no script. */
static char *interpreter_of(union head *head)
{
	char *path = head->text + 2;
	if (strncmp(head->text, "#!", 2))
		return NULL;
	path += strspn(path, " \t");
	path[strcspn(path, " \t\r\n")] = '\0';
	return *path ? path : NULL;
}

/* Closes the descriptor, unless it is `kept`. */
static bool is_foreign(int fd, int kept)
{
	union head head;
	for (unsigned depth = 0; fd >= 0 && depth <= SCRIPT_DEPTH; depth++) {
		long got = sys_pread(fd, &head, sizeof head - 1, 0);
		head.text[got > 0 ? got : 0] = '\0';
		bool is_elf = got >= (long)sizeof head.elf && !memcmp(head.elf.e_ident, ELFMAG, SELFMAG);
		bool foreign = is_elf && is_foreign_elf(fd, &head.elf);
		if (fd != kept)
			sys_close(fd);
		char *interpreter = is_elf ? NULL : interpreter_of(&head);
		if (!interpreter)
			return foreign;
		fd = (int)sys_open(interpreter, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	}
	return false;
}

/* ---- which file ------------------------------------------------------------------------------ */

static long open_in(int directory, const char *path)
{
	return sys_call6(SYS_openat, directory, (long)path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0, 0, 0);
}

static bool may_run(const char *path)
{
	return sys_call6(SYS_faccessat, AT_FDCWD, (long)path, 1 /* X_OK */, 0, 0, 0) == 0;
}

/* As execvp searches. */
static long open_searched(const char *name)
{
	char path[4096];
	const char *list = getenv("PATH");
	size_t length = strlen(name);

	for (list = list ? list : "/bin:/usr/bin";; list++) {
		size_t directory = strcspn(list, ":");
		if (directory + 1 + length < sizeof path) {
			memcpy(path, list, directory);
			path[directory] = '/';
			memcpy(path + directory + (directory > 0), name, length + 1);
			if (may_run(path))
				return open_in(AT_FDCWD, path);
		}
		list += directory;
		if (!*list)
			return -1;
	}
}

/* The name and the list of directories are read here, before libc reads them. */
static long open_named(const char *name)
{
	size_t count;
	if (!readable_string(name))
		return -EFAULT;
	if (strchr(name, '/'))
		return open_in(AT_FDCWD, name);
	return readable_strings(environ, SIZE_MAX - 1, &count) ? open_searched(name) : -EFAULT;
}

bool foreign_program(const struct exec_target *target)
{
	if (sys_restricted)
		return false;
	if (target->search)
		return is_foreign((int)open_named(target->path), -1);
	long fd = open_in(target->directory, target->path);
	if (fd == -ENOENT && target->flags & AT_EMPTY_PATH && !*target->path)
		return is_foreign(target->directory, target->directory);
	return is_foreign((int)fd, -1);
}
