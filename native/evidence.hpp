// What tiles and chroma tell: src/lookalike/verify/texture.py and colour.py say what is computed, and are its references.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "pyramid.hpp"

namespace lookalike {

constexpr unsigned chroma_side = 8, chroma_places = chroma_side * chroma_side;

// One number a column, in the order of the references.
constexpr std::size_t texture_columns = 13, colour_columns = 6;
using Texture = std::array<std::int64_t, texture_columns>;
using Colour = std::array<std::int64_t, colour_columns>;

// Changes (1 a tile) and structure (2 a tile) to what they tell; says which tiles changed.
Texture texture(const std::int32_t* change, const std::int32_t* structure, std::size_t tiles, const std::int64_t* contrast,
                bool* changed, Instructions set);

// Cb and Cr of two pictures, the inner one first, where a map leads; places that show something else count for no hue.
Colour colour(const std::uint8_t* inner, const std::uint8_t* outer, const Map& map, const bool* changed);

}  // namespace lookalike
