// A bank: transfers lock two accounts in the order in which they are named.  Two threads transfer both ways, one after
// the other in this run, so that it does not hang. usage: service_locks_both_ways
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace
{

struct Account {
	std::mutex mutex;
	long balance = 100;
};

struct Bank {
	std::vector<Account> accounts = std::vector<Account>(8);

	[[gnu::noinline]] void transfer(size_t from, size_t to, long amount)
	{
		std::lock_guard from_guard(accounts[from].mutex);
		std::lock_guard to_guard(accounts[to].mutex);

		accounts[from].balance -= amount;
		accounts[to].balance += amount;
	}
};

} // namespace

int main()
{
	Bank bank;
	std::atomic<bool> paid = false;
	std::thread salaries([&] {
		bank.transfer(0, 1, 10);
		paid = true;
	});

	/* This keeps the threads apart in this run.  Nothing in the program would do so in another one. */
	while (!paid)
		std::this_thread::sleep_for(std::chrono::milliseconds(1));
	std::thread refunds([&] { bank.transfer(1, 0, 5); });
	salaries.join();
	refunds.join();
	return 0;
}
