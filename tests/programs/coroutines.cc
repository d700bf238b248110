/*
 * C++20 coroutines and exceptions: one generator resumes another.  The inner one allocates 135 bytes before each value
 * and throws at its end, through the frame of the outer one; its own frame is freed then.  Argument: the number of
 * rounds, of 20 values each (default 50).
 */
#include <coroutine>
#include <exception>
#include <utility>

#include "say.h"

struct generator {
	struct promise_type {
		int value = 0;
		std::exception_ptr thrown;

		generator get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
		std::suspend_always initial_suspend() { return {}; }
		std::suspend_always final_suspend() noexcept { return {}; }
		std::suspend_always yield_value(int next)
		{
			value = next;
			return {};
		}
		void return_void() {}
		void unhandled_exception() { thrown = std::current_exception(); }
	};

	std::coroutine_handle<promise_type> handle;

	generator(std::coroutine_handle<promise_type> made) : handle(made) {}
	generator(generator &&other) : handle(std::exchange(other.handle, {})) {}
	~generator()
	{
		if (handle)
			handle.destroy();
	}
	bool next();
};

__attribute__((noinline)) bool generator::next()
{
	handle.resume();
	if (handle.promise().thrown)
		std::rethrow_exception(handle.promise().thrown);
	return !handle.done();
}

static generator inner(int count)
{
	for (int i = 0; i < count; i++) {
		free(malloc(135));
		co_yield i;
	}
	throw count;
}

static generator outer(int count)
{
	generator values = inner(count);

	while (values.next())
		co_yield values.handle.promise().value;
}

__attribute__((noinline)) static int drain(int count)
{
	int sum = 0;

	try {
		generator values = outer(count);
		while (values.next())
			sum += values.handle.promise().value;
	} catch (int thrown) {
		must(thrown == count);
	}
	return sum;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 50;
	long sum = 0;

	for (int i = 0; i < rounds; i++)
		sum += drain(20);
	say("sum %ld\n", sum);
	return 0;
}
