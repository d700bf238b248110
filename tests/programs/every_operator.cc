/*
 * Every form of operator new and delete, called directly, once, each new with a matching delete.  24 allocations:
 * 8 forms of new and new[] for deletes without size, the same again for sized deletes, and 8 more for the
 * nothrow deletes; 24 deletes; nothing left, nothing mismatched.  A new that fails throws bad_alloc, or
 * returns null where nothrow.
 */
#include <cstdint>
#include <new>

#include "say.h"

static volatile std::size_t one_size = 40;
static volatile std::size_t too_much = SIZE_MAX / 4;
static constexpr auto wide = std::align_val_t{128};

static void *ok(const char *what, void *block, std::size_t alignment)
{
	say("%s: %s\n", what, block && reinterpret_cast<uintptr_t>(block) % alignment == 0 ? "ok" : "wrong");
	return block;
}

static void plain()
{
	::operator delete(ok("new", ::operator new(one_size), 16));
	::operator delete[](ok("new[]", ::operator new[](one_size), 16));
	::operator delete(ok("new nothrow", ::operator new(one_size, std::nothrow), 16));
	::operator delete[](ok("new[] nothrow", ::operator new[](one_size, std::nothrow), 16));
	::operator delete(ok("new aligned", ::operator new(one_size, wide), 128), wide);
	::operator delete[](ok("new[] aligned", ::operator new[](one_size, wide), 128), wide);
	::operator delete(ok("new aligned nothrow", ::operator new(one_size, wide, std::nothrow), 128), wide);
	::operator delete[](ok("new[] aligned nothrow", ::operator new[](one_size, wide, std::nothrow), 128), wide);
}

static void sized()
{
	::operator delete(::operator new(one_size), one_size);
	::operator delete[](::operator new[](one_size), one_size);
	::operator delete(::operator new(one_size, std::nothrow), one_size);
	::operator delete[](::operator new[](one_size, std::nothrow), one_size);
	::operator delete(::operator new(one_size, wide), one_size, wide);
	::operator delete[](::operator new[](one_size, wide), one_size, wide);
	::operator delete(::operator new(one_size, wide, std::nothrow), one_size, wide);
	::operator delete[](::operator new[](one_size, wide, std::nothrow), one_size, wide);
	say("sized deletes: ok\n");
}

static void nothrow_deletes()
{
	::operator delete(::operator new(one_size), std::nothrow);
	::operator delete[](::operator new[](one_size), std::nothrow);
	::operator delete(::operator new(one_size, std::nothrow), std::nothrow);
	::operator delete[](::operator new[](one_size, std::nothrow), std::nothrow);
	::operator delete(::operator new(one_size, wide), wide, std::nothrow);
	::operator delete[](::operator new[](one_size, wide), wide, std::nothrow);
	::operator delete(::operator new(one_size, wide, std::nothrow), wide, std::nothrow);
	::operator delete[](::operator new[](one_size, wide, std::nothrow), wide, std::nothrow);
	say("nothrow deletes: ok\n");
}

template <typename Call> static void throws(const char *what, Call call)
{
	try {
		say("%s: %s\n", what, call() ? "a block" : "null");
	} catch (const std::bad_alloc &) {
		say("%s: bad_alloc\n", what);
	}
}

static void failing()
{
	throws("new too much", [] { return ::operator new(too_much); });
	throws("new[] too much", [] { return ::operator new[](too_much); });
	throws("new nothrow too much", [] { return ::operator new(too_much, std::nothrow); });
	throws("new[] nothrow too much", [] { return ::operator new[](too_much, std::nothrow); });
	throws("new aligned too much", [] { return ::operator new(too_much, wide); });
	throws("new[] aligned too much", [] { return ::operator new[](too_much, wide); });
	throws("new aligned nothrow too much", [] { return ::operator new(too_much, wide, std::nothrow); });
	throws("new[] aligned nothrow too much", [] { return ::operator new[](too_much, wide, std::nothrow); });
}

static int handler_calls;

static void handler()
{
	if (++handler_calls == 2)
		std::set_new_handler(nullptr);
}

int main()
{
	plain();
	sized();
	nothrow_deletes();
	::operator delete(nullptr);
	::operator delete[](nullptr);
	failing();
	std::set_new_handler(handler);
	throws("new with a new_handler", [] { return ::operator new(too_much); });
	say("handler calls: %d\n", handler_calls);
	return 0;
}
