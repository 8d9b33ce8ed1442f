// Low frequencies of thumbnails by an integer cosine basis (docs/hash-spec.md, section 3).
#pragma once
#include <cstddef>
#include <cstdint>

namespace lookalike {

constexpr std::size_t cosine_side = 64;

// Pictures (n, 64, 64) and a basis (count, 64) of integers up to 1024 to coefficients (n, count, count), vertical
// frequency first. All sums are below 2^53, so they are exact in doubles too.
void low_frequencies(const std::uint8_t* pictures, std::size_t n, const std::int16_t* basis, std::size_t count,
                     double* out);

}  // namespace lookalike
