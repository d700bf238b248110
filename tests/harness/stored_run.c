#include "tests/harness/stored_run.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const char __executable_start[];

__attribute__((noinline, noclone)) void place_allocate(void) { __asm__ volatile("nop; nop; nop; nop"); }
__attribute__((noinline, noclone)) void place_work(void) { __asm__ volatile("nop; nop; nop; nop"); }
__attribute__((noinline, noclone)) void place_start(void) { __asm__ volatile("nop; nop; nop; nop"); }

static struct rt_module *module_table(struct stored_run *run)
{
	return (struct rt_module *)(run->builder.map + run->builder.header->modules.offset);
}

/* Adds this program as a module, as the shim would record it. */
static void add_module(struct stored_run *run)
{
	struct rt_module *module = module_table(run);
	FILE *id = popen("readelf -n /proc/$PPID/exe 2>/dev/null | sed -n 's/.*Build ID: //p'", "r");

	module->state = 2;
	module->bias = (uintptr_t)__executable_start;
	module->start = module->bias;
	module->end = module->start + (1u << 30);
	while (id && module->build_id_bytes < RT_BUILD_ID_MAX &&
	       fscanf(id, "%2hhx", &module->build_id[module->build_id_bytes]) == 1)
		module->build_id_bytes++;
	if (id)
		pclose(id);
	if (readlink("/proc/self/exe", module->path, sizeof(module->path) - 1) < 0)
		abort();
	run->builder.header->modules_used = 1;
}

void stored_run_make(struct stored_run *run)
{
	memset(run, 0, sizeof(*run));
	strcpy(run->directory, "/tmp/ringtail-stored-XXXXXX");
	if (!mkdtemp(run->directory))
		abort();
	ring_builder_make(&run->builder, 65536, 4, true);
	add_module(run);
	run->builder.header->watch = RT_WATCH_HEAP | RT_WATCH_LOCKS;
	if (!ring_file_open(&run->ring, run->builder.path, false, &run->err))
		abort();
	run->analysis = analysis_new(&run->ring);
	run->now = 1000000;
	if (!store_open(&run->store, run->directory, &run->err))
		abort();
}

void stored_run_remove(struct stored_run *run)
{
	char command[128];

	suppress_free(&run->suppress);
	run->suppress_applied = false;
	store_close(&run->store);
	analysis_free(run->analysis);
	ring_file_close(&run->ring);
	ring_builder_remove(&run->builder);
	snprintf(command, sizeof(command), "rm -r %s", run->directory);
	if (system(command))
		abort();
}

static uint32_t add_pc(struct stored_run *run, uintptr_t address)
{
	struct rt_pc *table = (struct rt_pc *)(run->builder.map + run->builder.header->pcs.offset);

	table[run->pcs] = (struct rt_pc){.key = RT_PC_USED | (address + 2), .module = 1};
	return ++run->pcs;
}

static uint32_t add_node(struct stored_run *run, uint32_t caller, uint32_t pc)
{
	uint64_t *table = (uint64_t *)(run->builder.map + run->builder.header->nodes.offset);

	table[run->nodes] = (uint64_t)caller << 32 | pc;
	return RT_NODE_FIRST + run->nodes++;
}

uint32_t stored_run_stack(struct stored_run *run, unsigned count, ...)
{
	uintptr_t places[16];
	uint32_t node = RT_ROOT_COMPLETE;
	va_list list;

	va_start(list, count);
	for (unsigned i = 0; i < count; i++)
		places[i] = (uintptr_t)va_arg(list, void *);
	va_end(list);
	while (count-- > 0)
		node = add_node(run, node, add_pc(run, places[count]));
	return node;
}

uint32_t stored_run_deep_stack(struct stored_run *run, unsigned depth, void (*outermost)(void))
{
	uint32_t node = add_node(run, RT_ROOT_COMPLETE, add_pc(run, (uintptr_t)outermost)),
	         pc = add_pc(run, (uintptr_t)place_work);

	while (--depth > 0)
		node = add_node(run, node, pc);
	return node;
}

static void event(struct stored_run *run, struct event what)
{
	what.stamp = run->now += 1000000;
	analysis_event(run->analysis, &what);
}

void stored_run_alloc(struct stored_run *run, uint32_t thread, uint32_t stack, uint64_t address, uint64_t size)
{
	event(run,
	      (struct event){.type = RT_MALLOC, .thread = thread, .stack = stack, .object = address, .size = size});
}

void stored_run_free(struct stored_run *run, uint32_t thread, uint32_t stack, uint64_t address)
{
	event(run, (struct event){.type = RT_FREE, .thread = thread, .stack = stack, .object = address});
}

void stored_run_finish(struct stored_run *run, struct process_end end)
{
	end.stamp = run->now += 1000000;
	analysis_finish(run->analysis, end);
}

bool stored_run_store(struct stored_run *run, bool final)
{
	return store_process(&run->store, run->analysis, (struct merge_totals){.events = 1234567}, final, &run->err);
}

const char *stored_run_query(struct stored_run *run, const char *sql)
{
	static char *answer;
	sqlite3_stmt *statement = NULL;

	free(answer);
	answer = NULL;
	if (sqlite3_prepare_v2(run->store.db, sql, -1, &statement, NULL) != SQLITE_OK)
		answer = strdup(sqlite3_errmsg(run->store.db));
	else if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0))
		answer = strdup((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return answer ? answer : "(none)";
}

char *stored_run_render(struct stored_run *run, struct report report, bool (*render)(struct report *))
{
	char *text = NULL;
	size_t size;

	report.query.db = run->store.db;
	report.query.directory = run->directory;
	report.query.err = &run->err;
	report.suppress = &run->suppress;
	if (!run->suppress_applied)
		cr_assert(suppress_apply(&run->suppress, run->store.db, &run->err), "%s", run->err.text);
	run->suppress_applied = true;
	report.out = open_memstream(&text, &size);
	if (!report.width)
		report.width = 80;
	if (!render(&report))
		fprintf(report.out, "failed: %s", run->err.text);
	query_close(&report.query);
	fclose(report.out);
	return text;
}
