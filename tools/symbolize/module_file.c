#include "tools/symbolize/module_file.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
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

/* A module without a build id can only be told from a file with one. */
static bool same_build_id(const struct rt_module *module, int fd)
{
	const void *id = NULL;
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	ssize_t length = elf ? dwelf_elf_gnu_build_id(elf, &id) : -1;
	size_t wanted = build_id_bytes(module);
	bool same =
	    length >= 0 && (size_t)length == wanted && (!wanted || !memcmp(id, module->build_id, wanted));

	if (!elf || elf_kind(elf) != ELF_K_ELF)
		same = false;
	elf_end(elf);
	return same;
}

static int open_if_same(const struct rt_module *module, const char *path)
{
	/* O_NONBLOCK: the path is not ours, and might be a pipe by now. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && same_build_id(module, fd))
		return fd;
	close(fd);
	return -1;
}

/* Its names without its code: what distributions install as debug packages. */
static int open_debug_file(const struct rt_module *module)
{
	char path[128];
	size_t length = build_id_bytes(module), used;

	if (length < 2)
		return -1;
	used = (size_t)snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%02x/", module->build_id[0]);
	for (size_t i = 1; i < length; i++)
		used += (size_t)snprintf(path + used, sizeof(path) - used, "%02x", module->build_id[i]);
	snprintf(path + used, sizeof(path) - used, ".debug");
	return open_if_same(module, path);
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
	if (bytes && write(fd, header, bytes) == (ssize_t)bytes && same_build_id(module, fd))
		return fd;
	close(fd);
	return -1;
}

int module_file_open(const struct rt_module *module)
{
	char path[RT_MODULE_PATH];
	int fd;

	memcpy(path, module->path, sizeof(path));
	path[sizeof(path) - 1] = '\0';
	elf_version(EV_CURRENT);
	if (!strcmp(path, "[vdso]"))
		return open_vdso(module);
	fd = *path == '/' ? open_if_same(module, path) : -1;
	return fd >= 0 ? fd : open_debug_file(module);
}
