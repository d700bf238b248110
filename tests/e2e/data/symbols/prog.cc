// C++ names: namespaces, templates, members, operators, lambdas, anonymous namespaces.
#include <cstdlib>
#include <map>
#include <string>

namespace outer {
namespace {
template <typename T> struct box {
	__attribute__((noinline)) void *operator()(T) const
	{
		void *volatile block = std::malloc(4242);
		return block;
	}
};
} // namespace

struct shelf {
	template <int N> __attribute__((noinline)) static void *put(const std::map<std::string, int> &)
	{
		auto deeper = [](int n) __attribute__((noinline)) {
			void *volatile block = box<unsigned long>()(n);
			return block;
		};
		void *volatile block = deeper(N);
		return block;
	}
};
} // namespace outer

int main()
{
	void *volatile block = outer::shelf::put<7>({});
	return !block;
}
