#include <criterion/criterion.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/races/site.h"

/* ---- instructions of this very program ------------------------------------------------------ */

#ifdef __x86_64__

static uint64_t shared_variable[4];

enum {
	NONE = RACE_NO_REGISTER,
	RAX = 0,
	RCX = 1,
	RDX = 2,
	RBX = 3,
	RBP = 5,
	RSI = 6,
	RDI = 7,
	R8 = 8,
	R12 = 12,
	R13 = 13
};

#define READ  1
#define WRITE 2
#define BOTH  3
#define NOT   0

/* X(name, assembly, what is accessed, bytes, shape, base, index, scale, displacement) */
#define INSTRUCTIONS(X)                                                                                                \
	X(load, "mov (%rdi),%eax", READ, 4, MOVE, RDI, NONE, 0, 0)                                                     \
	X(store, "mov %al,0x11(%r12)", WRITE, 1, MOVE, R12, NONE, 0, 0x11)                                             \
	X(indexed, "mov -8(%r13,%r8,4),%rax", READ, 8, MOVE, R13, R8, 4, -8)                                           \
	X(no_base, "mov 0x40(,%rcx,8),%rax", READ, 8, MOVE, NONE, RCX, 8, 0x40)                                        \
	X(absolute, "movabs 0x1122334455667788,%eax", READ, 4, MOVE, NONE, NONE, 0, 0x1122334455667788)                \
	X(extended, "movzbl (%rdi),%eax", READ, 1, MOVE, RDI, NONE, 0, 0)                                              \
	X(number, "movsd (%rdi),%xmm0", READ, 8, MOVE, RDI, NONE, 0, 0)                                                \
	X(pair, "movups (%rdi),%xmm0", READ, 16, VECTOR, RDI, NONE, 0, 0)                                              \
	X(compare, "cmpl $1,(%rdi)", READ, 4, TEST, RDI, NONE, 0, 0)                                                   \
	X(float_compare, "ucomisd (%rdi),%xmm0", READ, 8, TEST, RDI, NONE, 0, 0)                                       \
	X(add, "addl $1,(%rdi)", BOTH, 4, UPDATE, RDI, NONE, 0, 0)                                                     \
	X(add_from, "add (%rdi),%eax", READ, 4, OPERAND, RDI, NONE, 0, 0)                                              \
	X(increment, "incb (%rdi)", BOTH, 1, UPDATE, RDI, NONE, 0, 0)                                                  \
	X(bit, "btsl $3,(%rdi)", BOTH, 4, UPDATE, RDI, NONE, 0, 0)                                                     \
	X(bit_beyond, "bts %eax,(%rdi)", NOT, 0, OTHER, NONE, NONE, 0, 0)                                              \
	X(choose, "cmove (%rdi),%eax", READ, 4, CONDITIONAL, RDI, NONE, 0, 0)                                          \
	X(locked, "lock addl $1,(%rdi)", BOTH, 4, LOCKED, RDI, NONE, 0, 0)                                             \
	X(exchange, "xchg %eax,(%rdi)", BOTH, 4, LOCKED, RDI, NONE, 0, 0)                                              \
	X(call, "call *8(%rdi)", READ, 8, CALL, RDI, NONE, 0, 8)                                                       \
	X(push, "pushq (%rdi)", READ, 8, PUSH, RDI, NONE, 0, 0)                                                        \
	X(global, "movl shared_variable+4(%rip),%eax", READ, 4, MOVE, NONE, NONE, 0, 0)                                \
	X(global_immediate, "movl $7,shared_variable+8(%rip)", WRITE, 4, MOVE, NONE, NONE, 0, 0)                       \
	X(copy, "rep movsb", BOTH, 0, STRING, NONE, NONE, 0, 0)                                                        \
	X(read_only, "movl a_constant(%rip),%eax", NOT, 0, OTHER, NONE, NONE, 0, 0)                                    \
	X(own_stack, "mov 8(%rsp),%rax", NOT, 0, OTHER, NONE, NONE, 0, 0)                                              \
	X(by_rbp, "mov 8(%rbp),%rax", READ, 8, MOVE, RBP, NONE, 0, 8)                                                  \
	X(thread_local, "mov %fs:0x10,%rax", NOT, 0, OTHER, NONE, NONE, 0, 0)                                          \
	X(address, "lea 8(%rdi),%rax", NOT, 0, OTHER, NONE, NONE, 0, 0)                                                \
	X(nothing, "nopw 8(%rdi)", NOT, 0, OTHER, NONE, NONE, 0, 0)                                                    \
	X(ahead, "prefetcht0 8(%rdi)", NOT, 0, OTHER, NONE, NONE, 0, 0)                                                \
	X(short_address, "mov (%edi),%eax", NOT, 0, OTHER, NONE, NONE, 0, 0)                                           \
	X(masked, "vmaskmovps %ymm0,%ymm1,(%rdi)", NOT, 0, OTHER, NONE, NONE, 0, 0)                                    \
	X(gathered, "vpgatherdd %ymm0,(%rdi,%ymm1,4),%ymm2", NOT, 0, OTHER, NONE, NONE, 0, 0)                          \
	X(masked_512, "vmovdqu32 %zmm0,(%rdi){%k1}", NOT, 0, OTHER, NONE, NONE, 0, 0)

#define ASSEMBLY(name, text, access, bytes, shape, base, index, scale, displacement) "instruction_" #name ": " text "\n"
#define DECLARE(name, text, access, bytes, shape, base, index, scale, displacement)                                    \
	extern const char instruction_##name[] __attribute__((visibility("hidden")));

INSTRUCTIONS(DECLARE)
extern const char framed_before[] __attribute__((visibility("hidden"))),
    framed_inside[] __attribute__((visibility("hidden"))), framed_behind[] __attribute__((visibility("hidden")));

__asm__(
    ".pushsection .rodata\n a_constant: .long 1\n.popsection\n"
    ".pushsection .text\n .type all_instructions,@function\n all_instructions: .cfi_startproc\n" INSTRUCTIONS(
        ASSEMBLY) "ret\n .cfi_endproc\n"
                  "framed: .cfi_startproc\n"
                  "framed_before: mov 8(%rbp),%rax\n"
                  "push %rbp\n .cfi_def_cfa_offset 16\n .cfi_offset 6,-16\n mov %rsp,%rbp\n .cfi_def_cfa_register 6\n"
                  ".cfi_remember_state\n"
                  "framed_inside: mov 8(%rbp),%rax\n"
                  "pop %rbp\n .cfi_def_cfa 7,8\n ret\n"
                  ".cfi_restore_state\n"
                  "mov 8(%rbp),%rax\n"
                  "pop %rbp\n .cfi_def_cfa 7,8\n"
                  "framed_behind: mov 8(%rbp),%rax\n"
                  "ret\n .cfi_endproc\n.popsection\n");

static const struct {
	const char *name, *at;
	unsigned access, bytes;
	enum race_shape shape;
	uint8_t base, index, scale;
	int64_t displacement;
} instructions[] = {
#define ROW(name, text, access, bytes, shape, base, index, scale, displacement)                                        \
	{#name, instruction_##name, access, bytes, RACE_SHAPE_##shape, base, index, scale, displacement},
    INSTRUCTIONS(ROW)
#undef ROW
};

static int first_object(struct dl_phdr_info *info, size_t size, void *bias)
{
	*(uint64_t *)bias = info->dlpi_addr;
	return 1;
}

static uint64_t own_bias(void)
{
	uint64_t bias = 0;

	dl_iterate_phdr(first_object, &bias);
	return bias;
}

static struct race_sites *own_sites(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct error err;
	struct race_sites *sites = race_sites_of(fd, &err);

	cr_assert(sites, "%s", err.text);
	close(fd);
	return sites;
}

Test(race_sites, are_the_instructions_that_access_what_may_be_shared)
{
	struct race_sites *sites = own_sites();
	uint64_t bias = own_bias();

	for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++) {
		const struct race_site *site = race_sites_find(sites, (uintptr_t)instructions[i].at - bias);

		cr_expect_eq(site != NULL, instructions[i].access != NOT, "%s", instructions[i].name);
		if (!site || instructions[i].access == NOT)
			continue;
		cr_expect_eq(site->reads + 2 * site->writes, instructions[i].access, "%s", instructions[i].name);
		cr_expect_eq(site->size, instructions[i].bytes, "%s: %u bytes", instructions[i].name, site->size);
		cr_expect_eq(site->shape, instructions[i].shape, "%s: shape %u", instructions[i].name, site->shape);
		cr_expect_eq(site->locked, site->shape == RACE_SHAPE_LOCKED, "%s", instructions[i].name);
		cr_expect_eq(site->control_flow, site->shape == RACE_SHAPE_JUMP || site->shape == RACE_SHAPE_CALL, "%s",
		             instructions[i].name);
		cr_expect_eq(site->base, instructions[i].base, "%s: base %u", instructions[i].name, site->base);
		cr_expect_eq(site->index, instructions[i].index, "%s: index %u", instructions[i].name, site->index);
		cr_expect_eq(site->scale, instructions[i].scale, "%s", instructions[i].name);
		cr_expect_eq(site->displacement, instructions[i].displacement, "%s", instructions[i].name);
		cr_expect_eq(race_sites_ending(sites, site->address + site->length), site, "%s", instructions[i].name);
	}
	race_sites_free(sites);
}

Test(race_sites, know_the_variable_of_a_relative_operand)
{
	struct race_sites *sites = own_sites();
	uint64_t bias = own_bias(), variable = (uintptr_t)shared_variable - bias;
	const struct race_site *load = race_sites_find(sites, (uintptr_t)instruction_global - bias);
	const struct race_site *store = race_sites_find(sites, (uintptr_t)instruction_global_immediate - bias);

	cr_assert(load && store && load->rip_relative && store->rip_relative);
	cr_expect_eq(load->variable, variable + 4);
	cr_expect_eq(store->variable, variable + 8);
	cr_expect_eq(load->displacement_at, 2);
	cr_expect_eq(store->displacement_at, 2, "an immediate follows the displacement");
	race_sites_free(sites);
}

Test(race_sites, leave_out_the_own_frame_only_where_rbp_is_it)
{
	struct race_sites *sites = own_sites();
	uint64_t bias = own_bias();

	cr_expect(race_sites_find(sites, (uintptr_t)framed_before - bias));
	cr_expect_not(race_sites_find(sites, (uintptr_t)framed_inside - bias));
	cr_expect(race_sites_find(sites, (uintptr_t)framed_behind - bias));
	race_sites_free(sites);
}

/* What has just accessed memory is known also where it is no site, as the frame's own variables are not. */
Test(race_sites, an_access_is_known_by_where_it_ends)
{
	struct race_sites *sites = own_sites();
	const struct race_site *before = race_sites_find(sites, (uintptr_t)framed_before - own_bias());
	uint64_t inside = (uintptr_t)framed_inside - own_bias();
	struct race_site access;

	cr_assert(before);
	cr_assert(race_sites_access_ending(sites, before->address + before->length, &access));
	cr_expect_eq(access.address, before->address);
	cr_expect_eq(access.size, before->size);
	cr_assert(race_sites_access_ending(sites, inside + before->length, &access));
	cr_expect_eq(access.address, inside);
	cr_expect_eq(access.reads, before->reads);
	cr_expect_not(race_sites_access_ending(sites, inside + 1, &access), "it is in the middle of an instruction");
	cr_expect_not(race_sites_access_ending(sites, 1, &access));
	race_sites_free(sites);
}

Test(race_sites, lie_in_functions_in_order)
{
	struct race_sites *sites = own_sites();
	uint64_t inside = (uintptr_t)framed_inside - own_bias();
	const struct race_function *function = race_sites_function(sites, inside);

	cr_assert(function && function->start <= inside && inside < function->end);
	cr_expect_not(race_sites_function(sites, 1));
	for (size_t i = 0; i < sites->count; i++) {
		const struct race_function *home = &sites->functions[sites->items[i].function];

		cr_assert(sites->items[i].address >= home->start && sites->items[i].address < home->end);
		cr_assert(i >= home->first && i < home->first + home->sites);
		cr_assert(!i || sites->items[i - 1].address < sites->items[i].address);
	}
	race_sites_free(sites);
}

/* ---- what the code around a site tells --------------------------------------------------------- */

/* X(name, assembly of a function with a label site_NAME, whether the site may poll, whether LOCK is nearby) */
#define FUNCTIONS(X)                                                                                                   \
	X(spin, "1: site_spin: mov (%rdi),%eax; test %eax,%eax; je 1b; ret", true, false)                              \
	X(spin_compare, "1: site_spin_compare: cmpl $0,(%rdi); je 1b; ret", true, false)                               \
	X(pause, "jmp 2f; 1: pause; 2: site_pause: movzbl (%rdi),%eax; test %al,%al; jne 1b; ret", true, false)        \
	X(leave, "1: site_leave: mov (%rdi),%eax; and $1,%eax; jne 2f; call other; jmp 1b; 2: ret", true, false)       \
	X(unoptimized,                                                                                                 \
	  "1: site_unoptimized: mov (%rdi),%eax; cmp $1,%eax; sete %al; movzbl %al,%eax; xor $1,%eax; "                \
	  "test %al,%al; jne 1b; ret",                                                                                 \
	  true, false)                                                                                                 \
	X(exchange, "1: site_exchange: mov (%rdi),%eax; lea 1(%rax),%edx; lock cmpxchg %edx,(%rdi); jne 1b; ret",      \
	  true, true)                                                                                                  \
	X(update, "site_update: mov (%rdi),%eax; add $1,%eax; mov %eax,(%rdi); ret", false, false)                     \
	X(once, "site_once: mov (%rdi),%eax; test %eax,%eax; je 1f; ret; 1: xor %eax,%eax; ret", false, false)         \
	X(counted, "mov $9,%ecx; 1: site_counted: mov (%rdi),%eax; add %eax,%esi; dec %ecx; jne 1b; ret", false,       \
	  false)                                                                                                       \
	X(over_call, "1: site_over_call: mov (%rdi),%eax; call other; test %eax,%eax; je 1b; ret", false, false)       \
	X(writes, "1: site_writes: mov %eax,(%rdi); test %eax,%eax; je 1b; ret", false, false)                         \
	X(elsewhere, "lock incl 8(%rdi); site_elsewhere: mov (%rdi),%eax; ret", false, false)                          \
	X(other_register, "lock incl (%rsi); site_other_register: mov (%rdi),%eax; ret", false, false)                 \
	X(counter, "lock incl shared_variable(%rip); site_counter: mov shared_variable(%rip),%eax; ret", false, true)  \
	X(other_counter, "lock incl shared_variable(%rip); site_other_counter: mov shared_variable+8(%rip),%eax; ret", \
	  false, false)

#define FUNCTION_ASSEMBLY(name, text, polls, locked)                                                                   \
	".type function_" #name ",@function\nfunction_" #name ": .cfi_startproc\n" text "\n.cfi_endproc\n"
#define FUNCTION_DECLARE(name, text, polls, locked)                                                                    \
	extern const char site_##name[] __attribute__((visibility("hidden")));

FUNCTIONS(FUNCTION_DECLARE)
__asm__(".pushsection .text\n other: ret\n" FUNCTIONS(FUNCTION_ASSEMBLY) ".popsection\n");

static const struct {
	const char *name, *at;
	bool polls, locked;
} functions[] = {
#define FUNCTION_ROW(name, text, polls, locked) {#name, site_##name, polls, locked},
    FUNCTIONS(FUNCTION_ROW)
#undef FUNCTION_ROW
};

Test(race_sites, know_loops_that_wait_and_operands_with_lock)
{
	struct race_sites *sites = own_sites();
	uint64_t bias = own_bias();

	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		const struct race_site *site = race_sites_find(sites, (uintptr_t)functions[i].at - bias);

		cr_assert(site, "%s", functions[i].name);
		cr_expect_eq(race_site_may_poll(sites, site), functions[i].polls, "%s", functions[i].name);
		cr_expect_eq(race_site_is_locked_nearby(sites, site), functions[i].locked, "%s", functions[i].name);
	}
	race_sites_free(sites);
}

/* ---- shapes of updates --------------------------------------------------------------------------- */

#define UPDATES(X)                                                                                                     \
	X(result_unused, "update_result_unused: addl $1,(%rdi); xor %eax,%eax; ret", RACE_SHAPE_UPDATE)                \
	X(at_return, "update_at_return: addl $1,(%rdi); mov %esi,%eax; ret", RACE_SHAPE_UPDATE)                        \
	X(before_call, "update_before_call: addl $1,(%rdi); call other; ret", RACE_SHAPE_UPDATE)                       \
	X(result_tested, "update_result_tested: subl $1,(%rdi); mov %esi,%eax; je 1f; ret; 1: ret",                    \
	  RACE_SHAPE_UPDATE_TEST)                                                                                      \
	X(result_set, "update_result_set: subl $1,(%rdi); sete %al; ret", RACE_SHAPE_UPDATE_TEST)                      \
	X(carried, "update_carried: addq $1,(%rdi); adcq $0,%rsi; ret", RACE_SHAPE_UPDATE_TEST)                        \
	X(before_jump, "update_before_jump: subl $1,(%rdi); jmp 1f; ud2; 1: je 2f; 2: ret", RACE_SHAPE_UPDATE_TEST)

#define UPDATE_ASSEMBLY(name, text, shape) ".cfi_startproc\n" text "\n.cfi_endproc\n"
#define UPDATE_DECLARE(name, text, shape)  extern const char update_##name[] __attribute__((visibility("hidden")));

UPDATES(UPDATE_DECLARE)
__asm__(".pushsection .text\n" UPDATES(UPDATE_ASSEMBLY) ".popsection\n");

Test(race_sites, know_reads_of_what_is_written_back)
{
	struct race_sites *sites = own_sites();
	uint64_t bias = own_bias();
	const struct {
		const char *at;
		bool written;
	} cases[] = {{site_update, true}, {site_exchange, false}, {site_once, false}, {site_writes, false}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct race_site *site = race_sites_find(sites, (uintptr_t)cases[i].at - bias);

		cr_assert(site);
		cr_expect_eq(race_site_is_written_behind(sites, site), cases[i].written, "%zu", i);
	}
	race_sites_free(sites);
}

Test(race_sites, tell_updates_whose_result_is_tested)
{
	struct race_sites *sites = own_sites();
	uint64_t bias = own_bias();

#define UPDATE_CHECK(name, text, expected)                                                                             \
	cr_expect_eq(race_sites_find(sites, (uintptr_t)update_##name - bias)->shape, expected, #name);
	UPDATES(UPDATE_CHECK)
#undef UPDATE_CHECK
	race_sites_free(sites);
}

/* ---- the process ------------------------------------------------------------------------------ */

Test(race_sites, text_in_memory_is_compared_with_the_files)
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	uint64_t bias = own_bias(), at = (uintptr_t)framed_behind;
	uint8_t was = *(const uint8_t *)framed_behind;

	cr_assert(file >= 0 && memory >= 0);
	cr_expect(race_text_is_mapped(file, memory, bias));
	cr_expect_not(race_text_is_mapped(file, memory, bias + 4096));
	cr_assert_eq(pwrite(memory, "\xcc", 1, (off_t)at), 1);
	cr_expect_not(race_text_is_mapped(file, memory, bias));
	cr_assert_eq(pwrite(memory, &was, 1, (off_t)at), 1);
	cr_expect(race_text_is_mapped(file, memory, bias));
	close(file);
	close(memory);
}

#endif

/* ---- accesses ---------------------------------------------------------------------------------- */

static const uint64_t registers[RACE_REGISTERS] = {0x1000, 5, 0x3000, 0x4000, 0x5000, 0x6000, 0x7000, 0x8000};

static unsigned accesses_of(struct race_site site, bool backwards, struct race_access *accesses)
{
	return race_site_accesses(&site, 0x100000, registers, backwards, accesses);
}

Test(race_sites, accesses_follow_from_registers)
{
	struct race_access found[RACE_ACCESSES];
	struct race_site site = {.base = 2, .index = 1, .scale = 8, .displacement = -16, .size = 4, .reads = true};

	cr_assert_eq(accesses_of(site, false, found), 1);
	cr_expect_eq(found[0].address, 0x3000 + 5 * 8 - 16);
	cr_expect(found[0].size == 4 && found[0].reads && !found[0].writes);
	site = (struct race_site){.rip_relative = true,
	                          .variable = 0x20,
	                          .base = RACE_NO_REGISTER,
	                          .index = RACE_NO_REGISTER,
	                          .size = 8,
	                          .writes = true};
	cr_assert_eq(accesses_of(site, false, found), 1);
	cr_expect(found[0].address == 0x100020 && found[0].writes && !found[0].reads);
}

Test(race_sites, accesses_of_string_operations_have_the_counts_length)
{
	struct race_access found[RACE_ACCESSES];
	struct race_site site = {.string = RACE_STRING_COPY, .element = 4, .repeated = true};

	cr_assert_eq(accesses_of(site, false, found), 2);
	cr_expect(found[0].address == 0x7000 && found[0].size == 20 && found[0].reads && !found[0].writes);
	cr_expect(found[1].address == 0x8000 && found[1].size == 20 && !found[1].reads && found[1].writes);
	cr_assert_eq(accesses_of(site, true, found), 2);
	cr_expect(found[0].address == 0x7000 - 16 && found[1].address == 0x8000 - 16);
	site.repeated = false;
	cr_assert_eq(accesses_of(site, false, found), 2);
	cr_expect_eq(found[1].size, 4);
	site = (struct race_site){.string = RACE_STRING_SEARCH, .element = 1, .repeated = true};
	cr_assert_eq(accesses_of(site, false, found), 1);
	cr_expect(found[0].address == 0x8000 && found[0].size == 1 && found[0].reads, "it may end at the first byte");
	site = (struct race_site){.string = RACE_STRING_WRITE, .element = 8, .repeated = true};
	cr_assert_eq(accesses_of(site, false, found), 1);
	cr_expect(found[0].address == 0x8000 && found[0].size == 40 && found[0].writes);
	site = (struct race_site){.string = RACE_STRING_READ, .element = 8};
	cr_assert_eq(accesses_of(site, false, found), 1);
	cr_expect(found[0].address == 0x7000 && found[0].size == 8 && found[0].reads);
}

/* ---- modules ------------------------------------------------------------------------------------ */

Test(race_sites, are_armed_in_the_program_and_its_own_libraries)
{
	static const struct {
		const char *module, *executable;
		bool scanned;
	} cases[] = {
	    {"/usr/bin/redis-server", "/usr/bin/redis-server", true},
	    {"/home/me/build/libmine.so", "/home/me/build/program", true},
	    {"/opt/app/lib/libc.so.6", "/opt/app/bin/app", false},
	    {"/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/bin/app", false},
	    {"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "/usr/bin/app", false},
	    {"/lib64/ld-linux-x86-64.so.2", "/usr/bin/app", false},
	    {"/usr/lib/x86_64-linux-gnu/libz.so.1", "/usr/bin/app", false},
	    {"/usr/local/lib/libmine.so", "/usr/bin/app", true},
	    {"/usr/local/lib/libtbb.so.12", "/usr/bin/app", false},
	    {"/home/me/build/libringtail.so", "/home/me/build/program", false},
	    {"/opt/omp/libgomp.so.1.0.0", "/opt/omp/program", false},
	    {"/opt/omp/libiomp5.so", "/opt/omp/program", false},
	    {"/usr/lib/libreoffice/program/libmergedlo.so", "/usr/lib/libreoffice/program/soffice.bin", true},
	    {"/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib/libreoffice/program/soffice.bin", false},
	    {"/home/me/libcalc.so", "/home/me/calc", true},
	    {"/home/me/librtmp.so", "/home/me/calc", true},
	    {"/home/me/libdlib.so", "/home/me/calc", true},
	    {"/home/me/libmath.so", "/home/me/calc", true},
	    {"[vdso]", "/usr/bin/app", false},
	    {"linux-vdso.so.1", "/usr/bin/app", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *why = race_module_left_out(cases[i].module, cases[i].executable);

		cr_expect_eq(!why, cases[i].scanned, "%s of %s: %s", cases[i].module, cases[i].executable,
		             why ? why : "scanned");
	}
}

Test(race_sites, of_what_is_no_program_there_are_none)
{
	int fd = memfd_create("no ELF", MFD_CLOEXEC);
	struct error err;

	cr_assert(fd >= 0 && write(fd, "#!/bin/sh\n", 10) == 10);
	cr_expect_not(race_sites_of(fd, &err));
	cr_expect(strstr(err.text, "x86-64"), "%s", err.text);
	close(fd);
}
