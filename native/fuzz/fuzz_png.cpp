// Any bytes as a PNG file. What it inflates to is not inflated, but made of the file's own bytes over and over, so that
// filters and samples of every kind are reached; and the checksums of its chunks are made right first.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../png.hpp"
#include "../thumbnail.hpp"

namespace {

std::uint32_t checksum(const std::uint8_t* data, std::size_t size) {
  std::uint32_t crc = 0xffffffff;
  for (std::size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

std::uint32_t number(const std::uint8_t* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

void mend_checksums(std::vector<std::uint8_t>& file) {
  for (std::size_t at = 8; file.size() - at >= 12 && at < file.size();) {
    const std::size_t size = number(file.data() + at);
    if (size > file.size() - at - 12) return;
    const std::uint32_t crc = checksum(file.data() + at + 4, size + 4);
    for (unsigned i = 0; i < 4; ++i) file[at + 8 + size + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
    at += 12 + size;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t most = std::size_t{1} << 20;
  std::vector<std::uint8_t> file(data, data + size);
  if (size > 20 && data[size - 1] % 8 != 0) mend_checksums(file);  // at times, those that are wrong stay so
  lookalike::PngHeader header;
  if (!lookalike::read_png_header(file, most, header) || header.inflated > 16 * most) return 0;
  std::vector<std::uint8_t> inflated(header.inflated);
  for (std::size_t i = 0; i < inflated.size(); ++i) inflated[i] = data[i % size];
  // A row whose first byte names no filter ends the reading.
  for (std::size_t i = 0; i < inflated.size(); i += header.row_size() + 1) inflated[i] %= 5;
  lookalike::Picture picture;
  if (lookalike::read_png(header, inflated, picture)) {
    lookalike::Thumbnail thumbnail;
    lookalike::make_thumbnail(picture, thumbnail);
  }
  inflated[size % header.height * (header.row_size() + 1)] = data[size / 2];
  lookalike::read_png(header, inflated, picture);
  return 0;
}
