/*
 * A small service: two threads fill caches whose types have names of hundreds of letters, from many call sites, and
 * take two locks in opposite orders, never at the same time.  It tests reports that show such names.
 */
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#define PLACE __attribute__((noinline))

template <class Key, class Value> class cache_of_values_by_key
{
	std::map<Key, std::vector<std::pair<Key, Value>>> entries;

      public:
	PLACE void insert_or_append(const Key &key, const Value &value) { entries[key].emplace_back(key, value); }
};

using nested = std::map<std::string, std::vector<std::map<std::string, std::shared_ptr<std::string>>>>;

static cache_of_values_by_key<std::string, nested> cache;
static std::mutex accounts, journal;

static std::string long_text(int number) { return "a text that is too long for its object: " + std::to_string(number); }

PLACE static void serve(int first)
{
	for (int i = first; i < first + 200; i++) {
		nested value;

		value[long_text(i % 10)].resize(2);
		cache.insert_or_append(long_text(i % 20), value);
	}
}

PLACE static void transfer()
{
	std::lock_guard<std::mutex> first(accounts), second(journal);

	serve(0);
}

PLACE static void audit()
{
	std::lock_guard<std::mutex> first(journal), second(accounts);

	serve(1000);
}

static char *volatile held[60], *volatile latest;

/* More call sites than a table of the page shows at first. */
template <int Number> PLACE static void hold()
{
	held[Number] = new char[64 + Number];
	if constexpr (Number > 0)
		hold<Number - 1>();
}

PLACE static void lose()
{
	latest = new char[4096];
	latest = nullptr;
}

/* The second thread waits for the first without a call that would order them. */
int main()
{
	static bool done;
	std::thread first([] {
		transfer();
		__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	});
	std::thread second([] {
		while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
			std::this_thread::sleep_for(std::chrono::milliseconds(1));
		audit();
	});

	first.join();
	second.join();
	hold<59>();
	lose();
	return 0;
}
