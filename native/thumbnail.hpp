// From a reduced picture to its thumbnail: the fixed-point Lanczos of docs/hash-spec.md, then the turn by EXIF.
#pragma once
#include <cstddef>
#include <cstdint>

#include "picture.hpp"

namespace lookalike {

constexpr std::size_t thumbnail_side = 64;
constexpr std::size_t chroma_side = 8;

struct Thumbnail {
  std::uint8_t luma[thumbnail_side * thumbnail_side];
  std::uint8_t chroma[chroma_side * chroma_side * 2];  // Cb and Cr side by side
  bool colour;                                         // whether any sample of chroma is off neutral
  unsigned detail;                                     // 0..100
};

// A plane of (height, width) levels, each the mean of a square of `unit` pixels of a picture of extent_x by extent_y
// pixels, to `side` by `side` levels.
void shrink(const std::uint8_t* plane, std::size_t width, std::size_t height, std::size_t extent_x,
            std::size_t extent_y, std::size_t unit, std::size_t side, std::uint8_t* out);

void make_thumbnail(const Picture& picture, Thumbnail& out);

}  // namespace lookalike
