// Where one picture lies in the other: src/lookalike/verify/alignment.py says what is computed, and is its reference.
#pragma once
#include <vector>

#include "pyramid.hpp"

namespace lookalike {

// Room for what a step needs, so that pairs share it.
struct Scratch {
  std::vector<std::int16_t> seen, inside, both, off, along, down;
  Instructions set;
  Scratch(unsigned side, Instructions with);
};

// Refines a map on planes of one side: positions in `right` to positions in `left`.
void align(Pyramid& left, const Pyramid& right, Map& map, unsigned side, Scratch& scratch);

}  // namespace lookalike
