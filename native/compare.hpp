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

// `width` bits of a hash from bit `start` (counted from the low end of word 0), in which a pair may differ by `flips`.
// The bands of one join are disjoint. Width 0 is brute force: every pair agrees in it.
struct Band {
  unsigned start = 0, width = 0, flips = 0;
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

inline std::uint64_t band_mask(const Band& band) { return (std::uint64_t{1} << band.width) - 1; }

// The band's bits of a row whose word w is get(w). A band is under 64 bits wide and may cross into the next word.
template <class Get>
LOOKALIKE_INLINE std::uint64_t band_key(const Band& band, Get get) {
  const unsigned word = band.start / 64, shift = band.start % 64;
  std::uint64_t key = get(word) >> shift;
  if (shift + band.width > 64) key |= get(word + 1) << (64 - shift);
  return key & band_mask(band);
}

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

// What a task needs while it compares, and where its pairs go.
struct Sink {
  Columns left, right;
  std::uint64_t radius = 0;
  std::span<const Band> earlier;  // bands already done: a pair that agrees in one of them has been emitted there
  Second second;
  Consumer consumer = Consumer::pairs;
  std::vector<Pair> pairs;
  const std::uint64_t* weights = nullptr;  // of rows outside: a pair counts the product; none: 1 each
  std::vector<std::uint64_t> counts;       // of pairs by distance
  Forest* forest = nullptr;
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
