/* The command `ringtail`: finds the command in the table and runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands/commands.h"
#include "tools/base/error.h"
#include "tools/base/memory.h"
#include "tools/base/own_process.h"
#include "tools/base/pager.h"
#include "tools/base/suggest.h"
#include "tools/options/command.h"
#include "tools/runs/run_directory.h"

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
	fprintf(out, "  %-11s %s\n", "version", "which ringtail this is");
	fputs("\n`ringtail help COMMAND` tells more of one.  RUN is the directory of a run; without it, "
	      "commands\n"
	      "take the newest ringtail.* in the current directory.\n",
	      out);
}

/* `ringtail` alone: what to do next, here. */
static void say_next(FILE *out)
{
	char *newest = run_directory_newest();

	fputs("ringtail " RINGTAIL_VERSION ": what an unmodified program does with its heap, locks and threads\n\n",
	      out);
	if (newest)
		fprintf(out,
		        "  ringtail report          everything that was found in the newest run here, %s\n"
		        "  ringtail report --format html -o report.html   the same as a page for a browser\n"
		        "  ringtail run CMD...      record another run\n",
		        newest);
	else
		fputs("  ringtail run CMD...      run a program, and say at its end what was found\n"
		      "  ringtail report          then: everything that was found, with stacks\n",
		      out);
	fputs("  ringtail help            all commands\n", out);
	free(newest);
}

static int unknown(const char *name)
{
	const char *names[COMMAND_COUNT + 3] = {"help", "version"};

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i + 2] = command_rows[i].name;
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
	if (argc > 1 && !strcmp(argv[1], "--no-pager")) {
		pager_forbid();
		argc--;
		argv++;
	}
	if (argc < 2) {
		say_next(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
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
