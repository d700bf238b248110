// A library that starts a thread while it is loaded, and waits for it: the loader's lock is held all the time.
#include <thread>

namespace
{

struct alignas(64) wide {
	char bytes[64];
};

struct starter {
	starter()
	{
		std::thread thread([] {
			wide *volatile one = new wide;
			delete one;
			int *volatile some = new int[3];
			delete[] some;
		});
		thread.join();
	}
} starter;

} // namespace
