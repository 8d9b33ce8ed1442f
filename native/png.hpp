// PNG (https://www.w3.org/TR/png-3/) to the planes of a picture, as Pillow would decode it and to the level. What Pillow
// refuses, or takes in a way of its own, is declined, so that Pillow has the last word: interlaced and animated files,
// anything damaged, chunks out of order, and metadata that is not plain.
//
// Inflating is left to the caller, since good libraries for it are at hand.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "picture.hpp"

namespace lookalike {

enum class PngColour : unsigned { gray = 0, rgb = 2, palette = 3, gray_alpha = 4, rgb_alpha = 6 };

struct PngHeader {
  std::size_t width = 0, height = 0;
  unsigned depth = 0;
  PngColour colour = PngColour::gray;
  std::vector<std::array<std::uint8_t, 4>> palette;   // RGB and alpha
  std::vector<unsigned> clear;                        // the one transparent level of gray, or the three of RGB
  std::vector<std::span<const std::uint8_t>> data;    // the compressed pixels, within the file
  std::size_t compressed = 0, inflated = 0;           // size of the data, and what it must inflate to exactly
  std::span<const std::uint8_t> profile;              // compressed ICC profile
  std::size_t exif = 0, exif_size = 0;
  unsigned orientation = 1;

  std::size_t bits() const;  // of a pixel
  std::size_t row_size() const { return (width * bits() + 7) / 8; }
};

// False: declined. The header refers to the file.
bool read_png_header(std::span<const std::uint8_t> file, std::size_t max_pixels, PngHeader& header);

// False: declined. `inflated` is what the compressed pixels inflate to.
bool read_png(const PngHeader& header, std::span<const std::uint8_t> inflated, Picture& picture);

}  // namespace lookalike
