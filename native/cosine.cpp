#include "cosine.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "target.hpp"

#ifdef LOOKALIKE_AVX2
#include <immintrin.h>
#endif

namespace lookalike {
namespace {

// Whole numbers throughout: columns stay below 2^24 and so are exact in floats, sums of them below 2^53 and exact in doubles.
LOOKALIKE_INLINE void sum_columns(const float* picture, const Stretch& stretch, const float* basis, std::size_t count,
                                  double* out) {
  constexpr std::size_t side = cosine_side;
  for (std::size_t u = 0; u < count; ++u) {
    std::array<float, side> sums{};
    for (std::size_t y = stretch.begin; y < stretch.end; ++y) {
      const float factor = basis[u * side + y];
      for (std::size_t x = 0; x < side; ++x) sums[x] += factor * picture[y * side + x];
    }
    std::copy(sums.begin(), sums.end(), out + u * side);
  }
}

constexpr std::size_t wide = 8;  // frequencies that are summed together, each way; there is room for so many everywhere

// Sums (8, 64) times a basis (64, 8) of rows `stride` long.
using SumRows = void (*)(const double* sums, const Stretch& stretch, const double* basis, std::size_t stride, double* found);

void sum_rows_plain(const double* sums, const Stretch& stretch, const double* basis, std::size_t stride, double* found) {
  std::fill_n(found, wide * wide, 0.0);
  for (std::size_t x = stretch.begin; x < stretch.end; ++x) {
    for (std::size_t u = 0; u < wide; ++u) {
      for (std::size_t v = 0; v < wide; ++v) found[u * wide + v] += sums[u * cosine_side + x] * basis[x * stride + v];
    }
  }
}

#ifdef LOOKALIKE_AVX2

// The same with the sums of four rows in registers.
LOOKALIKE_FOR_AVX2 void sum_rows_avx2(const double* sums, const Stretch& stretch, const double* basis, std::size_t stride,
                                      double* found) {
  constexpr std::size_t rows = 4;
  for (std::size_t start = 0; start < wide; start += rows, sums += rows * cosine_side, found += rows * wide) {
    __m256d low[rows], high[rows];
    for (std::size_t u = 0; u < rows; ++u) low[u] = high[u] = _mm256_setzero_pd();
    for (std::size_t x = stretch.begin; x < stretch.end; ++x) {
      const __m256d first = _mm256_loadu_pd(basis + x * stride), second = _mm256_loadu_pd(basis + x * stride + 4);
      for (std::size_t u = 0; u < rows; ++u) {
        const __m256d value = _mm256_broadcast_sd(sums + u * cosine_side + x);
        low[u] = _mm256_add_pd(low[u], _mm256_mul_pd(value, first));
        high[u] = _mm256_add_pd(high[u], _mm256_mul_pd(value, second));
      }
    }
    for (std::size_t u = 0; u < rows; ++u) {
      _mm256_storeu_pd(found + u * wide, low[u]);
      _mm256_storeu_pd(found + u * wide + 4, high[u]);
    }
  }
}

#endif

LOOKALIKE_INLINE void transform(const std::uint8_t* pictures, std::size_t n, const std::vector<Stretch>& stretches,
                                const std::vector<Box>& boxes, std::size_t count, double* out, SumRows sum_rows) {
  constexpr std::size_t side = cosine_side;
  const std::size_t stride = (count + wide - 1) / wide * wide, size = stride * side;
  std::vector<float> down(stretches.size() * size);
  std::vector<double> across(stretches.size() * size);  // each basis, one row for each column of a picture
  for (std::size_t s = 0; s < stretches.size(); ++s) {
    for (std::size_t v = 0; v < count; ++v) {
      for (std::size_t x = 0; x < side; ++x) {
        down[s * size + v * side + x] = across[s * size + x * stride + v] = stretches[s].basis[v * side + x];
      }
    }
  }
  std::array<float, side * side> picture;
  std::array<double, wide * wide> found;
  std::vector<double> columns(stretches.size() * size);
  for (std::size_t i = 0; i < n; ++i) {
    std::copy_n(pictures + i * side * side, side * side, picture.begin());
    for (std::size_t s = 0; s < stretches.size(); ++s) {
      sum_columns(picture.data(), stretches[s], down.data() + s * size, count, columns.data() + s * size);
    }
    for (const Box& box : boxes) {
      for (std::size_t u = 0; u < count; u += wide) {
        for (std::size_t v = 0; v < count; v += wide) {
          sum_rows(columns.data() + box.down * size + u * side, stretches[box.across], across.data() + box.across * size + v,
                   stride, found.data());
          for (std::size_t row = u; row < std::min(u + wide, count); ++row) {
            std::copy_n(found.data() + (row - u) * wide, std::min(wide, count - v), out + row * count + v);
          }
        }
      }
      out += count * count;
    }
  }
}

using Transform = void (*)(const std::uint8_t* pictures, std::size_t n, const std::vector<Stretch>& stretches,
                           const std::vector<Box>& boxes, std::size_t count, double* out);

void transform_plain(const std::uint8_t* pictures, std::size_t n, const std::vector<Stretch>& stretches,
                     const std::vector<Box>& boxes, std::size_t count, double* out) {
  transform(pictures, n, stretches, boxes, count, out, sum_rows_plain);
}

#ifdef LOOKALIKE_AVX2
LOOKALIKE_FOR_AVX2 void transform_avx2(const std::uint8_t* pictures, std::size_t n, const std::vector<Stretch>& stretches,
                                       const std::vector<Box>& boxes, std::size_t count, double* out) {
  transform(pictures, n, stretches, boxes, count, out, sum_rows_avx2);
}

const Transform chosen = LOOKALIKE_HAS("avx2") ? transform_avx2 : transform_plain;
#else
const Transform chosen = transform_plain;
#endif

}  // namespace

void low_frequencies(const std::uint8_t* pictures, std::size_t n, const std::vector<Stretch>& stretches,
                     const std::vector<Box>& boxes, std::size_t count, double* out) {
  chosen(pictures, n, stretches, boxes, count, out);
}

}  // namespace lookalike
