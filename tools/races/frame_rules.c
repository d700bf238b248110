/* The instructions of unwinding, as far as they tell whether rbp is the frame. */
#include "tools/races/code.h"

#include <dwarf.h>
#include <string.h>

#define RBP 6 /* in the numbering of DWARF, which is not that of instructions */

static uint64_t read_bytes(struct race_frame_walk *walk, size_t bytes)
{
	uint64_t value = 0;

	if ((size_t)(walk->end - walk->at) < bytes) {
		walk->at = walk->end;
		return 0;
	}
	memcpy(&value, walk->at, bytes);
	walk->at += bytes;
	return value;
}

static uint64_t read_number(struct race_frame_walk *walk)
{
	uint64_t value = 0;

	for (unsigned shift = 0; walk->at < walk->end; shift += 7) {
		uint8_t byte = *walk->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	return value;
}

/* An expression: a number of bytes, and the bytes.  True: it begins with rbp's value, as frames that are aligned anew
 * have it ("the word at rbp - 8"). */
static bool skip_expression(struct race_frame_walk *walk)
{
	uint64_t bytes = read_number(walk);
	bool rbp = bytes && walk->at < walk->end && *walk->at == DW_OP_breg0 + RBP;

	walk->at = bytes <= (uint64_t)(walk->end - walk->at) ? walk->at + bytes : walk->end;
	return rbp;
}

static void advance(struct race_frame_walk *walk, uint64_t by) { walk->location += by * walk->code_alignment; }

static void skip_numbers(struct race_frame_walk *walk, unsigned count)
{
	while (count--)
		read_number(walk);
}

static void restore(struct race_frame_walk *walk)
{
	walk->rbp = walk->saved & 1;
	walk->saved >>= 1;
}

static void step_extended(struct race_frame_walk *walk, uint8_t operation)
{
	switch (operation) {
	case DW_CFA_nop:
		break;
	case DW_CFA_advance_loc1:
		advance(walk, read_bytes(walk, 1));
		break;
	case DW_CFA_advance_loc2:
		advance(walk, read_bytes(walk, 2));
		break;
	case DW_CFA_advance_loc4:
		advance(walk, read_bytes(walk, 4));
		break;
	case DW_CFA_remember_state:
		walk->saved = walk->saved << 1 | walk->rbp;
		break;
	case DW_CFA_restore_state:
		restore(walk);
		break;
	case DW_CFA_def_cfa:
	case DW_CFA_def_cfa_sf:
		walk->rbp = read_number(walk) == RBP;
		skip_numbers(walk, 1);
		break;
	case DW_CFA_def_cfa_register:
		walk->rbp = read_number(walk) == RBP;
		break;
	case DW_CFA_def_cfa_expression:
		walk->rbp = skip_expression(walk);
		break;
	case DW_CFA_expression:
	case DW_CFA_val_expression:
		skip_numbers(walk, 1);
		skip_expression(walk);
		break;
	case DW_CFA_restore_extended:
	case DW_CFA_undefined:
	case DW_CFA_same_value:
	case DW_CFA_def_cfa_offset:
	case DW_CFA_def_cfa_offset_sf:
	case DW_CFA_GNU_args_size:
		skip_numbers(walk, 1);
		break;
	case DW_CFA_offset_extended:
	case DW_CFA_offset_extended_sf:
	case DW_CFA_register:
	case DW_CFA_val_offset:
	case DW_CFA_val_offset_sf:
	case DW_CFA_GNU_negative_offset_extended:
		skip_numbers(walk, 2);
		break;
	default: /* not known, and so is its length */
		walk->at = walk->end;
	}
}

static void step(struct race_frame_walk *walk)
{
	uint8_t operation = *walk->at++;

	switch (operation & 0xc0) {
	case DW_CFA_advance_loc:
		advance(walk, operation & 0x3f);
		break;
	case DW_CFA_offset:
		skip_numbers(walk, 1);
		break;
	case DW_CFA_restore:
		break;
	default:
		step_extended(walk, operation);
	}
}

void race_frame_walk_begin(struct race_frame_walk *walk, const struct race_frame *frame)
{
	*walk = (struct race_frame_walk){.at = frame->common, .end = frame->common_end};
	while (walk->at < walk->end)
		step(walk);
	walk->at = frame->rules;
	walk->end = frame->rules_end;
	walk->location = frame->start;
	walk->code_alignment = frame->code_alignment;
}

bool race_frame_rbp(struct race_frame_walk *walk, uint64_t address)
{
	while (walk->at < walk->end && walk->location <= address)
		step(walk);
	return walk->rbp;
}
