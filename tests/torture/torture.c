/* Every row of the torture suite: `make torture`.  The quick ones are among the end-to-end tests too. */
#include <criterion/criterion.h>

#include "tests/torture/row.h"

TEST_SUITE(torture);
TEST_SUITE(big);

#define SUITE       torture
#define ROW_SECONDS 900
#include "tests/torture/rows.h"
#include "tests/torture/quick.def"
#include "tests/torture/long.def"
#undef SUITE
#define SUITE big
#include "tests/torture/big.def"
