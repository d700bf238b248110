// A translation unit that keeps a C++ compiler busy with templates.
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

using table = std::map<std::string, std::vector<std::unique_ptr<int>>>;

static std::variant<int, double, std::string> parse(const std::string &text)
{
	if (std::regex_match(text, std::regex("[0-9]+")))
		return std::stoi(text);
	if (std::regex_match(text, std::regex("[0-9]*\\.[0-9]+")))
		return std::stod(text);
	return text;
}

int main()
{
	table all;
	std::unordered_map<std::string, std::function<int(int)>> functions;
	std::stringstream words("1 2.5 three 4 five");

	for (std::string word; words >> word;) {
		std::visit([&](const auto &value) { std::cout << value << '\n'; }, parse(word));
		all[word].push_back(std::make_unique<int>(static_cast<int>(word.size())));
		functions[word] = [word](int number) { return number + static_cast<int>(word.size()); };
	}
	std::vector<int> sizes;
	for (const auto &entry : all)
		std::transform(entry.second.begin(), entry.second.end(), std::back_inserter(sizes),
		               [&](const auto &value) { return functions[entry.first](*value); });
	std::sort(sizes.begin(), sizes.end(), std::greater<>());
	std::thread([&] { std::cout << std::accumulate(sizes.begin(), sizes.end(), 0) << '\n'; }).join();
	return 0;
}
