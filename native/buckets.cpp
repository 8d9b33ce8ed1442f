#include "buckets.hpp"

namespace lookalike {
namespace {

constexpr unsigned kGrain = 6;  // one running sum of squares per 64 keys

}  // namespace

BandKeys::BandKeys(const Band& band) {
  unsigned width = 0;
  for (unsigned octet = 0; octet < 8 * band.masks.size(); ++octet) {
    const unsigned word = octet / 8, shift = octet % 8 * 8;
    std::array<std::uint32_t, 256> keys{};
    const unsigned begin = width;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((band.masks[word] >> (shift + bit) & 1) == 0) continue;
      for (unsigned value = 0; value < 256; ++value) keys[value] |= (value >> bit & 1) << width;
      ++width;
    }
    if (width != begin) octets_.push_back({word, shift, keys});
  }
}

// A counting sort. With the band of width 0 it only turns rows into columns.
void Buckets::build(const Block& block, const Band& band) {
  const std::size_t keys = std::size_t{1} << band.width;
  if (!words_) {
    rows_ = block.rows;
    count_ = block.count;
    words_ = std::make_unique_for_overwrite<std::uint64_t[]>(rows_ * count_);
    index_ = std::make_unique_for_overwrite<std::uint32_t[]>(rows_);
  }
  const BandKeys key_of(band);
  // Counts are kept two entries ahead and become ends one entry ahead; filling the buckets then moves each entry from
  // its bucket's beginning to its end, which is the beginning of the next: no second array.
  const auto key = std::make_unique_for_overwrite<std::uint32_t[]>(rows_);
  offsets_.assign(keys + 2, 0);
  for (std::size_t i = 0; i < rows_; ++i) {
    key[i] = key_of(block.row(i));
    ++offsets_[key[i] + 2];
  }
  for (std::size_t k = 2; k < keys + 2; ++k) offsets_[k] += offsets_[k - 1];
  for (std::size_t i = 0; i < rows_; ++i) {
    const std::size_t slot = offsets_[key[i] + 1]++;
    index_[slot] = static_cast<std::uint32_t>(i);
    for (unsigned w = 0; w < count_; ++w) words_[w * rows_ + slot] = block.row(i)[w];
  }
  squares_.assign((keys >> kGrain) + 1, 0);
  for (std::size_t k = 0; k < squares_.size() - 1; ++k) {
    std::uint64_t sum = squares_[k];
    for (std::size_t bucket = k << kGrain; bucket < (k + 1) << kGrain; ++bucket) {
      const std::uint64_t size = range(bucket, 0).size();
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

}  // namespace lookalike
