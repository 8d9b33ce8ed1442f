#include "join.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <thread>
#include <utility>

namespace lookalike {
namespace {

constexpr unsigned kGrain = 6;      // one running sum of squares per 64 keys
constexpr unsigned kMostThreads = 256;
constexpr unsigned kPollTasks = 256;  // of up to about half a millisecond each

std::vector<std::uint32_t> masks_of(unsigned width, unsigned flips) {
  std::vector<std::uint32_t> masks{0};
  // Masks below 2^(bit + 1) are those below 2^bit, then the same with that bit set.
  for (unsigned bit = 0; bit < width; ++bit) {
    const std::size_t lower = masks.size();
    for (std::size_t i = 0; i < lower; ++i) {
      if (static_cast<unsigned>(std::popcount(masks[i])) < flips) masks.push_back(masks[i] | std::uint32_t{1} << bit);
    }
  }
  return masks;
}

}  // namespace

// A counting sort. With the band of width 0 it only turns rows into columns.
void Buckets::build(const Block& block, const Band& band) {
  const std::size_t keys = std::size_t{1} << band.width;
  if (!words_) {
    rows_ = block.rows;
    count_ = block.count;
    words_ = std::make_unique_for_overwrite<std::uint64_t[]>(rows_ * count_);
    index_ = std::make_unique_for_overwrite<std::uint32_t[]>(rows_);
  }
  const auto key_of = [&](std::size_t i) {
    const std::uint64_t* row = block.words + i * count_;
    return static_cast<std::size_t>(band_key(band, [row](unsigned w) { return row[w]; }));
  };
  // Counts are kept two entries ahead and become ends one entry ahead; filling the buckets then moves each entry from
  // its bucket's beginning to its end, which is the beginning of the next: no second array.
  offsets_.assign(keys + 2, 0);
  for (std::size_t i = 0; i < rows_; ++i) ++offsets_[key_of(i) + 2];
  for (std::size_t k = 2; k < keys + 2; ++k) offsets_[k] += offsets_[k - 1];
  for (std::size_t i = 0; i < rows_; ++i) {
    const std::size_t slot = offsets_[key_of(i) + 1]++;
    if (slot >= rows_) throw std::runtime_error("the hash block was changed while its pairs were being read");
    index_[slot] = static_cast<std::uint32_t>(i);
    for (unsigned w = 0; w < count_; ++w) words_[w * rows_ + slot] = block.words[i * count_ + w];
  }
  squares_.assign((keys >> kGrain) + 1, 0);
  for (std::size_t k = 0; k < squares_.size() - 1; ++k) {
    std::uint64_t sum = squares_[k];
    for (std::size_t key = k << kGrain; key < (k + 1) << kGrain; ++key) {
      const std::uint64_t size = range(key, 0).size();
      sum += size * size;  // all of them together are at most rows^2, under 2^64
    }
    squares_[k + 1] = sum;
  }
}

double Buckets::squares(std::size_t first_key, unsigned level) const {
  if (level >= kGrain) {
    return static_cast<double>(squares_[(first_key + (std::size_t{1} << level)) >> kGrain] -
                               squares_[first_key >> kGrain]);
  }
  double sum = 0;
  for (std::size_t key = first_key; key < first_key + (std::size_t{1} << level); ++key) {
    const double size = static_cast<double>(range(key, 0).size());
    sum += size * size;
  }
  return sum;
}

PairStream::PairStream(Block block, unsigned radius, unsigned threads, Kernel kernel, Method method,
                       std::size_t task_pairs, std::function<void()> poll, Second second)
    : block_(block),
      radius_(radius),
      threads_(std::clamp(threads != 0 ? threads : std::thread::hardware_concurrency(), 1u, kMostThreads)),
      task_pairs_(static_cast<double>(std::max<std::size_t>(1, task_pairs))),
      poll_(std::move(poll)),
      bands_(choose_bands(block.rows, block.count, radius, kernel.pair_ns, method)),
      compare_(kernel.compare(block.count)),
      second_(second) {}

PairColumns PairStream::next(std::size_t limit) {
  const std::lock_guard lock(calling_);
  if (failed_) throw std::runtime_error("this stream of pairs failed before, so what is left of it is not whole");
  failed_ = true;  // until the end of this call is reached
  limit = std::max<std::size_t>(1, limit);
  while (done_pairs_ < limit && open_band()) run_tasks(limit);
  PairColumns pairs = take(limit);
  failed_ = false;
  return pairs;
}

void PairStream::drain(Consumer consumer) {
  const std::lock_guard lock(calling_);
  if (failed_ || opened_ != 0) throw std::runtime_error("this stream of pairs was begun before");
  failed_ = true;  // whatever comes, nothing is left of it
  consumer_ = consumer;
  while (open_band()) run_tasks(std::numeric_limits<std::size_t>::max());
}

std::vector<std::uint64_t> PairStream::count(const std::uint64_t* weights) {
  weights_ = weights;
  counts_.assign(radius_ + 1, 0);
  drain(Consumer::count);
  return std::move(counts_);
}

std::vector<std::uint32_t> PairStream::components() {
  forest_ = std::make_unique<Forest>(block_.rows);
  drain(Consumer::unite);
  std::vector<std::uint32_t> roots(block_.rows);
  for (std::size_t row = 0; row < block_.rows; ++row) roots[row] = forest_->root(static_cast<std::uint32_t>(row));
  return roots;
}

// Whether all rows of a task are known to belong together: looking is quick beside comparing them.
bool PairStream::is_united(const Task& task) const {
  if (task.level != 0) return false;
  const std::uint32_t* index = buckets_.columns().index;
  const std::uint32_t root = forest_->root(index[task.left.begin]);
  const auto belongs = [&](Range rows) {
    return std::all_of(index + rows.begin, index + rows.end, [&](std::uint32_t row) { return forest_->root(row) == root; });
  };
  return belongs(task.left) && (task.same || belongs(task.right));
}

// Makes sure there are tasks to do; false at the end of the last band.
bool PairStream::open_band() {
  if (!todo_.empty()) return true;
  if (opened_ == bands_.size() || block_.rows < 2) return false;
  const Band& band = bands_[opened_++];
  buckets_.build(block_, band);
  masks_.clear();
  for (unsigned flips = 0; flips <= band.flips; ++flips) masks_.push_back(masks_of(band.width, flips));
  const Range all{0, block_.rows};
  todo_.push_back({all, all, 0, 0, band.width, band.flips, true});
  return true;
}

// An upper bound, and near the number of pairs compared: the sum of s[v] * s[v ^ mask] over the keys v is at most half
// the sums of both squares, for each mask.
double PairStream::most_pairs(const Task& task) const {
  const double half = task.same ? 0.5 : 1;
  if (task.level == 0) return half * static_cast<double>(task.left.size()) * static_cast<double>(task.right.size());
  return half * flips_volume(task.level, task.flips) *
         (buckets_.squares(task.left_key, task.level) + buckets_.squares(task.right_key, task.level)) / 2;
}

// Depth first, so that tasks near in order touch the same rows.
bool PairStream::next_task(Task& task) {
  while (!todo_.empty()) {
    task = todo_.back();
    todo_.pop_back();
    if (task.left.size() == 0 || task.right.size() == 0) continue;
    if (most_pairs(task) <= task_pairs_) return true;
    split(task);
  }
  return false;
}

// Halves the keys by their top bit or, where there is one key, its rows: the halves meet themselves and each other,
// which over keys uses up one flip. A task of one row against one is never split.
void PairStream::split(const Task& task) {
  if (task.level > 0) {
    const unsigned level = task.level - 1;
    const std::size_t half = std::size_t{1} << level;
    const auto push = [&](std::size_t left, std::size_t right, unsigned flips, bool same) {
      todo_.push_back({buckets_.range(left, level), buckets_.range(right, level), left, right, level, flips, same});
    };
    if (task.flips > 0) {
      if (!task.same) push(task.left_key + half, task.right_key, task.flips - 1, false);
      push(task.left_key, task.right_key + half, task.flips - 1, false);
    }
    push(task.left_key + half, task.right_key + half, task.flips, task.same);
    push(task.left_key, task.right_key, task.flips, task.same);
    return;
  }
  const auto halves = [](Range range) {
    const std::size_t middle = range.begin + range.size() / 2;
    return std::pair{Range{range.begin, middle}, Range{middle, range.end}};
  };
  const auto push = [&](Range left, Range right, bool same) {
    todo_.push_back({left, right, task.left_key, task.right_key, 0, task.flips, same});
  };
  if (task.same) {
    const auto [low, high] = halves(task.left);
    push(low, high, false);
    push(high, high, true);
    push(low, low, true);
  } else if (task.left.size() >= task.right.size()) {
    const auto [low, high] = halves(task.left);
    push(high, task.right, false);
    push(low, task.right, false);
  } else {
    const auto [low, high] = halves(task.right);
    push(task.left, high, false);
    push(task.left, low, false);
  }
}

void PairStream::run(const Task& task, Sink& sink) const {
  if (task.level == 0) return compare_(task.left, task.right, task.same, sink);
  struct Filled {
    std::size_t key;
    Range rows;
  };
  std::vector<Filled> filled;
  for (std::size_t key = 0; key < std::size_t{1} << task.level; ++key) {
    const Range rows = buckets_.range(task.left_key + key, 0);
    if (rows.size() != 0) filled.push_back({key, rows});
  }
  // Masks outside, keys inside: both ranges of rows fit in the cache and are walked nearly in order.
  for (const std::uint32_t mask : masks_[task.flips]) {
    if (mask >> task.level != 0) break;
    for (const Filled& left : filled) {
      const std::size_t key = left.key ^ mask;
      if (task.same && key < left.key) continue;
      const Range right = buckets_.range(task.right_key + key, 0);
      if (right.size() != 0) compare_(left.rows, right, task.same && mask == 0, sink);
    }
  }
}

// Threads do tasks until there are `limit` pairs or none is left. All tasks begun are finished, so what is done is a
// prefix of the order of tasks, whoever did it.
void PairStream::run_tasks(std::size_t limit) {
  std::vector<std::thread> others;
  others.reserve(threads_ - 1);
  try {
    while (others.size() + 1 < threads_) others.emplace_back([this, limit] { work(limit, false); });
  } catch (...) {
    // The system gives no more threads: those there are do all the work, and are joined below.
  }
  work(limit, true);
  for (std::thread& other : others) other.join();
  if (error_) std::rethrow_exception(error_);
}

void PairStream::work(std::size_t limit, bool polls) {
  try {
    Sink sink;
    sink.left = sink.right = buckets_.columns();
    sink.radius = radius_;
    sink.earlier = std::span(bands_).first(opened_ - 1);
    sink.second = second_;
    sink.consumer = consumer_;
    sink.weights = weights_;
    sink.counts.assign(counts_.size(), 0);
    sink.forest = forest_.get();
    for (unsigned count = 1;; ++count) {
      Task task;
      std::vector<Pair>* result = nullptr;
      {
        const std::lock_guard lock(sharing_);
        if (error_ || done_pairs_ >= limit || !next_task(task)) break;
        if (consumer_ == Consumer::pairs) result = &done_.emplace_back();  // stays where it is while others are added
      }
      if (forest_ == nullptr || !is_united(task)) run(task, sink);
      if (result != nullptr) {
        for (Pair& pair : sink.pairs) {
          if (pair.left > pair.right) std::swap(pair.left, pair.right);
        }
        result->assign(sink.pairs.begin(), sink.pairs.end());
        sink.pairs.clear();
        const std::lock_guard lock(sharing_);
        done_pairs_ += result->size();
      }
      if (polls && count % kPollTasks == 0) poll_();
    }
    const std::lock_guard lock(sharing_);
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += sink.counts[i];
  } catch (...) {
    const std::lock_guard lock(sharing_);
    if (!error_) error_ = std::current_exception();
  }
}

PairColumns PairStream::take(std::size_t limit) {
  std::size_t size = 0, results = 0;
  while (results < done_.size() && size < limit) size += done_[results++].size();
  PairColumns pairs;
  pairs.left.reserve(size);
  pairs.right.reserve(size);
  pairs.distance.reserve(size);
  for (; results != 0; --results) {
    for (const Pair& pair : done_.front()) {
      pairs.left.push_back(pair.left);
      pairs.right.push_back(pair.right);
      pairs.distance.push_back(pair.distance);
    }
    done_.pop_front();
  }
  done_pairs_ -= size;
  return pairs;
}

}  // namespace lookalike
