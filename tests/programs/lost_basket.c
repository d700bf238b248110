/* The tests of a shop: they lose a basket, and end with 0 or with the status in argv[1]. */
#include <stdlib.h>
#include <string.h>

static char *volatile basket;

static void fill_basket(void) { basket = malloc(1000); }

int main(int argc, char **argv)
{
	fill_basket();
	memset(basket, 'x', 1000);
	basket = NULL;
	return argc > 1 ? atoi(argv[1]) : 0;
}
