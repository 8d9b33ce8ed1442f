// Levels of the tiles of two pictures against a common tone curve: part of src/lookalike/verify/tiles.py.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pyramid.hpp"

namespace lookalike {

constexpr std::int64_t share = 1 << 16, most_change = 1 << 24, noise = 2 << (2 * value_bits);

class Curve {
 public:
  // Raises the changes of tiles that count, those not negative, to what their mean levels miss the best rising curve by.
  void raise(const std::int32_t* one, const std::int32_t* other, const double* n, const std::int64_t (&contrast)[2],
             Instructions set, std::vector<std::int32_t>& changes);

 private:
  struct Tile {
    std::int32_t level[2], place;
    std::int64_t n;
  };
  struct Pool {
    std::int64_t total, weight;
    std::size_t tiles;
  };
  void miss(int given, std::int64_t contrast, Instructions set);

  std::vector<Tile> tiles_;
  std::vector<std::int64_t> miss_;
  std::vector<std::int32_t> keys_;
  std::vector<std::uint32_t> order_;
  std::vector<Pool> pools_;
};

}  // namespace lookalike
