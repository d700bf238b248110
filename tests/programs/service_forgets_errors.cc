// A service with three workers.  It leaks what it parsed of each request that it refuses, and a buffer for each of its
// workers.
// usage: service_forgets_errors
#include <condition_variable>
#include <deque>
#include <latch>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace
{

constexpr int WORKERS = 3, REQUESTS = 300;

struct Request {
	std::string path;
	std::map<std::string, std::string> headers;
};

struct Queue {
	std::mutex mutex;
	std::condition_variable filled;
	std::deque<std::string> lines;
	bool closed = false;

	void push(std::string line)
	{
		std::lock_guard guard(mutex);
		lines.push_back(std::move(line));
		filled.notify_one();
	}
	void close()
	{
		std::lock_guard guard(mutex);
		closed = true;
		filled.notify_all();
	}
	bool pop(std::string &line)
	{
		std::unique_lock guard(mutex);
		filled.wait(guard, [this] { return closed || !lines.empty(); });
		if (lines.empty())
			return false;
		line = std::move(lines.front());
		lines.pop_front();
		return true;
	}
};

[[gnu::noinline]] Request *parse_request(const std::string &line)
{
	Request *request = new Request;

	request->path = line.substr(line.find(' ') + 1);
	request->headers["host"] = "the name of a host that needs a block of its own";
	return request;
}

/* Refuses what is not a GET, and forgets the request. */
[[gnu::noinline]] size_t answer(const std::string &line)
{
	Request *request = parse_request(line);

	if (line.compare(0, 4, "GET ") != 0)
		return 0;
	size_t length = request->path.size();
	delete request;
	return length;
}

[[gnu::noinline]] char *make_scratch() { return new char[4096]; }

void serve(Queue &queue, std::latch &begun)
{
	char *volatile scratch = make_scratch();
	std::string line;

	begun.arrive_and_wait();
	while (queue.pop(line))
		scratch[0] = (char)answer(line);
	scratch = nullptr;
}

} // namespace

int main()
{
	Queue queue;
	std::latch begun(WORKERS + 1);
	std::vector<std::thread> workers;

	for (int i = 0; i < WORKERS; i++)
		workers.emplace_back(serve, std::ref(queue), std::ref(begun));
	begun.arrive_and_wait();
	for (int i = 0; i < REQUESTS; i++)
		queue.push((i % 10 ? "GET /item/" : "BREW /coffee/") + std::to_string(i) + "/and/a/path/that/is/long");
	queue.close();
	for (std::thread &worker : workers)
		worker.join();
	return 0;
}
