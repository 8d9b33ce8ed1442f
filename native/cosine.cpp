#include "cosine.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "target.hpp"

namespace lookalike {
namespace {

LOOKALIKE_INLINE void transform(const std::uint8_t* pictures, std::size_t n, const std::vector<Stretch>& stretches,
                                const std::vector<Box>& boxes, std::size_t count, double* out) {
  constexpr std::size_t side = cosine_side;
  const std::size_t size = count * side;
  std::vector<double> across(stretches.size() * size);  // each basis, one row for each column of a picture
  for (std::size_t s = 0; s < stretches.size(); ++s) {
    for (std::size_t v = 0; v < count; ++v) {
      for (std::size_t x = 0; x < side; ++x) across[s * size + x * count + v] = stretches[s].basis[v * side + x];
    }
  }
  std::vector<std::int32_t> columns(stretches.size() * size);  // at most 64 * 1024 * 255
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint8_t* picture = pictures + i * side * side;
    for (std::size_t s = 0; s < stretches.size(); ++s) {
      for (std::size_t u = 0; u < count; ++u) {
        std::array<std::int32_t, side> sums{};
        for (std::size_t y = stretches[s].begin; y < stretches[s].end; ++y) {
          const std::int32_t factor = stretches[s].basis[u * side + y];
          for (std::size_t x = 0; x < side; ++x) sums[x] += factor * picture[y * side + x];
        }
        std::copy(sums.begin(), sums.end(), columns.begin() + static_cast<std::ptrdiff_t>(s * size + u * side));
      }
    }
    for (const Box& box : boxes) {
      const double* basis = across.data() + box.across * size;
      for (std::size_t u = 0; u < count; ++u, out += count) {
        const std::int32_t* sums = columns.data() + box.down * size + u * side;
        for (std::size_t v = 0; v < count; ++v) out[v] = 0;
        for (std::size_t x = stretches[box.across].begin; x < stretches[box.across].end; ++x) {
          const auto sum = static_cast<double>(sums[x]);
          for (std::size_t v = 0; v < count; ++v) out[v] += sum * basis[x * count + v];
        }
      }
    }
  }
}

using Transform = void (*)(const std::uint8_t* pictures, std::size_t n, const std::vector<Stretch>& stretches,
                           const std::vector<Box>& boxes, std::size_t count, double* out);

void transform_plain(const std::uint8_t* pictures, std::size_t n, const std::vector<Stretch>& stretches,
                     const std::vector<Box>& boxes, std::size_t count, double* out) {
  if (count == 8) return transform(pictures, n, stretches, boxes, 8, out);
  transform(pictures, n, stretches, boxes, count, out);
}

#ifdef LOOKALIKE_AVX2
__attribute__((target("avx2"))) void transform_avx2(const std::uint8_t* pictures, std::size_t n,
                                                    const std::vector<Stretch>& stretches, const std::vector<Box>& boxes,
                                                    std::size_t count, double* out) {
  if (count == 8) return transform(pictures, n, stretches, boxes, 8, out);  // the loops over it come unrolled
  transform(pictures, n, stretches, boxes, count, out);
}

const Transform chosen = __builtin_cpu_supports("avx2") != 0 ? transform_avx2 : transform_plain;
#else
const Transform chosen = transform_plain;
#endif

}  // namespace

void low_frequencies(const std::uint8_t* pictures, std::size_t n, const std::vector<Stretch>& stretches,
                     const std::vector<Box>& boxes, std::size_t count, double* out) {
  chosen(pictures, n, stretches, boxes, count, out);
}

}  // namespace lookalike
