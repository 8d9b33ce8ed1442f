// Where one picture lies in the other: src/lookalike/verify/alignment.py says what is computed, and is its reference.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lookalike {

constexpr unsigned coarsest_side = 16, aligned_side = 256, finest_side = 2048;

// Rows of (xx, xy, shift x), (yx, yy, shift y).
using Map = std::array<double, 6>;

// A plane and its halves, values in 1/64 of a level: at most 255 * 64.
class Pyramid {
 public:
  void build(const std::uint8_t* luma, unsigned side);
  const std::int16_t* plane(unsigned side) const { return planes_.data() + offset(side); }
  unsigned side() const { return side_; }

 private:
  static std::size_t offset(unsigned side) { return (std::size_t{side} * side - coarsest_side * coarsest_side) / 3; }
  std::vector<std::int16_t> planes_;
  unsigned side_ = 0;
};

// Room for what a step needs, so that pairs share it.
struct Scratch {
  std::vector<std::int32_t> seen, inside, one, other, both, off, along, down;
  explicit Scratch(unsigned side);
};

// Values of a plane (size, size) where a map says, on a grid of `side`; `inside` is 1 where the position lies in the plane.
void sample(const std::int16_t* plane, unsigned size, const Map& map, unsigned side, std::int32_t* values,
            std::int32_t* inside);

// Refines a map at each of some sides.
void align(const Pyramid& left, const Pyramid& right, Map& map, const unsigned* sides, std::size_t count, Scratch& scratch);

}  // namespace lookalike
