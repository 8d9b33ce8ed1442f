// The fixed-point Lanczos of docs/hash-spec.md, equal on every machine to the bit.
#pragma once
#include <cstddef>
#include <cstdint>

namespace lookalike {

// A plane of (height, width) levels, each the mean of a square of `unit` pixels of a picture of extent_x by extent_y
// pixels, to (side, side) levels.
void shrink(const std::uint8_t* plane, std::size_t width, std::size_t height, std::size_t extent_x,
            std::size_t extent_y, std::size_t unit, std::size_t side, std::uint8_t* out);

// Square pictures (count, side, side) to (count, height, width).
void reduce(const std::uint8_t* pictures, std::size_t count, std::size_t side, std::size_t width, std::size_t height,
            std::uint8_t* out);

}  // namespace lookalike
