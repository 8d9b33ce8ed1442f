#include "thumbnail.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>

#include "lanczos.hpp"
#include "target.hpp"

namespace lookalike {
namespace {

constexpr int kNeutral = 128;
constexpr int kGrayTolerance = 3;  // levels off neutral that codecs leave in a gray picture

// Whole per cent of full scale of every second difference. 100 / 255 is 20 / 51, and 2^22 / 51 is a little less than 82,242:
// for differences up to 510 the quotient is exact, and it takes no division.
LOOKALIKE_INLINE unsigned percents(const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* c, std::size_t count) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += static_cast<unsigned>(std::abs(a[i] - 2 * b[i] + c[i])) * (20 * 82242) >> 22;
  }
  return sum;
}

LOOKALIKE_INLINE unsigned structure(const std::uint8_t* luma) {
  constexpr std::size_t side = thumbnail_side;
  unsigned sum = percents(luma, luma + side, luma + 2 * side, side * (side - 2));
  for (std::size_t y = 0; y < side; ++y) {
    const std::uint8_t* row = luma + y * side;
    sum += percents(row, row + 1, row + 2, side - 2);
  }
  return std::min(100u, sum / 90);
}

using Detail = unsigned (*)(const std::uint8_t* luma);

unsigned detail_plain(const std::uint8_t* luma) { return structure(luma); }

#ifdef LOOKALIKE_AVX2
LOOKALIKE_FOR_AVX2 unsigned detail_avx2(const std::uint8_t* luma) { return structure(luma); }
const Detail detail_of = LOOKALIKE_HAS("avx2") ? detail_avx2 : detail_plain;
#else
const Detail detail_of = detail_plain;
#endif

// Which samples of a line fall into each of `chroma_side` cells: those whose centre does. As Pillow chooses them
// (Resample.c, box filter); its roundings and the order of its two passes are its own, so results may be a level apart.
using Cells = std::array<std::pair<std::size_t, std::size_t>, chroma_side>;

Cells cells_of(double extent, std::size_t length) {
  Cells cells;
  const double scale = extent / chroma_side, wide = std::max(scale, 1.0), support = 0.5 * wide;
  for (std::size_t cell = 0; cell < chroma_side; ++cell) {
    const double centre = (static_cast<double>(cell) + 0.5) * scale;
    auto begin = static_cast<std::size_t>(std::max(0.0, centre - support + 0.5));
    auto end = std::min(length, static_cast<std::size_t>(centre + support + 0.5));
    const auto away = [&](std::size_t sample) { return (static_cast<double>(sample) - centre + 0.5) * (1.0 / wide); };
    while (begin + 1 < end && away(begin) <= -0.5) ++begin;
    while (begin + 1 < end && away(end - 1) > 0.5) --end;
    begin = std::min(begin, length - 1);
    cells[cell] = {begin, std::max(begin + 1, end)};
  }
  return cells;
}

std::uint64_t mean(std::uint64_t sum, std::size_t count) { return (2 * sum + count) / (2 * count); }

// Chroma may be sampled more coarsely than luma; it is read as if its samples were repeated.
void reduce_chroma(const Plane& plane, const Picture& picture, std::uint8_t* out) {
  const double unit = picture.unit, extent_x = static_cast<double>(picture.width) / unit,
               extent_y = static_cast<double>(picture.height) / unit;
  const Cells across = cells_of(extent_x, picture.luma.width), down = cells_of(extent_y, picture.luma.height);
  const double ratio_x = picture.chroma_width / extent_x, ratio_y = picture.chroma_height / extent_y;
  const auto at = [](std::size_t i, double ratio, std::size_t length) {
    return std::min(length - 1, static_cast<std::size_t>((static_cast<double>(i) + 0.5) * ratio));
  };
  const bool repeated = plane.width != picture.luma.width;
  std::vector<std::size_t> columns(repeated ? picture.luma.width : 0);
  for (std::size_t x = 0; x < columns.size(); ++x) columns[x] = at(x, ratio_x, plane.width);
  std::vector<std::uint8_t> line(columns.size());
  for (std::size_t j = 0; j < chroma_side; ++j) {
    std::array<std::uint64_t, chroma_side> sums{};  // of rounded means of rows
    for (std::size_t y = down[j].first; y < down[j].second; ++y) {
      const std::uint8_t* row = plane.levels.data() + at(y, ratio_y, plane.height) * plane.width;
      for (std::size_t x = 0; x < columns.size(); ++x) line[x] = row[columns[x]];
      if (repeated) row = line.data();
      for (std::size_t i = 0; i < chroma_side; ++i) {
        const auto [begin, end] = across[i];
        sums[i] += mean(std::accumulate(row + begin, row + end, std::uint32_t{0}), end - begin);
      }
    }
    for (std::size_t i = 0; i < chroma_side; ++i) {
      out[(j * chroma_side + i) * 2] = static_cast<std::uint8_t>(mean(sums[i], down[j].second - down[j].first));
    }
  }
}

bool coloured(const Plane& plane) {
  std::uint8_t low = kNeutral, high = kNeutral;  // std::minmax_element is not vectorised
  for (const std::uint8_t level : plane.levels) {
    low = std::min(low, level);
    high = std::max(high, level);
  }
  return low < kNeutral - kGrayTolerance || high > kNeutral + kGrayTolerance;
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
