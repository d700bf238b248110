/* The command `ringtail`: finds the command in the table and runs it. */
#include <stdio.h>
#include <string.h>

#include "tools/commands/commands.h"
#include "tools/base/error.h"
#include "tools/base/memory.h"
#include "tools/base/own_process.h"
#include "tools/base/suggest.h"
#include "tools/options/command.h"

typedef int command_function(int argc, char **argv);

static command_function *const functions[COMMAND_COUNT] = {
#define COMMAND(name, usage, operands, help) [COMMAND_##name] = cmd_##name,
#include "tools/options/commands.def"
#undef COMMAND
};

static command_function *find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(command_rows[i].name, name))
			return functions[i];
	return NULL;
}

static void help(FILE *out)
{
	fputs("ringtail " RINGTAIL_VERSION ": what an unmodified program does with its heap, locks and threads\n\n"
	      "usage: ringtail COMMAND [ARGUMENT...]\n\n",
	      out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-11s %s\n", command_rows[i].name, command_rows[i].help);
	fputs("\n`ringtail help COMMAND` tells more of one.  RUN is the directory of a run; without it, "
	      "commands\n"
	      "take the newest ringtail.* in the current directory.\n",
	      out);
}

static int unknown(const char *name)
{
	const char *names[COMMAND_COUNT + 2] = {"help"};

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i + 1] = command_rows[i].name;
	const char *near = suggest(name, names);
	if (near)
		fprintf(stderr, "ringtail: no command %s; did you mean %s?\n", name, near);
	else
		fprintf(stderr, "ringtail: no command %s; `ringtail help` lists them\n", name);
	return EXIT_USAGE;
}

static int help_on(const char *name)
{
	command_function *command = find(name);
	char *argv[] = {(char *)name, "--help", NULL};

	return command ? command(2, argv) : unknown(name);
}

static bool is_help(const char *argument) { return !strcmp(argument, "--help") || !strcmp(argument, "-h"); }

static int run(int argc, char **argv)
{
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("ringtail " RINGTAIL_VERSION);
		return EXIT_FINE;
	}
	if (is_help(argv[1]) || !strcmp(argv[1], "help")) {
		if (argc > 2)
			return help_on(argv[2]);
		help(stdout);
		return EXIT_FINE;
	}
	if (argv[1][0] == '-') {
		fprintf(stderr, "ringtail: no option %s here; options follow the command: ringtail run %s ...\n",
		        argv[1], argv[1]);
		return EXIT_USAGE;
	}
	command_function *command = find(argv[1]);
	return command ? command(argc - 1, argv + 1) : unknown(argv[1]);
}

int main(int argc, char **argv)
{
	own_process_start_up();
	memory_start_up();
	return own_process_end(run(argc, argv));
}
