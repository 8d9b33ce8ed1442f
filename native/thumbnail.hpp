// From a reduced picture to its upright thumbnail.
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

void make_thumbnail(const Picture& picture, Thumbnail& out);

}  // namespace lookalike
