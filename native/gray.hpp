// Pillow's Lanczos resampling of 8-bit gray pictures, to the byte (src/lookalike/hashes/gray.py).
//
// Facts from Pillow's documentation and behaviour: weights of one side are made in double precision, rounded to whole
// 2**-22ths; each pass is a sum in 32-bit integers, rounded half upwards and cut off to 0..255; a pass that would not
// change the size is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lookalike {

// Weights of two neighbouring pixels, each high * 2**12 + low with low >= 0: products with levels then are pairs of
// 16-bit ones, for which processors have an instruction that also adds them up.
struct Tap {
  std::int16_t high[2] = {0, 0}, low[2] = {0, 0};
};

// The pixels that one pixel of the result is made of: `count` pairs of neighbours from pair `first` on, pair k being
// the pixels 2k and 2k + 1. Their weights start at `tap`.
struct Span {
  std::size_t first, count, tap;
};

// How `size` pixels along one side become `result` ones. Both are at least 1.
struct LanczosAxis {
  LanczosAxis(std::size_t size, std::size_t result);

  std::size_t size, result;
  std::vector<Span> spans;  // one for each pixel of the result
  std::vector<Tap> taps;
};

// Names of the instruction sets that can do it here, best first.
std::vector<std::string_view> gray_kernels();

// Writes (down ? down->result : height) rows of (across ? across->result : width) pixels. A missing axis is one that
// keeps its size. `down_first` says which pass comes first; they round between, so it matters. Throws
// std::invalid_argument for an unknown name of a kernel, which changes no byte.
void resize_gray(const std::uint8_t* pixels, std::size_t width, std::size_t height, const LanczosAxis* across,
                 const LanczosAxis* down, bool down_first, std::string_view kernel, std::uint8_t* result);

}  // namespace lookalike
