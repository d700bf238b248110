#include <criterion/criterion.h>
#include <string.h>

#include "tools/races/classify.h"

/* A write by one thread and a read by another of the same aligned word, by gcc, of which nothing else is known. */
static struct race_facts two_moves(void)
{
	return (struct race_facts){
	    .sides = {
	        {.address = 0x1000, .size = 4, .writes = true, .shape = RACE_SHAPE_MOVE, .compilers = RACE_BY_GCC},
	        {.address = 0x1000, .size = 4, .reads = true, .shape = RACE_SHAPE_MOVE, .compilers = RACE_BY_GCC}}};
}

/* A thread that was to read with a plain shape found another value there. */
static void unknown_writer(struct race_facts *facts)
{
	facts->writer_unknown = true;
	facts->sides[0] = facts->sides[1];
	facts->sides[0].shape = RACE_SHAPE_TEST;
	facts->sides[1] = (struct race_side){0};
}

#define W (&facts.sides[0])
#define R (&facts.sides[1])

/* X(name, facts that differ from two_moves, class, reason) */
#define CASES(X)                                                                                                       \
	X(nothing_known, , UNPROVEN, NOTHING_PROVES)                                                                   \
	/* LOCK acquits, but not a write that is certainly plain */                                                    \
	X(lock_against_read, W->shape = RACE_SHAPE_LOCKED, ATOMIC, LOCK_PREFIX)                                        \
	X(lock_against_plain_read, W->shape = RACE_SHAPE_LOCKED; R->shape = RACE_SHAPE_TEST, ATOMIC, LOCK_PREFIX)      \
	X(lock_against_move, W->shape = RACE_SHAPE_LOCKED; R->writes = true, ATOMIC, LOCK_PREFIX)                      \
	X(lock_against_plain_write, W->shape = RACE_SHAPE_LOCKED; R->writes = true;                                    \
	  R->shape = RACE_SHAPE_UPDATE, DATA, PLAIN_SHAPE)                                                             \
	X(lock_elsewhere, facts.locked_elsewhere = true, ATOMIC, LOCK_PREFIX)                                          \
	X(lock_elsewhere_plain_write, facts.locked_elsewhere = true; W->shape = RACE_SHAPE_UPDATE, DATA, PLAIN_SHAPE)  \
	X(lock_and_another_size, W->shape = RACE_SHAPE_LOCKED; R->size = 8, ATOMIC, LOCK_PREFIX)                       \
	/* types and functions */                                                                                      \
	X(atomic_type, facts.type = RACE_TYPE_ATOMIC; R->shape = RACE_SHAPE_TEST, ATOMIC, ATOMIC_TYPE)                 \
	X(volatile_type, facts.type = RACE_TYPE_VOLATILE; R->shape = RACE_SHAPE_TEST, VOLATILE, VOLATILE_TYPE)         \
	X(atomic_function, R->source = RACE_SOURCE_ATOMIC, ATOMIC, ATOMIC_FUNCTION)                                    \
	X(volatile_function, W->source = RACE_SOURCE_VOLATILE, VOLATILE, VOLATILE_FUNCTION)                            \
	/* intent */                                                                                                   \
	X(polled, R->polls = true, FLAG, POLLED)                                                                       \
	X(polled_with_a_plain_shape, R->polls = true; R->shape = RACE_SHAPE_TEST, FLAG, POLLED)                        \
	X(a_write_does_not_poll, W->polls = true; W->reads = true, UNPROVEN, NOTHING_PROVES)                           \
	X(speculative, R->shape = RACE_SHAPE_CONDITIONAL; W->shape = RACE_SHAPE_UPDATE, UNPROVEN, MAY_BE_SPECULATIVE)  \
	X(same_value, facts.same_value = true; R->shape = RACE_SHAPE_TEST, SAME_VALUE, VALUE_KEPT)                     \
	X(writer_unknown, unknown_writer(&facts), UNPROVEN, WRITER_UNKNOWN)                                            \
	/* shapes, by compiler */                                                                                      \
	X(plain_write, W->shape = RACE_SHAPE_UPDATE, DATA, PLAIN_SHAPE)                                                \
	X(plain_read, R->shape = RACE_SHAPE_TEST, DATA, PLAIN_SHAPE)                                                   \
	X(plain_update_tested, W->shape = RACE_SHAPE_UPDATE_TEST, UNPROVEN, NOTHING_PROVES)                            \
	X(plain_by_clang, R->shape = RACE_SHAPE_TEST; R->compilers = RACE_BY_LLVM, UNPROVEN, NOTHING_PROVES)           \
	X(call_by_clang, R->shape = RACE_SHAPE_CALL; R->compilers = RACE_BY_LLVM, DATA, PLAIN_SHAPE)                   \
	X(plain_by_unknown, R->shape = RACE_SHAPE_TEST; R->compilers = 0, UNPROVEN, NOTHING_PROVES)                    \
	X(plain_by_others, R->shape = RACE_SHAPE_TEST; R->compilers = RACE_BY_OTHERS, UNPROVEN, NOTHING_PROVES)        \
	/* torn */                                                                                                     \
	X(unaligned, W->address = R->address = 0x1001, DATA, UNALIGNED)                                                \
	X(unaligned_of_unknown_compiler, W->address = R->address = 0x1002;                                             \
	  W->compilers = R->compilers = 0, DATA, UNALIGNED)                                                            \
	X(sizes_differ, R->size = 8, DATA, SIZES_DIFFER)                                                               \
	X(wide, R->size = W->size = 16; R->compilers = 0; R->shape = RACE_SHAPE_VECTOR, DATA, WIDE)                    \
	X(one_of_16, R->size = W->size = 16; R->shape = W->shape = RACE_SHAPE_MOVE_16, UNPROVEN, NOTHING_PROVES)       \
	X(copied, W->size = 4; W->compilers = 0; W->shape = RACE_SHAPE_STRING, DATA, COPIED)                           \
	X(memcpy, W->copies = true, DATA, COPIED)                                                                      \
	/* source */                                                                                                   \
	X(plain_source, facts.type = RACE_TYPE_PLAIN; R->source = W->source = RACE_SOURCE_PLAIN, DATA, PLAIN_SOURCE)   \
	X(one_line_unknown, facts.type = RACE_TYPE_PLAIN; R->source = RACE_SOURCE_PLAIN, UNPROVEN, NOTHING_PROVES)     \
	X(type_unknown, R->source = W->source = RACE_SOURCE_PLAIN, UNPROVEN, NOTHING_PROVES)                           \
	X(plain_source_polled, facts.type = RACE_TYPE_PLAIN; R->source = W->source = RACE_SOURCE_PLAIN;                \
	  R->polls = true, FLAG, POLLED)

#define CHECK(name, differs, expected, why)                                                                            \
	{                                                                                                              \
		struct race_facts facts = two_moves();                                                                 \
		differs;                                                                                               \
		struct race_verdict verdict = race_classify(&facts);                                                   \
		cr_expect_eq(verdict.class, RACE_##expected, #name ": %s", race_class_name(verdict.class));            \
		cr_expect_eq(verdict.reason, RACE_##why, #name ": %s", race_reason_text(verdict.reason));              \
	}

Test(race_classify, acquits_first_and_convicts_on_proof){CASES(CHECK)}

/* Which side was stopped first makes no difference. */
#define CHECK_SWAPPED(name, differs, expected, why)                                                                    \
	{                                                                                                              \
		struct race_facts facts = two_moves();                                                                 \
		differs;                                                                                               \
		struct race_facts other = facts;                                                                       \
		other.sides[0] = facts.sides[1];                                                                       \
		other.sides[1] = facts.sides[0];                                                                       \
		cr_expect_eq(race_classify(&other).class, race_classify(&facts).class, #name);                         \
	}

Test(race_classify, does_not_depend_on_the_order_of_sides){CASES(CHECK_SWAPPED)}

Test(race_classify, has_a_name_and_a_text_for_each)
{
	for (int i = 0; i < RACE_CLASSES; i++)
		cr_expect(race_class_name((enum race_class)i), "class %d", i);
	for (int i = 0; i < RACE_REASONS; i++)
		cr_expect(race_reason_text((enum race_reason)i), "reason %d", i);
	cr_expect_str_eq(race_class_name(RACE_SAME_VALUE), "same-value");
}
