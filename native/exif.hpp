// How a picture is to be turned, by its EXIF (CIPA DC-008, tag 274 of the first directory).
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace lookalike {

// Reads the orientation, 1..8, of a TIFF structure; it stays as it was where that says nothing. False where any part of the
// first directory or of the EXIF directory is out of the ordinary, for readers differ in what they make of that.
bool read_orientation(std::span<const std::uint8_t> tiff, unsigned& orientation);

}  // namespace lookalike
