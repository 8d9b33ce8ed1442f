// What some of a block's rows tell about its bits: how even each is, and which of them go together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compare.hpp"

namespace lookalike {

class Sample {
 public:
  // About `rows` rows, or all if there are fewer, from the whole length of the block; the same ones every time.
  Sample(const Block& block, std::size_t rows);

  // The share of pairs of rows that differ in a bit: a half if it is even, 0 if it never changes.
  double differing(unsigned bit) const { return differing_[bit]; }

  // The square of the correlation of two bits: 0 if they are independent, 1 if one tells the other.
  double correlation(unsigned one, unsigned other) const;

  // The pairs of rows that differ in at most band.flips bits of a band, and their share of all pairs.
  struct Agreeing {
    std::uint64_t pairs;
    double share;
  };
  Agreeing agreeing(const Band& band) const;

 private:
  double share_of_ones(unsigned bit) const;
  const std::uint64_t* column(unsigned bit) const { return columns_.data() + bit * length_; }

  std::size_t rows_, length_;
  unsigned count_;                      // words per row
  std::vector<std::uint64_t> words_;    // row by row
  std::vector<std::uint64_t> columns_;  // bit by bit: `length_` words with a bit for each row
  std::vector<double> differing_;
};

}  // namespace lookalike
