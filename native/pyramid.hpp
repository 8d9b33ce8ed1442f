// A picture at every side, and looking it up under a map: src/lookalike/verify/alignment.py says what is computed.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "target.hpp"

namespace lookalike {

constexpr unsigned coarsest_side = 16, aligned_side = 256, finest_side = 2048;
constexpr int value_bits = 6;
constexpr double thumbnail = 64;

// Rows of (xx, xy, shift x), (yx, yy, shift y).
using Map = std::array<double, 6>;

// A plane and its halves, values in 1/64 of a level: at most 255 * 64.
class Pyramid {
 public:
  void build(const std::uint8_t* luma, unsigned side, Instructions set);
  const std::int16_t* plane(unsigned side) const { return planes_.data() + offset(side); }

  // Each value and the one below it, side by side, so that one load gets all four neighbours; made at the first call.
  const std::int16_t* columns(unsigned side);

 private:
  static std::size_t offset(unsigned side) { return (std::size_t{side} * side - coarsest_side * coarsest_side) / 3; }
  std::vector<std::int16_t> planes_, columns_;
  unsigned made_ = 0;  // sides of which there are columns, one bit each
};

// Values of a plane where a map says, on a grid of the same side; `inside` is -1 where the position lies in the plane, or 0.
void sample(Pyramid& picture, unsigned side, const Map& map, std::int16_t* values, std::int16_t* inside, Instructions set);

}  // namespace lookalike
