#include "tools/launch/sanitized.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/child.h"

static const struct sanitizer {
	const char *name, *of_gcc, *of_clang, *symbol;
} sanitizers[] = {
#define SANITIZER(name, library, symbol) {name, "lib" library ".so", "libclang_rt." library, #symbol},
#include "shim/sanitizers.def"
#undef SANITIZER
};

#define LOADER_WITHIN UINT64_C(10000000000) /* ns */

#define SANITIZERS (sizeof sanitizers / sizeof *sanitizers)

/* ---- part of the executable ------------------------------------------------------------- */

static const char *by_symbol(const char *symbol)
{
	for (size_t i = 0; symbol && i < SANITIZERS; i++)
		if (!strcmp(symbol, sanitizers[i].symbol))
			return sanitizers[i].name;
	return NULL;
}

static const char *in_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	int count = data && header->sh_entsize ? (int)(header->sh_size / header->sh_entsize) : 0;
	GElf_Sym symbol;

	for (int i = 0; i < count && gelf_getsym(data, i, &symbol); i++) {
		if (symbol.st_shndx == SHN_UNDEF)
			continue;
		const char *found = by_symbol(elf_strptr(elf, header->sh_link, symbol.st_name));
		if (found)
			return found;
	}
	return NULL;
}

static const char *in_executable(const char *path)
{
	const char *found = NULL;
	GElf_Shdr header;

	elf_version(EV_CURRENT);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	for (Elf_Scn *section = NULL; elf && !found && (section = elf_nextscn(elf, section));)
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_DYNSYM)
			found = in_symbols(elf, section, &header);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return found;
}

/* ---- a library ------------------------------------------------------------------------------- */

/* Parses a line that the loader prints: "NAME => PATH (ADDRESS)", or "PATH (ADDRESS)" for a library that is named by
 * its path. */
static const char *by_line(char *line)
{
	line += strspn(line, " \t");
	line[strcspn(line, " \n")] = '\0';
	const char *slash = strrchr(line, '/'), *base = slash ? slash + 1 : line;
	for (size_t i = 0; i < SANITIZERS; i++)
		if (!strncmp(base, sanitizers[i].of_gcc, strlen(sanitizers[i].of_gcc)) ||
		    !strncmp(base, sanitizers[i].of_clang, strlen(sanitizers[i].of_clang)))
			return sanitizers[i].name;
	return NULL;
}

/* A copy of this environment without the variables that make the loader run auditors or write debug output: both would
 * show a start of the program that never happened.  The list is malloced, its strings are not; NULL: no memory. */
static char **loader_environment(void)
{
	static const char *const left_out[] = {"LD_AUDIT=", "LD_DEBUG"};
	size_t count = 0, used = 0;

	while (environ[count])
		count++;
	char **list = malloc((count + 1) * sizeof *list);
	for (char **variable = environ; list && *variable; variable++)
		if (strncmp(*variable, left_out[0], strlen(left_out[0])) &&
		    strncmp(*variable, left_out[1], strlen(left_out[1])))
			list[used++] = *variable;
	if (list)
		list[used] = NULL;
	return list;
}

/* Starts the loader.  Returns the descriptor from which its list is to be read, or -1. */
static int start_loader(const char *loader, const char *executable, pid_t *loader_pid)
{
	char *argv[] = {(char *)loader, "--list", (char *)executable, NULL}, **environment;
	posix_spawn_file_actions_t actions;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	environment = loader_environment();
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	bool started = environment && !posix_spawn(loader_pid, loader, &actions, NULL, argv, environment);
	free(environment);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (started)
		return ends[0];
	close(ends[0]);
	return -1;
}

/* A loader that waits too long for a file system is ended, and the executable counts as one without a sanitizer. */
static const char *in_libraries(const char *executable, const char *loader)
{
	const char *found = NULL;
	char *rest = NULL;
	pid_t pid;

	int fd = start_loader(loader, executable, &pid);
	if (fd < 0)
		return NULL;
	char *list = child_read_all(fd, LOADER_WITHIN);
	close(fd);
	child_end_within(pid, list ? LOADER_WITHIN : 0);
	for (char *line = list ? strtok_r(list, "\n", &rest) : NULL; line && !found; line = strtok_r(NULL, "\n", &rest))
		found = by_line(line);
	free(list);
	return found;
}

const char *sanitized_by(const char *executable, const char *loader)
{
	const char *found = in_executable(executable);
	return found ? found : in_libraries(executable, loader);
}
