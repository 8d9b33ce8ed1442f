// Levels of the tiles of two pictures against a common tone curve: part of src/lookalike/verify/tiles.py.
#pragma once
#include <cstdint>
#include <vector>

#include "pyramid.hpp"

namespace lookalike {

constexpr std::int64_t share = 1 << 16, most_change = 1 << 24, noise = 2 << (2 * value_bits);

// Mean levels of a tile in both pictures, where it is, and of how many values.
struct Level {
  std::int32_t one, other, tile;
  std::int64_t n;
};

// Raises the changes of tiles to what their levels miss the best rising curve by.
void miss_curves(const std::vector<Level>& levels, const std::int64_t (&contrast)[2], Instructions set,
                 std::vector<std::int32_t>& changes);

}  // namespace lookalike
