#include "tools/races/decode.h"

#ifdef RINGTAIL_ZYDIS

#include <Zydis/Zydis.h>
#include <stdlib.h>

#include "tools/base/memory.h"

#define BITS          8
#define MOFFS         0xa0 /* the first of four opcodes of mov whose operand is an address of 8 bytes */
#define WORD_BYTES    8
#define GENERAL_WIDTH 64

struct race_decoder {
	ZydisDecoder zydis;
};

struct race_decoder *race_decoder_new(void)
{
	struct race_decoder *decoder = memory_zeroed(1, sizeof *decoder);

	ZydisDecoderInit(&decoder->zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	return decoder;
}

void race_decoder_free(struct race_decoder *decoder) { free(decoder); }

/* ---- which instructions ------------------------------------------------------------------------ */

static bool is_moffs(const ZydisDecodedInstruction *instruction)
{
	return instruction->mnemonic == ZYDIS_MNEMONIC_MOV && instruction->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
	       (instruction->opcode & ~3u) == MOFFS;
}

static bool is_masked(const ZydisDecodedInstruction *instruction)
{
	if (instruction->avx.mask.reg != ZYDIS_REGISTER_NONE && instruction->avx.mask.reg != ZYDIS_REGISTER_K0)
		return true;
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_VMASKMOVPD:
	case ZYDIS_MNEMONIC_VMASKMOVPS:
	case ZYDIS_MNEMONIC_VPMASKMOVD:
	case ZYDIS_MNEMONIC_VPMASKMOVQ:
		return true;
	default:
		return false;
	}
}

/* With a register as the number of the bit, these reach beyond their operand. */
static bool reaches_beyond(const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands)
{
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_BT:
	case ZYDIS_MNEMONIC_BTC:
	case ZYDIS_MNEMONIC_BTR:
	case ZYDIS_MNEMONIC_BTS:
		return operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
	default:
		return false;
	}
}

static bool is_no_access(const ZydisDecodedInstruction *instruction)
{
	switch (instruction->meta.category) {
	case ZYDIS_CATEGORY_NOP:
	case ZYDIS_CATEGORY_WIDENOP:
	case ZYDIS_CATEGORY_PREFETCH:
	case ZYDIS_CATEGORY_PREFETCHWT1:
	case ZYDIS_CATEGORY_CLDEMOTE:
	case ZYDIS_CATEGORY_CLFLUSHOPT:
	case ZYDIS_CATEGORY_CLWB:
	case ZYDIS_CATEGORY_XSAVE:
	case ZYDIS_CATEGORY_XSAVEOPT:
	case ZYDIS_CATEGORY_SYSTEM:
		return true;
	default:
		return instruction->mnemonic == ZYDIS_MNEMONIC_CLFLUSH;
	}
}

/* ---- string operations --------------------------------------------------------------------------- */

static enum race_string string_of(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_LODSB:
	case ZYDIS_MNEMONIC_LODSW:
	case ZYDIS_MNEMONIC_LODSD:
	case ZYDIS_MNEMONIC_LODSQ:
		return RACE_STRING_READ;
	case ZYDIS_MNEMONIC_STOSB:
	case ZYDIS_MNEMONIC_STOSW:
	case ZYDIS_MNEMONIC_STOSD:
	case ZYDIS_MNEMONIC_STOSQ:
		return RACE_STRING_WRITE;
	case ZYDIS_MNEMONIC_MOVSB:
	case ZYDIS_MNEMONIC_MOVSW:
	case ZYDIS_MNEMONIC_MOVSD:
	case ZYDIS_MNEMONIC_MOVSQ:
		return RACE_STRING_COPY;
	case ZYDIS_MNEMONIC_SCASB:
	case ZYDIS_MNEMONIC_SCASW:
	case ZYDIS_MNEMONIC_SCASD:
	case ZYDIS_MNEMONIC_SCASQ:
		return RACE_STRING_SEARCH;
	case ZYDIS_MNEMONIC_CMPSB:
	case ZYDIS_MNEMONIC_CMPSW:
	case ZYDIS_MNEMONIC_CMPSD:
	case ZYDIS_MNEMONIC_CMPSQ:
		return RACE_STRING_COMPARE;
	default:
		return RACE_STRING_NONE;
	}
}

static bool take_string(const ZydisDecodedInstruction *instruction, struct race_site *site)
{
	const ZydisInstructionAttributes repeated =
	    ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
	const ZydisInstructionAttributes elsewhere = ZYDIS_ATTRIB_HAS_SEGMENT_FS | ZYDIS_ATTRIB_HAS_SEGMENT_GS;

	site->string = string_of(instruction->mnemonic);
	site->shape = RACE_SHAPE_STRING;
	site->element = (uint8_t)(instruction->operand_width / BITS);
	site->repeated = (instruction->attributes & repeated) != 0;
	site->reads = site->string != RACE_STRING_WRITE;
	site->writes = site->string == RACE_STRING_WRITE || site->string == RACE_STRING_COPY;
	return site->string != RACE_STRING_NONE && !(instruction->attributes & elsewhere) &&
	       instruction->address_width == GENERAL_WIDTH;
}

/* ---- operands -------------------------------------------------------------------------------------- */

static uint8_t number_of(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15 ? (uint8_t)(reg - ZYDIS_REGISTER_RAX)
	                                                              : RACE_NO_REGISTER;
}

static bool is_general_or_none(ZydisRegister reg)
{
	return reg == ZYDIS_REGISTER_NONE || number_of(reg) != RACE_NO_REGISTER;
}

/* False: where the access goes, the registers that a site has do not tell; or no other thread can meet it. */
static bool take_address(const ZydisDecodedInstruction *instruction, const ZydisDecodedOperandMem *memory,
                         struct race_site *site)
{
	site->rip_relative = memory->base == ZYDIS_REGISTER_RIP;
	if (memory->type != ZYDIS_MEMOP_TYPE_MEM || memory->segment == ZYDIS_REGISTER_FS ||
	    memory->segment == ZYDIS_REGISTER_GS || memory->base == ZYDIS_REGISTER_RSP ||
	    instruction->address_width != GENERAL_WIDTH || !is_general_or_none(memory->index) ||
	    (!site->rip_relative && !is_general_or_none(memory->base)))
		return false;
	site->base = number_of(memory->base);
	site->index = number_of(memory->index);
	site->scale = site->index == RACE_NO_REGISTER ? 0 : memory->scale;
	if (site->rip_relative) {
		site->variable = site->address + site->length + (uint64_t)memory->disp.value;
		site->displacement_at = instruction->raw.disp.offset;
	} else if (memory->disp.has_displacement) {
		site->displacement = memory->disp.value;
	}
	return true;
}

/* ---- shapes ---------------------------------------------------------------------------------------- */

static bool is_move(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_MOVZX:
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
	case ZYDIS_MNEMONIC_MOVD:
	case ZYDIS_MNEMONIC_MOVQ:
	case ZYDIS_MNEMONIC_MOVSS:
	case ZYDIS_MNEMONIC_MOVSD:
	case ZYDIS_MNEMONIC_VMOVD:
	case ZYDIS_MNEMONIC_VMOVQ:
	case ZYDIS_MNEMONIC_VMOVSS:
	case ZYDIS_MNEMONIC_VMOVSD:
		return true;
	default:
		return false;
	}
}

static bool is_move_16(const ZydisDecodedInstruction *instruction, const struct race_site *site)
{
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_VMOVAPS:
	case ZYDIS_MNEMONIC_VMOVAPD:
	case ZYDIS_MNEMONIC_VMOVDQA:
	case ZYDIS_MNEMONIC_VMOVDQA32:
	case ZYDIS_MNEMONIC_VMOVDQA64:
		return site->size == 2 * WORD_BYTES;
	default:
		return false;
	}
}

static bool is_test(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_CMP:
	case ZYDIS_MNEMONIC_TEST:
	case ZYDIS_MNEMONIC_BT:
	case ZYDIS_MNEMONIC_COMISD:
	case ZYDIS_MNEMONIC_COMISS:
	case ZYDIS_MNEMONIC_UCOMISD:
	case ZYDIS_MNEMONIC_UCOMISS:
	case ZYDIS_MNEMONIC_VCOMISD:
	case ZYDIS_MNEMONIC_VCOMISS:
	case ZYDIS_MNEMONIC_VUCOMISD:
	case ZYDIS_MNEMONIC_VUCOMISS:
		return true;
	default:
		return false;
	}
}

/* Computations of integers, and of one floating point number. */
static bool is_computation(const ZydisDecodedInstruction *instruction)
{
	switch (instruction->meta.category) {
	case ZYDIS_CATEGORY_BINARY:
	case ZYDIS_CATEGORY_LOGICAL:
	case ZYDIS_CATEGORY_SHIFT:
	case ZYDIS_CATEGORY_ROTATE:
	case ZYDIS_CATEGORY_BITBYTE:
	case ZYDIS_CATEGORY_BMI1:
	case ZYDIS_CATEGORY_BMI2:
	case ZYDIS_CATEGORY_LZCNT:
		return instruction->mnemonic != ZYDIS_MNEMONIC_CMPXCHG;
	default:
		break;
	}
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_ADDSS:
	case ZYDIS_MNEMONIC_ADDSD:
	case ZYDIS_MNEMONIC_SUBSS:
	case ZYDIS_MNEMONIC_SUBSD:
	case ZYDIS_MNEMONIC_MULSS:
	case ZYDIS_MNEMONIC_MULSD:
	case ZYDIS_MNEMONIC_DIVSS:
	case ZYDIS_MNEMONIC_DIVSD:
	case ZYDIS_MNEMONIC_SQRTSD:
	case ZYDIS_MNEMONIC_SQRTSS:
	case ZYDIS_MNEMONIC_MINSD:
	case ZYDIS_MNEMONIC_MAXSD:
	case ZYDIS_MNEMONIC_MINSS:
	case ZYDIS_MNEMONIC_MAXSS:
	case ZYDIS_MNEMONIC_VADDSS:
	case ZYDIS_MNEMONIC_VADDSD:
	case ZYDIS_MNEMONIC_VSUBSS:
	case ZYDIS_MNEMONIC_VSUBSD:
	case ZYDIS_MNEMONIC_VMULSS:
	case ZYDIS_MNEMONIC_VMULSD:
	case ZYDIS_MNEMONIC_VDIVSS:
	case ZYDIS_MNEMONIC_VDIVSD:
	case ZYDIS_MNEMONIC_CVTSI2SD:
	case ZYDIS_MNEMONIC_CVTSI2SS:
	case ZYDIS_MNEMONIC_CVTSD2SS:
	case ZYDIS_MNEMONIC_CVTSS2SD:
	case ZYDIS_MNEMONIC_CVTTSD2SI:
	case ZYDIS_MNEMONIC_CVTTSS2SI:
	case ZYDIS_MNEMONIC_POPCNT:
		return true;
	default:
		return false;
	}
}

static enum race_shape shape_of(const ZydisDecodedInstruction *instruction, const struct race_site *site)
{
	if (site->locked)
		return RACE_SHAPE_LOCKED;
	switch (instruction->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		return RACE_SHAPE_CALL;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return RACE_SHAPE_JUMP;
	case ZYDIS_CATEGORY_PUSH:
	case ZYDIS_CATEGORY_POP:
		return RACE_SHAPE_PUSH;
	case ZYDIS_CATEGORY_CMOV:
		return RACE_SHAPE_CONDITIONAL;
	case ZYDIS_CATEGORY_X87_ALU: /* long double has 10 bytes, of which a volatile one is moved at once */
		return RACE_SHAPE_OTHER;
	default:
		break;
	}
	if (is_move_16(instruction, site))
		return RACE_SHAPE_MOVE_16;
	if (site->size > WORD_BYTES)
		return RACE_SHAPE_VECTOR;
	if (is_move(instruction->mnemonic))
		return RACE_SHAPE_MOVE;
	if (is_test(instruction->mnemonic))
		return RACE_SHAPE_TEST;
	if (is_computation(instruction))
		return site->writes ? RACE_SHAPE_UPDATE : RACE_SHAPE_OPERAND;
	return RACE_SHAPE_OTHER;
}

/* ---- one instruction -------------------------------------------------------------------------------- */

static const ZydisDecodedOperand *memory_operand(const ZydisDecodedInstruction *instruction,
                                                 const ZydisDecodedOperand *operands)
{
	for (unsigned i = 0; i < instruction->operand_count_visible; i++)
		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			return &operands[i];
	return NULL;
}

static bool take_operand(const struct race_decoder *decoder, const ZydisDecoderContext *context,
                         const ZydisDecodedInstruction *instruction, struct race_site *site)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

	if (is_no_access(instruction) || is_masked(instruction) ||
	    !ZYAN_SUCCESS(ZydisDecoderDecodeOperands(&decoder->zydis, context, instruction, operands,
	                                             instruction->operand_count_visible)))
		return false;
	const ZydisDecodedOperand *operand = memory_operand(instruction, operands);
	if (!operand || reaches_beyond(instruction, operands) || !take_address(instruction, &operand->mem, site))
		return false;
	site->locked = instruction->attributes & ZYDIS_ATTRIB_HAS_LOCK || instruction->mnemonic == ZYDIS_MNEMONIC_XCHG;
	site->size = operand->size / BITS;
	site->reads = operand->actions & ZYDIS_OPERAND_ACTION_READ;
	site->writes = operand->actions & (site->locked ? ZYDIS_OPERAND_ACTION_MASK_WRITE : ZYDIS_OPERAND_ACTION_WRITE);
	site->shape = shape_of(instruction, site);
	site->control_flow = site->shape == RACE_SHAPE_JUMP || site->shape == RACE_SHAPE_CALL;
	return site->size && (site->reads || site->writes);
}

static bool has_memory_operand(const ZydisDecodedInstruction *instruction)
{
	return (instruction->attributes & ZYDIS_ATTRIB_HAS_MODRM && instruction->raw.modrm.mod != 3) ||
	       is_moffs(instruction);
}

size_t race_decode(const struct race_decoder *decoder, const uint8_t *bytes, size_t room, uint64_t address,
                   struct race_site *site, bool *is_site)
{
	ZydisDecodedInstruction instruction;
	ZydisDecoderContext context;

	*is_site = false;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder->zydis, &context, bytes, room, &instruction)))
		return 0;
	bool in_memory = has_memory_operand(&instruction);
	if (!in_memory && instruction.meta.category != ZYDIS_CATEGORY_STRINGOP)
		return instruction.length;
	*site = (struct race_site){
	    .address = address, .length = instruction.length, .base = RACE_NO_REGISTER, .index = RACE_NO_REGISTER};
	*is_site = in_memory ? take_operand(decoder, &context, &instruction, site) : take_string(&instruction, site);
	return instruction.length;
}

/* ---- what an instruction does to registers ------------------------------------------------------------ */

static uint16_t bit_of(ZydisRegister reg)
{
	uint8_t number = number_of(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg));

	return number == RACE_NO_REGISTER ? 0 : (uint16_t)(1u << number);
}

static void take_registers(const ZydisDecodedOperand *operand, struct race_step *step)
{
	if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
		step->reads |= bit_of(operand->mem.base) | bit_of(operand->mem.index);
	} else if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
		if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
			step->reads |= bit_of(operand->reg.value);
		if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			step->writes |= bit_of(operand->reg.value);
	}
}

static enum race_step_kind kind_of(const ZydisDecodedInstruction *instruction)
{
	switch (instruction->meta.category) {
	case ZYDIS_CATEGORY_COND_BR:
		return RACE_STEP_BRANCH;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return RACE_STEP_JUMP;
	case ZYDIS_CATEGORY_CALL:
		return RACE_STEP_CALL;
	case ZYDIS_CATEGORY_RET:
		return RACE_STEP_RETURN;
	default:
		return RACE_STEP_ON;
	}
}

static void take_flags(const ZydisDecodedInstruction *instruction, struct race_step *step)
{
	const ZydisAccessedFlags *flags = instruction->cpu_flags;
	const ZydisAccessedFlagsMask arithmetic = ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF |
	                                          ZYDIS_CPUFLAG_ZF | ZYDIS_CPUFLAG_SF | ZYDIS_CPUFLAG_OF;

	if (!flags)
		return;
	step->reads_flags = flags->tested & arithmetic;
	step->writes_flags = (flags->modified | flags->set_0 | flags->set_1 | flags->undefined) & arithmetic;
}

bool race_decode_step(const struct race_decoder *decoder, const uint8_t *bytes, size_t room, uint64_t address,
                      struct race_step *step)
{
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

	*step = (struct race_step){0};
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder->zydis, bytes, room, &instruction, operands)))
		return false;
	step->length = instruction.length;
	step->kind = kind_of(&instruction);
	if (operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operands[0].imm.is_relative)
		ZydisCalcAbsoluteAddress(&instruction, &operands[0], address, &step->target);
	for (unsigned i = 0; i < instruction.operand_count; i++)
		take_registers(&operands[i], step);
	take_flags(&instruction, step);
	return true;
}

#else

struct race_decoder *race_decoder_new(void) { return NULL; }
void race_decoder_free(struct race_decoder *decoder) { (void)decoder; }

size_t race_decode(const struct race_decoder *decoder, const uint8_t *bytes, size_t room, uint64_t address,
                   struct race_site *site, bool *is_site)
{
	*is_site = false;
	return 0;
}

bool race_decode_step(const struct race_decoder *decoder, const uint8_t *bytes, size_t room, uint64_t address,
                      struct race_step *step)
{
	return false;
}

#endif
