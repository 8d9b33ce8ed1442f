// Two pictures to measures: src/lookalike/verify/measuring.py says what is computed, and is its reference.
#pragma once
#include "tiles.hpp"

namespace lookalike {

struct Measured : Compared {
  Map map{};
  std::int64_t swapped = 0, match = 0, finished = 0;
};

// Aligns two pictures and compares them at `side`, the finest.
void measure(View& left, View& right, unsigned side, Room& room, Measured& out);

}  // namespace lookalike
