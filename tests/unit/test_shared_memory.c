#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tools/analyse/locks/shared_memory.h"

static struct shared_memory read_text(const char *text)
{
	struct shared_memory memory = {0};
	FILE *file = fmemopen((char *)text, strlen(text), "r");

	cr_assert(file);
	shared_memory_read(&memory, file);
	fclose(file);
	return memory;
}

static const char one[] = "1000-3000 rw-s 00000000 00:01 77 /dev/zero (deleted)\n"
                          "5000-6000 rw-p 00000000 08:01 5 /lib/private\n"
                          "7000-9000 rw-s 00002000 08:01 9 /tmp/a file with spaces\n";
static const char other[] = "20000-22000 rw-s 00000000 00:01 77 /dev/zero (deleted)\n"
                            "40000-44000 rw-s 00001000 08:01 9 /tmp/a file with spaces\n"
                            "60000-61000 rw-s 00000000 08:02 9 another device\n";

static void expect_same(uint64_t address, uint64_t wanted)
{
	struct shared_memory from = read_text(one), to = read_text(other);
	uint64_t found = shared_memory_same(&from, address, &to);

	cr_expect_eq(found, wanted, "%#lx is %#lx, not %#lx", (unsigned long)address, (unsigned long)found,
	             (unsigned long)wanted);
	shared_memory_free(&from);
	shared_memory_free(&to);
}

Test(shared_memory, same_file_elsewhere) { expect_same(0x1010, 0x20010); }
Test(shared_memory, other_offset) { expect_same(0x7008, 0x41008); }
Test(shared_memory, end_is_excluded) { expect_same(0x3000, 0); }
Test(shared_memory, private_is_not_shared) { expect_same(0x5000, 0); }

Test(shared_memory, part_that_is_not_mapped)
{
	struct shared_memory from = read_text("1000-9000 rw-s 00000000 08:01 9 f\n"),
	                     to = read_text("1000-2000 rw-s 00000000 08:01 9 f\n");

	cr_expect_eq(shared_memory_same(&from, 0x1ff0, &to), 0x1ff0);
	cr_expect_eq(shared_memory_same(&from, 0x2000, &to), 0);
	cr_expect_eq(shared_memory_same(&from, 0x2000, NULL), 0);
	shared_memory_free(&from);
	shared_memory_free(&to);
}

Test(shared_memory, nonsense_is_left_out)
{
	struct shared_memory memory = read_text("\n???\n1000-2000\n1000-2000 rw-s zz\n1000-2000 rw-s 0 00:01 7\n");

	cr_expect_eq(memory.count, 1);
	shared_memory_free(&memory);
}
