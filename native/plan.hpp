// Choosing the bands of a join.
#pragma once

#include <vector>

#include "compare.hpp"

namespace lookalike {

enum class Method { automatic, brute, bands };

// How many ways there are to flip at most `flips` of `width` bits.
double flips_volume(unsigned width, unsigned flips);

// The cheapest bands for a block by the cost model: either one band of width 0 (brute force) or bands with
// sum(flips + 1) >= radius + 1, which no pair within the radius can miss: a pair that disagrees in every band differs
// in at least flips + 1 bits of each. Which bits make a band follows from a sample of the rows, so that bits that are
// uneven or go together are spread over the bands. Method::bands leaves out brute force wherever bands are possible.
// With queries, pairs are of a row of the block and one of these, which are as random as the block.
std::vector<Band> choose_bands(const Block& block, const Block* queries, unsigned radius, double pair_ns, Method method);

}  // namespace lookalike
