// The markers of a JPEG file: what its scans hold, and where. Nothing is decoded.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lookalike {

constexpr unsigned kMostBitsOfDc = 11;  // of a difference, for samples of 8 bits (T.81, F.1.2.1.2)
constexpr unsigned kMostBitsOfAc = 10;

using Bytes = std::span<const std::uint8_t>;

struct HuffmanSpec {
  Bytes counts;   // codes of each length 1..16
  Bytes symbols;  // in the order of their codes
};

struct JpegComponent {
  unsigned id = 0, h = 1, v = 1, quantisation = 0;
  std::size_t columns = 0, rows = 0;    // of blocks that hold samples of the picture
  std::size_t stride = 0, height = 0;  // of blocks, those that only fill up the last MCUs included
};

struct JpegScan {
  unsigned count = 0;  // of components
  std::array<unsigned, 3> component{}, dc{}, ac{};
  unsigned begin = 0, end = 63, high = 0, low = 0;  // spectral selection and successive approximation
  unsigned restart = 0;                              // MCUs between restart markers, 0 for none
  std::array<HuffmanSpec, 4> dc_tables, ac_tables;  // as they were when the scan began
  Bytes data;                                        // entropy-coded, still stuffed, restart markers included
};

struct JpegHeader {
  std::size_t width = 0, height = 0;
  bool progressive = false;
  unsigned components = 0, h = 1, v = 1;  // of the frame: components, and their largest sampling factors
  std::array<JpegComponent, 3> component;
  std::array<std::array<std::uint8_t, 64>, 4> quantisation{};  // in zigzag order
  unsigned quality_sum = 0;                                    // of the entries of table 0, 0 where there is none
  unsigned orientation = 1;
  std::size_t exif = 0, exif_size = 0;
  std::vector<JpegScan> scans;  // of a progressive file those of DC coefficients only

  std::size_t mcus_across() const { return (width + 8 * h - 1) / (8 * h); }
  std::size_t mcus_down() const { return (height + 8 * v - 1) / (8 * v); }
};

// False: declined. The header refers to the file.
bool read_jpeg_header(Bytes file, std::size_t max_pixels, JpegHeader& header);

}  // namespace lookalike
