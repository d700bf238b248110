/*
 * The page with a run, or two that are compared, in it: one file.  The run is JSON, packed into an element that is not
 * run as a script: nothing of it can be taken for HTML.
 */
#include "tools/diff/diff.h"
#include "tools/page/packed.h"
#include "tools/page/tables.h"
#include "tools/page/template.h"
#include "tools/render/report.h"

static void print_side(struct report *report)
{
	fputs("{\"report\": ", report->out);
	render_json(report);
	fputs(", \"tables\": ", report->out);
	tables_print(report);
	fputs("}", report->out);
}

static bool print_document(struct report *sides[], unsigned count, struct diff *diff, FILE *out)
{
	bool good = true;

	fputs("{\"sides\": [", out);
	for (unsigned i = 0; i < count; i++) {
		sides[i]->out = out;
		fputs(i ? ", " : "", out);
		print_side(sides[i]);
		good &= !sides[i]->failed;
	}
	fputs("], \"diff\": ", out);
	if (!diff)
		fputs("null", out);
	else
		good &= render_diff_json(diff);
	fputs("}\n", out);
	return good;
}

static bool print_packed(struct report *sides[], unsigned count, struct diff *diff, FILE *out, struct error *err)
{
	FILE *stream;
	struct packed *packed = packed_open(out, &stream);
	bool good;

	if (!packed)
		return error_set(err, EXIT_INTERNAL, "no memory to make the page");
	good = print_document(sides, count, diff, stream);
	if (!packed_close(packed) && good)
		good = error_set(err, EXIT_INTERNAL, "cannot write the page");
	return good;
}

static bool print_page(struct report *sides[], unsigned count, struct diff *diff, FILE *out, struct error *err)
{
	struct template_part before = template_before(), after = template_after();
	bool good;

	if (!before.bytes)
		return error_set(err, EXIT_USAGE,
		                 "this ringtail was built without the page (make PAGE=no): take another format");
	fwrite(before.text, 1, before.bytes, out);
	good = print_packed(sides, count, diff, out, err);
	fwrite(after.text, 1, after.bytes, out);
	return good;
}

/* Everything that the report could show: the page itself leaves out what does not fit.  What it comes to know of frames goes
 * back by keep_known. */
static struct report whole(const struct report *report)
{
	struct report copy = *report;

	copy.parts = PART_FINDINGS | PART_HEAP | PART_THREADS | PART_LOCKS | PART_DETAIL;
	copy.limit = 0;
	copy.by_id = true;
	return copy;
}

/* The report frees it when it is closed. */
static void keep_known(struct report *report, const struct report *copy) { report->frame_cache = copy->frame_cache; }

bool render_html(struct report *report)
{
	struct report copy = whole(report), *sides[] = {&copy};
	bool good = print_page(sides, 1, NULL, report->out, report->err);

	keep_known(report, &copy);
	report->failed |= !good;
	return good;
}

bool render_diff_html(struct diff *diff)
{
	struct report copies[] = {whole(diff->reports[DIFF_OLD]), whole(diff->reports[DIFF_NEW])};
	struct diff shown = *diff;

	shown.reports[DIFF_OLD] = &copies[DIFF_OLD];
	shown.reports[DIFF_NEW] = &copies[DIFF_NEW];
	bool good = print_page(shown.reports, 2, &shown, diff->reports[DIFF_NEW]->out, copies[DIFF_NEW].err);
	for (unsigned i = DIFF_OLD; i <= DIFF_NEW; i++)
		keep_known(diff->reports[i], &copies[i]);
	return good;
}
