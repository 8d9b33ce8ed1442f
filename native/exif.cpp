#include "exif.hpp"

#include <array>

namespace lookalike {
namespace {

constexpr unsigned kOrientation = 274, kResolution = 282, kExifDirectory = 34665, kShort = 3, kLong = 4, kRational = 5;
constexpr std::size_t kEntry = 12;
constexpr std::array<std::uint64_t, 13> kSizes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};  // of a value, by its type

struct Tiff {
  std::span<const std::uint8_t> bytes;
  bool big_endian;

  unsigned two(std::size_t at) const {
    return big_endian ? bytes[at] * 256u + bytes[at + 1] : bytes[at] + bytes[at + 1] * 256u;
  }
  std::uint32_t four(std::size_t at) const {
    return big_endian ? two(at) * 65536u + two(at + 2) : two(at) + two(at + 2) * 65536u;
  }
};

// Calls found(tag, type, count, offset of the entry's value) for each entry; false where the directory is odd.
template <class Found>
bool read_directory(const Tiff& tiff, std::size_t at, Found found) {
  const std::size_t size = tiff.bytes.size();
  if (at < 8 || at > size || size - at < 2) return false;
  const std::size_t count = tiff.two(at);
  at += 2;
  if (size - at < count * kEntry + 4) return false;  // the offset of the next directory comes last
  unsigned before = 0;
  for (std::size_t i = 0; i < count; ++i, at += kEntry) {
    const unsigned tag = tiff.two(at), type = tiff.two(at + 2);
    const std::uint64_t values = tiff.four(at + 4);
    if (tag <= before || type == 0 || type >= kSizes.size() || values == 0) return false;
    before = tag;
    const std::uint64_t bytes = values * kSizes[type], where = tiff.four(at + 8);
    if (bytes > 4 && (where > size || bytes > size - where)) return false;
    if (!found(tag, type, values, at + 8)) return false;
  }
  return true;
}

}  // namespace

bool read_orientation(std::span<const std::uint8_t> bytes, unsigned& orientation) {
  if (bytes.size() < 8) return false;
  const Tiff tiff{bytes, bytes[0] == 'M'};
  if (bytes[0] != bytes[1] || (bytes[0] != 'M' && bytes[0] != 'I') || tiff.two(2) != 42) return false;
  std::size_t details = 0;
  const bool sound = read_directory(tiff, tiff.four(4), [&](unsigned tag, unsigned type, std::uint64_t count,
                                                            std::size_t value) {
    if (tag == kOrientation) {
      const unsigned said = tiff.two(value);
      orientation = said >= 1 && said <= 8 ? said : 1;  // 0 is common, and means nothing
      return type == kShort && count == 1;
    }
    // Pillow reads it when it opens a JPEG file, and stumbles over one byte.
    if (tag == kResolution) return type == kRational && count == 1;
    if (tag == kExifDirectory) {
      details = tiff.four(value);
      return type == kLong && count == 1 && details != 0;
    }
    return true;
  });
  if (!sound) return false;
  return details == 0 || read_directory(tiff, details, [](auto...) { return true; });
}

}  // namespace lookalike
