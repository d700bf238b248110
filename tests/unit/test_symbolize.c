#include <criterion/criterion.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "tools/symbolize/elf_functions.h"
#include "tools/symbolize/names.h"
#include "tools/symbolize/symbolize.h"

#define MAX 16

/* ---- places of this very program ------------------------------------------------------ */

__attribute__((noinline)) static void *return_address(void)
{
	__asm__ volatile("");
	return __builtin_return_address(0);
}

static int plain_line, inner_line, outer_line;

__attribute__((noinline)) static void *plain_place(void)
{
	void *place = (plain_line = __LINE__, return_address());

	__asm__ volatile("" : : "r"(place));
	return place;
}

static inline __attribute__((always_inline)) void *inlined_place(void)
{
	void *place = (inner_line = __LINE__, return_address());

	__asm__ volatile("" : : "r"(place));
	return place;
}

__attribute__((noinline)) static void *place_with_inlined_call(void)
{
	void *place = (outer_line = __LINE__, inlined_place());

	__asm__ volatile("" : : "r"(place));
	return place;
}

static void read_build_id(struct rt_module *module, const char *notes, size_t bytes)
{
	size_t at = 0;

	while (at + sizeof(ElfW(Nhdr)) <= bytes) {
		const ElfW(Nhdr) *header = (const ElfW(Nhdr) *)(notes + at);
		size_t name = at + sizeof(*header), description = name + ((header->n_namesz + 3u) & ~3u);

		if (header->n_type == NT_GNU_BUILD_ID && !strcmp(notes + name, "GNU")) {
			module->build_id_bytes = header->n_descsz;
			memcpy(module->build_id, notes + description, header->n_descsz);
		}
		at = description + ((header->n_descsz + 3u) & ~3u);
	}
}

static void read_notes(struct rt_module *module, const struct dl_phdr_info *info)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const char *note = (const char *)info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type == PT_NOTE)
			read_build_id(module, note, info->dlpi_phdr[i].p_memsz);
	}
}

/* The object whose name ends the module's path: "" is the program itself. */
static int fill(struct dl_phdr_info *info, size_t size, void *context)
{
	struct rt_module *module = context;

	if (*module->path ? !strstr(info->dlpi_name, module->path) : *info->dlpi_name)
		return 0;
	module->bias = info->dlpi_addr;
	read_notes(module, info);
	if (*info->dlpi_name)
		cr_assert(realpath(info->dlpi_name, module->path));
	return 1;
}

static int fill_vdso(struct dl_phdr_info *info, size_t size, void *context)
{
	struct rt_module *module = context;
	uintptr_t header = getauxval(AT_SYSINFO_EHDR);

	if (info->dlpi_addr != header)
		return 0;
	module->bias = header;
	read_notes(module, info);
	return 1;
}

static struct rt_module own_module(void)
{
	struct rt_module module = {.state = 2};

	dl_iterate_phdr(fill, &module);
	cr_assert(readlink("/proc/self/exe", module.path, sizeof(module.path) - 1) > 0);
	return module;
}

static unsigned resolve(struct symbolizer *symbolizer, const struct rt_module *module, void *place,
                        struct symbol_frame *frames)
{
	return symbolizer_resolve(symbolizer, module, (uintptr_t)place - module->bias, false, frames, MAX);
}

static const char *base(const char *path) { return path ? strrchr(path, '/') + 1 : "(none)"; }

/* ---- addresses -------------------------------------------------------------------------- */

Test(symbolize, names_function_file_and_line)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct rt_module module = own_module();
	struct symbol_frame frames[MAX];
	void *place = plain_place();

	cr_assert_eq(resolve(symbolizer, &module, place, frames), 1);
	cr_expect_str_eq(frames[0].function, "plain_place");
	cr_expect_str_eq(base(frames[0].file), "test_symbolize.c");
	cr_expect_eq(*frames[0].file, '/');
	cr_expect_eq(frames[0].line, plain_line);
	cr_expect_not(frames[0].inlined);
	symbolizer_free(symbolizer);
}

Test(symbolize, shows_inlined_calls_innermost_first)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct rt_module module = own_module();
	struct symbol_frame frames[MAX];
	void *place = place_with_inlined_call();

	cr_assert_eq(resolve(symbolizer, &module, place, frames), 2);
	cr_expect_str_eq(frames[0].function, "inlined_place");
	cr_expect(frames[0].inlined);
	cr_expect_eq(frames[0].line, inner_line);
	cr_expect_str_eq(frames[1].function, "place_with_inlined_call");
	cr_expect_not(frames[1].inlined);
	cr_expect_eq(frames[1].line, outer_line);
	symbolizer_free(symbolizer);
}

Test(symbolize, a_first_instruction_is_exact_and_its_predecessor_a_call)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct rt_module module = own_module();
	struct symbol_frame frames[MAX];
	uint64_t start = (uintptr_t)plain_place - module.bias;

	symbolizer_resolve(symbolizer, &module, start, true, frames, MAX);
	cr_expect_str_eq(frames[0].function, "plain_place");
	symbolizer_resolve(symbolizer, &module, start, false, frames, MAX);
	cr_expect(!frames[0].function || strcmp(frames[0].function, "plain_place"));
	symbolizer_free(symbolizer);
}

Test(symbolize, names_libc_by_its_dynamic_symbols)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct rt_module module = {.state = 2, .path = "/libc.so"};
	struct symbol_frame frames[MAX];
	uintptr_t inside = (uintptr_t)dlsym(RTLD_DEFAULT, "lfind") + 5;

	cr_assert(dl_iterate_phdr(fill, &module));
	symbolizer_resolve(symbolizer, &module, inside - module.bias, false, frames, MAX);
	cr_assert(frames[0].function);
	cr_expect_str_eq(frames[0].function, "lfind");
	symbolizer_free(symbolizer);
}

static unsigned count_named(struct symbolizer *symbolizer, const struct rt_module *module, unsigned count)
{
	struct symbol_frame frames[MAX];
	unsigned named = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned n = symbolizer_resolve(symbolizer, module, 0x28000 + 13 * i, true, frames, MAX);
		named += frames[n - 1].function != NULL;
	}
	return named;
}

/* It takes a tenth to half of a second, and seconds under the sanitizers.  Work for each place that grows with the file
 * would take far longer. */
Test(symbolize, names_a_hundred_thousand_places_in_seconds, .timeout = 60)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct rt_module module = {.state = 2, .path = "/libc.so"};
	clock_t start = clock();
	unsigned named;

	cr_assert(dl_iterate_phdr(fill, &module));
	named = count_named(symbolizer, &module, 100000);
	cr_expect_gt(named, 50000, "only %u have names", named);
	cr_expect_eq(count_named(symbolizer, &module, 100000), named);
	cr_expect_lt((double)(clock() - start) / CLOCKS_PER_SEC, 20);
	symbolizer_free(symbolizer);
}

/* ---- the starts of functions in the unwind table ---------------------------------------- */

struct file { /* of this program, in memory */
	char *bytes;
	size_t size;
	Elf *elf;
};

static struct file own_file(void)
{
	struct file file = {0};
	FILE *from = fopen("/proc/self/exe", "r");

	cr_assert(from && fseek(from, 0, SEEK_END) == 0);
	file.size = (size_t)ftell(from);
	file.bytes = malloc(file.size);
	rewind(from);
	cr_assert(file.bytes && fread(file.bytes, 1, file.size, from) == file.size);
	fclose(from);
	elf_version(EV_CURRENT);
	file.elf = elf_memory(file.bytes, file.size);
	cr_assert(file.elf);
	return file;
}

static void file_end(struct file *file)
{
	elf_end(file->elf);
	free(file->bytes);
}

static uint64_t in_file(const void *place)
{
	struct rt_module module = own_module();

	return (uintptr_t)place - module.bias;
}

Test(symbolize, the_unwind_table_has_the_start_of_a_function)
{
	struct file file = own_file();
	uint64_t start = in_file((void *)plain_place), inside = in_file(plain_place());

	cr_expect_gt(inside, start);
	cr_expect_eq(elf_function_start(file.elf, start), start);
	cr_expect_eq(elf_function_start(file.elf, inside), start);
	cr_expect_neq(elf_function_start(file.elf, start - 1), start);
	cr_expect_eq(elf_function_start(file.elf, in_file(&plain_line)), 0, "data is no function");
	cr_expect_eq(elf_function_start(file.elf, 0), 0);
	cr_expect_eq(elf_function_start(file.elf, UINT64_MAX), 0);
	cr_expect_eq(elf_function_start(NULL, start), 0);
	file_end(&file);
}

static GElf_Phdr unwind_header(Elf *elf)
{
	GElf_Phdr header = {0};

	for (int i = 0; gelf_getphdr(elf, i, &header) && header.p_type != PT_GNU_EH_FRAME;)
		i++;
	cr_assert_eq(header.p_type, (GElf_Word)PT_GNU_EH_FRAME);
	return header;
}

/* Whatever the table leads to, nothing outside the file is read: run under a sanitizer, this says so. */
Test(symbolize, a_damaged_unwind_table_is_survived)
{
	struct file file = own_file();
	GElf_Phdr header = unwind_header(file.elf);
	uint64_t inside = in_file(plain_place());

	for (size_t i = 0; i < header.p_filesz; i += i < 64 ? 1 : 4093) {
		char *at = file.bytes + header.p_offset + i, was = *at;

		*at = (char)~was;
		elf_function_start(file.elf, inside);
		*at = was;
	}
	cr_assert_neq(elf_function_start(file.elf, inside), 0);
	memset(file.bytes + header.p_offset + 12, 0x7f, header.p_filesz - 12);
	elf_function_start(file.elf, inside);
	memset(file.bytes + header.p_offset, 0, header.p_filesz);
	cr_expect_eq(elf_function_start(file.elf, inside), 0);
	file_end(&file);
}

/* ---- files that are not the module's ----------------------------------------------------- */

Test(symbolize, a_replaced_file_gives_no_names)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct rt_module module = own_module();
	struct symbol_frame frames[MAX];

	module.build_id_bytes = 20;
	module.build_id[3] ^= 1;
	cr_assert_eq(resolve(symbolizer, &module, plain_place(), frames), 1);
	cr_expect_null(frames[0].function);
	cr_expect_null(frames[0].file);
	symbolizer_free(symbolizer);
}

Test(symbolize, what_is_no_elf_file_gives_no_names)
{
	static const char *const paths[] = {"/nonexistent", "/etc/passwd", "/dev/zero", "/", "", "relative"};
	struct symbolizer *symbolizer = symbolizer_new();
	struct symbol_frame frames[MAX];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct rt_module module = {.state = 2, .build_id_bytes = ~UINT64_C(0)};

		strcpy(module.path, paths[i]);
		cr_expect_eq(symbolizer_resolve(symbolizer, &module, 0x1000, false, frames, MAX), 1);
		cr_expect_null(frames[0].function);
	}
	symbolizer_free(symbolizer);
}

/* Its path is enough: a place is not named by a libc that was updated since. */
Test(symbolize, a_library_of_the_runtime_keeps_its_role_without_its_file)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct rt_module module = {.state = 2, .path = "/nonexistent/libc.so.6"};
	struct symbol_frame frames[MAX];

	cr_assert_eq(symbolizer_resolve(symbolizer, &module, 0x1000, false, frames, MAX), 1);
	cr_expect_null(frames[0].function);
	cr_expect_eq(frames[0].role, ROLE_RUNTIME);
	strcpy(module.path, "/nonexistent/libapp.so");
	cr_assert_eq(symbolizer_resolve(symbolizer, &module, 0x1000, false, frames, MAX), 1);
	cr_expect_eq(frames[0].role, ROLE_OWN);
	symbolizer_free(symbolizer);
}

Test(symbolize, the_vdso_is_named_while_it_is_the_same)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct rt_module module = {.state = 2, .path = "[vdso]"};
	struct symbol_frame frames[MAX];
	bool named = false;

	if (!dl_iterate_phdr(fill_vdso, &module))
		cr_skip_test("no vDSO here");
	for (uint64_t offset = 0; offset < 0x4000 && !named; offset += 16) {
		symbolizer_resolve(symbolizer, &module, offset, true, frames, MAX);
		named = frames[0].function && strstr(frames[0].function, "clock_gettime");
	}
	cr_expect(named);
	symbolizer_free(symbolizer);
}

/* ---- names ---------------------------------------------------------------------------------- */

Test(symbolize, demangles_cxx_without_parameters)
{
	struct names names = {0};

	cr_expect_str_eq(names_function(&names, "_ZN3foo3barEiPKc"), "foo::bar");
	cr_expect_str_eq(names_function(&names, "_ZNSt6vectorIiSaIiEE9push_backERKi"),
	                 "std::vector<int, std::allocator<int> >::push_back");
	cr_expect_str_eq(names_function(&names, "_Znwm"), "operator new");
	names_free(&names);
}

/* Constructors and lambdas that were inlined have no namespace. */
Test(symbolize, the_runtime_is_known_by_module_function_or_source)
{
	cr_expect(name_is_runtime("/usr/lib/x86_64-linux-gnu/libstdc++.so.6", NULL, NULL));
	cr_expect(name_is_runtime("/bin/app", "std::mutex::lock", NULL));
	cr_expect(name_is_runtime("/bin/app", "__gthread_mutex_lock", NULL));
	cr_expect(name_is_runtime("/bin/app", "thread<main()::<lambda()> >", "/usr/include/c++/12/bits/std_thread.h"));
	cr_expect(name_is_runtime("/bin/app", "thread<main()::<lambda()> >", "/usr/lib/llvm-14/include/c++/v1/thread"));
	cr_expect(name_is_runtime("/bin/app", "call_once", "/rustc/90c5/library/core/src/ops/function.rs"));
	cr_expect(name_is_runtime("/bin/app", "<alloc::raw_vec::RawVecInner>::finish_grow", NULL));
	cr_expect(name_is_runtime("/bin/app", "<alloc::vec::Vec<app::Node<fn() -> u8>>>::push", NULL));
	cr_expect(name_is_runtime("/bin/app", "<[u8]>::to_vec", NULL));
	cr_expect_not(
	    name_is_runtime("/bin/app", "<alloc::vec::Vec<u8> as core::convert::From<app::Text>>::from", NULL));
	cr_expect_not(name_is_runtime("/bin/app", "<app::Cache>::get", NULL));
	cr_expect_not(name_is_runtime("/bin/app", "<alloc::broken", NULL));
	cr_expect_not(name_is_runtime("/bin/app", "Cache::get", "/src/include/c++/cache.h"));
	cr_expect_not(name_is_runtime("/bin/app", "Cache::get", NULL));
	cr_expect_not(name_is_runtime(NULL, NULL, NULL));
}

static void expect_role(const char *function, enum role expected)
{
	cr_expect_eq(role_of("/bin/app", function, NULL), expected, "%s", function);
}

Test(names, functions_that_act_for_their_callers_are_known)
{
	expect_role("xmalloc", ROLE_ALLOCATES);
	expect_role("g_malloc0_n", ROLE_ALLOCATES);
	expect_role("ngx_palloc_small", ROLE_ALLOCATES);
	expect_role("Pool::operator new", ROLE_ALLOCATES);
	expect_role("g_rec_mutex_lock", ROLE_LOCKS);
	expect_role("QMutex::lock", ROLE_LOCKS);
	expect_role("std::mutex::lock", ROLE_RUNTIME);
	expect_role("operator new", ROLE_RUNTIME);
	expect_role("main", ROLE_MAIN);
	expect_role("xmlParse", ROLE_OWN);
	expect_role("not_xmalloc", ROLE_OWN);
	expect_role("xstrdup_all", ROLE_OWN);
	expect_role("g_mutex", ROLE_OWN);
	expect_role(NULL, ROLE_OWN);
}

Test(names, roles_have_words)
{
	for (int role = ROLE_OWN; role < ROLES; role++)
		cr_expect_eq(role_from_word(role_word((enum role)role)), role);
	cr_expect_eq(role_from_word("another"), ROLE_OWN);
}

Test(symbolize, demangles_rust_of_both_manglings)
{
	struct names names = {0};

	cr_expect_str_eq(names_function(&names, "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"),
	                 "core::fmt::Formatter::pad");
	cr_expect_str_eq(names_function(&names, "_RNvCs1234_7mycrate3foo"), "mycrate::foo");
	names_free(&names);
}

Test(symbolize, leaves_plain_and_broken_names_alone)
{
	struct names names = {0};

	cr_expect_str_eq(names_function(&names, "main"), "main");
	cr_expect_str_eq(names_function(&names, "read@@GLIBC_2.2.5"), "read");
	cr_expect_str_eq(names_function(&names, "_Zbroken"), "_Zbroken");
	cr_expect_null(names_function(&names, ""));
	cr_expect_null(names_function(&names, NULL));
	names_free(&names);
}

Test(symbolize, a_part_of_a_function_has_its_name)
{
	struct names names = {0};

	cr_expect_str_eq(names_function(&names, "work.part.0"), "work");
	cr_expect_str_eq(names_function(&names, "work.constprop.0.isra.1"), "work");
	cr_expect_str_eq(names_function(&names, "work.cold"), "work");
	cr_expect_str_eq(names_function(&names, "work.lto_priv.3@@V1"), "work");
	cr_expect_str_eq(names_function(&names, "_ZN3foo3barEi.part.0"), "foo::bar");
	cr_expect_str_eq(names_function(&names, "_RNvCs1234_7mycrate3foo.llvm.1234"), "mycrate::foo");
	cr_expect_str_eq(names_function(&names, "main.main"), "main.main");
	names_free(&names);
}

Test(symbolize, cleans_paths)
{
	struct names names = {0};

	cr_expect_str_eq(names_file(&names, "/src/build", "../lib/./a.c"), "/src/lib/a.c");
	cr_expect_str_eq(names_file(&names, "/src", "/usr//include/x.h"), "/usr/include/x.h");
	cr_expect_str_eq(names_file(&names, NULL, "../../a.c"), "../../a.c");
	cr_expect_str_eq(names_file(&names, "./elf", "elf/../b/c.c"), "b/c.c");
	cr_expect_str_eq(names_file(&names, "/", "../x.c"), "/x.c");
	cr_expect_null(names_file(&names, "/src", "???"));
	names_free(&names);
}
