#include "thumbnail.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <numbers>
#include <utility>

#include "target.hpp"

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__)) && !defined(_MSC_VER)
#define LOOKALIKE_AVX2 1
#endif

namespace lookalike {
namespace {

constexpr int kSteps = 1024;  // samples of the kernel per unit of its argument
constexpr int kLobes = 3;
constexpr int kKernelBits = 16;
constexpr int kWeightBits = 14;
constexpr int kNeutral = 128;
constexpr int kGrayTolerance = 3;  // levels off neutral that codecs leave in a gray picture

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
const Weights& weights(std::size_t extent, std::size_t unit, std::size_t side) {
  constexpr std::size_t kept_count = 8, kept_length = 1024;
  thread_local std::array<Weights, kept_count> kept;
  thread_local Weights single;
  thread_local std::size_t oldest = 0;
  for (const Weights& one : kept) {
    if (one.extent == extent && one.unit == unit && one.side == side) return one;
  }
  if (extent / unit > kept_length) return single = weights_of(extent, unit, side);
  Weights& slot = kept[oldest++ % kept_count];
  return slot = weights_of(extent, unit, side);
}

// Weighs the samples of `lines` lines; sample i of all lines stands at samples[i * lines].
using Weigh = void (*)(const std::int16_t* samples, std::size_t lines, const Weights& weights, std::int32_t* sums,
                       std::int16_t* out);

LOOKALIKE_INLINE void weigh_lines(const std::int16_t* samples, std::size_t lines, const Weights& weights,
                                  std::int32_t* sums, std::int16_t* out) {
  for (std::size_t output = 0; output < weights.side; ++output) {
    std::fill_n(sums, lines, 1 << (kWeightBits - 1));
    for (std::size_t tap = 0; tap < weights.taps; ++tap) {
      const std::int32_t share = weights.share[output * weights.taps + tap];
      const std::int16_t* from = samples + (weights.first[output] + tap) * lines;
      for (std::size_t i = 0; i < lines; ++i) sums[i] += share * from[i];
    }
    for (std::size_t i = 0; i < lines; ++i) out[output * lines + i] = static_cast<std::int16_t>(sums[i] >> kWeightBits);
  }
}

void weigh_plain(const std::int16_t* samples, std::size_t lines, const Weights& weights, std::int32_t* sums,
                 std::int16_t* out) {
  weigh_lines(samples, lines, weights, sums, out);
}

#ifdef LOOKALIKE_AVX2
__attribute__((target("avx2"))) void weigh_avx2(const std::int16_t* samples, std::size_t lines, const Weights& weights,
                                                std::int32_t* sums, std::int16_t* out) {
  weigh_lines(samples, lines, weights, sums, out);
}

const Weigh weigh = __builtin_cpu_supports("avx2") != 0 ? weigh_avx2 : weigh_plain;
#else
const Weigh weigh = weigh_plain;
#endif

template <class From>
void transpose(const From* from, std::size_t height, std::size_t width, std::int16_t* to) {
  constexpr std::size_t tile = 16;
  for (std::size_t top = 0; top < height; top += tile) {
    for (std::size_t left = 0; left < width; left += tile) {
      for (std::size_t x = left; x < std::min(width, left + tile); ++x) {
        for (std::size_t y = top; y < std::min(height, top + tile); ++y) to[x * height + y] = from[y * width + x];
      }
    }
  }
}

// Whole per cent of full scale of every second difference.
unsigned detail_of(const std::uint8_t* luma) {
  constexpr std::size_t side = thumbnail_side;
  unsigned sum = 0;
  for (std::size_t y = 0; y < side; ++y) {
    const std::uint8_t* row = luma + y * side;
    for (std::size_t x = 0; x + 2 < side; ++x) {
      sum += static_cast<unsigned>(std::abs(row[x] - 2 * row[x + 1] + row[x + 2])) * 100 / 255;
    }
    for (std::size_t x = 0; y + 2 < side && x < side; ++x) {
      sum += static_cast<unsigned>(std::abs(row[x] - 2 * row[x + side] + row[x + 2 * side])) * 100 / 255;
    }
  }
  return std::min(100u, sum / 90);
}

// Which samples of a line fall into each of `chroma_side` cells, by the box filter of Pillow: those whose centre does.
using Cells = std::array<std::pair<std::size_t, std::size_t>, chroma_side>;

Cells cells_of(double extent, std::size_t length) {
  Cells cells;
  const double scale = extent / chroma_side, support = 0.5 * std::max(scale, 1.0);
  for (std::size_t cell = 0; cell < chroma_side; ++cell) {
    const double centre = (static_cast<double>(cell) + 0.5) * scale;
    const auto begin = static_cast<std::size_t>(std::max(0.0, centre - support + 0.5));
    const auto end = std::min(length, static_cast<std::size_t>(centre + support + 0.5));
    cells[cell] = {std::min(begin, length - 1), std::max(std::min(begin, length - 1) + 1, end)};
  }
  return cells;
}

// Chroma may be sampled more coarsely than luma; it is read as if its samples were repeated.
void reduce_chroma(const Plane& plane, const Picture& picture, std::uint8_t* out) {
  const double unit = picture.unit, extent_x = static_cast<double>(picture.width) / unit,
               extent_y = static_cast<double>(picture.height) / unit;
  const Cells across = cells_of(extent_x, picture.luma.width), down = cells_of(extent_y, picture.luma.height);
  const double ratio_x = picture.chroma_width / extent_x, ratio_y = picture.chroma_height / extent_y;
  const auto at = [](std::size_t i, double ratio, std::size_t length) {
    return std::min(length - 1, static_cast<std::size_t>((static_cast<double>(i) + 0.5) * ratio));
  };
  std::vector<std::size_t> columns(picture.luma.width);
  for (std::size_t x = 0; x < columns.size(); ++x) columns[x] = at(x, ratio_x, plane.width);
  for (std::size_t j = 0; j < chroma_side; ++j) {
    std::array<std::uint64_t, chroma_side> sums{};
    for (std::size_t y = down[j].first; y < down[j].second; ++y) {
      const std::uint8_t* row = plane.levels.data() + at(y, ratio_y, plane.height) * plane.width;
      for (std::size_t i = 0; i < chroma_side; ++i) {
        for (std::size_t x = across[i].first; x < across[i].second; ++x) sums[i] += row[columns[x]];
      }
    }
    for (std::size_t i = 0; i < chroma_side; ++i) {
      const std::uint64_t count = (across[i].second - across[i].first) * (down[j].second - down[j].first);
      out[(j * chroma_side + i) * 2] = static_cast<std::uint8_t>((2 * sums[i] + count) / (2 * count));
    }
  }
}

bool coloured(const Plane& plane) {
  const auto [low, high] = std::minmax_element(plane.levels.begin(), plane.levels.end());
  return *low < kNeutral - kGrayTolerance || *high > kNeutral + kGrayTolerance;
}

// Turns a square upright as EXIF orientation says.
void turn(std::uint8_t* levels, std::size_t side, std::size_t channels, unsigned orientation) {
  if (orientation < 2 || orientation > 8) return;
  const std::vector<std::uint8_t> stored(levels, levels + side * side * channels);
  const bool exchange = orientation >= 5, mirror = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7,
             flip = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      std::size_t row = flip ? side - 1 - y : y, column = mirror ? side - 1 - x : x;
      if (exchange) std::swap(row, column);
      std::copy_n(stored.data() + (row * side + column) * channels, channels, levels + (y * side + x) * channels);
    }
  }
}

}  // namespace

void shrink(const std::uint8_t* plane, std::size_t width, std::size_t height, std::size_t extent_x,
            std::size_t extent_y, std::size_t unit, std::size_t side, std::uint8_t* out) {
  constexpr std::size_t band = 64;  // rows turned into columns at a time
  std::vector<std::int16_t> columns(width * std::min(band, height)), narrow(side * band), rows(side * height);
  std::vector<std::int32_t> sums(std::max(band, side));
  for (std::size_t top = 0; top < height; top += band) {
    const std::size_t lines = std::min(band, height - top);
    transpose(plane + top * width, lines, width, columns.data());
    weigh(columns.data(), lines, weights(extent_x, unit, side), sums.data(), narrow.data());
    transpose(narrow.data(), side, lines, rows.data() + top * side);
  }
  std::vector<std::int16_t> square(side * side);
  weigh(rows.data(), side, weights(extent_y, unit, side), sums.data(), square.data());
  for (std::size_t i = 0; i < side * side; ++i) out[i] = static_cast<std::uint8_t>(std::clamp<int>(square[i], 0, 255));
}

void make_thumbnail(const Picture& picture, Thumbnail& out) {
  const Plane& luma = picture.luma;
  shrink(luma.levels.data(), luma.width, luma.height, picture.width, picture.height, picture.unit, thumbnail_side,
         out.luma);
  turn(out.luma, thumbnail_side, 1, picture.orientation);
  out.detail = detail_of(out.luma);
  out.colour = false;
  std::fill(std::begin(out.chroma), std::end(out.chroma), static_cast<std::uint8_t>(kNeutral));
  if (picture.cb.levels.empty()) return;
  out.colour = coloured(picture.cb) || coloured(picture.cr);
  reduce_chroma(picture.cb, picture, out.chroma);
  reduce_chroma(picture.cr, picture, out.chroma + 1);
  turn(out.chroma, chroma_side, 2, picture.orientation);
}

}  // namespace lookalike
