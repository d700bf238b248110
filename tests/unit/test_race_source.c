/* What sources and debug information tell of an access. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/races/evidence.h"
#include "tools/races/site.h"
#include "tools/races/source_text.h"

/* ---- lines ------------------------------------------------------------------------------------- */

static bool is_known_function(void *context, const char *name)
{
	(void)context;
	return !strcmp(name, "compute") || !strcmp(name, "printf");
}

/* The line that is looked at begins with '>'. */
static const struct {
	const char *name, *text;
	bool plain;
} texts[] = {
    {"plain", ">a[i] = a[i + 1] + 1;\n", true},
    {"increment", "int counter;\nvoid f(void)\n{\n>	counter++;\n}\n", true},
    {"function", ">	x = compute(y) + y;\n", true},
    {"output", ">	printf(\"%d OK COMPUTE(atomic)\\n\", x);\n", false}, /* a sign is a sign, also in a string */
    {"text", ">	printf(\"%d OK COMPUTE(a)\\n\", x); // N\n", true},
    {"method", ">	list.push_back(x);\n", true},
    {"pointer", ">	p->next = make::node(q);\n", true},
    {"builtin", ">	x = __atomic_load_n(&y, __ATOMIC_RELAXED);\n", false},
    {"cast", ">	x = *(volatile int *)&y;\n", false},
    {"once", ">	x = READ_ONCE(y);\n", false},
    {"rcu", ">	p = rcu_dereference(q);\n", false},
    {"circuit", ">	circuit = source;\n", true},
    {"pragma_before", "#pragma omp atomic read\n>	v = x;\n", false},
    {"pragma_critical", "#pragma omp critical\n>	v = x;\n", true},
    {"pragma_line", ">#pragma omp parallel for reduction(+ : sum)\n	for (;;)\n", false},
    {"unknown_call", ">	x = LOAD(y);\n", false},
    {"small_unknown_call", ">	x = load(y);\n", false},
    {"macro", "#define LOAD(p) __atomic_load_n(&(p), 0)\n\n\n\n\n\n>	x = LOAD(y);\n", false},
    {"plain_macro", "#define TWICE(p) ((p) + (p))\n\n\n\n\n\n>	x = TWICE(y);\n", true},
    {"macro_of_macro", "#define IN(p) *(volatile int *)&(p)\n#define OUT(p) \\\n  IN(p)\n\n\n\n\n\n>	x = OUT(y);\n",
     false},
    {"endless_macro", "#define A(p) A(p)\n\n\n\n\n>	x = A(y);\n", false},
    {"constant", "#define N 100\n\n\n\n\n>	a[N - 1] = N;\n", true},
    {"unknown_constant", ">	a[LIMIT - 1] = 3;\n", false},
    {"object_macro", "#define state (*(volatile int *)&the_state)\n\n\n\n\n>	state = 3;\n", false},
    {"similar_macro", "#define state_of (*(volatile int *)&the_state)\n\n\n\n\n>	state = 3;\n", true},
    {"statement_of_lines", ">	x = compute(\n	    y,\n	    z)\n	    + LOAD(w);\n", false},
    {"next_statement", ">	x = y;\n\n\n\n	z = LOAD(w);\n", true},
    {"empty", ">\n", false},
};

static int marked_line(char *text)
{
	int line = 1;

	for (char *at = text; *at; at++) {
		if (*at == '>' && (at == text || at[-1] == '\n')) {
			*at = ' ';
			return line;
		}
		line += *at == '\n';
	}
	return 0;
}

Test(race_source, lines_are_plain_if_nothing_in_them_may_hide_an_atomic)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char *copy = strdup(texts[i].text);
		int line = marked_line(copy);
		struct race_text text = {copy, strlen(copy), is_known_function, NULL};

		cr_expect_eq(race_text_is_plain(&text, line), texts[i].plain, "%s", texts[i].name);
		cr_expect_not(race_text_is_plain(&text, 1000), "%s", texts[i].name);
		cr_expect_not(race_text_is_plain(&text, 0), "%s", texts[i].name);
		free(copy);
	}
}

Test(race_source, functions_are_known_by_their_names)
{
	static const struct {
		const char *name;
		enum race_source source;
		bool copies;
	} cases[] = {
	    {"std::__atomic_base<int>::load", RACE_SOURCE_ATOMIC, false},
	    {"std::atomic<bool>::store", RACE_SOURCE_ATOMIC, false},
	    {"core::sync::atomic::AtomicUsize::load", RACE_SOURCE_ATOMIC, false},
	    {"__gnu_cxx::__exchange_and_add_single", RACE_SOURCE_ATOMIC, false},
	    {"core::ptr::read_volatile", RACE_SOURCE_VOLATILE, false},
	    {"std::vector<int>::operator[]", RACE_SOURCE_UNKNOWN, false},
	    {"__memmove_avx_unaligned_erms", RACE_SOURCE_UNKNOWN, true},
	    {"memcpy", RACE_SOURCE_UNKNOWN, true},
	    {"__strcpy_sse2_unaligned", RACE_SOURCE_UNKNOWN, true},
	    {"memcpyish", RACE_SOURCE_UNKNOWN, false},
	    {NULL, RACE_SOURCE_UNKNOWN, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_eq(race_source_by_function(cases[i].name), cases[i].source, "%s", cases[i].name);
		cr_expect_eq(race_function_copies(cases[i].name), cases[i].copies, "%s", cases[i].name);
	}
}

/* ---- debug information --------------------------------------------------------------------------- */

#ifdef __x86_64__

struct program {
	char directory[64];
	struct rt_module module;
	struct symbolizer *symbolizer;
	struct race_sites *sites;
};

/* A library made of this source by this compiler, whose sites and names are then known. */
static struct program program_of(const char *compile, const char *suffix, const char *source)
{
	struct program program = {.directory = "/tmp/race-source-XXXXXX", .symbolizer = symbolizer_new()};
	char path[128], command[2048];
	struct error err;

	cr_assert(mkdtemp(program.directory));
	snprintf(path, sizeof path, "%s/source.%s", program.directory, suffix);
	FILE *file = fopen(path, "we");
	cr_assert(file && fputs(source, file) >= 0 && fclose(file) == 0);
	snprintf(program.module.path, sizeof program.module.path, "%s/library.so", program.directory);
	snprintf(command, sizeof command, "%s -w -g -fPIC -fvisibility=hidden -shared -Wl,--build-id=none -o %s %s",
	         compile, program.module.path, path);
	cr_assert_eq(system(command), 0, "%s", command);
	int fd = open(program.module.path, O_RDONLY | O_CLOEXEC);
	program.sites = race_sites_of(fd, &err);
	cr_assert(program.sites, "%s", err.text);
	close(fd);
	return program;
}

static void remove_program(struct program *program)
{
	char command[128];

	symbolizer_free(program->symbolizer);
	race_sites_free(program->sites);
	snprintf(command, sizeof command, "rm -r %s", program->directory);
	cr_assert_eq(system(command), 0);
}

/* The n-th site of a global variable's function. */
static const struct race_site *site_in(struct program *program, const char *function)
{
	for (size_t i = 0; i < program->sites->count; i++) {
		struct symbol_frame frames[8];
		unsigned count = symbolizer_resolve(program->symbolizer, &program->module,
		                                    program->sites->items[i].address, true, frames, 8);

		if (count && frames[count - 1].function && !strcmp(frames[count - 1].function, function))
			return &program->sites->items[i];
	}
	cr_assert_fail("no site in %s", function);
	return NULL;
}

static enum race_source source_in(struct program *program, const char *function)
{
	struct race_place place = {&program->module, site_in(program, function)->address};
	struct race_side side = {0};

	race_evidence_of_side(program->symbolizer, &place, &side);
	return side.source;
}

static enum race_type type_in(struct program *program, const char *function)
{
	const struct race_site *site = site_in(program, function);
	struct race_place sides[2] = {{&program->module, site->address}, {&program->module, site->address}};
	struct race_place variable = {site->rip_relative ? &program->module : NULL, site->variable};

	return race_evidence_of_type(program->symbolizer, &variable, sides);
}

#define VARIABLES                                                                                                      \
	"struct inner { char c; volatile long v; _Atomic int a; int p[4]; };\n"                                        \
	"int plain; volatile int vol; _Atomic int atom; struct inner in[3];\n"                                         \
	"union { int p; volatile int v; } either; int *volatile vp; volatile int *pv;\n\n\n\n\n"

#define READERS                                                                                                        \
	"int of_plain(void)\n{\n\n\n\n\n	return plain;\n}\n\n\n\n\n"                                                   \
	"int of_volatile(void) { return vol; }\n"                                                                      \
	"int of_atomic(void) { return atom; }\n"                                                                       \
	"long of_member_v(void) { return in[1].v; }\n"                                                                 \
	"int of_member_a(void) { return in[2].a; }\n"                                                                  \
	"int of_member_p(void) { return in[2].p[3]; }\n"                                                               \
	"int of_union(void) { return either.p; }\n"                                                                    \
	"int *of_vp(void) { return vp; }\n"                                                                            \
	"volatile int *of_pv(void) { return pv; }\n"                                                                   \
	"int of_builtin(void)\n{\n\n\n\n\n	return __atomic_load_n(&plain, 0);\n}\n"                                    \
	"int of_pointer(int *p) { return *p; }\n"                                                                      \
	"void set(void) { plain = 1; vol = 1; atom = 1; in[0].p[0] = 1; either.p = 1; vp = 0; pv = 0; }\n"

static void check_types(const char *compile)
{
	struct program program = program_of(compile, "c", VARIABLES READERS);

	cr_expect_eq(type_in(&program, "of_plain"), RACE_TYPE_PLAIN, "%s", compile);
	cr_expect_eq(type_in(&program, "of_volatile"), RACE_TYPE_VOLATILE, "%s", compile);
	cr_expect_eq(type_in(&program, "of_atomic"), RACE_TYPE_ATOMIC, "%s", compile);
	cr_expect_eq(type_in(&program, "of_member_v"), RACE_TYPE_VOLATILE, "%s", compile);
	cr_expect_eq(type_in(&program, "of_member_a"), RACE_TYPE_ATOMIC, "%s", compile);
	cr_expect_eq(type_in(&program, "of_member_p"), RACE_TYPE_PLAIN, "%s", compile);
	cr_expect_eq(type_in(&program, "of_union"), RACE_TYPE_VOLATILE, "%s", compile);
	cr_expect_eq(type_in(&program, "of_vp"), RACE_TYPE_VOLATILE, "%s", compile);
	cr_expect_eq(type_in(&program, "of_pv"), RACE_TYPE_PLAIN, "%s", compile);
	cr_expect_eq(type_in(&program, "of_pointer"), RACE_TYPE_UNKNOWN, "%s: the unit has volatile types", compile);
	cr_expect_eq(source_in(&program, "of_plain"), RACE_SOURCE_PLAIN, "%s", compile);
	cr_expect_eq(source_in(&program, "of_builtin"), RACE_SOURCE_UNKNOWN, "%s", compile);
	remove_program(&program);
}

/* At -O2, so that the operands are relative to rip. */
Test(race_source, types_are_those_of_members_and_elements)
{
	check_types("gcc -O2");
	check_types("clang -O2");
}

Test(race_source, types_that_old_debug_information_cannot_tell_are_unknown)
{
	struct program program = program_of("gcc -O2 -gdwarf-4", "c", VARIABLES READERS);

	cr_expect_eq(type_in(&program, "of_atomic"), RACE_TYPE_UNKNOWN);
	cr_expect_eq(type_in(&program, "of_plain"), RACE_TYPE_UNKNOWN);
	cr_expect_eq(type_in(&program, "of_volatile"), RACE_TYPE_VOLATILE);
	remove_program(&program);
}

Test(race_source, a_unit_without_marked_types_tells_of_memory_behind_pointers)
{
	struct program program = program_of(
	    "gcc -O0", "c", "struct s { int a; long b; };\nint of_pointer(struct s *p)\n{\n	return p->a;\n}\n");

	cr_expect_eq(type_in(&program, "of_pointer"), RACE_TYPE_PLAIN);
	cr_expect_eq(source_in(&program, "of_pointer"), RACE_SOURCE_PLAIN);
	remove_program(&program);
}

/* The compiler moves the body of an OpenMP region into a function within the function. */
Test(race_source, code_in_functions_within_functions_has_lines)
{
	struct program program = program_of("gcc -O0 -fopenmp", "c",
	                                    "int sum;\nvoid outer(void)\n{\n#pragma omp parallel\n	{\n\n\n\n"
	                                    "		sum += 1;\n	}\n}\n");

	cr_expect_eq(source_in(&program, "outer._omp_fn.0"), RACE_SOURCE_PLAIN);
	remove_program(&program);
}

Test(race_source, functions_of_atomics_are_known_where_they_are_inlined)
{
	static const char source[] =
	    "#include <atomic>\nstd::atomic<int> a; int b;\n"
	    "extern \"C\" __attribute__((visibility(\"default\"))) int of_atomic() { return "
	    "a.load(std::memory_order_relaxed); }\n"
	    "extern \"C\" __attribute__((visibility(\"default\"))) int of_plain()\n{\n\n\n\n	return b;\n}\n";
	struct program inlined = program_of("g++ -O2", "cc", source);

	cr_expect_eq(source_in(&inlined, "of_atomic"), RACE_SOURCE_ATOMIC);
	remove_program(&inlined);
	struct program called = program_of("g++ -O0", "cc", source);
	cr_expect_eq(source_in(&called, "of_atomic"), RACE_SOURCE_ATOMIC);
	remove_program(&called);
}

Test(race_source, a_source_that_is_newer_than_the_program_tells_nothing)
{
	struct program program = program_of("gcc -O0", "c", "int *p;\nint of_pointer(void)\n{\n	return *p;\n}\n");
	char path[128];

	cr_expect_eq(source_in(&program, "of_pointer"), RACE_SOURCE_PLAIN);
	snprintf(path, sizeof path, "%s/source.c", program.directory);
	struct timespec times[2] = {{.tv_sec = 4000000000}, {.tv_sec = 4000000000}};
	cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
	cr_expect_eq(source_in(&program, "of_pointer"), RACE_SOURCE_UNKNOWN);
	remove_program(&program);
}

#endif
