/*
 * The scanner's decoding against that of another disassembler, objdump: the same instructions, and the same ones of
 * them access memory that others may share.  RINGTAIL_ORACLE=FILE has it look at all of a file; else it is a part of
 * the C++ library.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/races/decode.h"
#include "tools/races/site.h"

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)

#define LIBRARY "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"
#define FROM    0xa0000 /* the part that is looked at: functions that lie in it whole */
#define TO      0xe0000

static bool starts(const char *text, const char *with) { return !strncmp(text, with, strlen(with)); }

/* The mnemonic behind prefixes that objdump writes as words. */
static const char *behind_prefixes(const char *text)
{
	static const char *const prefixes[] = {"lock ", "rep ", "repz ", "repnz ", "notrack ", "bnd ",   "data16 ",
	                                       "cs ",   "ds ",  "es ",   "ss ",    "rex.W ",   "addr32 "};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (starts(text, prefixes[i]))
			return behind_prefixes(text + strlen(prefixes[i]));
	return text;
}

/* What objdump's text says: a memory operand, of an instruction that accesses it, by general registers that are not the
 * stack pointer.  (Variables in read-only memory and the own frame are left to the scanner's own tests.) */
static bool is_access(const char *text)
{
	static const char *const none[] = {"lea",     "nop",      "prefetch",  "endbr",   "clflush",
	                                   "clwb",    "cldemote", "xsave",     "xrstor",  "fxsave",
	                                   "fxrstor", "vmaskmov", "vpmaskmov", "maskmov", "xlat"};
	const char *name = behind_prefixes(text), *open = strstr(text, "(");

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (starts(name, none[i]))
			return false;
	if (strstr(text, "%ds:(%rsi)") || strstr(text, "%es:(%rdi)"))
		return true;
	if (!open && (strstr(name, " 0x") || strstr(name, ",0x"))) /* an address; those of jumps have no 0x */
		return !strstr(name, "%fs:") && !strstr(name, "%gs:");
	if (!open || strstr(text, "%st(") || strstr(text, "%fs:") || strstr(text, "%gs:") || strstr(text, "{%k") ||
	    starts(open, "(%rsp") || starts(open, "(%e"))
		return false;
	if (strstr(open, "xmm") > open && strchr(open, ')') > strstr(open, "mm"))
		return false; /* gathered */
	/* the number of the bit in a register: it reaches beyond its operand */
	return !((starts(name, "bt ") || starts(name, "bts ") || starts(name, "btr ") || starts(name, "btc ")) &&
	         strchr(name, '%') < open);
}

struct counts {
	unsigned long instructions, accesses, wrong;
};

/* Compares one line of objdump's, at an address of a function that was scanned. */
static void compare(const struct race_sites *sites, const struct race_decoder *decoder, uint64_t address,
                    unsigned long length, const char *text, struct counts *counts)
{
	struct race_site site;
	uint64_t room = 0;
	const uint8_t *bytes = race_sites_bytes(sites, address, &room);
	bool is_site;
	size_t decoded = race_decode(decoder, bytes, room, address, &site, &is_site);

	counts->instructions++;
	counts->accesses += is_access(text);
	if (decoded == length && is_site == is_access(text))
		return;
	if (counts->wrong++ < 20)
		cr_expect(false, "%#llx: %s: %zu bytes, %s a site", (unsigned long long)address, text, decoded,
		          is_site ? "is" : "is not");
}

/* "  401000:\t55 48 89 \tpush   %rbp": the number of bytes, and the text. */
static const char *text_of(char *line, uint64_t *address, unsigned long *bytes)
{
	char *at, *text;

	*address = strtoull(line, &at, 16);
	if (*at != ':' || at[1] != '\t' || !(text = strchr(at + 2, '\t')))
		return NULL;
	*bytes = 0;
	for (char *byte = at + 2; byte < text; byte++)
		*bytes += *byte == ' ' && byte[-1] != ' ';
	text[strcspn(text, "\n")] = 0;
	return text + 1;
}

static void compare_all(const char *path, uint64_t from, uint64_t to, struct counts *counts)
{
	char command[512], line[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct error err;
	struct race_sites *sites = race_sites_of(fd, &err);
	struct race_decoder *decoder = race_decoder_new();

	cr_assert(sites && decoder, "%s", err.text);
	snprintf(command, sizeof command, "objdump -d -w --insn-width=16 --start-address=%#llx --stop-address=%#llx %s",
	         (unsigned long long)from, (unsigned long long)to, path);
	FILE *output = popen(command, "r");
	while (fgets(line, sizeof line, output)) {
		uint64_t address;
		unsigned long bytes;
		const char *text = text_of(line, &address, &bytes);

		const struct race_function *function = text ? race_sites_function(sites, address) : NULL;
		if (function && function->start >= from && function->end <= to)
			compare(sites, decoder, address, bytes, text, counts);
	}
	cr_expect_eq(pclose(output), 0);
	race_decoder_free(decoder);
	race_sites_free(sites);
	close(fd);
}

Test(race_sites, are_what_another_disassembler_says)
{
	const char *file = getenv("RINGTAIL_ORACLE");
	struct counts counts = {0};

	compare_all(file ? file : LIBRARY, file ? 1 : FROM, file ? INT64_MAX : TO, &counts);
	cr_expect(counts.instructions > 30000 && counts.accesses > 5000, "%lu instructions, %lu accesses",
	          counts.instructions, counts.accesses);
	cr_expect_eq(counts.wrong, 0, "%lu of %lu differ", counts.wrong, counts.instructions);
	if (file)
		fprintf(stderr, "%s: %lu instructions, %lu accesses, %lu differ\n", file, counts.instructions,
		        counts.accesses, counts.wrong);
}

#endif
