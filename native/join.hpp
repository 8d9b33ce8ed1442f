// All pairs of hashes within a Hamming radius, exactly, as a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "buckets.hpp"
#include "compare.hpp"
#include "plan.hpp"

namespace lookalike {

// Work: the rows of 2^level keys on the left against those of as many others on the right, where keys may differ in `flips`
// of the low `level` bits. Both key ranges are aligned, so flipping a low bit stays inside them.
struct Task {
  Range left, right;
  std::size_t left_key = 0, right_key = 0;
  unsigned level = 0, flips = 0;
  bool same = false;  // left and right are the same rows
};

struct PairColumns {
  std::vector<std::uint32_t> left, right;
  std::vector<std::uint16_t> distance;
};

class PairStream {
 public:
  // `block` must stay alive and unchanged. `task_pairs` bounds the pairs of one task. `poll` is called on the thread
  // that calls next, some times a second; what it throws ends the stream.
  // With `queries`, pairs are of a row of the block and one of those, however their numbers stand; the other answers than
  // pairs, and `second`, are for a block with itself.
  PairStream(Block block, unsigned radius, unsigned threads, Kernel kernel, Method method, std::size_t task_pairs,
             std::function<void()> poll, Second second = {}, std::optional<Block> queries = {});

  // The next pairs, at least `limit` of them unless the end comes first, at most `limit + task_pairs`; none at the
  // end. Their order, and where one answer ends, depend on nothing but the arguments; the threads change neither.
  PairColumns next(std::size_t limit);

  // Instead of next, once: how many pairs there are at each distance, 0 to the radius; each counts the product of the
  // weights of its rows, or 1 without weights. Keeps no pair.
  std::vector<std::uint64_t> count(const std::uint64_t* weights);

  // Instead of next, once: the least row of the component of each row. Keeps no pair, and compares no rows of which it is
  // known that they belong together where that saves a whole task.
  std::vector<std::uint32_t> components();

  const std::vector<Band>& bands() const { return bands_; }

 private:
  bool open_band();
  bool next_task(Task& task);
  void split(const Task& task);
  double most_pairs(const Task& task) const;
  const Buckets& others() const { return queries_ ? query_buckets_ : buckets_; }
  void run(const Task& task, Sink& sink) const;
  void run_tasks(std::size_t limit);
  void work(std::size_t limit, bool polls);
  PairColumns take(std::size_t limit);
  template <class Prepare>
  void drain(Consumer consumer, Prepare prepare);
  bool is_united(const Task& task) const;

  const Block block_;
  const std::optional<Block> queries_;
  const unsigned radius_;
  const unsigned threads_;
  const double task_pairs_;
  const std::function<void()> poll_;
  const std::vector<Band> bands_;
  const Compare compare_;
  const Second second_;
  Consumer consumer_ = Consumer::pairs;
  const std::uint64_t* weights_ = nullptr;
  std::unique_ptr<Forest> forest_;

  std::mutex calling_;  // one call of next at a time
  bool failed_ = false;
  std::size_t opened_ = 0;  // bands begun
  Buckets buckets_, query_buckets_;  // of the band bands_[opened_ - 1]

  std::mutex sharing_;  // guards what follows while threads work
  std::vector<Task> todo_;
  std::deque<std::vector<Pair>> done_;  // one per task begun, in task order
  std::size_t done_pairs_ = 0;
  std::vector<std::uint64_t> counts_;
  std::exception_ptr error_;
};

}  // namespace lookalike
