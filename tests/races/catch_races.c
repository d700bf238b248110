/*
 * Runs a command under the tracer of data races alone, without recording anything, and prints the pairs of accesses
 * that were caught, and how each is judged: for measurements of what the tracer catches.
 *
 *   catch_races [-s SEED] [-p SHARE] [-f FLOOR_MS] [-h HOLD_US] CMD [ARGUMENT...]
 *
 * The command gets its addresses as without address space randomization, so that they are known when it has ended.  Its
 * output is dropped.  One line a pair, one line of figures.
 */
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/base/memory.h"
#include "tools/races/evidence.h"
#include "tools/races/tracer.h"

#define PIE_BASE UINT64_C(0x555555554000) /* where Linux puts executables without randomization */

struct judge {
	struct symbolizer *symbolizer;
	struct rt_module module;
	struct race_sites *sites;
	uint64_t bias;
	unsigned compilers;
};

/* What the file says of itself: where it will lie, and its build id. */
static void read_module(struct judge *judge, int fd)
{
	GElf_Ehdr header;
	const void *id;

	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && gelf_getehdr(elf, &header) && header.e_type != ET_EXEC)
		judge->bias = PIE_BASE;
	ssize_t bytes = elf ? dwelf_elf_gnu_build_id(elf, &id) : 0;
	if (bytes > 0 && bytes <= (ssize_t)sizeof judge->module.build_id) {
		judge->module.build_id_bytes = (uint64_t)bytes;
		memcpy(judge->module.build_id, id, (size_t)bytes);
	}
	elf_end(elf);
}

static struct judge judge_of(const char *command)
{
	struct judge judge = {.symbolizer = symbolizer_new()};
	struct error err;
	int fd = open(command, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !realpath(command, judge.module.path)) {
		perror(command);
		exit(2);
	}
	read_module(&judge, fd);
	judge.sites = race_sites_of(fd, &err);
	if (!judge.sites) {
		fprintf(stderr, "catch_races: %s\n", err.text);
		exit(2);
	}
	judge.compilers = race_compilers_of(fd);
	close(fd);
	return judge;
}

/* ---- the run ---------------------------------------------------------------------------------- */

static pid_t start(char **command, int *go)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	pid_t pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
			dup2(null, fd);
		personality(ADDR_NO_RANDOMIZE);
		if (read(ends[0], &byte, 1) == 1)
			execv(*command, command);
		_exit(127);
	}
	close(ends[0]);
	*go = ends[1];
	return pid;
}

static int run(char **command, const struct tracer_options *options, struct tracer *tracer)
{
	struct error err;
	int go, status = -1;
	pid_t pid = start(command, &go);

	if (pid < 0 || !tracer_start(tracer, pid, options, &err)) {
		fprintf(stderr, "catch_races: %s\n", pid < 0 ? "no process can be started" : err.text);
		exit(2);
	}
	if (write(go, "x", 1) == 1)
		waitpid(pid, &status, 0);
	tracer_stop(tracer);
	return status;
}

/* ---- what was caught ---------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : "?";
}

static void print_side(const struct judge *judge, const struct race_place *place, const struct race_side *side)
{
	struct symbol_frame frames[8];
	unsigned count =
	    place->module ? symbolizer_resolve(judge->symbolizer, place->module, place->offset, true, frames, 8) : 0;

	printf(" %s%s%u@%s:%d", side->reads ? "R" : "", side->writes ? "W" : "", (unsigned)side->size,
	       base_of(count ? frames[0].file : NULL), count ? frames[0].line : 0);
}

/* One side of the facts; *place: where it stands, if that is in the executable. */
static void judge_side(const struct judge *judge, const struct races_side *side, struct race_side *fact,
                       struct race_place *place)
{
	*fact = (struct race_side){
	    .address = side->address,
	    .size = side->size,
	    .reads = side->reads,
	    .writes = side->writes,
	    .shape = side->shape,
	    .compilers = side->compilers ? side->compilers : judge->compilers,
	    .polls = side->polls,
	};
	*place = (struct race_place){0};
	if (!side->pc || !race_sites_find(judge->sites, side->pc - judge->bias))
		return;
	*place = (struct race_place){&judge->module, side->pc - judge->bias};
	race_evidence_of_side(judge->symbolizer, place, fact);
}

static void print_caught(const struct judge *judge, const struct races_caught *caught)
{
	static const char *const proofs[] = {"met", "watched", "value"};
	struct race_facts facts = {
	    .writer_unknown = !caught->sides[1].pc,
	    .locked_elsewhere = caught->sides[0].locked_nearby || caught->sides[1].locked_nearby,
	    .same_value = caught->value_after_known && !memcmp(caught->before, caught->after, RACES_VALUE),
	};
	struct race_place places[2];
	uint64_t into;

	for (int i = 0; i < 2; i++)
		judge_side(judge, &caught->sides[i], &facts.sides[i], &places[i]);
	struct race_place variable = {&judge->module, caught->value_address - judge->bias};
	const char *name = symbolizer_variable(judge->symbolizer, variable.module, variable.offset, &into);
	if (!name)
		variable.module = NULL;
	facts.type = race_evidence_of_type(judge->symbolizer, &variable, places);
	struct race_verdict verdict = race_classify(&facts);
	printf("pair %s %s times=%u frames=%u/%u", race_class_name(verdict.class), proofs[caught->proof % 3],
	       caught->times, caught->sides[0].frames, caught->sides[1].frames);
	for (int i = 0; i < 2; i++)
		print_side(judge, &places[i], &facts.sides[i]);
	if (getenv("CATCH_FACTS"))
		printf(" type=%d source=%d/%d shape=%d/%d compilers=%u/%u polls=%d/%d locked=%d", (int)facts.type,
		       (int)facts.sides[0].source, (int)facts.sides[1].source, (int)facts.sides[0].shape,
		       (int)facts.sides[1].shape, facts.sides[0].compilers, facts.sides[1].compilers,
		       facts.sides[0].polls, facts.sides[1].polls, facts.locked_elsewhere);
	printf(" %s: %s\n", name ? name : "-", race_reason_text(verdict.reason));
}

static void print_figures(const struct races_file *file)
{
	const struct races_figures *figures = &file->figures;

	printf("figures sites=%lu armed=%lu hits=%lu holds=%lu watched=%lu stop_us=%lu hold_us=%lu elapsed_us=%lu %s\n",
	       figures->sites, figures->armed, figures->hits, figures->holds, figures->watched, figures->stop_ns / 1000,
	       figures->hold_ns / 1000, figures->elapsed_ns / 1000, file->why);
}

/* ---- the command ---------------------------------------------------------------------------------- */

static void use(void)
{
	fputs("usage: catch_races [-s SEED] [-p SHARE] [-f FLOOR_MS] [-h HOLD_US] CMD [ARGUMENT...]\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct tracer_options options = {
	    .seed = 1, .share = 30, .floor_ns = 30000000, .hold_ns = 1000000, .before_exec = true};
	struct tracer tracer;
	int option;

	memory_start_up();
	while ((option = getopt(argc, argv, "+s:p:f:h:")) >= 0) {
		unsigned long number = optarg ? strtoul(optarg, NULL, 10) : 0;
		switch (option) {
		case 's':
			options.seed = (uint32_t)number;
			break;
		case 'p':
			options.share = (uint32_t)number;
			break;
		case 'f':
			options.floor_ns = number * 1000000;
			break;
		case 'h':
			options.hold_ns = number * 1000;
			break;
		default:
			use();
		}
	}
	if (optind == argc)
		use();
	struct judge judge = judge_of(argv[optind]);
	int status = run(argv + optind, &options, &tracer);
	for (uint32_t i = 0; i < tracer.shared->count && i < RACES_KEPT; i++)
		print_caught(&judge, &tracer.shared->caught[i]);
	print_figures(tracer.shared);
	printf("status %d\n", status);
	tracer_free(&tracer);
	race_sites_free(judge.sites);
	symbolizer_free(judge.symbolizer);
	return 0;
}
