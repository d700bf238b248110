/*
 * Any bytes as an object's unwind information: rules are looked up and frames unwound by it, as hooks do in a
 * program that brings it.  Nothing outside of the object may be read for that.
 *
 * The first 16 bytes choose: where the header stands, the address that is looked up, its distance from the
 * header.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The object is the one below, not what the loader knows. */
#define cfi_object loaded_object
#include "shim/cfi.c"
#undef cfi_object
bool cfi_object(uintptr_t pc, struct dl_find_object *object);
#include "shim/unwind.c"

#define CHOICE_BYTES 16
#define STEPS        64

struct text_range shim_range;
bool sys_restricted, sys_filtered;

static struct dl_find_object image;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

bool cfi_object(uintptr_t pc, struct dl_find_object *object)
{
	(void)pc;
	*object = image;
	return true;
}

static void unwind(uintptr_t pc)
{
	uintptr_t stack[256];
	struct engine engine = {.pc = pc, .exact = true, .known = ~UINT64_C(0)};

	for (unsigned i = 0; i < 256; i++)
		stack[i] = i % 3 ? (uintptr_t)&stack[i] : pc + i;
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		engine.registers[i] = (uintptr_t)&stack[i];
	engine.memory.low = (uintptr_t)stack;
	engine.memory.high = (uintptr_t)(stack + 256);
	for (unsigned i = 0; i < STEPS && unwind_step(&engine) == STEP_ON; i++)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t header, back;
	int32_t distance;

	if (size <= CHOICE_BYTES)
		return 0;
	memcpy(&header, data, 4);
	memcpy(&distance, data + 4, 4);
	memcpy(&back, data + 8, 4);
	size -= CHOICE_BYTES;
	uint8_t *bytes = malloc(size);
	if (!bytes)
		return 0;
	memcpy(bytes, data + CHOICE_BYTES, size);
	image.dlfo_map_start = bytes;
	image.dlfo_map_end = bytes + size;
	image.dlfo_eh_frame = bytes + header % size;
	uintptr_t pc = (uintptr_t)bytes + header % size + (uintptr_t)(intptr_t)distance;
	unwind_rule(&image, pc, back & 1);
	unwind(pc);
	free(bytes);
	return 0;
}
