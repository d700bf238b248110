/* Thread ids as they are given out, and as a damaged file may have them. */
#include <criterion/criterion.h>

#include "tools/analyse/id_index.h"

Test(id_index, finds_what_was_put_and_nothing_else)
{
	struct id_index index = {0};

	cr_expect_eq(id_index_get(&index, 0), 0);
	for (uint32_t id = 1; id <= 5000; id++)
		id_index_put(&index, id, id + 7);
	for (uint32_t id = 1; id <= 5000; id++)
		cr_expect_eq(id_index_get(&index, id), id + 7);
	cr_expect_eq(id_index_get(&index, 5001), 0);
	cr_expect_eq(id_index_get(&index, UINT32_MAX), 0);
	id_index_remove(&index, 17);
	cr_expect_eq(id_index_get(&index, 17), 0);
	id_index_free(&index);
}

Test(id_index, wild_ids_take_no_array)
{
	struct id_index index = {0};

	for (uint32_t i = 0; i < 1000; i++)
		id_index_put(&index, UINT32_MAX - i * 1000003u, i + 1);
	cr_expect_lt(index.room, 1u << 20);
	for (uint32_t i = 0; i < 1000; i++)
		cr_expect_eq(id_index_get(&index, UINT32_MAX - i * 1000003u), i + 1);
	id_index_remove(&index, UINT32_MAX);
	cr_expect_eq(id_index_get(&index, UINT32_MAX), 0);
	id_index_free(&index);
}

Test(id_index, an_id_that_was_too_high_is_found_when_the_array_has_reached_it)
{
	struct id_index index = {0};

	id_index_put(&index, 3000, 1);
	cr_expect_gt(index.sparse.count, 0);
	for (uint32_t id = 1; id < 3000; id++)
		id_index_put(&index, id, id + 1);
	id_index_put(&index, 3001, 3002);
	cr_expect_gt(index.room, 3000);
	cr_expect_eq(id_index_get(&index, 3000), 1);
	id_index_free(&index);
}
