// Both passes are one loop: add weighted rows up. It runs along the row, so the compiler makes vectors of neighbouring
// values, and no sum changes its order. This file is compiled without contraction into fused multiply-adds, which
// would round once where the reference rounds twice.
#include "resample.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "target.hpp"

namespace lookalike {
namespace {

constexpr std::size_t kTile = 1024;  // values summed at a time: the sums stay in the first cache
constexpr std::size_t kRows = 4;     // rows added while one vector of sums is in a register

template <class T>
LOOKALIKE_INLINE void add_rows_inline(const T* row, std::size_t stride, const float* weight, std::size_t rows,
                                      float* __restrict sums, std::size_t count) {
  std::size_t r = 0;
  for (; r + kRows <= rows; r += kRows, row += kRows * stride) {
    const T *const a = row, *const b = a + stride, *const c = b + stride, *const d = c + stride;
    const float wa = weight[r], wb = weight[r + 1], wc = weight[r + 2], wd = weight[r + 3];
    for (std::size_t i = 0; i < count; ++i) {
      float sum = sums[i] + static_cast<float>(a[i]) * wa;
      sum = sum + static_cast<float>(b[i]) * wb;
      sum = sum + static_cast<float>(c[i]) * wc;
      sums[i] = sum + static_cast<float>(d[i]) * wd;
    }
  }
  for (; r < rows; ++r, row += stride) {
    for (std::size_t i = 0; i < count; ++i) sums[i] += static_cast<float>(row[i]) * weight[r];
  }
}

template <class T>
using AddRows = void (*)(const T*, std::size_t, const float*, std::size_t, float*, std::size_t);

template <class T>
void add_rows_generic(const T* row, std::size_t stride, const float* weight, std::size_t rows, float* sums,
                      std::size_t count) {
  add_rows_inline(row, stride, weight, rows, sums, count);
}

#ifdef LOOKALIKE_AVX2
template <class T>
LOOKALIKE_FOR_AVX2 void add_rows_avx2(const T* row, std::size_t stride, const float* weight, std::size_t rows, float* sums,
                                      std::size_t count) {
  add_rows_inline(row, stride, weight, rows, sums, count);
}
#endif

template <class T>
AddRows<T> add_rows() {
#ifdef LOOKALIKE_AVX2
  if (LOOKALIKE_HAS("avx2")) return add_rows_avx2<T>;
#endif
  return add_rows_generic<T>;
}

// Hands out emit(window, first value, sums, number of values) for every window and every tile of the row. Tiles end
// between two pixels.
template <class T, class Emit>
void weigh(const T* rows, std::size_t stride, std::size_t channels, const Windows& windows, Emit emit) {
  const AddRows<T> add = add_rows<T>();
  const std::size_t tile = std::max(kTile / channels, std::size_t{1}) * channels;
  std::vector<float> sums(std::min(tile, stride));
  for (std::size_t first = 0; first < stride; first += tile) {
    const std::size_t count = std::min(tile, stride - first);
    for (std::size_t w = 0; w < windows.count; ++w) {
      std::fill_n(sums.begin(), count, 0.0f);
      const auto begin = static_cast<std::size_t>(windows.bounds[w]);
      add(rows + static_cast<std::size_t>(windows.start[w]) * stride + first, stride, windows.weights + begin,
          static_cast<std::size_t>(windows.bounds[w + 1]) - begin, sums.data(), count);
      emit(w, first, sums.data(), count);
    }
  }
}

template <class T>
T rounded(float sum) {
  const float value = sum > 0.0f ? std::min(sum, static_cast<float>(std::numeric_limits<T>::max())) : 0.0f;  // NaN: 0
  const auto whole = static_cast<int>(value);
  return static_cast<T>(whole + (value - static_cast<float>(whole) >= 0.5f ? 1 : 0));
}

}  // namespace

template <class T>
void resample(const T* pixels, std::size_t width, std::size_t channels, const Windows& down, const Windows& across,
              T* result) {
  // Between the passes columns become rows: pixel (x, y) stands at x * height + y.
  const std::size_t height = down.count;
  std::vector<float> turned(width * height * channels);
  weigh(pixels, width * channels, channels, down,
        [&](std::size_t y, std::size_t first, const float* sums, std::size_t count) {
          float* out = turned.data() + (first / channels * height + y) * channels;
          for (std::size_t i = 0; i < count; i += channels, out += height * channels) {
            std::copy_n(sums + i, channels, out);
          }
        });
  weigh(turned.data(), height * channels, channels, across,
        [&](std::size_t x, std::size_t first, const float* sums, std::size_t count) {
          T* out = result + (first / channels * across.count + x) * channels;
          for (std::size_t i = 0; i < count; i += channels, out += across.count * channels) {
            std::transform(sums + i, sums + i + channels, out, rounded<T>);
          }
        });
}

template void resample(const std::uint8_t*, std::size_t, std::size_t, const Windows&, const Windows&, std::uint8_t*);
template void resample(const std::uint16_t*, std::size_t, std::size_t, const Windows&, const Windows&, std::uint16_t*);

}  // namespace lookalike
