/*
 * What shapes prove, held against compilers: tests/unit/shapes/accesses.c is compiled by each of them at each level,
 * and no instruction that accesses an atomic or a volatile variable may have a shape that proves a plain access.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/races/shapes.h"
#include "tools/races/site.h"

#define SOURCE "tests/unit/shapes/accesses.c"

/* Under a sanitizer nothing would be learnt: the scanner's own tests run there. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)

struct build {
	char compiler[16], options[32];
	unsigned compilers; /* what .comment is to say */
};

ParameterizedTestParameters(race_shapes, of_atomics_and_volatiles_prove_nothing)
{
	static struct build builds[] = {
	    {"gcc", "-O0", RACE_BY_GCC},
	    {"gcc", "-O2", RACE_BY_GCC},
	    {"gcc", "-O3 -march=x86-64-v3", RACE_BY_GCC},
	    {"gcc", "-Os", RACE_BY_GCC},
	    {"clang", "-O0", RACE_BY_LLVM},
	    {"clang", "-O2", RACE_BY_LLVM},
	    {"clang", "-O3 -march=x86-64-v3", RACE_BY_LLVM},
	    {"clang", "-Os", RACE_BY_LLVM},
	};

	return cr_make_param_array(struct build, builds, sizeof builds / sizeof *builds);
}

static int compile(const struct build *build)
{
	char path[] = "/tmp/race-shapes-XXXXXX", command[256];
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	snprintf(command, sizeof command, "%s -w -I. -std=gnu17 %s -fPIC -shared -nostdlib -o %s " SOURCE,
	         build->compiler, build->options, path);
	cr_assert_eq(system(command), 0, "%s", command);
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC); /* the linker has written another file */
	unlink(path);
	return fd;
}

/* ---- the functions, by their names ------------------------------------------------------------- */

struct symbols {
	Elf *elf;
	Elf_Data *data;
	size_t count, names;
};

static struct symbols symbols_of(int fd)
{
	struct symbols symbols = {.elf = elf_begin(fd, ELF_C_READ, NULL)};
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(symbols.elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB) {
			symbols.data = elf_getdata(section, NULL);
			symbols.count = header.sh_size / header.sh_entsize;
			symbols.names = header.sh_link;
		}
	cr_assert(symbols.data);
	return symbols;
}

static const char *function_at(const struct symbols *symbols, uint64_t address)
{
	GElf_Sym symbol;

	for (size_t i = 0; i < symbols->count; i++)
		if (gelf_getsym(symbols->data, (int)i, &symbol) && GELF_ST_TYPE(symbol.st_info) == STT_FUNC &&
		    address - symbol.st_value < symbol.st_size)
			return elf_strptr(symbols->elf, symbols->names, symbol.st_name);
	return "";
}

/* ---- the check ----------------------------------------------------------------------------------- */

struct proofs {
	unsigned shared, plain; /* sites of atomic and volatile, and of plain variables */
	unsigned proven;        /* of those that are plain */
};

static void look_at_function(const struct race_sites *sites, const struct race_function *function, const char *name,
                             const struct build *build, struct proofs *proofs)
{
	bool is_plain = !strncmp(name, "plain_", 6);

	for (size_t i = function->first; i < function->first + function->sites; i++) {
		bool proven = race_shape_is_plain(sites->items[i].shape, build->compilers);

		cr_expect(!proven || is_plain, "%s %s: %s, at %#llx, shape %d proves a plain access", build->compiler,
		          build->options, name, (unsigned long long)sites->items[i].address, sites->items[i].shape);
		proofs->proven += proven;
		proofs->plain += is_plain;
		proofs->shared += !is_plain;
	}
}

ParameterizedTest(struct build *build, race_shapes, of_atomics_and_volatiles_prove_nothing)
{
	int fd = compile(build);
	struct error err;
	struct race_sites *sites = race_sites_of(fd, &err);
	struct symbols symbols = symbols_of(fd);
	struct proofs proofs = {0};

	cr_assert(sites, "%s", err.text);
	cr_expect_eq(race_compilers_of(fd), build->compilers);
	cr_expect_eq(sites->dropped, 0);
	for (size_t i = 0; i < sites->function_count; i++)
		look_at_function(sites, &sites->functions[i], function_at(&symbols, sites->functions[i].start), build,
		                 &proofs);
	cr_expect(proofs.shared > 1000 && proofs.plain > 200, "%u and %u sites", proofs.shared, proofs.plain);
	/* at -O0, compilers load and store alone */
	cr_expect(!strcmp(build->options, "-O0") || proofs.proven >= (build->compilers == RACE_BY_GCC ? 40 : 2),
	          "%s %s: %u of %u plain accesses are proven", build->compiler, build->options, proofs.proven,
	          proofs.plain);
	if (getenv("RINGTAIL_SHAPES"))
		fprintf(stderr, "%s %s: %u of %u\n", build->compiler, build->options, proofs.proven, proofs.plain);
	elf_end(symbols.elf);
	race_sites_free(sites);
	close(fd);
}

#endif

/* ---- compilers ------------------------------------------------------------------------------------ */

Test(race_shapes, compilers_are_known_by_what_they_write)
{
	static const struct {
		const char *text;
		unsigned compilers;
	} cases[] = {
	    {"GCC: (Debian 12.2.0-14+deb12u1) 12.2.0", RACE_BY_GCC},
	    {"GCC: (GNU) 15.1.1 20250425 (Red Hat 15.1.1-1)", RACE_BY_GCC},
	    {"GCC: (GNU) 16.0.0 20260101 (experimental)", RACE_BY_OTHERS},
	    {"GCC: (GNU) 4.8.5 20150623", RACE_BY_OTHERS},
	    {"GNU C17 12.2.0 -mtune=generic -march=x86-64 -g -O2 -fmacro-prefix-map=(a) 4=", RACE_BY_GCC},
	    {"GNU C++17 11.4.0 -mtune=generic", RACE_BY_GCC},
	    {"GNU GIMPLE 12.2.0 -flto", RACE_BY_GCC},
	    {"GNU C23 16.1.0", RACE_BY_OTHERS},
	    {"Debian clang version 14.0.6", RACE_BY_LLVM},
	    {"Ubuntu clang version 18.1.3 (1ubuntu1)", RACE_BY_LLVM},
	    {"rustc version 1.63.0 (4b91a6ea7 2022-08-08)", RACE_BY_LLVM},
	    {"clang LLVM (rustc version 1.63.0)", RACE_BY_LLVM},
	    {"Linker: LLD 14.0.6", 0},
	    {"", 0},
	    {"GNU AS 2.40", RACE_BY_OTHERS},
	    {"GHC 9.0.2", RACE_BY_OTHERS},
	    {"Intel(R) C Intel(R) 64 Compiler", RACE_BY_OTHERS},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(race_compilers_named(cases[i].text), cases[i].compilers, "%s", cases[i].text);
}

/* A file of two compilers: the site may be made by either. */
Test(race_shapes, prove_only_what_holds_for_each_compiler)
{
	cr_expect(race_shape_is_plain(RACE_SHAPE_TEST, RACE_BY_GCC));
	cr_expect_not(race_shape_is_plain(RACE_SHAPE_TEST, RACE_BY_LLVM));
	cr_expect_not(race_shape_is_plain(RACE_SHAPE_TEST, RACE_BY_GCC | RACE_BY_LLVM));
	cr_expect(race_shape_is_plain(RACE_SHAPE_CALL, RACE_BY_GCC | RACE_BY_LLVM));
	cr_expect_not(race_shape_is_plain(RACE_SHAPE_CALL, RACE_BY_GCC | RACE_BY_OTHERS));
	cr_expect_not(race_shape_is_plain(RACE_SHAPE_CALL, 0));
	cr_expect_not(race_shape_is_plain(RACE_SHAPE_MOVE, RACE_BY_GCC));
	cr_expect_not(race_shape_is_plain(RACE_SHAPE_CONDITIONAL, RACE_BY_GCC));
	cr_expect_not(race_shape_is_plain(RACE_SHAPE_LOCKED, RACE_BY_GCC));
}
