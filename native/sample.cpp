#include "sample.hpp"

#include <algorithm>
#include <bit>

#include "buckets.hpp"

namespace lookalike {
namespace {

// A number from 0 to `end` - 1 that looks random: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
// 2014. Rows at equal steps could meet a period of the block.
std::size_t scattered(std::uint64_t i, std::size_t end) {
  std::uint64_t z = (i + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return static_cast<std::size_t>((z ^ z >> 31) % end);
}

}  // namespace

Sample::Sample(const Block& block, std::size_t rows)
    : rows_(std::min(rows, block.rows)), length_((rows_ + 63) / 64), count_(block.count) {
  words_.reserve(rows_ * count_);
  const std::size_t step = rows_ == 0 ? 0 : block.rows / rows_;
  for (std::size_t i = 0; i < rows_; ++i) {
    const std::uint64_t* row = block.row(i * step + scattered(i, step));
    words_.insert(words_.end(), row, row + count_);
  }
  const unsigned bits = 64 * count_;
  columns_.assign(bits * length_, 0);
  for (std::size_t i = 0; i < rows_; ++i) {
    for (unsigned bit = 0; bit < bits; ++bit) {
      columns_[bit * length_ + i / 64] |= (words_[i * count_ + bit / 64] >> bit % 64 & 1) << i % 64;
    }
  }
  for (unsigned bit = 0; bit < bits; ++bit) {
    const double ones = share_of_ones(bit);
    differing_.push_back(2 * ones * (1 - ones));
  }
}

double Sample::share_of_ones(unsigned bit) const {
  std::uint64_t ones = 0;
  for (std::size_t i = 0; i < length_; ++i) ones += static_cast<unsigned>(std::popcount(column(bit)[i]));
  return rows_ == 0 ? 0 : static_cast<double>(ones) / static_cast<double>(rows_);
}

double Sample::correlation(unsigned one, unsigned other) const {
  const double variances = differing_[one] * differing_[other] / 4;
  if (variances == 0) return 0;
  std::uint64_t both = 0;
  for (std::size_t i = 0; i < length_; ++i) both += static_cast<unsigned>(std::popcount(column(one)[i] & column(other)[i]));
  const double covariance =
      static_cast<double>(both) / static_cast<double>(rows_) - share_of_ones(one) * share_of_ones(other);
  return covariance * covariance / variances;
}

Sample::Agreeing Sample::agreeing(const Band& band) const {
  const BandKeys key_of(band);
  std::vector<std::uint32_t> keys(rows_);
  for (std::size_t i = 0; i < rows_; ++i) keys[i] = key_of(words_.data() + i * count_);
  std::uint64_t pairs = 0;
  for (std::size_t i = 0; i < rows_; ++i) {
    std::uint32_t agreeing = 0;
    for (std::size_t j = i + 1; j < rows_; ++j) {
      agreeing += static_cast<unsigned>(std::popcount(keys[i] ^ keys[j])) <= band.flips;
    }
    pairs += agreeing;
  }
  const double all = static_cast<double>(rows_) * static_cast<double>(rows_ - 1) / 2;
  return {pairs, rows_ < 2 ? 0 : static_cast<double>(pairs) / all};
}

}  // namespace lookalike
