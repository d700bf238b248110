#include "shim/foreign.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/format.h"
#include "shim/readable.h"
#include "shim/resolve.h"
#include "shim/sanitizer.h"
#include "shim/sys.h"

#define SCRIPT_DEPTH  4 /* nested interpreters that the kernel allows */
#define SEGMENTS_MOST 32u
#define DYNAMIC_ROOM  32u
#define GLIBC_LOADER  "ld-linux"

static const char other_kind[] = "not watched, as it is made for another libc or another kind of machine";
static const char has_sanitizer[] = "not watched, as it is built with a sanitizer";

/* ---- one file ------------------------------------------------------------------------------ */

struct image {
	int fd;
	unsigned count;
	Elf64_Phdr segments[SEGMENTS_MOST];
};

static void read_segments(struct image *image, const Elf64_Ehdr *elf)
{
	unsigned wanted = elf->e_phnum < SEGMENTS_MOST ? elf->e_phnum : SEGMENTS_MOST;
	long got = sys_pread(image->fd, image->segments, wanted * sizeof *image->segments, elf->e_phoff);
	image->count = got > 0 ? (unsigned)((size_t)got / sizeof *image->segments) : 0;
}

static const Elf64_Phdr *segment_of(const struct image *image, unsigned type)
{
	for (unsigned i = 0; i < image->count; i++)
		if (image->segments[i].p_type == type)
			return &image->segments[i];
	return NULL;
}

/* Reads a string of the file, cut to room; false: the file has none there. */
static bool read_text(const struct image *image, uint64_t offset, char *to, size_t room)
{
	long got = sys_pread(image->fd, to, room - 1, offset);
	to[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* True if the file names the loader of another libc.  A file without a loader is static. */
static bool has_foreign_loader(const struct image *image)
{
	const Elf64_Phdr *interpreter = segment_of(image, PT_INTERP);
	char name[256];
	if (!interpreter || !read_text(image, interpreter->p_offset, name, sizeof name))
		return false;
	const char *slash = strrchr(name, '/');
	return strncmp(slash ? slash + 1 : name, GLIBC_LOADER, strlen(GLIBC_LOADER)) != 0;
}

/* ---- what it needs --------------------------------------------------------------------------- */

/* The file's bytes at an address of the loaded program; 0: it has none there. */
static uint64_t offset_of(const struct image *image, uint64_t address)
{
	for (unsigned i = 0; i < image->count; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		if (segment->p_type == PT_LOAD && address - segment->p_vaddr < segment->p_filesz)
			return address - segment->p_vaddr + segment->p_offset;
	}
	return 0;
}

/* Reads as many entries of the dynamic section from *at on as there is room for, and moves *at behind them. */
static unsigned read_dynamic(const struct image *image, const Elf64_Phdr *dynamic, uint64_t *at,
                             Elf64_Dyn entries[DYNAMIC_ROOM])
{
	uint64_t left = *at < dynamic->p_filesz ? dynamic->p_filesz - *at : 0;
	size_t bytes = left < DYNAMIC_ROOM * sizeof *entries ? left : DYNAMIC_ROOM * sizeof *entries;
	long got = bytes ? sys_pread(image->fd, entries, bytes, dynamic->p_offset + *at) : 0;
	*at += DYNAMIC_ROOM * sizeof *entries;
	return got > 0 ? (unsigned)((size_t)got / sizeof *entries) : 0;
}

static uint64_t find_strings(const struct image *image, const Elf64_Phdr *dynamic)
{
	Elf64_Dyn entries[DYNAMIC_ROOM];
	uint64_t at = 0;
	for (unsigned count; (count = read_dynamic(image, dynamic, &at, entries));)
		for (unsigned i = 0; i < count; i++)
			if (entries[i].d_tag == DT_STRTAB)
				return offset_of(image, entries[i].d_un.d_ptr);
	return 0;
}

/* True if the executable is linked with a sanitizer's library.  The libraries of its libraries are not examined. */
static bool needs_sanitizer(const struct image *image)
{
	const Elf64_Phdr *dynamic = segment_of(image, PT_DYNAMIC);
	uint64_t strings = dynamic ? find_strings(image, dynamic) : 0, at = 0;
	Elf64_Dyn entries[DYNAMIC_ROOM];
	char name[64];
	for (unsigned count; strings && (count = read_dynamic(image, dynamic, &at, entries));)
		for (unsigned i = 0; i < count; i++)
			if (entries[i].d_tag == DT_NEEDED &&
			    read_text(image, strings + entries[i].d_un.d_val, name, sizeof name) &&
			    sanitizer_of_library(name, strlen(name)))
				return true;
	return false;
}

/* ---- an executable ----------------------------------------------------------------------------- */

union head {
	Elf64_Ehdr elf;
	char text[256];
};

static const char *judge_elf(int fd, const Elf64_Ehdr *elf)
{
	struct image image = {.fd = fd};
	if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != RT_ARCH_OWN)
		return other_kind;
	read_segments(&image, elf);
	if (has_foreign_loader(&image))
		return other_kind;
	return needs_sanitizer(&image) ? has_sanitizer : NULL;
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
static const char *judge(int fd, int kept)
{
	union head head;
	for (unsigned depth = 0; fd >= 0 && depth <= SCRIPT_DEPTH; depth++) {
		long got = sys_pread(fd, &head, sizeof head - 1, 0);
		head.text[got > 0 ? got : 0] = '\0';
		bool is_elf = got >= (long)sizeof head.elf && !memcmp(head.elf.e_ident, ELFMAG, SELFMAG);
		const char *why = is_elf ? judge_elf(fd, &head.elf) : NULL;
		if (fd != kept)
			sys_close(fd);
		char *interpreter = is_elf ? NULL : interpreter_of(&head);
		if (!interpreter)
			return why;
		fd = (int)sys_open(interpreter, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	}
	return NULL;
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

/* Opens the file that execvp would find. */
static long open_searched(const char *name)
{
	char path[4096];
	const char *list = real.getenv("PATH");
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

const char *foreign_program(const struct exec_target *target)
{
	if (sys_restricted)
		return NULL;
	if (target->search)
		return judge((int)open_named(target->path), -1);
	long fd = open_in(target->directory, target->path);
	if (fd == -ENOENT && target->flags & AT_EMPTY_PATH && !*target->path)
		return judge(target->directory, target->directory);
	return judge((int)fd, -1);
}
