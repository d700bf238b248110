/*
 * Exceptions through frames that allocate and lock: thrown 1000 times at a depth of 1 to 20, also out of
 * std::thread's work (caught there), out of a callback of qsort and of pthread_once.  Everything is freed
 * again by unwinding.
 */
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "say.h"

static std::mutex lock;
static volatile int caught;

__attribute__((noinline)) static void dive(int depth)
{
	auto text = std::make_unique<std::string>(100 + static_cast<std::size_t>(depth), 'x');

	if (depth == 0) {
		std::lock_guard<std::mutex> guard(lock);
		throw std::runtime_error(*text);
	}
	dive(depth - 1);
}

static void dive_often(int times)
{
	for (int i = 0; i < times; i++) {
		try {
			dive(1 + i % 20);
		} catch (const std::runtime_error &error) {
			std::lock_guard<std::mutex> guard(lock);
			caught = caught + (std::string(error.what()).size() == 100);
		}
	}
}

static int throwing_compare(const void *, const void *) { throw 42; }

static void through_qsort()
{
	int numbers[] = {3, 1, 2};

	try {
		std::qsort(numbers, 3, sizeof *numbers, throwing_compare);
	} catch (int number) {
		say("out of qsort: %d\n", number);
	}
}

static void through_call_once()
{
	std::once_flag flag;
	int calls = 0;

	for (int i = 0; i < 2; i++) {
		try {
			std::call_once(flag, [&] {
				if (calls++ == 0)
					throw std::string("first");
			});
		} catch (const std::string &what) {
			say("out of call_once: %s\n", what.c_str());
		}
	}
	say("call_once ran %d times\n", calls);
}

int main()
{
	dive_often(1000);
	std::thread(dive_often, 500).join();
	say("caught %d\n", caught);
	through_qsort();
	through_call_once();
	return 0;
}
