#include "tools/suppress/rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/finding/kinds.h"
#include "tools/base/memory.h"
#include "tools/base/suggest.h"

/* Words before the colon that are not names of kinds. */
static const struct {
	const char *name, *kind, *class;
	bool caller;
} aliases[] = {
    {"thread", KIND_NAME_THREAD_LEAK, NULL, false},
    {"mutex", KIND_NAME_MISUSE, "mutex-*", false},
    {"signal", KIND_NAME_MISUSE, "*-in-signal-handler", false},
    {"called_from_lib", NULL, NULL, true},
    {"*", NULL, NULL, false},
};

#define ALIASES (sizeof(aliases) / sizeof(aliases[0]))

/* The line that is being read. */
struct source {
	const char *name;
	unsigned line;
	char *program; /* of the section; NULL: rules hold for every program */
	struct error *err;
};

static bool wrong(const struct source *source, const char *what, const char *text, const char *cure)
{
	return error_set(source->err, EXIT_USAGE, "%s:%u: %s \"%.200s\"%s", source->name, source->line, what, text,
	                 cure);
}

static char *copy(const char *text, size_t length)
{
	char *made = memory_zeroed(length + 1, 1);

	memcpy(made, text, length);
	return made;
}

/* ---- one rule ---------------------------------------------------------------------------- */

static bool set_kind(struct rule *rule, const char *type)
{
	rule->kind = kind_find(type, strlen(type));
	for (size_t i = 0; !rule->kind && i < ALIASES; i++) {
		if (strcmp(aliases[i].name, type))
			continue;
		rule->kind = aliases[i].kind;
		rule->class = aliases[i].class ? copy(aliases[i].class, strlen(aliases[i].class)) : NULL;
		rule->caller = aliases[i].caller;
		return true;
	}
	return rule->kind != NULL;
}

static bool unknown_type(const struct source *source, const char *type)
{
	const char *names[32];
	size_t count = 0;
	char cure[160] = ": write leak, deadlock, thread, misuse, race or called_from_lib, for example";

	for (size_t i = 0; kind_at(i); i++)
		names[count++] = kind_at(i);
	for (size_t i = 0; i < ALIASES; i++)
		names[count++] = aliases[i].name;
	names[count] = NULL;
	const char *near = suggest(type, names);
	if (near)
		snprintf(cure, sizeof(cure), "; did you mean %s?", near);
	return wrong(source, "no findings of a kind", type, cure);
}

static bool unknown_class(const struct source *source, const struct rule *rule, const char *class)
{
	char name[96], near[64], cure[96] = "; docs/FINDINGS.md lists them", *colon;

	snprintf(name, sizeof name, "%s:%s", rule->kind, class);
	if (kinds_suggest(name, near, sizeof near) && (colon = strchr(near, ':'))) {
		*colon = '/';
		snprintf(cure, sizeof cure, "; did you mean %s?", near);
	}
	return wrong(source, "no such class:", rule->text, cure);
}

/* KIND/CLASS: the class must be a class of the kind, or its wildcards must match one. */
static bool set_class(const struct source *source, struct rule *rule, const char *class)
{
	if (!rule->kind || rule->class)
		return wrong(source, "a class goes with the name of a kind, as in misuse/double-free, not with",
		             rule->text, "");
	if (!strchr(class, '*') && !kind_has_class(rule->kind, strlen(rule->kind), class, strlen(class)))
		return unknown_class(source, rule, class);
	rule->class = copy(class, strlen(class));
	return true;
}

static bool set_type(const struct source *source, struct rule *rule, size_t length)
{
	char *type = copy(rule->text, length), *slash = strchr(type, '/');

	if (slash)
		*slash = '\0';
	bool good = set_kind(rule, type) ? !slash || set_class(source, rule, slash + 1) : unknown_type(source, type);
	free(type);
	return good;
}

/* "leak:definite:main" is in the form of a finding's name; as a rule, its pattern would be "definite:main", which
 * nothing matches. */
static bool is_misplaced_class(const struct rule *rule)
{
	size_t length = strcspn(rule->pattern, ":");

	return rule->kind && rule->pattern[length] == ':' && rule->pattern[length + 1] != ':' &&
	       kind_has_class(rule->kind, strlen(rule->kind), rule->pattern, length);
}

/* ---- the frames of a rule ---------------------------------------------------------------- */

/* "NAME (MODULE)": cuts the module off.  A name may have parentheses of its own, as "(anonymous namespace)::f". */
static const char *cut_module(char *text)
{
	size_t length = strlen(text);
	char *open = length && text[length - 1] == ')' ? strrchr(text, '(') : NULL;

	if (!open || open == text || open[-1] != ' ' || open + 2 > text + length - 1)
		return NULL;
	text[length - 1] = '\0';
	open[-1] = '\0';
	return open + 1;
}

static bool add_frame(const struct source *source, struct rule *rule, char *text)
{
	struct frame_pattern *frame = &rule->frames[rule->frame_count];

	if (rule->frame_count == RULE_FRAMES_MOST)
		return wrong(source, "more than 31 frames:", rule->text, "");
	rule->frame_count++;
	if (rule->chain && !strcmp(text, "..."))
		return true;
	frame->module = cut_module(text);
	frame->name = text;
	return *text || wrong(source, "a frame is missing:", rule->text, "; * stands for any frame");
}

/* "FRAME < FRAME < ...", innermost first; or one frame. */
static bool parse_frames(const struct source *source, struct rule *rule)
{
	static const char separator[] = " < ";
	char *text = rule->parts = copy(rule->pattern, strlen(rule->pattern)), *next;

	rule->chain = strstr(text, separator);
	if (rule->chain && rule->caller)
		return wrong(source, "called_from_lib takes a module, and no frames:", rule->text, "");
	do {
		next = strstr(text, separator);
		if (next)
			*next = '\0';
		if (!add_frame(source, rule, text))
			return false;
		text = next ? next + strlen(separator) : NULL;
	} while (text);
	return true;
}

static bool parse_rule(const struct source *source, struct rule *rule)
{
	const char *colon = strchr(rule->text, ':');

	if (!colon)
		return wrong(source, "not a rule:", rule->text, "; write KIND:PATTERN, as in leak:PATTERN");
	rule->pattern = colon + 1;
	if (!set_type(source, rule, (size_t)(colon - rule->text)))
		return false;
	if (!*rule->pattern)
		return wrong(source, "no pattern after", rule->text, "; * matches all");
	if (is_misplaced_class(rule))
		return wrong(source, "a class goes after a slash, as in leak/definite:PATTERN, not", rule->text, "");
	return parse_frames(source, rule);
}

static bool add_rule(struct rules *rules, const struct source *source, const char *text, size_t length)
{
	struct rule *rule;

	GROW(rules->items, rules->room, rules->count + 1);
	rule = &rules->items[rules->count++];
	*rule = (struct rule){
	    .text = copy(text, length),
	    .file = source->name,
	    .line = source->line,
	    .program = source->program ? copy(source->program, strlen(source->program)) : NULL,
	};
	return parse_rule(source, rule);
}

/* ---- a file of them ------------------------------------------------------------------------- */

/* [PROGRAM] begins a section; [*] ends it: the rules that follow are for all programs. */
static bool begin_section(struct source *source, const char *text, size_t length)
{
	char *name = copy(text, length);
	bool good = length > 2 && name[length - 1] == ']';

	if (!good) {
		wrong(source, "not a section:", name, "; [PROGRAM] begins a section, and [*] ends it");
	} else {
		free(source->program);
		source->program = copy(name + 1, length - 2);
	}
	free(name);
	return good;
}

static bool parse_line(struct rules *rules, struct source *source, const char *line, size_t length)
{
	while (length && isspace((unsigned char)line[0])) {
		line++;
		length--;
	}
	while (length && isspace((unsigned char)line[length - 1]))
		length--;
	if (!length || *line == '#')
		return true;
	if (memchr(line, '\0', length))
		return error_set(source->err, EXIT_USAGE, "%s:%u: not text", source->name, source->line);
	return *line == '[' ? begin_section(source, line, length) : add_rule(rules, source, line, length);
}

static const char *keep_name(struct rules *rules, const char *name)
{
	GROW(rules->files, rules->file_room, rules->file_count + 1);
	return rules->files[rules->file_count++] = copy(name, strlen(name));
}

bool rules_parse(struct rules *rules, const char *name, const char *text, size_t size, struct error *err)
{
	struct source source = {.name = keep_name(rules, name), .err = err};
	bool good = true;

	while (good && size) {
		const char *newline = memchr(text, '\n', size);
		size_t length = newline ? (size_t)(newline - text) : size;

		source.line++;
		good = parse_line(rules, &source, text, length);
		length += newline != NULL;
		text += length;
		size -= length;
	}
	free(source.program);
	return good;
}

bool rules_read(struct rules *rules, const char *path, struct error *err)
{
	char *text = NULL;
	size_t size = 0, room = 0, got;
	FILE *file = fopen(path, "re");

	if (!file)
		return error_set(err, EXIT_USAGE, "cannot read the suppressions %s: %s", path, strerror(errno));
	do {
		GROW(text, room, size + 4096);
		got = fread(text + size, 1, room - size, file);
		size += got;
	} while (got && !memchr(text + size - got, '\0', got)); /* a file with a NUL is not text, and may be endless */
	bool good = !ferror(file);
	if (!good)
		error_set(err, EXIT_USAGE, "cannot read the suppressions %s: %s", path, strerror(errno));
	fclose(file);
	good = good && rules_parse(rules, path, text, size, err);
	free(text);
	return good;
}

bool rules_read_default(struct rules *rules, const char *path, struct error *err)
{
	size_t before = rules->count;
	bool good = rules_read(rules, path, err);

	for (size_t i = before; i < rules->count; i++)
		rules->items[i].by_default = true;
	return good;
}

void rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		free(rules->items[i].text);
		free(rules->items[i].parts);
		free(rules->items[i].class);
		free(rules->items[i].program);
	}
	for (size_t i = 0; i < rules->file_count; i++)
		free(rules->files[i]);
	free(rules->items);
	free(rules->files);
	memset(rules, 0, sizeof(*rules));
}

/* ---- matching ------------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* True if the pattern matches the whole text, as if ^ and $ were around it. */
static bool matches_whole(const char *pattern, const char *text)
{
	char *anchored = NULL;
	bool matches = asprintf(&anchored, "^%s$", pattern) >= 0 && pattern_matches(anchored, text);

	free(anchored);
	return matches;
}

bool rule_is_for(const struct rule *rule, const char *kind, const char *class, const char *exe)
{
	if (rule->kind && strcmp(rule->kind, kind))
		return false;
	if (rule->class && !(class && matches_whole(rule->class, class)))
		return false;
	return !rule->program || matches_whole(rule->program, exe ? base_of(exe) : "");
}

bool pattern_matches_path(const char *pattern, const char *path)
{
	return path && (pattern_matches(pattern, path) || pattern_matches(pattern, base_of(path)));
}

static bool matches_address(const char *pattern, const char *module, uint64_t offset)
{
	char *place = NULL;

	if (asprintf(&place, "%s+0x%llx", base_of(module), (unsigned long long)offset) < 0)
		return false;
	bool matches = pattern_matches(pattern, place);
	free(place);
	return matches;
}

static bool matches_function(const char *pattern, const struct rule_frame *frame)
{
	if (frame->function)
		return pattern_matches(pattern, frame->function);
	return frame->module && (matches_address(pattern, frame->module, frame->start) ||
	                         matches_address(pattern, frame->module, frame->offset));
}

bool frame_pattern_matches(const struct frame_pattern *pattern, const struct rule_frame *frame)
{
	if (pattern->module)
		return pattern_matches_path(pattern->module, frame->module) && matches_function(pattern->name, frame);
	return matches_function(pattern->name, frame) || pattern_matches_path(pattern->name, frame->file) ||
	       pattern_matches_path(pattern->name, frame->module);
}
