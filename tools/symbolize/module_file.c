#include "tools/symbolize/module_file.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define VDSO_BYTES_MAX (1u << 20)

static size_t build_id_bytes(const struct rt_module *module)
{
	return module->build_id_bytes <= RT_BUILD_ID_MAX ? module->build_id_bytes : 0;
}

static bool is_elf_with_build_id(const struct rt_module *module, int fd)
{
	const void *id = NULL;
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	ssize_t length = elf ? dwelf_elf_gnu_build_id(elf, &id) : -1;
	size_t wanted = build_id_bytes(module);
	bool same = length >= 0 && (size_t)length == wanted && (!wanted || !memcmp(id, module->build_id, wanted));

	if (!elf || elf_kind(elf) != ELF_K_ELF)
		same = false;
	elf_end(elf);
	return same;
}

/* Without build ids, the file counts as the module's if it was not changed since the process loaded the module. */
static bool is_untouched(const struct stat *status, const struct module_process *process)
{
	uint64_t changed = (uint64_t)status->st_ctim.tv_sec * 1000000000u + (uint64_t)status->st_ctim.tv_nsec;

	return !process->realtime_ns || changed <= process->realtime_ns;
}

static int open_if_same(const struct rt_module *module, const struct module_process *process, const char *path,
                        enum module_file *state)
{
	/* O_NONBLOCK: the path comes from the program, and may be a FIFO by now. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0) {
		*state = errno == ENOENT || errno == ENOTDIR ? MODULE_FILE_DELETED : MODULE_FILE_UNREADABLE;
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && is_elf_with_build_id(module, fd) &&
	    (build_id_bytes(module) || is_untouched(&status, process))) {
		*state = MODULE_FILE_FOUND;
		return fd;
	}
	*state = MODULE_FILE_CHANGED;
	close(fd);
	return -1;
}

/* The mapping that starts where the module does, as /proc/PID/map_files calls it. */
static bool find_mapping(const struct rt_module *module, pid_t pid, char *range, size_t size)
{
	char path[64], *line = NULL;
	size_t room = 0;
	unsigned long start, end;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	if (!maps)
		return false;
	while (!found && getline(&line, &room, maps) > 0)
		found = sscanf(line, "%lx-%lx", &start, &end) == 2 && start == module->start;
	if (found)
		snprintf(range, size, "%lx-%lx", start, end);
	free(line);
	fclose(maps);
	return found;
}

/* While the process lives, the kernel still has its files, even if they were renamed or removed.  This needs a build id
 * for proof: the process may end, and its id be given to another process, at any moment. */
static int open_from_process(const struct rt_module *module, const struct module_process *process, const char *name)
{
	char path[RT_MODULE_PATH + 64], range[64];
	enum module_file ignored;
	int fd;

	if (!process->pid || !build_id_bytes(module))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)process->pid);
	fd = open_if_same(module, process, path, &ignored);
	if (fd < 0) { /* the process may have another root directory, or other mounts */
		snprintf(path, sizeof(path), "/proc/%d/root%s", (int)process->pid, name);
		fd = open_if_same(module, process, path, &ignored);
	}
	if (fd < 0 && find_mapping(module, process->pid, range, sizeof(range))) {
		snprintf(path, sizeof(path), "/proc/%d/map_files/%s", (int)process->pid, range);
		fd = open_if_same(module, process, path, &ignored);
	}
	return fd;
}

int module_debug_file_open(const struct rt_module *module)
{
	char path[128];
	size_t length = build_id_bytes(module), used;
	enum module_file ignored;

	if (length < 2)
		return -1;
	used = (size_t)snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%02x/", module->build_id[0]);
	for (size_t i = 1; i < length; i++)
		used += (size_t)snprintf(path + used, sizeof(path) - used, "%02x", module->build_id[i]);
	snprintf(path + used, sizeof(path) - used, ".debug");
	return open_if_same(module, &(struct module_process){0}, path, &ignored);
}

static size_t vdso_bytes(const Elf64_Ehdr *header)
{
	size_t bytes = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;

	return bytes <= VDSO_BYTES_MAX ? bytes : 0;
}

static int open_vdso(const struct rt_module *module)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	int fd = header ? memfd_create("vdso", MFD_CLOEXEC) : -1;
	size_t bytes = header ? vdso_bytes(header) : 0;

	if (fd < 0)
		return -1;
	if (bytes && write(fd, header, bytes) == (ssize_t)bytes && is_elf_with_build_id(module, fd))
		return fd;
	close(fd);
	return -1;
}

int module_file_open(const struct rt_module *module, const struct module_process *process, enum module_file *state)
{
	char path[RT_MODULE_PATH];
	int fd = -1;

	memcpy(path, module->path, sizeof(path));
	path[sizeof(path) - 1] = '\0';
	elf_version(EV_CURRENT);
	*state = MODULE_FILE_UNREADABLE;
	if (!strcmp(path, "[vdso]")) {
		*state = MODULE_FILE_CHANGED;
		fd = open_vdso(module);
	} else if (*path == '/') {
		fd = open_if_same(module, process, path, state);
		if (fd < 0)
			fd = open_from_process(module, process, path);
	}
	if (fd < 0)
		fd = module_debug_file_open(module);
	if (fd >= 0)
		*state = MODULE_FILE_FOUND;
	return fd;
}

const char *module_file_state(enum module_file state)
{
	static const char *const names[] = {NULL, "deleted", "changed", "unreadable"};

	return names[state];
}
