// PDQ's arithmetic: a picture to 64x64 floats, and those to their 16x16 low frequencies.
//
// Followed: D. Dalton et al., Facebook, "PDQ & TMK + PDQF" (2019). A bit of the hash may hang on the last bit of a float,
// so every output here is the same chain of roundings as in the reference of that paper; what runs side by side is only
// what does not depend on one another. The file is compiled without contraction of a * b + c.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lookalike {

inline constexpr std::size_t pdq_side = 64;  // of the reduced picture
inline constexpr std::size_t pdq_size = 16;  // of its block of frequencies
inline constexpr std::size_t pdq_least = 5;  // pixels on a side; smaller pictures have no hash, and reduce to zeros

// Blurs with two box filters each way and takes the pixel in the centre of each of 64x64 cells.
void pdq_reduce_luma(const float* luma, std::size_t rows, std::size_t columns, float* out);

// The same of interleaved RGB: luma is the sum in double precision, then rounded.
void pdq_reduce_rgb(const std::uint8_t* rgb, std::size_t rows, std::size_t columns, float* out);

// `basis` (16 x 64) times each picture (64 x 64) times the basis turned over: `out` is count x 16 x 16.
void pdq_frequencies(const float* pictures, std::size_t count, const float* basis, float* out);

}  // namespace lookalike
