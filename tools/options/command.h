/* The table of commands (commands.def): names, operands, one line of help.  tools/commands/ implements them. */
#ifndef RINGTAIL_OPTIONS_COMMAND_H
#define RINGTAIL_OPTIONS_COMMAND_H

enum command_id {
#define COMMAND(name, usage, operands, help) COMMAND_##name,
#include "tools/options/commands.def"
#undef COMMAND
	COMMAND_COUNT
};

enum operands { OPERANDS_RUN, OPERANDS_OLD_NEW, OPERANDS_QUERY, OPERANDS_CMD };

struct command_row {
	const char *name;
	const char *usage; /* the words after the name in "usage: ringtail NAME ..." */
	enum operands operands;
	const char *help;
};
extern const struct command_row command_rows[COMMAND_COUNT];

#endif
