// Small JPEG pictures in full: every sample of every component.
#pragma once
#include <cstddef>

#include "jpeg_header.hpp"
#include "picture.hpp"

namespace lookalike {

// Fills the planes of a picture from a sequential file, by the arithmetic of libjpeg's accurate integer inverse
// transform. False: declined.
bool read_samples(const JpegHeader& header, std::size_t file_size, Picture& out);

}  // namespace lookalike
