#include "tools/base/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20) /* of a pipe: with the usual 64 KiB, two processes wait for each other too often */

#define NUMBER_MOST     20u /* digits of a 64-bit number */
#define NANO            UINT64_C(1000000000)
#define EARLY_NS        UINT64_C(100000)
#define EARLY_OF_SECOND (NANO / EARLY_NS)
#define SECONDS_BYTES   400 /* of the largest double */
#define LATE_DIGITS     5u
#define SECONDS_MOST    9e9 /* up to here, nanoseconds fit into 64 bits */

/* A double is (MANTISSA + 1 + its low 52 bits) / 2^(EXPONENT_OF_2_52 - its exponent). */
#define MANTISSA         ((UINT64_C(1) << 52) - 1)
#define EXPONENT_OF_2_52 1075u
#define SHIFT_MOST       84u /* a larger one makes less than half a nanosecond of every mantissa */

void lines_begin(struct lines *lines, int fd)
{
	lines->at = lines->buffer;
	lines->end = lines->buffer + sizeof lines->buffer;
	lines->fd = fd;
	fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES); /* fails for what is no pipe, which does not matter */
	lines->error = 0;
	lines->early_bytes = 0;
}

static void write_all(struct lines *lines, const char *text, size_t bytes)
{
	while (bytes && !lines->error) {
		ssize_t written = write(lines->fd, text, bytes);

		if (written < 0 && errno != EINTR)
			lines->error = errno;
		if (written < 0)
			continue;
		text += written;
		bytes -= (size_t)written;
	}
}

bool lines_flush(struct lines *lines)
{
	write_all(lines, lines->buffer, (size_t)(lines->at - lines->buffer));
	lines->at = lines->buffer;
	return !lines->error;
}

void lines_put_long(struct lines *lines, const char *text, size_t bytes)
{
	lines_flush(lines);
	if (bytes > LINES_BYTES) {
		write_all(lines, text, bytes);
		return;
	}
	memcpy(lines->at, text, bytes);
	lines->at += bytes;
}

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
    "9899";

static unsigned count_digits(uint64_t number)
{
	unsigned digits = 1;

	for (; number >= 10000; number /= 10000)
		digits += 4;
	return digits + (number >= 10) + (number >= 100) + (number >= 1000);
}

/* Writes the last digits of the number, `digits` of them, to end before `end`. */
static inline void write_digits(char *end, uint64_t number, unsigned digits)
{
	for (; digits >= 2; digits -= 2, number /= 100)
		memcpy(end -= 2, pairs + 2 * (number % 100), 2);
	if (digits)
		end[-1] = (char)('0' + number % 10);
}

char *line_number(char *at, uint64_t number)
{
	unsigned digits = 1;

	if (number < 10) {
		*at = (char)('0' + number);
		return at + 1;
	}
	digits = count_digits(number);
	write_digits(at + digits, number, digits);
	return at + digits;
}

void lines_number(struct lines *lines, uint64_t number)
{
	lines_room(lines, NUMBER_MOST);
	lines->at = line_number(lines->at, number);
}

static char hex_digit(uint64_t number) { return "0123456789abcdef"[number & 15]; }

char *line_hex(char *at, uint64_t number)
{
	unsigned digits = number ? (67u - (unsigned)__builtin_clzll(number)) / 4 : 1;
	char *end = line_put(at, "0x", 2) + digits, *digit = end;

	for (; digits >= 2; digits -= 2, number >>= 8) {
		*--digit = hex_digit(number);
		*--digit = hex_digit(number >> 4);
	}
	if (digits)
		*--digit = hex_digit(number);
	return end;
}

void lines_hex(struct lines *lines, uint64_t number)
{
	lines_room(lines, NUMBER_MOST);
	lines->at = line_hex(lines->at, number);
}

/* The nearest number of nanoseconds, as printf rounds: exactly, and halves to the even one.  The product of a double's
 * 53 bits and 10^9 fits into 128 bits. */
static uint64_t nanoseconds_exactly(double seconds)
{
	uint64_t bits;

	memcpy(&bits, &seconds, sizeof bits);
	unsigned shift = EXPONENT_OF_2_52 - (unsigned)(bits >> 52);
	unsigned __int128 product = (unsigned __int128)((bits & MANTISSA) | (MANTISSA + 1)) * NANO;

	if (shift > SHIFT_MOST) /* less than half a nanosecond */
		return 0;
	unsigned __int128 half = (unsigned __int128)1 << (shift - 1), rest = product & (2 * half - 1);
	uint64_t whole = (uint64_t)(product >> shift);
	return whole + (rest > half || (rest == half && whole & 1));
}

/* A product below 2^43 is off by 2^-11 at most: unless it is that near to a half, it rounds as the exact product does.
 */
static inline uint64_t nanoseconds(double seconds)
{
	double product = seconds * 1e9;
	uint64_t whole = (uint64_t)product;
	double beyond_half = product - (double)whole - 0.5;

	if (product < 0x1p43 && fabs(beyond_half) > 0x1p-10)
		return whole + (beyond_half > 0);
	return nanoseconds_exactly(seconds);
}

static inline void write_pair(char *at, uint32_t number) { memcpy(at, pairs + 2 * number, 2); }

/* Makes the text of whole pieces of 100 us: "12.3456". */
static void make_early(struct lines *lines, uint64_t early)
{
	unsigned digits = count_digits(early / EARLY_OF_SECOND);
	char *point = lines->early_text + digits;
	uint32_t rest = (uint32_t)(early % EARLY_OF_SECOND);

	write_digits(point, early / EARLY_OF_SECOND, digits);
	*point = '.';
	write_pair(point + 1, rest / 100);
	write_pair(point + 3, rest % 100);
	lines->early = early;
	lines->early_bytes = digits + 5;
}

char *line_seconds(struct lines *lines, char *at, double seconds)
{
	if (!(seconds >= 0 && seconds < SECONDS_MOST) || signbit(seconds))
		return at + snprintf(at, SECONDS_BYTES, "%.9f", seconds);
	uint64_t ns = nanoseconds(seconds), early = ns / EARLY_NS;
	uint32_t late = (uint32_t)(ns - early * EARLY_NS), middle = late / 10;
	if (early != lines->early || !lines->early_bytes)
		make_early(lines, early);
	memcpy(at, lines->early_text, sizeof lines->early_text); /* of one size, and so without a call */
	at += lines->early_bytes;
	write_pair(at, middle / 100);
	write_pair(at + 2, middle % 100);
	at[4] = (char)('0' + late % 10);
	return at + LATE_DIGITS;
}
