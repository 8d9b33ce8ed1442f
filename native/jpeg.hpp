// JPEG files (ITU-T T.81) to what a thumbnail needs: the means of the blocks of 8x8 samples, which are their DC
// coefficients. Small pictures are decoded in full.
//
// A file is taken only where the result is what libjpeg-turbo gives at scale 1/8 (in full: by its accurate integer
// transform), to the level. All that is rare, ambiguous or damaged is declined, so that Pillow has the last word.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "picture.hpp"

namespace lookalike {

// Reads some files at a time: their bit streams are independent, and a processor decodes several in the time of one.
// taken[i] is set to 1 where out[i] holds file i, else to 0.
void read_jpegs(std::span<const std::span<const std::uint8_t>> files, std::size_t max_pixels, std::span<Picture> out,
                std::span<std::uint8_t> taken);

}  // namespace lookalike
