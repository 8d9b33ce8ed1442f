// Two planes to measures: src/lookalike/verify/measuring.py and tiles.py say what is computed, and are its references.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "alignment.hpp"

namespace lookalike {

struct Measured {
  Map map{};
  std::int64_t swapped = 0, match = 0, finished = 0;
  std::int64_t contrast[2] = {}, level[2] = {}, inside = 0, difference = 0;
  std::vector<std::int32_t> change;     // one a tile; -1 outside
  std::vector<std::int32_t> structure;  // two a tile
};

unsigned tiles_per_side(unsigned side);

// Room for what a comparison needs.
struct TileScratch {
  std::vector<std::int32_t> one, other, rows;
  Measured found;
  explicit TileScratch(unsigned side);
};

// Aligns two pictures and compares them at `side`, the finest.
void measure(const Pyramid& left, const Pyramid& right, unsigned side, Scratch& scratch, TileScratch& tiles, Measured& out);

}  // namespace lookalike
