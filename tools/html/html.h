/* A page to explore a whole run, or two that are compared, in a browser: one file. */
#ifndef RINGTAIL_HTML_HTML_H
#define RINGTAIL_HTML_HTML_H

#include "tools/report/report.h"

/* The caller sets query, out and parts of the report.  True: everything was written. */
bool html_report(struct report *report);
bool html_diff(const struct diff_report *compared);

#endif
