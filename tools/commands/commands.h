/* The commands of `ringtail`: each takes its own argv (argv[0] is the command's name) and returns the exit code. */
#ifndef RINGTAIL_COMMANDS_H
#define RINGTAIL_COMMANDS_H

#define COMMAND(name, usage, operands, help) int cmd_##name(int argc, char **argv);
#include "tools/options/commands.def"
#undef COMMAND

#endif
