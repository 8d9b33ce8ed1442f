// The rows of a block sorted by their key in one band.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "compare.hpp"

namespace lookalike {

// The key of a row is the band's bits side by side. Each byte of a row in which the band has bits adds its own through a
// table: what the instruction pext does, on every processor and over many words.
class BandKeys {
 public:
  explicit BandKeys(const Band& band);
  std::uint32_t operator()(const std::uint64_t* row) const {
    std::uint32_t key = 0;
    for (const Octet& octet : octets_) key |= octet.keys[row[octet.word] >> octet.shift & 0xff];
    return key;
  }

 private:
  struct Octet {
    unsigned word, shift;
    std::array<std::uint32_t, 256> keys;
  };
  std::vector<Octet> octets_;
};

class Buckets {
 public:
  void build(const Block& block, const Band& band);
  Columns columns() const { return {words_.get(), index_.get(), rows_, count_}; }
  Range range(std::size_t first_key, unsigned level) const {  // rows of 2^level keys
    return {offsets_[first_key], offsets_[first_key + (std::size_t{1} << level)]};
  }
  double squares(std::size_t first_key, unsigned level) const;  // sum of squared bucket sizes of 2^level keys

 private:
  std::size_t rows_ = 0;
  unsigned count_ = 0;
  std::unique_ptr<std::uint64_t[]> words_;
  std::unique_ptr<std::uint32_t[]> index_;
  std::vector<std::uint32_t> offsets_;  // bucket k is the rows from offsets_[k] to offsets_[k + 1]
  std::vector<std::uint64_t> squares_;  // running sums, one per 2^kGrain keys
};

}  // namespace lookalike
