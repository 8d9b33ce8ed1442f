// A picture at every side, and looking it up under a map: src/lookalike/verify/alignment.py says what is computed.
#pragma once
#include <algorithm>
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

// A map in whole numbers, for a plane and a grid of the same side: positions have position_bits behind the point. What leads
// so far that a position would not fit is cut off, as is what is no number; no map that verification makes does.
constexpr int position_bits = 17;
constexpr std::int32_t half_pixel = 1 << (position_bits - 1);

struct Grid {
  std::int32_t factor[4], shift[2], last;
  Grid(const Map& map, unsigned side);

  bool holds(std::int32_t position) const { return position >= -half_pixel && position <= last + half_pixel; }

  // Between which four neighbours a position lies, the first at (x, y), and how near to them in 1/256.
  struct Place {
    bool inside;
    std::int32_t x, y, right, below;
    std::int32_t mixed(std::int32_t first, std::int32_t next, std::int32_t under, std::int32_t beside) const {
      const std::int32_t upper = first * (256 - right) + next * right, lower = under * (256 - right) + beside * right;
      return (upper * (256 - below) + lower * below + (1 << 15)) >> 16;
    }
  };

  // Where the grid has (u, v), both in halves from the middle.
  Place place(std::int32_t u, std::int32_t v) const {
    const std::int32_t x = factor[0] * u + (factor[1] * v + shift[0]), y = factor[2] * u + (factor[3] * v + shift[1]);
    const std::int32_t px = std::clamp(x, 0, last - 1), py = std::clamp(y, 0, last - 1);
    return {holds(x) && holds(y), px >> position_bits, py >> position_bits, px >> (position_bits - 8) & 255,
            py >> (position_bits - 8) & 255};
  }
};

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

// What a map shows of a plane of bytes, on a grid of the same side, in whole levels.
void show(const std::uint8_t* luma, unsigned side, const Map& map, std::uint8_t* out);

}  // namespace lookalike
