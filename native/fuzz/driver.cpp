// Stands in for libFuzzer where there is none: runs each file of a folder, then mutations of them for some seconds.
// driver FOLDER SECONDS [SEED]: the same seed makes the same inputs. Stops at the first finding, which it leaves in a file.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

using Input = std::vector<std::uint8_t>;

Input current;

void keep_current() {
  std::ofstream("finding.bin", std::ios::binary)
      .write(reinterpret_cast<const char*>(current.data()), static_cast<std::streamsize>(current.size()));
}

void on_abort(int) {
  keep_current();
  std::_Exit(1);
}

void run(const Input& input) {
  current = input;
  const Input exact(input);  // of its own size, so that a read beyond the end is seen
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

Input mutated(const std::vector<Input>& seeds, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % std::max<std::size_t>(n, 1)); };
  Input input = seeds[below(seeds.size())];
  for (std::size_t changes = 1 + below(6); changes > 0 && !input.empty(); --changes) {
    // Headers decide most: half of the changes fall into the first bytes.
    const std::size_t at = below(random() % 2 == 0 ? std::min<std::size_t>(input.size(), 700) : input.size());
    switch (below(7)) {
      case 0: input[at] ^= static_cast<std::uint8_t>(1U << below(8)); break;
      case 1: input[at] = static_cast<std::uint8_t>(random()); break;
      case 2: input[at] = 0xFF; break;
      case 3: input.resize(at); break;
      case 4: input.erase(input.begin() + static_cast<std::ptrdiff_t>(at),
                          input.begin() + static_cast<std::ptrdiff_t>(std::min(input.size(), at + 1 + below(40))));
        break;
      case 5: input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), 1 + below(20), input[at]); break;
      default: {  // a piece of another file
        const Input& other = seeds[below(seeds.size())];
        const std::size_t from = below(other.size()), size = std::min(other.size() - from, 1 + below(400));
        for (std::size_t i = 0; i < size && at + i < input.size(); ++i) input[at + i] = other[from + i];
      }
    }
  }
  return input;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: driver FOLDER SECONDS [SEED]\n");
    return 2;
  }
  std::signal(SIGABRT, on_abort);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_current);
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(arguments[1])) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Input> seeds;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    run(seeds.back());
  }
  if (seeds.empty()) return 2;
  std::mt19937_64 random(count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(std::atof(arguments[2]));
  std::uint64_t inputs = seeds.size();
  for (; std::chrono::steady_clock::now() < end; ++inputs) run(mutated(seeds, random));
  std::printf("%llu inputs, no finding\n", static_cast<unsigned long long>(inputs));
}
