/* JUnit's XML: test results of Jenkins, GitLab and others.  Each finding is a failed test.  Each kind for which the
 * check fails and that has no finding is a passed test. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/finding/kinds.h"
#include "tools/base/format.h"
#include "tools/render/finding_text.h"
#include "tools/base/text.h"

struct cases {
	FILE *out; /* a stream in memory: the numbers of tests are printed first, and are known last */
	uint64_t tests, failures, skipped;
};

/* Prints text; special: for an attribute, in which newlines and tabs are written as references, because a parser would
 * make them spaces.  XML has no way to write most other control characters. */
static void print_escaped(FILE *out, const char *text, const char *special)
{
	char *clean = text_utf8(text, strlen(text));

	for (const char *c = clean ? clean : ""; *c; c++) {
		if (strchr(special, *c))
			fprintf(out, "&#%u;", (unsigned char)*c);
		else
			fputc(((unsigned char)*c < ' ' && !strchr("\t\n", *c)) || *c == 0x7f ? '?' : *c, out);
	}
	free(clean);
}

static void print_xml(FILE *out, const char *text) { print_escaped(out, text, "&<>"); }

static void print_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	print_escaped(out, value, "&<>\"'\t\n");
	fputc('"', out);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void begin_case(struct cases *cases, const char *class, const char *name)
{
	cases->tests++;
	fputs("  <testcase", cases->out);
	print_attribute(cases->out, "classname", class);
	print_attribute(cases->out, "name", name);
	fputs(" time=\"0\"", cases->out);
}

/* A name that is the same in every run. */
static char *case_name(const struct listed *listed, const struct frame *frame)
{
	char *name = NULL;
	const char *in = frame && frame->function ? " in " : "", *function = *in ? frame->function : "";

	return asprintf(&name, "%s%s%s [%s]", listed->name, in, function, listed->id) < 0 ? NULL : name;
}

static void print_failure(struct report *report, struct cases *cases, const struct listed *listed)
{
	char *text = finding_text(report, listed);

	cases->failures++;
	fputs(">\n    <failure", cases->out);
	print_attribute(cases->out, "message", listed->message);
	print_attribute(cases->out, "type", listed->name);
	fputc('>', cases->out);
	print_xml(cases->out, text ? text : "");
	fputs("</failure>\n  </testcase>\n", cases->out);
	free(text);
}

static void print_skipped(struct cases *cases, const struct listed *listed)
{
	cases->skipped++;
	fputs(">\n    <skipped>suppressed by ", cases->out);
	print_xml(cases->out, listed->suppressed_by);
	fputs("</skipped>\n  </testcase>\n", cases->out);
}

static void print_case(struct report *report, const struct listed *listed, void *context)
{
	struct cases *cases = context;
	struct place place = listing_place(&report->query, listed);
	char *name = case_name(listed, place.where.frame);

	begin_case(cases, listed->process->exe ? base_name(listed->process->exe) : "?", name ? name : listed->name);
	if (listed->suppressed_by)
		print_skipped(cases, listed);
	else
		print_failure(report, cases, listed);
	free(name);
	listing_place_free(&place);
}

/* ---- the suite ---------------------------------------------------------------------------------- */

struct search {
	const char *item;
	bool found;
};

static void look(struct report *report, const struct listed *listed, void *context)
{
	struct search *search = context;

	search->found = search->found || kinds_match(search->item, listed->kind, listed->class);
}

/* Prints the kinds that the check looks for and that have no finding. */
static void print_passed(struct report *report, struct cases *cases)
{
	char *list = kinds_expanded(query_fail_on(&report->query)), *rest = list, *item;

	while (rest && (item = strsep(&rest, ","))) {
		struct search search = {.item = item};

		report_each_finding(report, look, &search);
		if (search.found)
			continue;
		begin_case(cases, "ringtail", item);
		fputs("/>\n", cases->out);
	}
	free(list);
}

static void print_property(FILE *out, const char *name, const char *value)
{
	fputs("    <property", out);
	print_attribute(out, "name", name);
	print_attribute(out, "value", value);
	fputs("/>\n", out);
}

static void print_properties(struct report *report, const struct run *run)
{
	fputs("  <properties>\n", report->out);
	print_property(report->out, "ringtail", RINGTAIL_VERSION);
	print_property(report->out, "run", run->directory ? run->directory : report->query.directory);
	print_property(report->out, "command", run->command ? run->command : "[]");
	fputs("  </properties>\n", report->out);
}

static void print_suite(struct report *report, const struct cases *cases, const struct run *run)
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) || !*host)
		strcpy(host, "localhost");
	fprintf(report->out, "<testsuite name=\"ringtail\" package=\"ringtail\" id=\"0\" timestamp=\"%.19s\"",
	        run->started ? run->started : "1970-01-01T00:00:00");
	print_attribute(report->out, "hostname", host);
	fprintf(report->out, " tests=\"%llu\" failures=\"%llu\" errors=\"0\" time=\"%.6f\">\n",
	        (unsigned long long)cases->tests, (unsigned long long)cases->failures, run->seconds);
}

bool render_junit(struct report *report)
{
	struct cases cases = {0};
	struct run run = run_load(&report->query);
	char *text = NULL;
	size_t size;

	cases.out = open_memstream(&text, &size);
	if (!cases.out)
		return error_set(report->query.err, EXIT_INTERNAL, "out of memory");
	report_each_finding(report, print_case, &cases);
	print_passed(report, &cases);
	fclose(cases.out);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", report->out);
	print_suite(report, &cases, &run);
	print_properties(report, &run);
	fputs(text, report->out);
	fprintf(report->out,
	        "  <system-out>%llu suppressed</system-out>\n  <system-err/>\n</testsuite>\n</testsuites>\n",
	        (unsigned long long)cases.skipped);
	free(text);
	run_free(&run);
	return !report->query.failed;
}
