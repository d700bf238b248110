# The compiler driver makes a program: cc1, as, collect2 and ld.
cat > prog.c << 'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv)
{
	int *all = calloc((size_t)argc, sizeof *all);
	for (int i = 0; i < argc; i++)
		all[i] = (int)strlen(argv[i]);
	qsort(all, (size_t)argc, sizeof *all, by_value);
	printf("%d\n", all[0]);
	free(all);
	return 0;
}
END
exec $WATCHED gcc -O2 -o prog prog.c
