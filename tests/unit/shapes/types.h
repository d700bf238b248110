/* The operations of one kind, on variables of each type; not to be included twice with the same KIND. */
#define T byte
OF_INTEGERS(OPERATION)
#undef T
#define T word
OF_INTEGERS(OPERATION)
#undef T
#define T large
OF_INTEGERS(OPERATION)
#undef T
#ifndef NO_NUMBER /* builtins of single words take no floating-point numbers */
#define T number
OF_NUMBERS(OPERATION)
#undef T
#endif
#define T pointer
OF_POINTERS(OPERATION)
#undef T
#define T boolean
OF_ANY(OPERATION)
#undef T
#define T function
OF_FUNCTIONS(OPERATION)
#undef T
#undef KIND
#undef SHARED
#undef L
#undef S
