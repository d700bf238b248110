/* How processes ended that were killed, or ended by a system call of their own: their parent knows. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tools/base/text.h"
#include "tools/store/writer.h"

/* ---- why such a process was not scanned ---------------------------------------------------------- */

void no_scan_because(char why[WHY_NO_SCAN], const char *because) { snprintf(why, WHY_NO_SCAN, "%s", because); }

static bool is_crash(const char *signal)
{
	static const char *const crashes[] = {"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGTRAP", "SIGSYS"};

	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		if (!strcmp(crashes[i], signal))
			return true;
	return false;
}

void no_scan_of_killed(char why[WHY_NO_SCAN], const char *signal)
{
	if (!signal)
		no_scan_because(why, "the process was killed, or crashed: its memory was gone");
	else
		snprintf(why, WHY_NO_SCAN,
		         is_crash(signal) ? "the process crashed (%s): its memory was gone"
		                          : "the process was killed by %s: its memory was gone",
		         signal);
}

/* ---- the ends of children -------------------------------------------------------------------------- */

static void store_child_end(struct writer *writer, const struct child_end *end, size_t ordinal)
{
	struct row row = row_begin(writer, TABLE_child_end);
	char signal[24];

	row_int(&row, (int64_t)ordinal);
	row_int(&row, end->pid);
	row_stamp(&row, end->stamp);
	if (WIFEXITED(end->status))
		row_int(&row, WEXITSTATUS(end->status));
	else
		row_null(&row);
	row_text(&row, WIFSIGNALED(end->status) && text_signal(WTERMSIG(end->status), signal, sizeof(signal)) ? signal
	                                                                                                      : NULL);
	row_end(&row);
}

/* Of all processes, or of one. */
static const char unnamed_sql[] = "SELECT id FROM process WHERE end_how = 'signal' AND end_signal IS NULL AND final"
                                  " AND (?1 OR id = ?2)";

/* A pid may be used again, though not within a second.  The first wait that told of this pid, after the process began
 * and before another process of this pid did, told of its end.  A process notes two clocks when it begins, and may be
 * interrupted in between: so times of two processes are comparable to a second only. */
static const char end_sql[] =
    "SELECT c.signal, c.status FROM process p JOIN child_end c ON c.pid = p.pid JOIN process waited"
    " ON waited.id = c.process AND waited.pid_namespace = p.pid_namespace"
    " WHERE p.id = ?1 AND waited.started_ns + c.at * 1e9 >= p.started_ns - 1e9"
    " AND NOT EXISTS (SELECT 1 FROM process later WHERE later.pid = p.pid AND later.pid_namespace = p.pid_namespace"
    " AND later.started_ns > p.started_ns AND later.started_ns <= waited.started_ns + c.at * 1e9 - 1e9)"
    " ORDER BY waited.started_ns + c.at * 1e9 LIMIT 1";

static const char update_sql[] =
    "UPDATE process SET end_how = iif(?2 IS NULL, 'exit', 'signal'), end_signal = ?2, end_status = ?3,"
    " leak_scan_why_not = iif(leak_scan_why_not = ?4, ?5, leak_scan_why_not) WHERE id = ?1";

struct naming {
	sqlite3_stmt *unnamed, *end, *update;
};

static void name_end(const struct naming *naming)
{
	const char *signal = (const char *)sqlite3_column_text(naming->end, 0);
	char unknown[WHY_NO_SCAN], known[WHY_NO_SCAN];

	no_scan_of_killed(unknown, NULL);
	if (signal)
		no_scan_of_killed(known, signal);
	else
		no_scan_because(known, NO_SCAN_OWN_EXIT);
	sqlite3_bind_value(naming->update, 1, sqlite3_column_value(naming->unnamed, 0));
	sqlite3_bind_text(naming->update, 2, signal, -1, SQLITE_TRANSIENT);
	sqlite3_bind_value(naming->update, 3, sqlite3_column_value(naming->end, 1));
	sqlite3_bind_text(naming->update, 4, unknown, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(naming->update, 5, known, -1, SQLITE_TRANSIENT);
	sqlite3_step(naming->update);
}

static bool prepare(struct naming *naming, const struct writer *writer)
{
	sqlite3 *db = writer->store->db;

	return sqlite3_prepare_v2(db, unnamed_sql, -1, &naming->unnamed, NULL) == SQLITE_OK &&
	       sqlite3_bind_int(naming->unnamed, 1, writer->analysis->child_end_count > 0) == SQLITE_OK &&
	       sqlite3_bind_int64(naming->unnamed, 2, writer->process) == SQLITE_OK &&
	       sqlite3_prepare_v2(db, end_sql, -1, &naming->end, NULL) == SQLITE_OK &&
	       sqlite3_prepare_v2(db, update_sql, -1, &naming->update, NULL) == SQLITE_OK;
}

static bool name_each(const struct naming *naming)
{
	bool good = true;

	while (good && sqlite3_step(naming->unnamed) == SQLITE_ROW) {
		sqlite3_bind_value(naming->end, 1, sqlite3_column_value(naming->unnamed, 0));
		if (sqlite3_step(naming->end) == SQLITE_ROW)
			name_end(naming);
		good = sqlite3_reset(naming->end) == SQLITE_OK && sqlite3_reset(naming->update) == SQLITE_OK;
	}
	return sqlite3_reset(naming->unnamed) == SQLITE_OK && good;
}

/* What this process learned may name the ends of all others; if it learned nothing, others may name its own end. */
static void name_ends(struct writer *writer)
{
	struct naming naming = {0};

	if (!prepare(&naming, writer) || !name_each(&naming))
		writer_fail(writer);
	sqlite3_finalize(naming.unnamed);
	sqlite3_finalize(naming.end);
	sqlite3_finalize(naming.update);
}

/* A child may be stored before its parent or after it. */
void store_child_ends(struct writer *writer)
{
	const struct analysis *analysis = writer->analysis;

	for (size_t i = 0; i < analysis->child_end_count && !writer->failed; i++)
		store_child_end(writer, &analysis->child_ends[i], i + 1);
	if (!writer->failed)
		name_ends(writer);
}
