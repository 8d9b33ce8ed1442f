// The Haar part of whash, in double precision and in the order of operations of PyWavelets.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lookalike {

// The low band of a square picture of 2**k pixels a side (0..255, taken as shares of 255) after `levels` steps of the
// Haar transform, `levels` <= k. With `remove_mean` the picture is first decomposed down to one coefficient, that one
// set to zero, and put together again. `out` holds (side >> levels) squared numbers.
//
// Where the picture is flat, rounding alone decides the bits that are made of this. So sums and products are those of
// PyWavelets one by one, and the file is compiled without contraction of a * b + c.
void haar_low(const std::uint8_t* picture, std::size_t side, unsigned levels, bool remove_mean, double* out);

}  // namespace lookalike
