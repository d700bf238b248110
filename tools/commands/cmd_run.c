/* ringtail run: CMD under the shim, its rings read while it runs, a summary at the end. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/child.h"
#include "shim/format.h"
#include "tools/live/collector.h"
#include "tools/live/command_signals.h"
#include "tools/confirm/confirm.h"
#include "tools/commands/commands.h"
#include "tools/commands/gate.h"
#include "tools/launch/launch.h"
#include "tools/base/own_process.h"
#include "tools/live/presence.h"
#include "tools/options/arguments.h"
#include "tools/base/progress.h"
#include "tools/render/render.h"
#include "tools/runs/run_directory.h"
#include "tools/runs/unrecorded.h"
#include "tools/base/clock.h"
#include "tools/suppress/suppress.h"
#include "tools/launch/watchable.h"

#define CHILD_ENDS_WITHIN UINT64_C(10000000000) /* ns, after a failed start */

struct run {
	struct options options;
	struct suppress suppress;
	char **command;
	char *library;
	char *directory;
	struct store store;
	bool store_open;
	struct error why_not; /* why the store is in memory; code 0: it is in its file */
	uint64_t started_realtime, started;
	struct command_signals signals;
	struct launch launch;
	struct confirm confirm; /* zeroed: nothing is to be confirmed */
	/* CMD runs without the library, and this process stays, to say that the check could not be made */
	bool unwatched;
	char why_unwatched[PATH_MAX + 256]; /* of CMD itself; empty: it can be watched */
	/* the signal that CMD died of, by which this process ends, too; 0: this process ends with a status */
	int ends_by;
};

/* ---- before -------------------------------------------------------------------------------- */

/* Leaves a note in place of a recording, where the recording would be: reports tell of this run then, and of no older
 * one. */
static void note_unrecorded(struct run *run, const char *why)
{
	struct error err;

	if (!run->directory && (run->options.given[OPTION_run] || !access(".", W_OK)))
		run->directory = launch_make_run(run->options.given[OPTION_run], run->command[0], getpid(), &err);
	if (run->directory)
		unrecorded_note(run->directory, why);
}

/* Replaces this process by CMD, without the library. */
static int run_unwatched(char **command)
{
	own_process_hand_down();
	execvp(command[0], command);
	int error = errno;
	fprintf(stderr, "ringtail: %s: %s\n", command[0], strerror(error));
	return error == ENOENT ? 127 : 126;
}

static bool wants_check(const struct run *run) { return run->options.given[OPTION_fail_on] != NULL; }

/* True if CMD can be watched and shall run; else *status is the status to end with. */
static bool look_first(struct run *run, int *status)
{
	const char *why = run->why_unwatched;
	enum watchable answer = watchable_look(run->command[0], run->why_unwatched, sizeof run->why_unwatched);

	if (answer == WATCHABLE)
		return true;
	if (answer == WATCHABLE_NOT_FOUND || answer == WATCHABLE_NOT_EXECUTABLE) {
		fprintf(stderr, "ringtail: %s\n", why);
		note_unrecorded(run, why);
		*status = answer == WATCHABLE_NOT_FOUND ? 127 : 126;
		return false;
	}
	bool must = options_yes(&run->options, OPTION_must_watch);
	if (answer == WATCHABLE_IN_PART && !must) {
		fprintf(stderr, "ringtail: not seen: %s\n", why);
		*run->why_unwatched = '\0';
		return true;
	}
	fprintf(stderr, "ringtail: cannot watch: %s%s\n", why,
	        must                           ? "; not run (--must-watch)"
	        : answer == WATCHABLE_CHILDREN ? "; it runs unwatched, the programs that it starts are watched"
	                                       : "; it runs unwatched");
	if (must || (answer == WATCHABLE_NOT && !wants_check(run)))
		note_unrecorded(run, why);
	if (must)
		*status = EXIT_UNWATCHABLE;
	else if (answer == WATCHABLE_NOT && !wants_check(run))
		*status = run_unwatched(run->command);
	run->unwatched = answer == WATCHABLE_NOT;
	return !must && (answer == WATCHABLE_CHILDREN || wants_check(run));
}

/* ---- start ------------------------------------------------------------------------------------------ */

static bool write_plan(struct run *run, struct error *err)
{
	uint32_t hold_ms = (uint32_t)options_number(&run->options, OPTION_confirm_hold);

	if (!run->confirm.count)
		return true;
	if (!confirm_write(&run->confirm, run->directory, hold_ms, err))
		return false;
	options_put(&run->options, OPTION_plan, run->confirm.path);
	return true;
}

/* The value of RINGTAIL for the shim; NULL: err is filled. */
static char *shim_settings(struct run *run, struct error *err)
{
	char command[16];

	if (!run->directory || !write_plan(run, err))
		return NULL;
	snprintf(command, sizeof command, "%d", (int)run->launch.pid);
	options_put(&run->options, OPTION_run, run->directory);
	if (options_yes(&run->options, OPTION_must_watch))
		options_put(&run->options, OPTION_refuse, command);
	options_put(&run->options, OPTION_live, "yes");
	options_put(&run->options, OPTION_locked, presence_begin(run->directory) ? "yes" : "no");
	return options_encode(&run->options);
}

/* The run's directory is named after the child's pid, so the child is forked first and waits. */
static bool start(struct run *run, struct error *err)
{
	command_signals_begin(&run->signals);
	if (!launch_fork(&run->launch, run->command, run->library, &run->signals.before, err)) {
		command_signals_end(&run->signals);
		return false;
	}
	run->directory = launch_make_run(run->options.given[OPTION_run], run->command[0], run->launch.pid, err);
	char *settings = shim_settings(run, err);
	bool ready = settings != NULL;
	int error = launch_go(&run->launch, ready ? settings : "");
	free(settings);
	if (ready && !error)
		return true;
	child_end_within(run->launch.pid, CHILD_ENDS_WITHIN);
	command_signals_end(&run->signals);
	if (ready) {
		confirm_unlink(&run->confirm);
		error_set(err, error == ENOENT ? 127 : 126, "%s: %s", run->command[0], strerror(error));
		note_unrecorded(run, err->text);
	}
	return false;
}

static bool store_row(struct run *run, double seconds, struct error *err)
{
	return store_run(&run->store, run->directory, run->started_realtime, seconds, run->command, err);
}

/* On a full disk the store goes on in memory, and the check judges that. */
static bool store_row_somewhere(struct run *run, double seconds, struct error *err)
{
	if (store_row(run, seconds, err))
		return true;
	if (!err->unwritable || run->store.in_memory)
		return false;
	run->why_not = *err;
	return store_move_to_memory(&run->store, err) && store_row(run, seconds, err);
}

/* CMD runs even without a database: `ringtail report` can make one later. */
static void open_store(struct run *run, struct error *err, bool *failed)
{
	run->store_open =
	    store_open_anywhere(&run->store, run->directory, &run->why_not, err) && store_row_somewhere(run, 0, err);
	*failed = !run->store_open;
}

/* ---- end ---------------------------------------------------------------------------------------------- */

/* The directory's path as users would write it. */
static const char *short_name(const char *directory)
{
	static char here[PATH_MAX];

	if (!getcwd(here, sizeof here))
		return directory;
	size_t length = strlen(here);
	return !strncmp(directory, here, length) && directory[length] == '/' ? directory + length + 1 : directory;
}

/* A daemon goes on after the command that started it. */
static void say_left_running(const struct run *run, const struct collector_result *result)
{
	const char *directory = short_name(run->directory);

	fprintf(stderr, "ringtail: %u watched %s still running and recording into %s", result->left_running,
	        result->left_running == 1 ? "process is" : "processes are", directory);
	for (unsigned i = 0; i < result->left_named; i++)
		fprintf(stderr, "%s%s (pid %u)", i ? ", " : ": ", result->left[i].name, result->left[i].pid);
	if (result->left_named && result->left_named < result->left_running)
		fprintf(stderr, " and %u more", result->left_running - result->left_named);
	fprintf(stderr, "; `ringtail report %s` shows what %s so far, at any time\n", directory,
	        result->left_running == 1 ? "it did" : "they did");
}

static void say_end(const struct run *run, const struct collector_result *result, double seconds)
{
	const char *name = run->command[0];

	if (WIFSIGNALED(result->wait_status))
		fprintf(stderr, "ringtail: %s (pid %d) was killed by signal %d (%s) after %.2f s\n", name,
		        (int)run->launch.pid, WTERMSIG(result->wait_status), strsignal(WTERMSIG(result->wait_status)),
		        seconds);
	else
		fprintf(stderr, "ringtail: %s (pid %d) exited with status %d after %.2f s\n", name,
		        (int)run->launch.pid, WEXITSTATUS(result->wait_status), seconds);
	if (result->unfollowed)
		fprintf(stderr,
		        "ringtail: %" PRIu64 " %s not followed: started without LD_PRELOAD in the environment (env -i, "
		        "clearenv, a changed environment)\n",
		        result->unfollowed, result->unfollowed == 1 ? "program was" : "programs were");
	if (result->left_running)
		say_left_running(run, result);
}

static enum verdict no_check(const struct run *run, const char *why)
{
	return wants_check(run) ? gate_unknown(why) : VERDICT_UNKNOWN;
}

/* Prints the lines that tell why the check fails; they come last, where users look.  --quiet suppresses only the
 * summary. */
static enum verdict judge(struct report *report)
{
	return render_lines(report) ? gate_judge(report) : gate_unknown(report->query.err->text);
}

/* Prints summary and verdict.  False: they could not be made, and the error was printed. */
static bool conclude(struct run *run, const struct collector_result *result, double seconds, enum verdict *verdict,
                     struct error *err)
{
	struct report report = {.query = {.db = run->store.db, .directory = short_name(run->directory), .err = err},
	                        .out = stderr,
	                        .parts = PART_FINDINGS | PART_HEAP,
	                        .suppress = &run->suppress,
	                        .unread = result->unread,
	                        .color = isatty(STDERR_FILENO) && !getenv("NO_COLOR"),
	                        .width = 80};
	bool good = suppress_apply(&run->suppress, run->store.db, err);

	if (good && !options_yes(&run->options, OPTION_quiet)) {
		say_end(run, result, seconds);
		good = render_summary(&report);
	}
	report.query.only = report.query.fail_on = run->options.given[OPTION_fail_on];
	if (!good)
		*verdict = no_check(run, err->text);
	else if (report.query.only)
		*verdict = judge(&report);
	query_close(&report.query);
	if (good && !report.query.failed)
		return true;
	error_print(err);
	return false;
}

static void close_store(struct run *run)
{
	if (run->store_open)
		store_close(&run->store);
	run->store_open = false;
}

static void say_nothing_recorded(struct run *run)
{
	char path[PATH_MAX + 32];

	if (!*run->why_unwatched)
		snprintf(run->why_unwatched, sizeof run->why_unwatched, "no process that %s started could be watched",
		         run->command[0]);
	close_store(run);
	snprintf(path, sizeof path, "%s/%s", run->directory, STORE_FILE);
	unlink(path);
	note_unrecorded(run, run->why_unwatched);
	fprintf(stderr, "ringtail: nothing was recorded: no process that %s started could be watched\n",
	        run->command[0]);
}

/* The library has ended CMD before its main: nothing is left of the run. */
static int say_refused(struct run *run, uint32_t heap_unseen)
{
	char path[PATH_MAX + 64];

	snprintf(run->why_unwatched, sizeof run->why_unwatched,
	         "the heap of %s: its malloc does not come to ringtail, as it is %s; not run (--must-watch)",
	         run->command[0],
	         heap_unseen == RT_HEAP_IN_FRONT ? "that of a library preloaded before ringtail's"
	                                         : "linked into the program itself");
	fprintf(stderr, "ringtail: cannot watch: %s\n", run->why_unwatched);
	close_store(run);
	snprintf(path, sizeof path, "%s/%d.0%s", run->directory, (int)run->launch.pid, RT_RING_SUFFIX);
	unlink(path);
	snprintf(path, sizeof path, "%s/%s", run->directory, STORE_FILE);
	unlink(path);
	confirm_unlink(&run->confirm);
	note_unrecorded(run, run->why_unwatched);
	return EXIT_UNWATCHABLE;
}

/* The exit status of `ringtail run`.  A program that --on-deadlock ended has no status of its own.  A finding of
 * --fail-on, and a check that could not be made, override CMD's status, so that the caller learns of them.  Another
 * failure of ringtail shows only if CMD did not fail. */
static int exit_status(struct run *run, const struct collector_result *result, bool failed, enum verdict verdict)
{
	if (result->ended_for_deadlock)
		return EXIT_DEADLOCK_KILLED;
	if (verdict == VERDICT_FAILED)
		return EXIT_FAIL_ON;
	if (verdict == VERDICT_UNKNOWN && wants_check(run))
		return EXIT_INTERNAL;
	if (WIFSIGNALED(result->wait_status)) {
		run->ends_by = WTERMSIG(result->wait_status);
		return 128 + run->ends_by;
	}
	int status = WEXITSTATUS(result->wait_status);
	return status == 0 && failed ? EXIT_INTERNAL : status;
}

/* Stores the last rows.  False: the store is incomplete. */
static bool store_rest(struct run *run, double seconds, struct error *err)
{
	bool confirmed = !run->confirm.plan || confirm_store(&run->confirm, &run->store, err);

	return confirmed && store_row_somewhere(run, seconds, err);
}

/* True: the database's file is complete. */
static bool keep(struct run *run)
{
	struct error err;

	if (store_keep(&run->store, &err))
		return true;
	fprintf(stderr,
	        "ringtail: the results could not be stored: %s; `ringtail report %s` analyses the recording again\n",
	        run->why_not.code ? run->why_not.text : err.text, short_name(run->directory));
	return false;
}

static void say_unknown(const struct run *run, const struct error *err)
{
	fprintf(stderr, "ringtail: the recording could not be analysed: %s; `ringtail report %s` tries again\n",
	        err->text, short_name(run->directory));
}

static int finish(struct run *run, const struct collector_result *result, bool known, struct error *err)
{
	double seconds = (double)(result->ended_ns - run->started) / 1e9;
	enum verdict verdict = VERDICT_PASSED;
	bool kept = false;

	if (!result->left_running)
		confirm_unlink(&run->confirm);
	known = known && store_rest(run, seconds, err);
	if (!known) {
		if (!options_yes(&run->options, OPTION_quiet))
			say_end(run, result, seconds);
		say_unknown(run, err);
		verdict = no_check(run, err->text);
	} else if (!result->processes) {
		say_nothing_recorded(run);
		verdict = no_check(run, "nothing was recorded");
		kept = !result->unread;
	} else {
		kept = conclude(run, result, seconds, &verdict, err) && keep(run);
	}
	clearerr(stderr); /* the status is CMD's even if the summary could not be written */
	return exit_status(run, result, !kept, verdict);
}

/* With --confirm, a deadlock that ringtail brought about is ended, unless --on-deadlock says otherwise. */
static enum on_deadlock on_deadlock(const struct options *options)
{
	bool ours = options->given[OPTION_confirm] && !options->given[OPTION_on_deadlock];
	const char *choice = ours ? "kill" : options_text(options, OPTION_on_deadlock);

	return !strcmp(choice, "kill")   ? ON_DEADLOCK_KILL
	       : !strcmp(choice, "core") ? ON_DEADLOCK_CORE
	                                 : ON_DEADLOCK_REPORT;
}

static int run_watched(struct run *run)
{
	struct error err;
	bool failed;

	if (!start(run, &err))
		return error_print(&err);
	run->started = ring_clock_ns(CLOCK_MONOTONIC);
	run->started_realtime = ring_clock_ns(CLOCK_REALTIME);
	progress_silence(true);
	open_store(run, &err, &failed);
	struct collector_request request = {
	    .run = run->directory,
	    .command = run->launch.pid,
	    .wait_all = !strcmp(options_text(&run->options, OPTION_wait), "all"),
	    .quiet = options_yes(&run->options, OPTION_quiet),
	    .signals = &run->signals,
	    .store = run->store_open ? &run->store : NULL,
	    .on_deadlock = on_deadlock(&run->options),
	    .confirm = run->confirm.plan ? &run->confirm : NULL,
	    .trace_every_ns = options_number(&run->options, OPTION_trace_every) * 1000000,
	};
	struct error first = err;
	struct collector_result result = collector_run(&request, &err);
	if (failed)
		err = first;
	if (result.why_not.code)
		run->why_not = result.why_not;
	int status = result.refused ? say_refused(run, result.heap_unseen)
	                            : finish(run, &result, !failed && result.stored, &err);
	close_store(run);
	return status;
}

static bool is_free(const struct run *run, struct error *err)
{
	const char *given = run->options.given[OPTION_run];

	if (!given || !run_directory_holds_run(given))
		return true;
	return error_set(err, EXIT_USAGE, "%s already holds a run: name another directory, or remove it", given);
}

/* Reads the predictions to confirm, if the user asked for that. */
static bool read_predictions(struct run *run, struct error *err)
{
	const char *given = run->options.given[OPTION_confirm];

	if (!given)
		return true;
	if (!options_yes(&run->options, OPTION_locks))
		return error_set(err, EXIT_USAGE, "--confirm needs locks to be watched: remove --locks=no");
	if (!confirm_read(&run->confirm, *given ? given : NULL, err))
		return false;
	if (!run->confirm.count)
		fprintf(stderr, "ringtail: %s predicted no deadlock: there is nothing to confirm\n",
		        short_name(run->confirm.runs[0]));
	return true;
}

static const struct usage usage = {
    .command = COMMAND_run,
    .about = "Runs CMD with the shim preloaded, follows the processes that it starts, reads what they "
             "record while they run, and prints a summary to standard error at the end.  CMD's own output "
             "is left alone.",
    .options_title = "Options, also taken from RINGTAIL=\"key=value:key=value\":",
    .behind = "Exit code: CMD's own, 128+N when it died of signal N; 127 CMD not found, 126 not executable;\n"
              "66 --fail-on found something, whatever CMD's own was;\n"
              "67 a deadlock was found and --on-deadlock=kill or core ended CMD;\n"
              "64 wrong usage, 69 CMD cannot be watched (with --must-watch), 70 internal error.\n\n"
              "examples:\n"
              "  ringtail run ./server config.ini\n"
              "  ringtail run -o /tmp/run1 --wait=all -- make -j2\n"
              "  ringtail run --confirm ./server                do the newest run's predicted deadlocks close?\n"
              "  ringtail run --fail-on=default ./tests         66 if they leak, can deadlock, ...\n"
              "  ringtail run --heap=no --depth=32 ./worker     only locks and threads, short stacks\n",
    .column = 34,
    .environment = true,
};

/* Runs CMD as the options say.  Returns the status to end with. */
static int run_command(struct run *run)
{
	struct error err;
	int status = EXIT_FINE;

	if (!is_free(run, &err) || !read_predictions(run, &err) || !suppress_load(&run->suppress, &run->options, &err))
		return error_print(&err);
	if (!look_first(run, &status))
		return status;
	run->library = run->unwatched ? NULL : launch_library(&err);
	return run->library || run->unwatched ? run_watched(run) : error_print(&err);
}

int cmd_run(int argc, char **argv)
{
	struct run run = {0};
	struct arguments arguments;
	struct error err;
	int status = EXIT_FINE;
	bool good = arguments_parse(&arguments, &usage, argc, argv, &err);

	run.options = arguments.options;
	run.command = arguments.operands;
	if (!good)
		status = error_print(&err);
	else if (options_yes(&run.options, OPTION_help))
		usage_print(&usage, stdout);
	else
		status = run_command(&run);
	confirm_free(&run.confirm);
	free(run.library);
	free(run.directory);
	suppress_free(&run.suppress);
	options_free(&run.options);
	if (run.ends_by)
		own_process_die_of(run.ends_by);
	return status;
}
