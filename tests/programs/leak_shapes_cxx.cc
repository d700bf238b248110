/*
 * Live blocks at the end, in every shape that C++ can give them: the first argument names it (shapes.h).  What each
 * leaves behind, and what memcheck says of it, is in tests/e2e/tables/leak_shapes.def.
 */
#include <any>
#include <cstdint>
#include <deque>
#include <forward_list>
#include <functional>
#include <future>
#include <iconv.h>
#include <iostream>
#include <list>
#include <locale>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <queue>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "shapes.h"

namespace
{

void *volatile kept;
const volatile size_t none = 0; /* not known to the compiler */

[[gnu::noinline]] void wipe()
{
	volatile char below[16384];

	for (size_t i = 0; i < sizeof below; i++)
		below[i] = 2;
}

/* An object that is never destroyed, as if it were still in use. */
template <class T> [[gnu::noinline]] T &keep()
{
	T *made = new T;

	kept = made;
	return *made;
}

template <class T> [[gnu::noinline]] T &lose() { return *new T; }

const std::string text(int i) { return "too long to be kept within the string itself, number " + std::to_string(i); }

/* ---- containers ------------------------------------------------------------------------------------ */

template <class T> void fill_sequence(T &sequence)
{
	for (int i = 0; i < 100; i++)
		sequence.push_back(text(i));
}

template <class T> void fill_map(T &map)
{
	for (int i = 0; i < 100; i++)
		map[i] = text(i);
}

void vector_kept() { fill_sequence(keep<std::vector<std::string>>()); }
void vector_lost() { fill_sequence(lose<std::vector<std::string>>()); }
void deque_kept() { fill_sequence(keep<std::deque<std::string>>()); }
void deque_lost() { fill_sequence(lose<std::deque<std::string>>()); }
void list_kept() { fill_sequence(keep<std::list<std::string>>()); }
void list_lost() { fill_sequence(lose<std::list<std::string>>()); }
void map_kept() { fill_map(keep<std::map<int, std::string>>()); }
void map_lost() { fill_map(lose<std::map<int, std::string>>()); }
void unordered_map_kept() { fill_map(keep<std::unordered_map<int, std::string>>()); }
void unordered_map_lost() { fill_map(lose<std::unordered_map<int, std::string>>()); }
void set_lost()
{
	auto &set = lose<std::multiset<long>>();

	for (long i = 0; i < 100; i++)
		set.insert(i % 10);
}
void forward_list_kept()
{
	auto &list = keep<std::forward_list<int>>();

	for (int i = 0; i < 10; i++)
		list.push_front(i);
}
void priority_queue_kept()
{
	auto &queue = keep<std::priority_queue<int>>();

	for (int i = 0; i < 100; i++)
		queue.push(i);
}
void vector_of_vectors_kept()
{
	auto &rows = keep<std::vector<std::vector<int>>>();

	for (int i = 0; i < 10; i++)
		rows.emplace_back(50);
}
void iterator_alone() /* to the middle of a vector, which is lost */
{
	auto &numbers = lose<std::vector<long>>();

	numbers.resize(100);
	kept = &numbers[50];
}
void string_short_kept() { keep<std::string>() = "short"; } /* the string points into itself */
void string_long_kept() { keep<std::string>() = text(0); }
void any_kept() { keep<std::any>() = text(0); }
void function_kept()
{
	std::string one = text(0), other = text(1);

	keep<std::function<size_t()>>() = [one, other] { return one.size() + other.size(); };
}

/* ---- owners ------------------------------------------------------------------------------------------ */

struct owner {
	std::shared_ptr<owner> next;
	std::weak_ptr<owner> back;
	std::string name = text(7);
};

void unique_ptr_kept() { keep<std::unique_ptr<std::string>>() = std::make_unique<std::string>(text(0)); }
void unique_ptr_released() { std::make_unique<std::string>(text(0)).release(); }
void shared_ptr_kept() { keep<std::shared_ptr<owner>>() = std::make_shared<owner>(); }
void shared_ptr_cycle_lost()
{
	auto one = std::make_shared<owner>(), other = std::make_shared<owner>();

	one->next = other;
	other->next = one;
}
void weak_ptr_keeps_the_memory()
{
	auto one = std::make_shared<owner>();

	keep<std::weak_ptr<owner>>() = one;
}
void shared_object_by_address_alone() /* within the block that make_shared made */
{
	auto &owning = lose<std::shared_ptr<owner>>();

	owning = std::make_shared<owner>();
	kept = owning.get();
}

/* ---- the pointer that is kept is not the one that operator new returned -------------------- */

struct counted {
	~counted() { kept = nullptr; }
	long number = 5;
};

void array_with_cookie() { kept = new counted[10]; }
void array_with_cookie_lost() { new counted[10]; }
void array_without_cookie() { kept = new long[10]; }
struct alignas(16) aligned {
	~aligned() { kept = nullptr; }
};
void array_of_none() { kept = new counted[none]; }
void array_of_none_lost()
{
	array_of_none();
	kept = nullptr;
}
void array_of_none_aligned() { kept = new aligned[none]; }
/* The only pointer is to the end of a block that is not empty. */
void end_alone() { kept = new long(1) + 1; }
void array_second_element() { kept = new counted[10] + 1; }

struct first_base {
	virtual ~first_base() = default;
	long one = 1;
};
struct second_base {
	virtual ~second_base() = default;
	virtual void call() {}
	long two = 2;
};
struct third_base {
	long three = 3; /* no virtual function table */
};
struct several : first_base, second_base, third_base {
	std::string name = text(9);
};
struct virtually : virtual second_base {
	long four = 4;
};

void first_base_kept() { kept = static_cast<first_base *>(new several); }
void second_base_kept() { kept = static_cast<second_base *>(new several); }
void third_base_kept() { kept = static_cast<third_base *>(new several); }
void virtual_base_kept() { kept = static_cast<second_base *>(new virtually); }
void several_lost() { new several; }
void members_address_kept() { kept = &(new several)->name; }

/* ---- operator new in its forms --------------------------------------------------------------------------- */

struct alignas(128) wide {
	char bytes[200];
};
void aligned_new_kept() { kept = new wide; }
void aligned_new_lost() { new wide[3]; }
void nothrow_new_lost() { new (std::nothrow) char[50]; }
void new_of_nothing() { new char[0]; }
void placement_new_kept() { kept = new (new char[sizeof(several)]) several; }

/* ---- thread_local, static, exceptions, threads ------------------------------------------------------------- */

thread_local std::vector<std::string> locals;
thread_local std::string *volatile local_pointer;

void thread_local_container_of_main() { fill_sequence(locals); }
void thread_local_pointer_of_main() { local_pointer = new std::string(text(0)); }
void thread_local_container_of_an_ended_thread()
{
	std::thread([] { fill_sequence(locals); }).join();
}
void thread_local_pointer_of_an_ended_thread()
{
	std::thread([] { local_pointer = new std::string(text(0)); }).join();
}
void wait_for_good(std::promise<void> &ready)
{
	ready.set_value();
	pause();
}
void thread_local_container_of_a_thread()
{
	auto &ready = keep<std::promise<void>>();

	std::thread([&] {
		fill_sequence(locals);
		wait_for_good(ready);
	}).detach();
	ready.get_future().wait();
	await_others(1);
}
void captured_by_a_thread()
{
	auto &ready = keep<std::promise<void>>();

	std::thread([&ready, mine = std::make_unique<std::string>(text(0))] { wait_for_good(ready); }).detach();
	ready.get_future().wait();
	await_others(1);
}
void function_static()
{
	static std::map<int, std::string> &cache = *new std::map<int, std::string>;

	fill_map(cache);
}
std::vector<std::string> global_container; /* destroyed before the end */
void global_destroyed() { fill_sequence(global_container); }
void exit_while_an_exception_is_handled()
{
	try {
		throw std::runtime_error(text(0));
	} catch (const std::exception &) {
		exit(0);
	}
}
void exception_kept()
{
	try {
		throw several();
	} catch (...) {
		keep<std::exception_ptr>() = std::current_exception();
	}
}
void future_lost()
{
	new std::future<int>(std::async(std::launch::deferred, [] { return 1; }));
}

/* ---- left behind by libraries, and not to be reported ---------------------------------------------------- */

void nothing() {}
void streams()
{
	std::ostringstream stream;

	stream << 1.5 << "x" << std::hex << 77;
	std::cout << stream.str() << std::endl;
}
void locales()
{
	must(std::setlocale(LC_ALL, "C.UTF-8"));
	std::locale::global(std::locale("C.UTF-8"));
	std::wcout << L"\u00e4" << std::endl;
	std::use_facet<std::numpunct<char>>(std::locale()).grouping();
}
void conversions()
{
	iconv_t conversion = iconv_open("UTF-16", "ISO-8859-15");

	must(conversion != reinterpret_cast<iconv_t>(-1));
	iconv_close(conversion);
	kept = iconv_open("KOI8-R", "UTF-8");
}

const shape shapes[] = {
#define LEAK_C(...)
#define LEAK_CC(name, ...) SHAPE(name),
#define LEAK_OLD_STRING(...)
#include "tests/e2e/tables/leak_shapes.def"
};

} // namespace

int main(int argc, char **argv)
{
	int status = run_shape(shapes, sizeof shapes / sizeof *shapes, argc, argv);

	wipe();
	return status;
}
