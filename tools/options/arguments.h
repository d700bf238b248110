/* The one parser of command lines, and --help: both from the tables of commands and options, and what the command says of
 * itself. */
#ifndef RINGTAIL_OPTIONS_ARGUMENTS_H
#define RINGTAIL_OPTIONS_ARGUMENTS_H

#include <stdio.h>

#include "tools/options/options.h"

/* The words of an option of type CHOICE. */
struct option_choices {
	enum option_id id;
	const char *const *words;   /* NULL terminated */
	void (*explain)(FILE *out); /* what --help says of them below the option; NULL: nothing */
};

/* A command, as the parser and --help need it. */
struct usage {
	enum command_id command;
	const char *about;         /* what it does: paragraphs of --help, without the last newline */
	const char *operands;      /* what its operands are: one more; or NULL */
	const char *options_title; /* a line above the options; or NULL */
	const char *behind;        /* what follows the options: examples */
	unsigned column;           /* where the help of options begins */
	bool environment;          /* RINGTAIL gives options too, which those of the command line overrule */
	const struct option_choices *choices; /* ends with a row without words; NULL: there are none */
};

struct arguments {
	struct options options; /* to be freed by options_free, also after an error */
	char **operands;        /* in argv, NULL terminated */
	unsigned operand_count;
};

/*
 * Takes --key=value, --key value, --key (of what needs none), -k value and -kvalue, wherever they stand up to "--"; where
 * operands are a command line, up to the first of them.  A name may be cut short where no other option of the command begins
 * so.  argv, whose first is the command's name, is put into another order.  False: err says what is wrong (EXIT_USAGE);
 * neither operands nor RINGTAIL are judged where --help is given.
 */
bool arguments_parse(struct arguments *arguments, const struct usage *usage, int argc, char **argv, struct error *err);

/* Of an option that the command cannot do without: fills err, with what its value would be; returns false. */
bool arguments_need(const struct usage *usage, enum option_id id, struct error *err);

void usage_print(const struct usage *usage, FILE *out);

#endif
