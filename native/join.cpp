#include "join.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>
#include <utility>

namespace lookalike {
namespace {

constexpr std::size_t kFewPairs = 512;  // as quick to compare as to split
constexpr unsigned kMostThreads = 256;
constexpr unsigned kPollTasks = 256;  // of up to about half a millisecond each

// Halves the keys of a task by their top bit: the halves meet themselves and each other, which uses up one flip.
template <class Take>
void halve(const Task& task, const Buckets& buckets, const Buckets& others, Take take) {
  const unsigned level = task.level - 1;
  const std::size_t half = std::size_t{1} << level;
  const auto meet = [&](std::size_t left, std::size_t right, unsigned flips, bool same) {
    const Task part{buckets.range(left, level), others.range(right, level), left, right, level, flips, same};
    if (part.left.size() != 0 && part.right.size() != 0) take(part);
  };
  meet(task.left_key, task.right_key, task.flips, task.same);
  meet(task.left_key + half, task.right_key + half, task.flips, task.same);
  if (task.flips == 0) return;
  meet(task.left_key, task.right_key + half, task.flips - 1, false);
  if (!task.same) meet(task.left_key + half, task.right_key, task.flips - 1, false);
}

}  // namespace

PairStream::PairStream(Block block, unsigned radius, unsigned threads, Kernel kernel, Method method,
                       std::size_t task_pairs, std::function<void()> poll, Second second, std::optional<Block> queries)
    : block_(block),
      queries_(queries),
      radius_(radius),
      threads_(std::clamp(threads != 0 ? threads : std::thread::hardware_concurrency(), 1u, kMostThreads)),
      task_pairs_(static_cast<double>(std::max<std::size_t>(1, task_pairs))),
      poll_(std::move(poll)),
      bands_(choose_bands(block, queries ? &*queries : nullptr, radius, kernel.pair_ns, method)),
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

// Goes through all pairs at once. `prepare` makes what takes them, once no other call is under way.
template <class Prepare>
void PairStream::drain(Consumer consumer, Prepare prepare) {
  const std::lock_guard lock(calling_);
  if (failed_ || opened_ != 0) throw std::runtime_error("this stream of pairs was begun before");
  if (queries_) throw std::runtime_error("pairs with queries can only be listed");
  failed_ = true;  // whatever comes, nothing is left of it
  consumer_ = consumer;
  prepare();
  while (open_band()) run_tasks(std::numeric_limits<std::size_t>::max());
}

std::vector<std::uint64_t> PairStream::count(const std::uint64_t* weights) {
  drain(Consumer::count, [&] {
    weights_ = weights;
    counts_.assign(radius_ + 1, 0);
  });
  return std::move(counts_);
}

std::vector<std::uint32_t> PairStream::components() {
  drain(Consumer::unite, [&] { forest_ = std::make_unique<Forest>(block_.rows); });
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
  const bool none = queries_ ? block_.rows == 0 || queries_->rows == 0 : block_.rows < 2;
  if (opened_ == bands_.size() || none) return false;
  const Band& band = bands_[opened_++];
  buckets_.build(block_, band);
  if (queries_) query_buckets_.build(*queries_, band);
  todo_.push_back({{0, block_.rows}, {0, queries_.value_or(block_).rows}, 0, 0, band.width, band.flips, !queries_});
  return true;
}

// An upper bound, and near the number of pairs compared: the sum of s[v] * t[v ^ mask] over the keys v is at most the root
// of the product of both sums of squares, for each mask.
double PairStream::most_pairs(const Task& task) const {
  const double half = task.same ? 0.5 : 1;
  if (task.level == 0) return half * static_cast<double>(task.left.size()) * static_cast<double>(task.right.size());
  return half * flips_volume(task.level, task.flips) *
         std::sqrt(buckets_.squares(task.left_key, task.level) * others().squares(task.right_key, task.level));
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

// Halves the keys of a task or, where there is one key, its rows. A task of one row against one is never split.
void PairStream::split(const Task& task) {
  if (task.level > 0) {
    const std::size_t before = todo_.size();
    halve(task, buckets_, others(), [this](const Task& part) { todo_.push_back(part); });
    std::reverse(todo_.begin() + static_cast<std::ptrdiff_t>(before), todo_.end());  // the last is done first
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

// All rows are compared as soon as that is cheaper than sorting out which buckets are too many flips apart; `emit` leaves
// out the pairs of those.
void PairStream::run(const Task& task, Sink& sink) const {
  if (task.level <= task.flips || task.left.size() * task.right.size() <= kFewPairs) {
    // Kernels pass along the right rows many at a time.
    const bool swap = !queries_ && task.right.size() < task.left.size();
    return swap ? compare_(task.right, task.left, task.same, sink) : compare_(task.left, task.right, task.same, sink);
  }
  halve(task, buckets_, others(), [&](const Task& part) { run(part, sink); });
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
    sink.left = buckets_.columns();
    sink.right = others().columns();
    sink.radius = radius_;
    sink.bands = std::span(bands_).first(opened_);
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
          if (!queries_ && pair.left > pair.right) std::swap(pair.left, pair.right);
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
