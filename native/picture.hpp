// What the decoders hand over: a picture reduced as far as its thumbnail allows, not turned yet.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lookalike {

struct Plane {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> levels;  // rows first; empty where there is no such plane
};

struct Picture {
  std::size_t width = 0, height = 0;  // in pixels, as stored
  unsigned unit = 1;                  // side in pixels of what one sample of luma stands for: 1, or 8 for block means
  Plane luma;                         // ceil(width / unit) x ceil(height / unit)
  Plane cb, cr;                       // empty for gray. Both of one size, any; together their samples cover the picture:
  double chroma_width = 0;            // how many samples (a fraction for cut-off edges) the width of the picture is,
  double chroma_height = 0;           // and its height
  bool alpha = false;                 // whether any pixel is transparent; it was laid over white
  unsigned depth = 8;                 // bits per channel, as stored
  unsigned quality_sum = 0;           // JPEG: sum of quantisation table 0, 0 where there is none
  unsigned orientation = 1;           // by EXIF, 1..8
  std::size_t exif = 0, exif_size = 0;  // where in the file the TIFF structure of its EXIF lies; size 0 for none
};

}  // namespace lookalike
