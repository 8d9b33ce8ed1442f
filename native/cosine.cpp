#include "cosine.hpp"

#include <array>
#include <vector>

#include "target.hpp"

namespace lookalike {
namespace {

LOOKALIKE_INLINE void transform(const std::uint8_t* pictures, std::size_t n, const std::int16_t* basis,
                                std::size_t count, double* out) {
  constexpr std::size_t side = cosine_side;
  std::vector<double> across(side * count);  // the basis, one row for each column of a picture
  for (std::size_t v = 0; v < count; ++v) {
    for (std::size_t x = 0; x < side; ++x) across[x * count + v] = basis[v * side + x];
  }
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint8_t* picture = pictures + i * side * side;
    for (std::size_t u = 0; u < count; ++u) {
      std::array<std::int32_t, side> sums{};  // at most 64 * 1024 * 255
      for (std::size_t y = 0; y < side; ++y) {
        const std::int32_t factor = basis[u * side + y];
        for (std::size_t x = 0; x < side; ++x) sums[x] += factor * picture[y * side + x];
      }
      double* row = out + (i * count + u) * count;
      for (std::size_t v = 0; v < count; ++v) row[v] = 0;
      for (std::size_t x = 0; x < side; ++x) {
        const auto sum = static_cast<double>(sums[x]);
        for (std::size_t v = 0; v < count; ++v) row[v] += sum * across[x * count + v];
      }
    }
  }
}

using Transform = void (*)(const std::uint8_t* pictures, std::size_t n, const std::int16_t* basis, std::size_t count,
                           double* out);

void transform_plain(const std::uint8_t* pictures, std::size_t n, const std::int16_t* basis, std::size_t count,
                     double* out) {
  transform(pictures, n, basis, count, out);
}

#ifdef LOOKALIKE_AVX2
__attribute__((target("avx2"))) void transform_avx2(const std::uint8_t* pictures, std::size_t n,
                                                    const std::int16_t* basis, std::size_t count, double* out) {
  transform(pictures, n, basis, count, out);
}

const Transform chosen = __builtin_cpu_supports("avx2") != 0 ? transform_avx2 : transform_plain;
#else
const Transform chosen = transform_plain;
#endif

}  // namespace

void low_frequencies(const std::uint8_t* pictures, std::size_t n, const std::int16_t* basis, std::size_t count,
                     double* out) {
  chosen(pictures, n, basis, count, out);
}

}  // namespace lookalike
