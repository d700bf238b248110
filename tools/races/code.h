/* The code of an ELF file, the functions that its unwind table names, and the memory that the program may write. */
#ifndef RINGTAIL_RACES_CODE_H
#define RINGTAIL_RACES_CODE_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/error.h"

/* What a program header says is in memory. */
struct race_segment {
	uint64_t address, bytes;  /* in memory */
	uint64_t offset, in_file; /* in the file, never more than the file has */
	uint8_t *content;         /* of executable segments, in_file bytes; NULL: of others */
	bool executable, writable;
};

#define RACE_SEGMENTS 64

struct race_code {
	Elf *elf; /* NULL: the file is closed */
	struct race_segment segments[RACE_SEGMENTS];
	size_t segment_count;
	uint64_t code_bytes;         /* of all content */
	uint64_t relro, relro_end;   /* read-only once the loader is done */
	uint64_t slots, slots_end;   /* of the PLT, which the loader alone writes */
	uint64_t frames, frames_end; /* .eh_frame, and the end of its segment */
};

/* Opens the file for the calls below; fd must stay open until race_code_close or race_code_end.  False, with the reason
 * in err: it is no such file of x86-64. */
bool race_code_begin(struct race_code *code, int fd, struct error *err);
void race_code_end(struct race_code *code);
/* Closes the file; only the calls about addresses remain. */
void race_code_close(struct race_code *code);
/* The bytes of code at the address; *room: how many follow.  NULL: there is no code. */
const uint8_t *race_code_at(const struct race_code *code, uint64_t address, uint64_t *room);
/* True if the program may write these bytes while it runs. */
bool race_code_is_variable(const struct race_code *code, uint64_t address, uint64_t size);

/* A function as the unwind table has it. */
struct race_frame {
	uint64_t start, end;
	const uint8_t *rules, *rules_end;   /* its instructions of unwinding, within the file's */
	const uint8_t *common, *common_end; /* those that all functions of its CIE begin with */
	uint64_t code_alignment;
};

/* All functions of the unwind table, sorted by start, with rules that live until the file is closed.  The caller frees
 * *frames. */
size_t race_code_frames(const struct race_code *code, struct race_frame **frames);

/* Walks through the rules of a function by ascending addresses. */
struct race_frame_walk {
	const uint8_t *at, *end;
	uint64_t location; /* from where on the next rule holds */
	uint64_t code_alignment;
	uint64_t saved; /* a bit for each remembered state, the last one lowest */
	bool rbp;       /* the frame's address is computed from rbp */
};

void race_frame_walk_begin(struct race_frame_walk *walk, const struct race_frame *frame);
/* True if rbp is the frame at this address, which is not below that of the call before. */
bool race_frame_rbp(struct race_frame_walk *walk, uint64_t address);

#endif
