/* The rows of races, and of the search for data races. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/store/writer.h"

#define VALUE_TEXT (3 * RACE_VALUE_BYTES + 1)

static void row_if(struct row *row, bool known, uint64_t value)
{
	if (known)
		row_int(row, (int64_t)value);
	else
		row_null(row);
}

static void store_race_lock(struct writer *writer, int64_t ordinal, unsigned side, uint32_t number,
                            const struct race_lock *held)
{
	struct row row = part_begin(writer, TABLE_race_lock, ordinal, side);

	row_int(&row, number);
	row_text(&row, object_kind_name(held->lock.kind));
	row_int(&row, (int64_t)held->lock.address);
	row_int(&row, held->lock.generation);
	row_object_name(&row, &held->lock, held->since);
	row_stack(&row, held->lock.created_stack);
	row_int(&row, held->shared);
	row_stamp(&row, held->since);
	row_stack(&row, held->taken_stack);
	row_end(&row);
}

static void store_race_side(struct writer *writer, int64_t ordinal, unsigned number, const struct finding_side *side)
{
	struct row row = part_begin(writer, TABLE_race_side, ordinal, number);

	row_thread(&row, side->thread);
	row_stamp(&row, side->stamp);
	row_text(&row, side->reads ? "read" : "write");
	row_if(&row, side->size, side->size);
	row_text(&row, side->does);
	row_stack(&row, side->stack);
	row_end(&row);
	for (uint32_t i = 0; i < side->lock_count; i++)
		store_race_lock(writer, ordinal, number, i, &side->locks[i]);
}

/* ---- races that were caught ---------------------------------------------------------------------- */

/* NULL: the calls alone showed the race. */
static const struct race_catch *catch_of(const struct writer *writer, const struct finding_race *race)
{
	const struct race_search *races = &writer->analysis->races;

	return race->caught && race->caught <= races->count ? &races->items[race->caught - 1] : NULL;
}

static bool is_number(uint32_t bytes) { return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8; }

/* Bytes of the ring's machine, which is little-endian as all that are supported. */
static void row_value(struct row *row, bool known, const uint8_t *bytes, uint32_t count)
{
	char text[VALUE_TEXT] = "";
	uint64_t number = 0;
	size_t used = 0;

	if (is_number(count)) {
		memcpy(&number, bytes, count);
		snprintf(text, sizeof text, "0x%0*" PRIx64, (int)(2 * count), number);
	}
	for (uint32_t i = 0; i < count && !is_number(count); i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%02x", i ? " " : "", bytes[i]);
	row_text(row, known && count ? text : NULL);
}

static void row_caught(struct row *row, const struct race_catch *caught)
{
	static const struct race_catch none;

	if (!caught)
		caught = &none;
	row_value(row, true, caught->before, caught->value_bytes);
	row_value(row, caught->after_known, caught->after, caught->value_bytes);
	if (caught->held_ns)
		row_real(row, (double)caught->held_ns / 1e9);
	else
		row_null(row);
}

static void row_object(struct row *row, const struct finding_race *race)
{
	row_if(row, race->address, race->address);
	row_text(row, race->variable_name ? race->variable : NULL);
	row_text(row, race->declared);
	row_if(row, race->declared, (uint64_t)race->declared_line);
	row_if(row, race->size, race->into);
	row_if(row, race->size, race->size);
	row_stack(row, race->allocated_stack);
	row_if(row, race->allocated_by, race->allocated_by);
	row_if(row, race->stack_of, race->stack_of);
}

void store_race(struct writer *writer, int64_t ordinal, const struct finding_race *race)
{
	struct row row = row_begin(writer, TABLE_race);

	row_int(&row, ordinal);
	row_text(&row, race->about);
	row_text(&row, race->proof);
	row_text(&row, race->reason);
	row_object(&row, race);
	row_caught(&row, catch_of(writer, race));
	row_end(&row);
	for (unsigned i = 0; i < 2; i++)
		store_race_side(writer, ordinal, i, &race->sides[i]);
}

/* ---- the search ----------------------------------------------------------------------------------- */

static void row_count(struct row *row, uint64_t count) { row_int(row, count < INT64_MAX ? (int64_t)count : INT64_MAX); }

void store_race_search(struct writer *writer)
{
	const struct race_search *races = &writer->analysis->races;
	const struct race_figures *figures = &races->figures;
	struct row row;

	if (races->state == RACES_NOT_SOUGHT)
		return;
	row = row_begin(writer, TABLE_race_search);
	row_int(&row, races->state == RACES_SOUGHT);
	row_text(&row, *races->why ? races->why : NULL);
	row_int(&row, races->seed);
	row_int(&row, races->share);
	row_count(&row, figures->sites);
	row_count(&row, figures->armed);
	row_count(&row, figures->hits);
	row_count(&row, figures->holds);
	row_count(&row, figures->watched);
	row_count(&row, figures->threads);
	row_count(&row, races->caught);
	row_real(&row, (double)figures->stop_ns / 1e9);
	row_real(&row, (double)figures->hold_ns / 1e9);
	row_real(&row, (double)figures->elapsed_ns / 1e9);
	row_end(&row);
}
