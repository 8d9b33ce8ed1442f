#include "curve.hpp"

#include <algorithm>
#include <cstddef>

namespace lookalike {
namespace {

constexpr std::size_t few_tiles = 64;

// How many of some keys are less than each: their order, if no two are equal.
LOOKALIKE_INLINE void ranks(const std::uint32_t* keys, std::size_t count, std::uint32_t* rank) {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t less = 0;
    for (std::size_t k = 0; k < count; ++k) less += static_cast<std::uint32_t>(keys[k] < keys[i]);
    rank[i] = less;
  }
}

struct Kernel {
  void (*ranks)(const std::uint32_t*, std::size_t, std::uint32_t*);
};

#define LOOKALIKE_KERNEL(name, target)                                                                                      \
  target void ranks_##name(const std::uint32_t* keys, std::size_t count, std::uint32_t* rank) { ranks(keys, count, rank); } \
  constexpr Kernel name##_kernel{ranks_##name};

LOOKALIKE_KERNELS

// By how much levels miss the best rising curve, pooling adjacent violators; of two directions the lesser stays.
void miss_curve(const std::vector<Level>& levels, std::int32_t Level::*given, std::int32_t Level::*wanted, std::int64_t contrast,
                Instructions set, std::vector<std::int64_t>& miss) {
  struct Pool {
    std::int64_t total, weight;
    std::size_t tiles;
  };
  const std::size_t count = levels.size();
  std::vector<std::uint32_t> keys(count), order(count);  // levels of 14 bits, and places
  for (std::size_t i = 0; i < count; ++i) keys[i] = static_cast<std::uint32_t>(levels[i].*given << 16 | static_cast<std::int32_t>(i));
  if (count <= few_tiles) {
    std::uint32_t rank[few_tiles];
    kernel_of(set).ranks(keys.data(), count, rank);
    for (std::size_t i = 0; i < count; ++i) order[rank[i]] = static_cast<std::uint32_t>(i);
  } else {
    std::sort(keys.begin(), keys.end());
    for (std::size_t i = 0; i < count; ++i) order[i] = keys[i] & 0xffff;
  }
  std::vector<Pool> pools(count);
  std::size_t size = 0;
  for (const std::uint32_t at : order) {
    pools[size++] = {levels[at].*wanted * levels[at].n, levels[at].n, 1};
    while (size > 1 && pools[size - 2].total * pools[size - 1].weight >= pools[size - 1].total * pools[size - 2].weight) {
      --size;
      pools[size - 1].total += pools[size].total;
      pools[size - 1].weight += pools[size].weight;
      pools[size - 1].tiles += pools[size].tiles;
    }
  }
  std::size_t at = 0;
  for (std::size_t pool = 0; pool < size; ++pool) {
    const std::int64_t curve = pools[pool].total / pools[pool].weight;
    for (std::size_t k = 0; k < pools[pool].tiles; ++k, ++at) {
      const std::int64_t off = levels[order[at]].*wanted - curve, rest = off * off - noise;
      miss[order[at]] = std::min(miss[order[at]], rest > 0 ? rest * share / contrast : 0);
    }
  }
}

}  // namespace

void miss_curves(const std::vector<Level>& levels, const std::int64_t (&contrast)[2], Instructions set,
                 std::vector<std::int32_t>& changes) {
  // The best rising curve is no further off one level than the farthest of all: what stays within the noise needs no curve.
  std::int32_t low = 0, high = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::int32_t off = levels[i].other - levels[i].one;
    low = i == 0 ? off : std::min(low, off);
    high = i == 0 ? off : std::max(high, off);
  }
  if (std::int64_t{high - low} * (high - low) <= noise) return;
  std::vector<std::int64_t> miss(levels.size(), most_change);
  miss_curve(levels, &Level::one, &Level::other, contrast[1], set, miss);
  miss_curve(levels, &Level::other, &Level::one, contrast[0], set, miss);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    std::int32_t& change = changes[static_cast<std::size_t>(levels[i].tile)];
    change = static_cast<std::int32_t>(std::max(std::int64_t{change}, miss[i]));
  }
}

}  // namespace lookalike
