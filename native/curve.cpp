#include "curve.hpp"

#include <algorithm>
#include <cstddef>

namespace lookalike {
namespace {

constexpr std::size_t few_tiles = 64;
constexpr std::int32_t finest_level = 1 << 14;

// How many of some keys are less than each: their order, if no two are equal.
LOOKALIKE_INLINE void ranks(const std::int32_t* keys, std::size_t count, std::int32_t* rank) {
  for (std::size_t i = 0; i < count; ++i) {
    std::int32_t less = 0;
    for (std::size_t k = 0; k < count; ++k) less += static_cast<std::int32_t>(keys[k] < keys[i]);
    rank[i] = less;
  }
}

struct Kernel {
  void (*ranks)(const std::int32_t*, std::size_t, std::int32_t*);
};

#define LOOKALIKE_KERNEL(name, target)                                                                                      \
  target void ranks_##name(const std::int32_t* keys, std::size_t count, std::int32_t* rank) { ranks(keys, count, rank); } \
  constexpr Kernel name##_kernel{ranks_##name};

LOOKALIKE_KERNELS

}  // namespace

// By how much levels miss the curve, pooling adjacent violators; of two directions the lesser stays.
void Curve::miss(int given, std::int64_t contrast, Instructions set) {
  const std::size_t count = tiles_.size();
  const int wanted = 1 - given;
  keys_.resize(count);
  order_.resize(count);
  // Levels have 14 bits, places 16.
  for (std::size_t i = 0; i < count; ++i) keys_[i] = tiles_[i].level[given] << 16 | static_cast<std::int32_t>(i);
  if (count <= few_tiles) {
    std::int32_t rank[few_tiles];
    kernel_of(set).ranks(keys_.data(), count, rank);
    for (std::size_t i = 0; i < count; ++i) order_[static_cast<std::size_t>(rank[i])] = static_cast<std::uint32_t>(i);
  } else {
    std::sort(keys_.begin(), keys_.end());
    for (std::size_t i = 0; i < count; ++i) order_[i] = static_cast<std::uint32_t>(keys_[i] & 0xffff);
  }
  pools_.clear();
  for (const std::uint32_t at : order_) {
    Pool last{tiles_[at].level[wanted] * tiles_[at].n, tiles_[at].n, 1};
    while (!pools_.empty() && pools_.back().total * last.weight >= last.total * pools_.back().weight) {
      last.total += pools_.back().total;
      last.weight += pools_.back().weight;
      last.tiles += pools_.back().tiles;
      pools_.pop_back();
    }
    pools_.push_back(last);
  }
  std::size_t at = 0;
  for (const Pool& pool : pools_) {
    const std::int64_t curve = pool.total / pool.weight;
    for (const std::size_t end = at + pool.tiles; at < end; ++at) {
      const std::int64_t off = tiles_[order_[at]].level[wanted] - curve, rest = off * off - noise;
      std::int64_t& miss = miss_[order_[at]];
      miss = std::min(miss, rest > 0 ? rest * share / contrast : 0);
    }
  }
}

void Curve::raise(const std::int32_t* one, const std::int32_t* other, const double* n, const std::int64_t (&contrast)[2],
                  Instructions set, std::vector<std::int32_t>& changes) {
  // No level is further off the best rising curve than the levels of both pictures are off each other, less a common shift:
  // what stays within the noise needs no curve.
  std::int32_t low = finest_level, high = -finest_level;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const bool counts = changes[i] >= 0;
    low = std::min(low, counts ? other[i] - one[i] : low);
    high = std::max(high, counts ? other[i] - one[i] : high);
  }
  if (high <= low || std::int64_t{high - low} * (high - low) <= noise) return;
  tiles_.clear();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i] >= 0) tiles_.push_back({{one[i], other[i]}, static_cast<std::int32_t>(i), static_cast<std::int64_t>(n[i])});
  }
  miss_.assign(tiles_.size(), most_change);
  miss(0, contrast[1], set);
  miss(1, contrast[0], set);
  for (std::size_t i = 0; i < tiles_.size(); ++i) {
    std::int32_t& change = changes[static_cast<std::size_t>(tiles_[i].place)];
    change = static_cast<std::int32_t>(std::max(std::int64_t{change}, miss_[i]));
  }
}

}  // namespace lookalike
