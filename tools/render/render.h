/* The formats of a report for users and for CI, one function each; related formats share a folder. */
#ifndef RINGTAIL_RENDER_RENDER_H
#define RINGTAIL_RENDER_RENDER_H

#include "tools/report/report.h"

/* The caller sets query, out and parts of the report.  Each function returns true if everything was written. */
bool render_text(struct report *report);
/* The findings that the report shows, one line each: FILE:LINE: KIND:CLASS: what [ID]. */
bool render_lines(struct report *report);
/* The same findings for GitHub, GitLab and others: code scanning, test results, annotations. */
bool render_sarif(struct report *report);
bool render_junit(struct report *report);
bool render_github(struct report *report);
/* For each finding a rule that would suppress it. */
bool render_rules(struct report *report);
/* The findings alone, of the first `processes` processes. */
bool render_findings(struct report *report, unsigned processes);
/* The few lines at the end of `ringtail run`. */
bool render_summary(struct report *report);
/* A comparison of two runs. */
bool render_diff_text(const struct diff_report *compared);

#endif
