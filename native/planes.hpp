// Rows of pixels to the planes of a picture: its luma, as it is or as means of blocks, and its chroma.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "picture.hpp"

namespace lookalike {

// Side in pixels of what a sample of luma stands for (docs/hash-spec.md, 1): 8 where the short side has 24 blocks.
constexpr unsigned unit_of(std::size_t width, std::size_t height) {
  return (width < height ? width : height) > 184 ? 8 : 1;
}

// Fills width, height, unit and the planes of a picture from its rows, top to bottom. Luma is as docs/hash-spec.md says;
// chroma is what Pillow makes of the means of the same blocks, to the level.
class PlaneRows {
 public:
  // A pixel is 1 level (gray), 3 (RGB) or 4 (RGB and one that does not count). No side is 0.
  PlaneRows(std::size_t width, std::size_t height, std::size_t channels, Picture& picture);

  // The next row: width * channels levels. To be called `height` times.
  void add(const std::uint8_t* pixels);

 private:
  void finish_blocks(std::size_t rows);

  std::size_t channels_, row_ = 0;
  Picture& picture_;
  std::vector<std::uint8_t> luma_;                       // of one row
  std::vector<std::uint16_t> luma_sums_, channel_sums_;  // of the columns of the blocks under way
};

}  // namespace lookalike
