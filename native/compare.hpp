// Comparing two ranges of hashes, all against all: the types, and the table of instruction sets that can do it.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "target.hpp"

namespace lookalike {

struct Range {
  std::size_t begin = 0, end = 0;
  std::size_t size() const { return end - begin; }
};

// The caller's hashes, row by row.
struct Block {
  const std::uint64_t* words = nullptr;
  std::size_t rows = 0;
  unsigned count = 0;  // words per row
  const std::uint64_t* row(std::size_t i) const { return words + i * count; }
};

// Some bits of a hash, those set in `masks` (one per word), in which a pair may differ by `flips`. The bands of one join
// are disjoint. Width 0, without masks, is brute force: every pair agrees in it.
struct Band {
  std::vector<std::uint64_t> masks;
  unsigned width = 0, flips = 0;
};

struct Pair {
  std::uint32_t left, right;
  std::uint16_t distance;
};

// Hashes as struct of arrays: word w of row i is words[w * rows + i], and index[i] is the row's number outside.
struct Columns {
  const std::uint64_t* words = nullptr;
  const std::uint32_t* index = nullptr;
  std::size_t rows = 0;
  unsigned count = 0;  // words per row
  const std::uint64_t* word(unsigned w) const { return words + w * rows; }
};

// Further hashes of the same rows, row by row, in the order outside: of a pair they must be within a radius of their own.
struct Second {
  const std::uint64_t* words = nullptr;  // none
  unsigned count = 0;                    // words per row
  std::uint64_t radius = 0;
};

enum class Consumer { pairs, count, unite };

// Which rows belong together, while threads add pairs: a forest whose roots are the least rows of their trees.
class Forest {
 public:
  explicit Forest(std::size_t rows);
  std::uint32_t root(std::uint32_t row);
  void unite(std::uint32_t one, std::uint32_t other);

 private:
  std::vector<std::atomic<std::uint32_t>> above_;
};

// Vectors of right rows in which some row is near one of a block of left rows: bit l of `near` is row j + l. Noting every
// vector and keeping it only if near is not 0 needs no branch, which would often be foreseen wrongly.
struct Hits {
  struct Hit {
    std::uint32_t offset;  // from the first right row of the chunk
    std::uint32_t near;
  };
  static constexpr std::size_t kChunk = 2048;  // right rows
  Hit hits[kChunk / 2];                        // the least vectors hold two
  std::size_t count = 0;
  void note(std::size_t offset, unsigned near) {
    hits[count] = {static_cast<std::uint32_t>(offset), near};
    count += near != 0;
  }
};

// What a task needs while it compares, and where its pairs go.
struct Sink {
  Columns left, right;
  std::uint64_t radius = 0;
  std::span<const Band> bands;  // those already done, and the present one last; none: all pairs are wanted
  Second second;
  Consumer consumer = Consumer::pairs;
  std::vector<Pair> pairs;
  const std::uint64_t* weights = nullptr;  // of rows outside: a pair counts the product; none: 1 each
  std::vector<std::uint64_t> counts;       // of pairs by distance
  Forest* forest = nullptr;
  Hits hits;  // for the kernels
};

// Adds to the sink all pairs of a row in `left` with one in `right` within the radius; `same`: the ranges are equal,
// and each pair counts once.
using Compare = void (*)(Range left, Range right, bool same, Sink& sink);

struct Kernel {
  std::string_view name;
  double pair_ns;  // nanoseconds to compare one word of one pair, for the cost model
  bool (*runs_here)();
  Compare (*compare)(unsigned words);
};

// The kernels this processor runs, best first.
std::vector<Kernel> kernels();

// The one called `name`; std::invalid_argument, naming them all, if there is none.
Kernel kernel_named(std::string_view name);

}  // namespace lookalike
