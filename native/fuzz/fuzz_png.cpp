// Any bytes as a PNG file. What it inflates to is not inflated, but made of the file's own bytes over and over, so that
// filters and samples of every kind are reached.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../png.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t most = std::size_t{1} << 20;
  const std::span<const std::uint8_t> file(data, size);
  lookalike::PngHeader header;
  if (!lookalike::read_png_header(file, most, header) || header.inflated > 16 * most) return 0;
  std::vector<std::uint8_t> inflated(header.inflated);
  for (std::size_t i = 0; i < inflated.size(); ++i) inflated[i] = data[i % size];
  // A row whose first byte names no filter ends the reading.
  for (std::size_t i = 0; i < inflated.size(); i += header.row_size() + 1) inflated[i] %= 5;
  lookalike::Picture picture;
  lookalike::read_png(header, inflated, picture);
  inflated[size % header.height * (header.row_size() + 1)] = data[size / 2];
  lookalike::read_png(header, inflated, picture);
  return 0;
}
