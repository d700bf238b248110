/*
 * Operations on atomics of three orders, on volatile and on plain variables, each in a function named KIND_TYPE_NAME:
 * test_race_shapes.c compiles this file in several ways and looks at the instructions that access them.
 *
 * Aggregates are left out: compilers copy a volatile structure as they copy others, by vectors.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef int8_t byte;
typedef int32_t word;
typedef uint64_t large;
typedef double number;
typedef char *pointer;
typedef bool boolean;
typedef int (*function)(int);

void use(void);
void use_value(long value);
void use_many(long, long, long, long, long, long, large, large);

/* X(name, body): T is the type, L(p) a load, S(p, v) a store. */
#define OF_ANY(X)                                                                                                      \
	X(load, return L(p))                                                                                           \
	X(store, S(p, v))                                                                                              \
	X(store_zero, S(p, (T)0))                                                                                      \
	X(if_set, if (L(p)) use())                                                                                     \
	X(is_equal, return L(p) == v)                                                                                  \
	X(if_equal, if (L(p) == v) use())                                                                              \
	X(wait, while (!L(p)))                                                                                         \
	X(wait_use, while (L(p)) use())                                                                                \
	X(choose, return n ? L(p) : v)                                                                                 \
	X(copy, S(p + 1, L(p)))                                                                                        \
	X(swap, T x = L(p); T y = L(p + 1); S(p, y); S(p + 1, x))                                                      \
	X(fill, for (int i = 0; i < n; i++) S(p + i, v))                                                               \
	X(copy_all, for (int i = 0; i < n; i++) S(p + i, L(p + n + i)))                                                \
	X(clear_four, for (int i = 0; i < 4; i++) S(p + i, (T)0))

#define OF_NUMBERS(X)                                                                                                  \
	OF_ANY(X)                                                                                                      \
	X(add_to, return L(p) + v)                                                                                     \
	X(subtract_from, return v - L(p))                                                                              \
	X(multiply, return L(p) * v)                                                                                   \
	X(divide, return v / L(p))                                                                                     \
	X(increment, S(p, L(p) + 1))                                                                                   \
	X(decrement, S(p, L(p) - 1))                                                                                   \
	X(add, S(p, L(p) + v))                                                                                         \
	X(subtract, S(p, L(p) - v))                                                                                    \
	X(negate, S(p, -L(p)))                                                                                         \
	X(is_less, return L(p) < v)                                                                                    \
	X(least, T x = L(p); return x < v ? x : v)                                                                     \
	X(to_number, return (T)((double)L(p) / 3))                                                                     \
	X(from_comparison, S(p, (T)(a < b)))                                                                           \
	X(sum, T sum = 0; for (int i = 0; i < n; i++) sum += L(p + i); return sum)                                     \
	X(decrement_to_zero, T x = L(p) - 1; S(p, x); if (x == 0) use())                                               \
	X(add_if, T x = L(p) + w; S(p, x); if (x) use())                                                               \
	X(increment_old, T x = L(p); S(p, x + 1); return x)                                                            \
	X(largest, if (L(p) < w) S(p, w))

#define OF_INTEGERS(X)                                                                                                 \
	OF_NUMBERS(X)                                                                                                  \
	X(or, S(p, L(p) | v))                                                                                          \
	X(and, S(p, L(p) & v))                                                                                         \
	X(xor, S(p, L(p) ^ v))                                                                                         \
	X(set_bit, S(p, L(p) | 8))                                                                                     \
	X(invert, S(p, ~L(p)))                                                                                         \
	X(shift, S(p, L(p) << n))                                                                                      \
	X(if_bit, if (L(p) & 4) use())                                                                                 \
	X(bit, return L(p) >> n & 1)                                                                                   \
	X(and_if, T x = L(p) & w; S(p, x); if (x) use())                                                               \
	X(or_if, T x = L(p) | w; S(p, x); if (x) use())                                                                \
	X(xor_if, T x = L(p) ^ w; S(p, x); if (x) use())                                                               \
	X(subtract_if, T x = L(p) - w; S(p, x); if (!x) use())                                                         \
	X(if_negative, T x = L(p) + 1; S(p, x); if ((int64_t)x < 0) use())                                             \
	X(low_byte, S(p, (L(p) & ~(T)0xff) | 3))                                                                       \
	X(swap_bytes, S(p, (T)__builtin_bswap64((uint64_t)L(p))))                                                      \
	X(count, return (T)__builtin_popcountll((unsigned long long)L(p)))                                             \
	X(arguments, use_many(1, 2, 3, 4, 5, 6, (large)L(p), (large)L(p + 1)))                                         \
	X(pass, use_value(1 + (long)L(p)))                                                                             \
	X(either, if (L(p) | L(p + 1)) use())                                                                          \
	X(compare_two, return L(p) == L(p + 1))

#define OF_POINTERS(X)                                                                                                 \
	OF_ANY(X)                                                                                                      \
	X(next, S(p, L(p) + 8))                                                                                        \
	X(at, return L(p) + n)

#define OF_FUNCTIONS(X)                                                                                                \
	OF_ANY(X)                                                                                                      \
	X(call, L(p)(n))                                                                                               \
	X(call_use, use_value(L(p)(n) + 1))                                                                            \
	X(call_last, return (T)(long)L(p)(n))

#define PASTE(kind, type, name) kind##_##type##_##name
#define OPERATION_OF(kind, type, name, body)                                                                           \
	type PASTE(kind, type, name)(SHARED(type) * p, type v, type w, int n, int a, int b)                            \
	{                                                                                                              \
		body;                                                                                                  \
		return (type)0;                                                                                        \
	}
#define EXPANDED(kind, type, name, body) OPERATION_OF(kind, type, name, body)
#define OPERATION(name, body)            EXPANDED(KIND, T, name, body)

#define KIND      relaxed
#define SHARED(t) _Atomic t
#define L(p)      atomic_load_explicit(p, memory_order_relaxed)
#define S(p, v)   atomic_store_explicit(p, v, memory_order_relaxed)
#include "tests/unit/shapes/types.h"

#define KIND      ordered
#define SHARED(t) _Atomic t
#define L(p)      atomic_load_explicit(p, memory_order_acquire)
#define S(p, v)   atomic_store_explicit(p, v, memory_order_release)
#include "tests/unit/shapes/types.h"

#define KIND      sequential
#define SHARED(t) _Atomic t
#define L(p)      atomic_load_explicit(p, memory_order_seq_cst)
#define S(p, v)   atomic_store_explicit(p, v, memory_order_seq_cst)
#include "tests/unit/shapes/types.h"

/* builtins on plain types, as many programs have them */
#define KIND      builtin
#define SHARED(t) t
#define L(p)      __atomic_load_n(p, __ATOMIC_RELAXED)
#define S(p, v)   __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define NO_NUMBER
#include "tests/unit/shapes/types.h"
#undef NO_NUMBER

#define KIND      volatile_
#define SHARED(t) volatile t
#define L(p)      (*(p))
#define S(p, v)   (*(p) = (v))
#include "tests/unit/shapes/types.h"

#define KIND      plain
#define SHARED(t) t
#define L(p)      (*(p))
#define S(p, v)   (*(p) = (v))
#include "tests/unit/shapes/types.h"
