// Any bytes as the TIFF structure of EXIF. What is read must be an orientation, the same when read again, and the same
// wherever the structure ends, for bytes behind it that nothing points at mean nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "../exif.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  unsigned orientation = 7;
  const bool sound = lookalike::read_orientation(bytes, orientation);
  require(orientation >= 1 && orientation <= 8);
  if (!sound) return 0;
  std::vector<std::uint8_t> longer(bytes.begin(), bytes.end());
  longer.insert(longer.end(), {0xFF, 0, 0x12, 1, 3, 0});
  unsigned again = 7;
  require(lookalike::read_orientation(longer, again) && again == orientation);
  // Cut off it is either declined or what it was, at the whole length and at any less.
  for (std::size_t length : {size - 1, size / 2, size / 3}) {
    const std::vector<std::uint8_t> cut(data, data + length);  // of its own size, so that a read beyond the end is seen
    again = 7;
    if (lookalike::read_orientation(cut, again)) require(again == orientation);
  }
  return 0;
}
