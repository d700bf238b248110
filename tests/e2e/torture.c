/* The quick rows of the torture suite; `make torture` runs all of them. */
#include <criterion/criterion.h>

#include "tests/torture/row.h"

TEST_SUITE(torture);

#define SUITE       torture
#define ROW_SECONDS 60
#include "tests/torture/rows.h"
#include "tests/torture/quick.def"
