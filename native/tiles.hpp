// Two planes, compared tile by tile: src/lookalike/verify/tiles.py says what is computed, and is its reference.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "alignment.hpp"
#include "curve.hpp"

namespace lookalike {

unsigned tiles_per_side(unsigned side);

// Sums over the values of two planes that lie inside, of their squares, products and differences; whole numbers below 2^53.
enum Kind { inside_, first_, second_ = 3, common_ = 5, difference_, kinds };
using Sums = std::array<double, kinds>;

// The same of each tile.
struct Tiles {
  std::array<std::vector<double>, kinds> of;
};

// A plane, and what its tiles hold, all of them whole; as the first of two planes.
struct Layer {
  unsigned side = 0;  // 0 until it is made
  std::vector<std::int16_t> plane;
  std::vector<double> first, variance;
  Sums whole{};
};

// Room for what a pair needs, so that pairs share it.
struct Room : Scratch {
  std::vector<std::int16_t> smooth;
  Tiles tiles;
  std::vector<double> variance[2], covariance;
  std::vector<std::int32_t> level[2];
  Curve curve;
  Room(unsigned side, Instructions with);
};

// A picture as pairs need it: what comparing it as it lies takes is made once, when it is asked for.
class View {
 public:
  void build(const std::uint8_t* luma, unsigned side, Instructions set);

  // Looked up where it lies, a plane has the last row and column 1/256 nearer to the ones before.
  const Layer& smooth(unsigned side, bool looked_up, Room& room);
  const Layer& coarse(bool looked_up, Room& room);

  Pyramid pyramid;

 private:
  Layer smooth_[2], coarse_[2];
};

// What a comparison finds.
struct Compared {
  std::int64_t contrast[2] = {}, level[2] = {}, inside = 0, difference = 0;
  std::vector<std::int32_t> change;     // one a tile; -1 outside
  std::vector<std::int32_t> structure;  // two a tile
  void clear(unsigned side);
};

// How well planes of 16 pixels a side agree, as they lie or where a map says.
std::int64_t match_of(View& outer, View& inner, Room& room);
std::int64_t match_of(View& outer, View& inner, const Map& map, Room& room);

// The same for tiles, at a side.
void compare(View& outer, View& inner, unsigned side, Room& room, Compared& out);
void compare(View& outer, View& inner, const Map& map, unsigned side, Room& room, Compared& out);

}  // namespace lookalike
