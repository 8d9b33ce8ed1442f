#include "search.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <limits>
#include <mutex>
#include <numeric>
#include <thread>
#include <tuple>

namespace lookalike {
namespace {

constexpr std::size_t kChunk = 8192;  // rows that all queries meet before the next: they stay in the nearest caches
constexpr unsigned kMostThreads = 256;

bool nearer(const Found& one, const Found& other) {
  return std::tie(one.query, one.distance, one.row) < std::tie(other.query, other.distance, other.row);
}

std::vector<std::uint64_t> columns_of(const std::uint64_t* words, std::size_t rows, unsigned count) {
  std::vector<std::uint64_t> columns(rows * count);
  for (std::size_t i = 0; i < rows; ++i) {
    for (unsigned w = 0; w < count; ++w) columns[w * rows + i] = words[i * count + w];
  }
  return columns;
}

// The nearest rows one query has met: a heap whose top is the farthest of them.
class Nearest {
 public:
  // The radius within which a further row, which has a higher number than those before, is nearer than the farthest.
  // False: none can be.
  bool radius(std::size_t most, std::uint64_t& radius) const {
    if (found_.size() < most) return true;
    if (found_.front().distance == 0) return false;
    radius = std::min<std::uint64_t>(radius, found_.front().distance - 1u);
    return true;
  }
  void add(const Found& found, std::size_t most) {
    if (found_.size() == most) {
      if (!nearer(found, found_.front())) return;
      std::pop_heap(found_.begin(), found_.end(), nearer);
      found_.pop_back();
    }
    found_.push_back(found);
    std::push_heap(found_.begin(), found_.end(), nearer);
  }
  const std::vector<Found>& found() const { return found_; }

 private:
  std::vector<Found> found_;
};

}  // namespace

std::vector<Found> search(const Block& rows, const Block& queries, unsigned radius, std::size_t most, unsigned threads,
                          const Kernel& kernel, const std::function<void()>& poll) {
  const Compare compare = kernel.compare(rows.count);
  const std::vector<std::uint64_t> query_words = columns_of(queries.words, queries.rows, queries.count);
  std::vector<std::uint32_t> numbers(std::max(queries.rows, kChunk));
  std::iota(numbers.begin(), numbers.end(), 0u);
  const std::size_t chunks = (rows.rows + kChunk - 1) / kChunk;
  std::atomic<std::size_t> next{0};
  std::mutex sharing;
  std::vector<Found> all;
  std::exception_ptr error;
  const auto work = [&](bool polls) {
    try {
      std::vector<Found> found;
      std::vector<Nearest> nearest(most == 0 ? 0 : queries.rows);
      Sink sink;
      sink.left = {query_words.data(), numbers.data(), queries.rows, queries.count};
      for (std::size_t chunk = next++; chunk < chunks; chunk = next++) {
        const std::size_t begin = chunk * kChunk, size = std::min(kChunk, rows.rows - begin);
        std::vector<std::uint64_t> words;
        if (rows.count > 1) words = columns_of(rows.words + begin * rows.count, size, rows.count);
        sink.right = {rows.count > 1 ? words.data() : rows.words + begin, numbers.data(), size, rows.count};
        const auto meet = [&](Range some, auto take) {
          compare(some, {0, size}, false, sink);
          for (const Pair& pair : sink.pairs) {
            take(Found{pair.left, static_cast<std::uint32_t>(begin + pair.right), pair.distance});
          }
          sink.pairs.clear();
        };
        if (most == 0) {
          sink.radius = radius;
          meet({0, queries.rows}, [&](const Found& one) { found.push_back(one); });
        } else {
          for (std::size_t query = 0; query < queries.rows; ++query) {
            sink.radius = radius;
            if (!nearest[query].radius(most, sink.radius)) continue;
            meet({query, query + 1}, [&](const Found& one) { nearest[query].add(one, most); });
          }
        }
        if (polls) poll();
      }
      for (const Nearest& one : nearest) found.insert(found.end(), one.found().begin(), one.found().end());
      const std::lock_guard lock(sharing);
      all.insert(all.end(), found.begin(), found.end());
    } catch (...) {
      next = chunks;
      const std::lock_guard lock(sharing);
      if (!error) error = std::current_exception();
    }
  };
  threads = std::clamp(threads != 0 ? threads : std::thread::hardware_concurrency(), 1u, kMostThreads);
  std::vector<std::thread> others;
  try {
    while (others.size() + 1 < std::min<std::size_t>(threads, chunks)) others.emplace_back([&work] { work(false); });
  } catch (...) {
    // The system gives no more threads: those there are do all the work.
  }
  work(true);
  for (std::thread& other : others) other.join();
  if (error) std::rethrow_exception(error);
  std::sort(all.begin(), all.end(), nearer);
  if (most == 0) return all;
  std::size_t kept = 0, of_query = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    of_query = i > 0 && all[i].query == all[i - 1].query ? of_query + 1 : 0;
    if (of_query < most) all[kept++] = all[i];
  }
  all.resize(kept);
  return all;
}

}  // namespace lookalike
