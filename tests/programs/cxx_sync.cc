/*
 * C++20's synchronisation: mutex, recursive_mutex, timed_mutex, shared_mutex, condition_variable with wait,
 * wait_for and wait_until, counting_semaphore, latch, barrier, atomic wait and notify, call_once, promise and
 * future, async, jthread with stop_token.  No finding.
 */
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "say.h"

using namespace std::chrono_literals;

static void mutexes()
{
	std::recursive_mutex recursive;
	std::timed_mutex timed;
	std::shared_mutex shared;
	std::shared_timed_mutex shared_timed;
	std::scoped_lock both(recursive, timed);
	std::lock_guard again(recursive);
	bool got = true;

	std::thread([&] { got = timed.try_lock_for(5ms); }).join();
	std::shared_lock reader(shared);
	std::thread([&] { std::shared_lock another(shared); }).join();
	say("timed mutex taken twice: %d\n", got);
	std::thread([&] { got = shared.try_lock(); }).join();
	say("shared writer beside reader: %d\n", got);
	std::unique_lock writer(shared_timed, 5ms);
	say("shared_timed: %d\n", writer.owns_lock());
}

static void conditions()
{
	std::mutex lock;
	std::condition_variable changed;
	std::condition_variable_any any;
	int stage = 0;
	std::thread other([&] {
		std::unique_lock guard(lock);
		changed.wait(guard, [&] { return stage == 1; });
		stage = 2;
		any.notify_all();
		changed.notify_all();
	});
	std::unique_lock guard(lock);
	auto status = changed.wait_for(guard, 2ms);
	say("wait_for: %s\n", status == std::cv_status::timeout ? "timeout" : "no timeout");
	stage = 1;
	changed.notify_one();
	changed.wait_until(guard, std::chrono::system_clock::now() + 10s, [&] { return stage == 2; });
	guard.unlock();
	other.join();
	say("stage %d\n", stage);
}

static void atomics()
{
	std::counting_semaphore<10> semaphore(0);
	std::latch latch(3);
	std::barrier barrier(3, []() noexcept {});
	std::atomic<int> word{0};
	std::atomic<int> sum{0};
	std::vector<std::jthread> threads;

	for (int i = 0; i < 3; i++)
		threads.emplace_back([&, i] {
			latch.arrive_and_wait();
			barrier.arrive_and_wait();
			word.wait(0);
			semaphore.acquire();
			sum += i;
		});
	std::this_thread::sleep_for(10ms);
	word = 1;
	word.notify_all();
	say("try_acquire_for: %d\n", semaphore.try_acquire_for(1ms));
	semaphore.release(3);
	threads.clear();
	say("sum %d\n", sum.load());
}

static void futures()
{
	std::promise<int> promise;
	auto future = promise.get_future();
	std::thread giver([&] { promise.set_value(17); });
	int value = future.get();

	giver.join();
	auto later = std::async(std::launch::async, [] { return 25; });
	say("futures %d\n", value + later.get());
}

static void stopping()
{
	std::atomic<bool> stopped{false};
	{
		std::jthread thread([&](std::stop_token token) {
			std::mutex lock;
			std::condition_variable_any never;
			std::unique_lock guard(lock);
			never.wait(guard, token, [] { return false; });
			stopped = token.stop_requested();
		});
	}
	say("stopped %d\n", stopped.load());
}

int main()
{
	mutexes();
	conditions();
	atomics();
	futures();
	stopping();
	return 0;
}
