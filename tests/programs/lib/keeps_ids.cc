/*
 * One finding of each kind, in functions that an optimising compiler inlines: built as keeps_ids_O0 and keeps_ids_O2,
 * whose findings have the same ids.
 */
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <pthread.h>
#include <string>
#include <thread>
#include <vector>

#include "tests/programs/thread_state.h"

static std::mutex one, two;
static std::atomic<bool> first_is_over;

struct item {
	char *text;
	int number;
};

template <class T> static void lose(T *block)
{
	T *volatile lost = block;
	lost = nullptr;
	(void)lost;
}

static char *duplicate(const char *text)
{
	char *copy = (char *)malloc(64);
	copy[0] = *text;
	return copy;
}

static item *make_item(int number)
{
	item *made = new item;
	made->number = number;
	made->text = duplicate("text");
	return made;
}

static void lose_items()
{
	for (int i = 0; i < 5; i++)
		lose(make_item(i));
}

static void lose_containers()
{
	std::map<int, std::string> *texts = new std::map<int, std::string>;
	std::vector<int> *numbers = new std::vector<int>;
	for (int i = 0; i < 5; i++) {
		(*texts)[i] = std::string(100, 'x');
		numbers->push_back(i);
	}
	lose(texts);
	lose(numbers);
}

static void take_both()
{
	std::lock_guard<std::mutex> outer(one);
	std::lock_guard<std::mutex> inner(two);
}

static void first_one()
{
	take_both();
	first_is_over = true;
}

static void first_two()
{
	std::lock_guard<std::mutex> outer(two);
	std::lock_guard<std::mutex> inner(one);
}

/* The flag keeps the threads apart, and is nothing that orders them for ringtail. */
static void take_in_both_orders()
{
	std::thread a(first_one);
	while (!first_is_over)
		std::this_thread::yield();
	std::thread b(first_two);
	b.join();
	a.join();
}

static void unlock_twice(pthread_mutex_t *mutex)
{
	pthread_mutex_unlock(mutex);
	pthread_mutex_unlock(mutex);
}

static void misuse()
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&mutex);
	unlock_twice(&mutex);
}

static void *end(void *argument) { return argument; }

static void forget_thread()
{
	pthread_t thread;
	pthread_create(&thread, nullptr, end, nullptr);
	await_end_of_others();
}

int main()
{
	lose_items();
	lose_containers();
	take_in_both_orders();
	misuse();
	forget_thread();
	return 0;
}
