#include "tools/base/lines.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define NUMBER_MOST  20u /* digits of a 64-bit number */
#define DECIMALS     9u
#define NANO         UINT64_C(1000000000)
#define SECONDS_MOST 9e9 /* up to here, nanoseconds fit into 64 bits */

/* A double is (MANTISSA + 1 + its low 52 bits) / 2^(EXPONENT_OF_2_52 - its exponent). */
#define MANTISSA         ((UINT64_C(1) << 52) - 1)
#define EXPONENT_OF_2_52 1075u
#define SHIFT_MOST       84u /* a larger one makes less than half a nanosecond of every mantissa */

void lines_begin(struct lines *lines, int fd)
{
	lines->at = lines->buffer;
	lines->end = lines->buffer + sizeof lines->buffer;
	lines->fd = fd;
	lines->error = 0;
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

void lines_number(struct lines *lines, uint64_t number)
{
	unsigned digits;

	if (number < 10) {
		lines_room(lines, 1);
		*lines->at++ = (char)('0' + number);
		return;
	}
	digits = count_digits(number);
	lines_room(lines, NUMBER_MOST);
	lines->at += digits;
	write_digits(lines->at, number, digits);
}

void lines_hex(struct lines *lines, uint64_t number)
{
	unsigned digits = number ? (67u - (unsigned)__builtin_clzll(number)) / 4 : 1;
	char *at;

	lines_room(lines, 2 + digits);
	memcpy(lines->at, "0x", 2);
	lines->at += 2 + digits;
	for (at = lines->at; digits > 0; digits--, number >>= 4)
		*--at = "0123456789abcdef"[number & 15];
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

/* Both halves at a time: each digit of one number waits for the digit before it. */
static inline void write_nine_digits(char *at, uint32_t number)
{
	uint32_t high = number / 100000, low = number % 100000, middle = low / 10;

	write_pair(at, high / 100);
	write_pair(at + 2, high % 100);
	write_pair(at + 4, middle / 100);
	write_pair(at + 6, middle % 100);
	at[8] = (char)('0' + low % 10);
}

void lines_seconds(struct lines *lines, double seconds)
{
	char other[512];

	if (!(seconds >= 0 && seconds < SECONDS_MOST) || signbit(seconds)) {
		lines_put(lines, other, (size_t)snprintf(other, sizeof other, "%.9f", seconds));
		return;
	}
	uint64_t ns = nanoseconds(seconds);
	lines_number(lines, ns / NANO);
	lines_room(lines, 1 + DECIMALS);
	*lines->at = '.';
	write_nine_digits(lines->at + 1, (uint32_t)(ns % NANO));
	lines->at += 1 + DECIMALS;
}
