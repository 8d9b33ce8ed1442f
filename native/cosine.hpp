// Low frequencies of thumbnails by an integer cosine basis (docs/hash-spec.md, section 3).
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lookalike {

constexpr std::size_t cosine_side = 64;

// A stretch of a side, and the basis (count, 64) of integers up to 1024 for it; outside of it the basis is zero.
struct Stretch {
  std::size_t begin = 0, end = cosine_side;
  const std::int16_t* basis = nullptr;
};

// Which stretch of the columns and which of the rows make a box.
struct Box {
  std::size_t across, down;
};

// Pictures (n, 64, 64) to coefficients (n, boxes, count, count), vertical frequency first. All sums are below 2^53, so they
// are exact in doubles too.
void low_frequencies(const std::uint8_t* pictures, std::size_t n, const std::vector<Stretch>& stretches,
                     const std::vector<Box>& boxes, std::size_t count, double* out);

}  // namespace lookalike
