/* Numbers appended to lines are the bytes that printf makes of them. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/lines.h"

#define RANDOM_VALUES 200000

static struct lines lines;

/* What was appended since the last call. */
static const char *taken(void)
{
	*lines.at = '\0';
	lines.at = lines.buffer;
	return lines.buffer;
}

static void same_number(uint64_t number)
{
	char expected[64];

	lines_number(&lines, number);
	lines_text(&lines, " ");
	lines_hex(&lines, number);
	snprintf(expected, sizeof expected, "%" PRIu64 " 0x%" PRIx64, number, number);
	cr_assert_str_eq(taken(), expected);
}

static void same_seconds(double seconds)
{
	char expected[512];

	lines_end_line(&lines, line_seconds(&lines, lines_begin_line(&lines), seconds));
	snprintf(expected, sizeof expected, "%.9f", seconds);
	cr_assert_str_eq(taken(), expected);
}

static uint64_t bits(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

Test(lines, numbers_are_as_printf_writes_them)
{
	uint64_t state = 1;

	lines_begin(&lines, -1);
	same_number(0);
	same_number(UINT64_MAX);
	for (unsigned shift = 0; shift < 64; shift++) {
		same_number(UINT64_C(1) << shift);
		same_number((UINT64_C(1) << shift) - 1);
		same_number(bits(&state) >> shift);
	}
	for (uint64_t power = 1; power < UINT64_MAX / 10; power *= 10) {
		same_number(power);
		same_number(power - 1);
	}
}

Test(lines, seconds_are_rounded_as_printf_rounds_them)
{
	static const double special[] = {0,       -0.0,      0.5,          1,      0.9999999995, 0.99999999949,
	                                 1e-9,    5e-10,     4.9e-10,      1e-300, 0.0000000005, 0.0000000015,
	                                 0x1p-10, 0x1.8p-30, 8999999999.5, 9e9,    1e18,         1e300,
	                                 -1.25,   -1e-12};
	uint64_t state = 7;

	lines_begin(&lines, -1);
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		same_seconds(special[i]);
	for (unsigned i = 0; i < RANDOM_VALUES; i++) {
		same_seconds((double)(bits(&state) >> 20) * 0.37 / 1e9);
		/* halves of a nanosecond, which doubles have where a power of two divides the decimal fraction */
		same_seconds((double)(bits(&state) >> 40) / 1024.0 + (double)(i & 1) * 0x1p-10);
	}
}

Test(lines, text_of_any_length_comes_out_in_order)
{
	char path[] = "/tmp/lines-XXXXXX", *large = malloc(LINES_BYTES + 10), *read_back = malloc(2 * LINES_BYTES);
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	unlink(path);
	memset(large, 'x', LINES_BYTES + 10);
	lines_begin(&lines, fd);
	lines_text(&lines, "a");
	lines_put(&lines, large, LINES_BYTES - 1);
	lines_text(&lines, "b");
	lines_put(&lines, large, LINES_BYTES + 10);
	lines_text(&lines, "c");
	cr_assert(lines_flush(&lines));
	ssize_t bytes = pread(fd, read_back, 2 * LINES_BYTES, 0);
	cr_assert_eq(bytes, (ssize_t)(2 * LINES_BYTES));
	cr_assert_eq(read_back[0], 'a');
	cr_assert_eq(read_back[LINES_BYTES], 'b');
	cr_assert_eq(read_back[LINES_BYTES - 1], 'x');
	cr_assert_eq(pread(fd, read_back, 100, 2 * LINES_BYTES), 12);
	cr_assert_eq(read_back[11], 'c');
	close(fd);
	free(large);
	free(read_back);
}

Test(lines, a_failed_write_is_told)
{
	lines_begin(&lines, -1);
	lines_text(&lines, "a");
	cr_assert_not(lines_flush(&lines));
	cr_assert(lines.error);
}
