// The fixed-point Lanczos of docs/hash-spec.md.
#include "lanczos.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <numbers>
#include <vector>

#include "target.hpp"

namespace lookalike {
namespace {

constexpr int kSteps = 1024;  // samples of the kernel per unit of its argument
constexpr int kLobes = 3;
constexpr int kKernelBits = 16;
constexpr int kWeightBits = 14;

using Table = std::array<std::int64_t, kLobes * kSteps + 1>;

// No sample lies within 1e-5 of a half, so any sine that is right to ten digits gives the same table.
Table kernel_table() {
  const auto sinc = [](double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); };
  Table table{};
  for (int k = 0; k < kLobes * kSteps; ++k) {
    const double x = static_cast<double>(k) / kSteps;
    table[static_cast<std::size_t>(k)] = std::llround(sinc(x) * sinc(x / kLobes) * (1 << kKernelBits));
  }
  return table;
}

// What each sample of a line counts in each output: `taps` weights an output, from sample first[output] on.
struct Weights {
  std::size_t extent = 0, unit = 0, side = 0, taps = 0;
  std::vector<std::size_t> first;
  std::vector<std::int16_t> share;  // 16,384 and what overshoots it fit
};

Weights weights_of(std::size_t extent, std::size_t unit, std::size_t side) {
  static const Table table = kernel_table();
  const auto length = static_cast<std::int64_t>((extent + unit - 1) / unit);
  const auto pixels = static_cast<std::int64_t>(extent), full = static_cast<std::int64_t>(side * unit);
  const std::int64_t wide = std::max(pixels, full), most = 2 * kLobes * wide / full + 3;
  Weights made{extent, unit, side, static_cast<std::size_t>(std::min(most, length)), {}, {}};
  made.first.resize(side);
  made.share.resize(side * made.taps);
  std::vector<std::int64_t> raw(static_cast<std::size_t>(most));
  for (std::size_t output = 0; output < side; ++output) {
    const auto centre = static_cast<std::int64_t>(2 * output + 1) * pixels;
    const std::int64_t reach = centre - 2 * kLobes * wide, begin = reach / (2 * full) - (reach % (2 * full) < 0);
    std::int64_t total = 0;
    for (std::int64_t tap = 0; tap < most; ++tap) {
      const std::int64_t sample = begin + tap, away = std::abs((2 * sample + 1) * full - centre);
      const bool inside = sample >= 0 && sample < length;
      const auto at = std::min<std::int64_t>((kSteps * away + wide) / (2 * wide), kLobes * kSteps);
      raw[static_cast<std::size_t>(tap)] = inside ? table[static_cast<std::size_t>(at)] : 0;
      total += raw[static_cast<std::size_t>(tap)];
    }
    const std::int64_t start = std::clamp<std::int64_t>(begin, 0, length - static_cast<std::int64_t>(made.taps));
    std::int16_t* share = made.share.data() + output * made.taps;
    std::int64_t sum = 0;
    std::size_t largest = 0;
    for (std::size_t tap = 0; tap < made.taps; ++tap) {
      const std::int64_t from = start + static_cast<std::int64_t>(tap) - begin;
      const std::int64_t numerator = (from >= 0 && from < most ? raw[static_cast<std::size_t>(from)] : 0) *
                                         (std::int64_t{1} << (kWeightBits + 1)) + total;
      const std::int64_t value = numerator / (2 * total) - (numerator % (2 * total) < 0);
      share[tap] = static_cast<std::int16_t>(value);
      sum += value;
      if (share[tap] > share[largest]) largest = tap;
    }
    share[largest] = static_cast<std::int16_t>(share[largest] + (1 << kWeightBits) - sum);
    made.first[output] = static_cast<std::size_t>(start);
  }
  return made;
}

// Pictures of one set share few sizes, so the last weights are kept, unless they are long.
std::shared_ptr<const Weights> weights(std::size_t extent, std::size_t unit, std::size_t side) {
  constexpr std::size_t kept_count = 8, kept_length = 1024;
  thread_local std::array<std::shared_ptr<const Weights>, kept_count> kept;
  thread_local std::size_t oldest = 0;
  for (const auto& one : kept) {
    if (one && one->extent == extent && one->unit == unit && one->side == side) return one;
  }
  auto made = std::make_shared<const Weights>(weights_of(extent, unit, side));
  if (extent / unit <= kept_length) kept[oldest++ % kept_count] = made;
  return made;
}

// Adds to the sums, `lines` of them an output, what `count` samples of so many lines count in it, from sample `start` on;
// sample start + i of all lines stands at samples[i * lines].
using Weigh = void (*)(const std::int16_t* samples, std::size_t lines, std::size_t start, std::size_t count,
                       const Weights& weights, std::int32_t* sums);

LOOKALIKE_INLINE void weigh_lines(const std::int16_t* samples, std::size_t lines, std::size_t start, std::size_t count,
                                  const Weights& weights, std::int32_t* sums) {
  for (std::size_t output = 0; output < weights.side; ++output, sums += lines) {
    const std::size_t first = weights.first[output], end = std::min(start + count, first + weights.taps);
    for (std::size_t sample = std::max(start, first); sample < end; ++sample) {
      const std::int32_t share = weights.share[output * weights.taps + sample - first];
      const std::int16_t* from = samples + (sample - start) * lines;
      for (std::size_t i = 0; i < lines; ++i) sums[i] += share * from[i];
    }
  }
}

void weigh_plain(const std::int16_t* samples, std::size_t lines, std::size_t start, std::size_t count,
                 const Weights& weights, std::int32_t* sums) {
  weigh_lines(samples, lines, start, count, weights, sums);
}

#ifdef LOOKALIKE_AVX2
LOOKALIKE_FOR_AVX2 void weigh_avx2(const std::int16_t* samples, std::size_t lines, std::size_t start, std::size_t count,
                                   const Weights& weights, std::int32_t* sums) {
  weigh_lines(samples, lines, start, count, weights, sums);
}

const Weigh weigh = LOOKALIKE_HAS("avx2") ? weigh_avx2 : weigh_plain;
#else
const Weigh weigh = weigh_plain;
#endif

template <class From>
void transpose(const From* from, std::size_t height, std::size_t width, std::int16_t* to) {
  constexpr std::size_t tile = 16;
  for (std::size_t top = 0; top < height; top += tile) {
    for (std::size_t left = 0; left < width; left += tile) {
      for (std::size_t x = left; x < std::min(width, left + tile); ++x) {
        for (std::size_t y = top; y < std::min(height, top + tile); ++y) {
          to[x * height + y] = static_cast<std::int16_t>(from[y * width + x]);
        }
      }
    }
  }
}

// A band of rows at a time, so that memory does not grow with the height, however narrow the plane.
void resample(const std::uint8_t* plane, std::size_t width, std::size_t height, const Weights& across, const Weights& down,
              std::uint8_t* out) {
  constexpr std::size_t band = 64;
  constexpr std::int32_t half = 1 << (kWeightBits - 1);
  const std::size_t side = across.side;
  std::vector<std::int16_t> columns(width * std::min(band, height)), rows(side * band);
  std::vector<std::int32_t> narrow(side * band), sums(side * down.side, half);
  for (std::size_t top = 0; top < height; top += band) {
    const std::size_t lines = std::min(band, height - top);
    transpose(plane + top * width, lines, width, columns.data());
    std::fill(narrow.begin(), narrow.end(), half);
    weigh(columns.data(), lines, 0, width, across, narrow.data());
    for (std::int32_t& sum : narrow) sum >>= kWeightBits;
    transpose(narrow.data(), side, lines, rows.data());
    weigh(rows.data(), side, top, lines, down, sums.data());
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(std::clamp(sums[i] >> kWeightBits, 0, 255));
  }
}

// Thumbnails are small and become much smaller: every sample counts in nearly every output, so a row of outputs is
// summed at a time, padded to whole vectors.
constexpr std::size_t kVector = 16;

std::size_t padded(std::size_t size) { return (size + kVector - 1) / kVector * kVector; }

std::vector<std::int32_t> dense(const Weights& weights, std::size_t length) {
  const std::size_t stride = padded(weights.side);
  std::vector<std::int32_t> matrix(length * stride);
  for (std::size_t output = 0; output < weights.side; ++output) {
    for (std::size_t tap = 0; tap < weights.taps; ++tap) {
      matrix[(weights.first[output] + tap) * stride + output] = weights.share[output * weights.taps + tap];
    }
  }
  return matrix;
}

// The sum of `count` rows, each times a factor; it stays in registers.
template <class Factor>
LOOKALIKE_INLINE void sum_rows(const std::int32_t* rows, std::size_t stride, std::size_t count, const Factor* factors,
                               std::int32_t* out) {
  for (std::size_t start = 0; start < stride; start += kVector) {
    std::int32_t sums[kVector];
    for (std::int32_t& sum : sums) sum = 1 << (kWeightBits - 1);
    for (std::size_t i = 0; i < count; ++i) {
      const std::int32_t factor = factors[i];
      for (std::size_t lane = 0; lane < kVector; ++lane) sums[lane] += factor * rows[i * stride + start + lane];
    }
    for (std::size_t lane = 0; lane < kVector; ++lane) out[start + lane] = sums[lane] >> kWeightBits;
  }
}

LOOKALIKE_INLINE void reduce_each(const std::uint8_t* pictures, std::size_t count, std::size_t side,
                                  const std::vector<std::int32_t>& across, std::size_t width, const Weights& down,
                                  std::uint8_t* out) {
  const std::size_t stride = padded(width), height = down.side;
  std::vector<std::int32_t> narrow(side * stride), levels(stride);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t y = 0; y < side; ++y) {
      sum_rows(across.data(), stride, side, pictures + (i * side + y) * side, narrow.data() + y * stride);
    }
    for (std::size_t output = 0; output < height; ++output) {
      sum_rows(narrow.data() + down.first[output] * stride, stride, down.taps, down.share.data() + output * down.taps,
               levels.data());
      std::uint8_t* row = out + (i * height + output) * width;
      for (std::size_t o = 0; o < width; ++o) row[o] = static_cast<std::uint8_t>(std::clamp(levels[o], 0, 255));
    }
  }
}

using Reduce = void (*)(const std::uint8_t* pictures, std::size_t count, std::size_t side,
                        const std::vector<std::int32_t>& across, std::size_t width, const Weights& down,
                        std::uint8_t* out);

void reduce_plain(const std::uint8_t* pictures, std::size_t count, std::size_t side,
                  const std::vector<std::int32_t>& across, std::size_t width, const Weights& down, std::uint8_t* out) {
  reduce_each(pictures, count, side, across, width, down, out);
}

#ifdef LOOKALIKE_AVX2
LOOKALIKE_FOR_AVX2 void reduce_avx2(const std::uint8_t* pictures, std::size_t count, std::size_t side,
                                    const std::vector<std::int32_t>& across, std::size_t width, const Weights& down,
                                    std::uint8_t* out) {
  reduce_each(pictures, count, side, across, width, down, out);
}

const Reduce reduce_all = LOOKALIKE_HAS("avx2") ? reduce_avx2 : reduce_plain;
#else
const Reduce reduce_all = reduce_plain;
#endif

}  // namespace

void shrink(const std::uint8_t* plane, std::size_t width, std::size_t height, std::size_t extent_x,
            std::size_t extent_y, std::size_t unit, std::size_t side, std::uint8_t* out) {
  if (unit == 1 && extent_x == side && extent_y == side) {  // then every weight is all or nothing
    std::copy_n(plane, side * side, out);
    return;
  }
  const std::shared_ptr<const Weights> across = weights(extent_x, unit, side), down = weights(extent_y, unit, side);
  resample(plane, width, height, *across, *down, out);
}

void reduce(const std::uint8_t* pictures, std::size_t count, std::size_t side, std::size_t width, std::size_t height,
            std::uint8_t* out) {
  const std::vector<std::int32_t> across = dense(*weights(side, 1, width), side);
  const std::shared_ptr<const Weights> down = weights(side, 1, height);
  reduce_all(pictures, count, side, across, width, *down, out);
}

}  // namespace lookalike
