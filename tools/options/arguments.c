#include "tools/options/arguments.h"

#include <limits.h>
#include <string.h>

#define HELP_WIDTH 100u

static const struct {
	unsigned least, most;
	const char *wanted;
} operand_counts[] = {
    [OPERANDS_RUN] = {0, 1, "one RUN"},
    [OPERANDS_OLD_NEW] = {2, 2, "OLD and NEW"},
    [OPERANDS_QUERY] = {0, 2, "RUN and one query, quoted"},
    [OPERANDS_CMD] = {1, UINT_MAX, "CMD"},
};

/* One option as it was written. */
struct written {
	const struct option_use *use;
	char spelled[64];  /* with its dashes, without its value */
	const char *value; /* NULL: none in the same word */
};

/* ---- which option --------------------------------------------------------------------- */

/* The command's option of that name; *others: true if any other command has one. */
static const struct option_use *find_exactly(enum command_id command, const char *name, bool *others)
{
	*others = false;
	for (size_t i = 0; i < option_use_count; i++) {
		if (strcmp(option_uses[i].name, name))
			continue;
		if (option_use_of(&option_uses[i], command))
			return &option_uses[i];
		*others = true;
	}
	return NULL;
}

/* The command's option whose name begins with this text, if there is only one. */
static const struct option_use *find_beginning(enum command_id command, const char *name)
{
	const struct option_use *found = NULL;

	for (size_t i = 0; i < option_use_count; i++) {
		const struct option_use *use = &option_uses[i];

		if (!option_use_of(use, command) || !use->name[1] || strncmp(use->name, name, strlen(name)))
			continue;
		if (found)
			return NULL;
		found = use;
	}
	return found;
}

static bool find(struct written *written, enum command_id command, const char *name, struct error *err)
{
	bool others;

	written->use = find_exactly(command, name, &others);
	if (!written->use && !others && name[0] && name[1])
		written->use = find_beginning(command, name);
	if (!written->use)
		return options_refuse(command, name, err);
	snprintf(written->spelled, sizeof written->spelled, "%s%s", written->use->name[1] ? "--" : "-",
	         written->use->name);
	return true;
}

/* word: -k..., --key or --key=value */
static bool read_word(struct written *written, enum command_id command, const char *word, struct error *err)
{
	char name[256];
	size_t length;

	if (word[1] != '-') {
		name[0] = word[1];
		name[1] = '\0';
		written->value = word[2] ? word + 2 : NULL;
		return find(written, command, name, err);
	}
	word += 2;
	length = strcspn(word, "=");
	written->value = word[length] ? word + length + 1 : NULL;
	snprintf(name, sizeof name, "%.*s", (int)length, word);
	return find(written, command, name, err);
}

/* ---- its value --------------------------------------------------------------------------- */

static const struct option_choices *choices_of(const struct usage *usage, enum option_id id)
{
	for (const struct option_choices *choices = usage->choices; choices && choices->words; choices++)
		if (choices->id == id)
			return choices;
	return NULL;
}

static const char *const *words_of(const struct usage *usage, enum option_id id)
{
	const struct option_choices *choices = choices_of(usage, id);

	return choices ? choices->words : NULL;
}

static const char *placeholder_of(const struct usage *usage, const struct option_use *use, char *text, size_t room)
{
	if (use->placeholder)
		return use->placeholder;
	return option_type_placeholder(option_rows[use->id].type, words_of(usage, use->id), text, room);
}

static bool needs_value(const struct usage *usage, const struct written *written, struct error *err)
{
	enum option_id id = written->use->id;
	char text[256];

	if (!written->use->name[1])
		return error_set(err, EXIT_USAGE, "%s needs a value: %s %s", written->spelled, written->spelled,
		                 placeholder_of(usage, written->use, text, sizeof text));
	return error_set(err, EXIT_USAGE, "%s needs a value: %s=%s", written->spelled, written->spelled,
	                 option_type_wanted(option_rows[id].type, words_of(usage, id), text, sizeof text));
}

bool arguments_need(const struct usage *usage, enum option_id id, struct error *err)
{
	const struct option_row *row = &option_rows[id];
	char text[256];

	return error_set(err, EXIT_USAGE, "%s needs a %s: --%s %s", command_rows[usage->command].name, row->name,
	                 row->name, option_type_wanted(row->type, words_of(usage, id), text, sizeof text));
}

/* next: the next word, or NULL.  *taken: set to true if that word is the option's value. */
static bool take_option(struct arguments *arguments, const struct usage *usage, const char *word, const char *next,
                        bool *taken, struct error *err)
{
	struct written written;

	if (!read_word(&written, usage->command, word, err))
		return false;
	enum option_type type = option_rows[written.use->id].type;
	if (written.value && type == OPTION_TYPE_FLAG)
		return error_set(err, EXIT_USAGE, "%s takes no value", written.spelled);
	const char *alone = option_type_alone(type);
	*taken = !written.value && !alone && next;
	const char *value = written.value ? written.value : *taken ? next : alone;
	if (!value)
		return needs_value(usage, &written, err);
	return options_set(&arguments->options, written.use->id, written.spelled, words_of(usage, written.use->id),
	                   value, err);
}

/* ---- the whole line ---------------------------------------------------------------------- */

static void take_operands(struct arguments *arguments, char **words)
{
	for (; *words; words++)
		arguments->operands[arguments->operand_count++] = *words;
}

static bool take_words(struct arguments *arguments, const struct usage *usage, char **argv, struct error *err)
{
	bool command_line = command_rows[usage->command].operands == OPERANDS_CMD;

	for (char **word = argv + 1; *word; word++) {
		bool taken = false;

		if (!strcmp(*word, "--")) {
			take_operands(arguments, word + 1);
			break;
		}
		if ((*word)[0] == '-' && (*word)[1]) {
			if (!take_option(arguments, usage, *word, word[1], &taken, err))
				return false;
			word += taken;
		} else if (command_line) {
			take_operands(arguments, word);
			break;
		} else {
			arguments->operands[arguments->operand_count++] = *word;
		}
	}
	arguments->operands[arguments->operand_count] = NULL;
	return true;
}

static bool check_operands(const struct arguments *arguments, enum command_id command, struct error *err)
{
	const struct command_row *row = &command_rows[command];
	unsigned count = arguments->operand_count, most = operand_counts[row->operands].most;
	const char *wanted = operand_counts[row->operands].wanted;

	if (count < operand_counts[row->operands].least)
		return error_set(err, EXIT_USAGE, "%s takes %s: ringtail %s %s", row->name, wanted, row->name,
		                 row->usage);
	if (count > most)
		return error_set(err, EXIT_USAGE, "%s takes %s, not %u: unexpected \"%s\"", row->name, wanted, count,
		                 arguments->operands[most]);
	return true;
}

bool arguments_parse(struct arguments *arguments, const struct usage *usage, int argc, char **argv, struct error *err)
{
	struct error of_environment;

	*arguments = (struct arguments){.operands = argv + (argc > 0)};
	bool good = !usage->environment || options_parse_environment(&arguments->options, &of_environment);
	if (argc > 0 && !take_words(arguments, usage, argv, err))
		return false;
	if (options_yes(&arguments->options, OPTION_help))
		return true;
	if (!good)
		*err = of_environment;
	return good && check_operands(arguments, usage->command, err);
}

/* ---- --help --------------------------------------------------------------------------------- */

/* "--key=VALUE" where options stand in front of a command line, else "--key VALUE". */
static void write_left(const struct usage *usage, const struct option_use *use, char *left, size_t room)
{
	const char *joiner = command_rows[usage->command].operands == OPERANDS_CMD && use->name[1] ? "=" : " ";
	char text[256];
	const char *placeholder = placeholder_of(usage, use, text, sizeof text);

	snprintf(left, room, "%s%s%s%s", use->name[1] ? "--" : "-", use->name, *placeholder ? joiner : "", placeholder);
}

/* The default is put where the help text has %s; for keys of RINGTAIL without %s, after the text. */
static void write_help(const struct option_use *use, char *text, size_t room)
{
	const struct option_row *row = &option_rows[use->id];
	const char *hole = strstr(use->help, "%s");

	if (hole)
		snprintf(text, room, "%.*s%s%s", (int)(hole - use->help), use->help, row->value, hole + 2);
	else if (row->scope != OPTION_SCOPE_COMMANDS && *row->value)
		snprintf(text, room, "%s (default %s)", use->help, row->value);
	else
		snprintf(text, room, "%s", use->help);
}

/* Bytes of the word at text, as which "(default 64M)" counts, too. */
static unsigned word_length(const char *text)
{
	size_t close = strcspn(text, ")");
	bool whole = !strncmp(text, "(default ", 9) && text[close];

	return (unsigned)(whole ? close + 1 : strcspn(text, " \n"));
}

/* Newlines in text count as blanks; two blanks stay between sentences. */
void usage_wrap(FILE *out, const char *text, unsigned used, unsigned indent)
{
	const char *gap = "";

	while (*(text += strspn(text, " \n"))) {
		unsigned length = word_length(text), blanks = (unsigned)strlen(gap);

		if (used > indent && used + blanks + length > HELP_WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			used = indent;
			blanks = 0;
		}
		fprintf(out, "%.*s%.*s", (int)blanks, gap, (int)length, text);
		used += blanks + length;
		text += length;
		gap = text[0] == '\n' && text[-1] == '.' ? "  " : strspn(text, " \n") > 1 ? "  " : " ";
	}
	fputc('\n', out);
}

static void print_paragraph(const char *text, FILE *out)
{
	usage_wrap(out, text, 0, 0);
	fputc('\n', out);
}

/* Help begins on a line of its own if the option is too long for its column. */
static void print_option(const struct usage *usage, const struct option_use *use, FILE *out)
{
	const struct option_choices *choices = choices_of(usage, use->id);
	unsigned column = usage->column;
	char left[288], text[288];

	write_left(usage, use, left, sizeof left);
	write_help(use, text, sizeof text);
	if (!*text)
		fprintf(out, "  %s\n", left);
	else if (strlen(left) >= column)
		fprintf(out, "  %s\n  %*s", left, (int)column, "");
	else
		fprintf(out, "  %-*s", (int)column, left);
	if (*text)
		usage_wrap(out, text, column + 2, column + 2);
	if (choices && choices->explain)
		choices->explain(out);
}

void usage_print(const struct usage *usage, FILE *out)
{
	const struct command_row *row = &command_rows[usage->command];
	unsigned listed = 0;

	fprintf(out, "usage: ringtail %s %s\n\n", row->name, row->usage);
	print_paragraph(usage->about, out);
	if (usage->operands)
		print_paragraph(usage->operands, out);
	if (usage->options_title)
		fprintf(out, "%s\n", usage->options_title);
	for (size_t i = 0; i < option_use_count; i++) {
		if (!option_use_of(&option_uses[i], usage->command) || !option_uses[i].help)
			continue;
		print_option(usage, &option_uses[i], out);
		listed++;
	}
	fprintf(out, "%s%s", listed ? "\n" : "", usage->behind);
}
