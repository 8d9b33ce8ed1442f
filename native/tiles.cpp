#include "tiles.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "avx2.hpp"
#include "curve.hpp"

namespace lookalike {
namespace {

constexpr std::int64_t match_share = 1024, floor_variance = noise / 8;
constexpr unsigned rows_at_once = 8;  // 16 products of values up to 255 * 64 then sum to less than 2^32

// (n * product - one * other) / n^2, or 0 where that is negative; values are centred first, so that nothing overflows.
std::int64_t moment(std::int64_t n, std::int64_t product, std::int64_t one, std::int64_t other) {
  const auto count = static_cast<std::uint64_t>(std::max(n, std::int64_t{1}));
  const int bits = std::has_single_bit(count) ? std::countr_zero(count) : -1;  // as it is for whole tiles
  const auto over = [&](std::int64_t value) { return bits < 0 ? value / static_cast<std::int64_t>(count) : value >> bits; };
  const auto size = static_cast<std::int64_t>(count);
  const std::int64_t a = over(one), b = over(other);
  const std::int64_t centred = product - a * other - b * (one - a * size);
  const std::int64_t rest = (one - a * size) * (other - b * size);
  return over(std::max(centred - over(rest + size - 1), std::int64_t{0}));
}

// Sums over a row of tiles, one for each four columns.
enum Kind { inside, first, second = 3, common = 5, difference, kinds };
using Quads = std::int64_t[kinds][finest_side / 4];

enum class What { own, cross, all };  // of one plane; of two with each other; everything, of what lies inside

LOOKALIKE_INLINE void smooth(const std::int16_t* plane, unsigned side, std::int16_t* out) {
  std::uint16_t rows[finest_side + 2];  // up to 4 * 255 * 64
  for (unsigned y = 0; y < side; ++y) {
    const std::int16_t* here = plane + std::size_t{y} * side;
    const std::int16_t* above = y == 0 ? here : here - side;
    const std::int16_t* below = y + 1 == side ? here : here + side;
    for (unsigned x = 0; x < side; ++x) rows[x + 1] = static_cast<std::uint16_t>(above[x] + 2 * here[x] + below[x]);
    rows[0] = rows[1];
    rows[side + 1] = rows[side];
    std::int16_t* to = out + std::size_t{y} * side;
    for (unsigned x = 0; x < side; ++x) to[x] = static_cast<std::int16_t>((rows[x] + 2 * rows[x + 1] + rows[x + 2] + 8) >> 4);
  }
}

template <What what>
void add_plain(const std::int16_t* one, const std::int16_t* other, const std::int16_t* in, unsigned side, unsigned rows, Quads& sums) {
  for (std::size_t i = 0; i < std::size_t{rows} * side; ++i) {
    const std::int64_t held = what == What::all ? -in[i] : 1, a = one[i] * held, b = other[i] * held;
    const std::size_t at = i % side / 4;
    if (what == What::all) sums[inside][at] += held;
    if (what != What::cross) {
      sums[first][at] += a;
      sums[second][at] += a * a;
    }
    if (what == What::all) {
      sums[first + 1][at] += b;
      sums[second + 1][at] += b * b;
    }
    if (what != What::own) {
      sums[common][at] += a * b;
      sums[difference][at] += std::abs(a - b);
    }
  }
}

#ifdef LOOKALIKE_AVX2

template <What what>
LOOKALIKE_FOR_AVX2 void add_avx2(const std::int16_t* one, const std::int16_t* other, const std::int16_t* in, unsigned side,
                                 unsigned rows, Quads& sums) {
  const __m256i zero = _mm256_setzero_si256(), unit = _mm256_set1_epi16(1);
  for (unsigned x = 0; x < side; x += 16) {
    __m256i part[kinds] = {zero, zero, zero, zero, zero, zero, zero};
    for (std::size_t at = x; at < std::size_t{rows} * side; at += side) {
      __m256i a = load(one + at), b = zero;
      if constexpr (what != What::own) b = load(other + at);
      if constexpr (what == What::all) {
        const __m256i held = load(in + at);
        a = _mm256_and_si256(a, held);
        b = _mm256_and_si256(b, held);
        part[inside] = _mm256_sub_epi32(part[inside], _mm256_madd_epi16(held, unit));
        add_products(part[first + 1], b, unit);
        add_products(part[second + 1], b, b);
      }
      if constexpr (what != What::cross) {
        add_products(part[first], a, unit);
        add_products(part[second], a, a);
      }
      if constexpr (what != What::own) {
        add_products(part[common], a, b);
        add_products(part[difference], _mm256_abs_epi16(_mm256_sub_epi16(a, b)), unit);
      }
    }
    for (int kind = 0; kind < kinds; ++kind) {
      auto* to = reinterpret_cast<__m256i*>(sums[kind] + x / 4);
      _mm256_storeu_si256(to, _mm256_add_epi64(_mm256_loadu_si256(to), wide(part[kind])));
    }
  }
}

#endif  // LOOKALIKE_AVX2

// The unexplained part of the structure of tiles, and their variance; whole numbers below 2^53, so that quotients of doubles,
// rounded down, are those of whole numbers.
LOOKALIKE_INLINE void shares(std::size_t tiles, const double* one, const double* other, const double* both, double left,
                             double right, std::int32_t* change, std::int32_t* structure) {
  constexpr double unit = share, none = noise, least = most_change;
  for (std::size_t i = 0; i < tiles; ++i) {
    const double power = both[i] * both[i];
    const double a = one[i] - std::min(std::floor(power / other[i]), one[i]);
    const double b = other[i] - std::min(std::floor(power / one[i]), other[i]);
    const double off = std::min(std::floor(std::max(a - none, 0.0) * unit / left), std::floor(std::max(b - none, 0.0) * unit / right));
    change[i] = static_cast<std::int32_t>(std::min(off, least));
    structure[2 * i] = static_cast<std::int32_t>(std::min(std::floor(one[i] * unit / left), least));
    structure[2 * i + 1] = static_cast<std::int32_t>(std::min(std::floor(other[i] * unit / right), least));
  }
}

using Add = void (*)(const std::int16_t*, const std::int16_t*, const std::int16_t*, unsigned, unsigned, Quads&);

struct Kernel {
  void (*smooth)(const std::int16_t*, unsigned, std::int16_t*);
  Add add[3];
  void (*shares)(std::size_t, const double*, const double*, const double*, double, double, std::int32_t*, std::int32_t*);
};

#define LOOKALIKE_KERNEL(name, target)                                                                                     \
  target void smooth_##name(const std::int16_t* plane, unsigned side, std::int16_t* out) { smooth(plane, side, out); }     \
  target void shares_##name(std::size_t tiles, const double* one, const double* other, const double* both, double left,    \
                            double right, std::int32_t* change, std::int32_t* structure) {                                 \
    shares(tiles, one, other, both, left, right, change, structure);                                                       \
  }                                                                                                                        \
  constexpr Kernel name##_kernel{smooth_##name,                                                                            \
                                 {add_##name<What::own>, add_##name<What::cross>, add_##name<What::all>},                  \
                                 shares_##name};

LOOKALIKE_KERNELS

// What the tiles of two planes hold.
struct Sums {
  std::vector<Cell> cells;
  std::int64_t difference = 0;
};

template <What what>
Sums sums_of(const std::int16_t* one, const std::int16_t* other, const std::int16_t* in, unsigned side, unsigned cut,
             Instructions set) {
  const Add add = kernel_of(set).add[static_cast<int>(what)];
  const unsigned width = side / cut;
  Sums made;
  made.cells.resize(std::size_t{cut} * cut);
  Quads sums;
  Cell* cell = made.cells.data();
  for (unsigned top = 0; top < side; top += width) {
    for (auto& kind : sums) std::fill_n(kind, side / 4, std::int64_t{0});
    for (unsigned row = 0; row < width; row += rows_at_once) {
      const std::size_t start = std::size_t{top + row} * side;
      add(one + start, other + start, in + start, side, std::min(rows_at_once, width - row), sums);
    }
    for (unsigned quad = 0; quad < side / 4; ++cell) {
      for (unsigned end = quad + width / 4; quad < end; ++quad) {
        for (int k = 0; k < 2; ++k) {
          cell->first[k] += sums[first + k][quad];
          cell->second[k] += sums[second + k][quad];
        }
        cell->common += sums[common][quad];
        cell->n += sums[inside][quad];
        made.difference += sums[difference][quad];
      }
      if (what != What::all) cell->n = std::int64_t{width} * width;
    }
  }
  return made;
}

Cell together(const std::vector<Cell>& cells) {
  Cell whole;
  for (const Cell& cell : cells) {
    whole.n += cell.n;
    whole.common += cell.common;
    for (int k = 0; k < 2; ++k) {
      whole.first[k] += cell.first[k];
      whole.second[k] += cell.second[k];
    }
  }
  return whole;
}

// A plane as `sample` sees it under the identity.
void look_up(const std::int16_t* plane, unsigned side, std::int16_t* out) {
  std::copy_n(plane, std::size_t{side} * side, out);
  const unsigned last = side - 1;
  const auto mixed = [](std::int32_t before, std::int32_t value) { return before + 255 * value; };
  for (unsigned k = 0; k < last; ++k) {
    const std::size_t right = std::size_t{k} * side + last, below = std::size_t{last} * side + k;
    out[right] = static_cast<std::int16_t>((mixed(plane[right - 1], plane[right]) + 128) >> 8);
    out[below] = static_cast<std::int16_t>((mixed(plane[below - side], plane[below]) + 128) >> 8);
  }
  const std::int16_t* end = plane + std::size_t{last} * side + last;
  const std::int32_t upper = mixed(*(end - side - 1), *(end - side)), lower = mixed(*(end - 1), *end);
  out[std::size_t{last} * side + last] = static_cast<std::int16_t>((mixed(upper, lower) + (1 << 15)) >> 16);
}

std::int64_t match_of(const Cell& cell) {
  if (4 * cell.n < std::int64_t{coarsest_side} * coarsest_side) return 0;
  const std::int64_t both = cell.covariance();
  return std::min(both * both / cell.variance(0) * match_share / cell.variance(1), match_share);
}

// From sums of tiles to what is told of them.
void finish(const std::vector<Cell>& cells, const double* one, const double* other, const std::vector<double>& both,
            const Cell& whole, std::int64_t off, std::int64_t full, Instructions set, Compared& out) {
  const std::int64_t count = std::max(whole.n, std::int64_t{1});
  for (int k = 0; k < 2; ++k) {
    out.contrast[k] = whole.variance(k);
    out.level[k] = whole.first[k] / count;
  }
  out.inside = whole.n;
  out.difference = off / count;
  out.change.resize(cells.size());
  out.structure.resize(2 * cells.size());
  kernel_of(set).shares(cells.size(), one, other, both.data(), static_cast<double>(out.contrast[0]),
                        static_cast<double>(out.contrast[1]), out.change.data(), out.structure.data());
  std::vector<Level> levels;
  levels.reserve(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Cell& cell = cells[i];
    if (4 * cell.n < 3 * full) {
      out.change[i] = -1;
      out.structure[2 * i] = out.structure[2 * i + 1] = 0;
      continue;
    }
    const auto level = [&](int k) { return static_cast<std::int32_t>(cell.n == full ? cell.first[k] >> std::countr_zero(static_cast<std::uint64_t>(full)) : cell.first[k] / cell.n); };
    levels.push_back({level(0), level(1), static_cast<std::int32_t>(i), cell.n});
  }
  miss_curves(levels, out.contrast, set, out.change);
}

}  // namespace

unsigned tiles_per_side(unsigned side) { return std::max(std::min(side / 4, 8U), side / 16); }

std::int64_t Cell::variance(int k) const { return std::max(moment(n, second[k], first[k], first[k]), floor_variance); }

std::int64_t Cell::covariance() const { return moment(n, common, first[0], first[1]); }

void Compared::clear(unsigned side) {
  const std::size_t tiles = std::size_t{tiles_per_side(side)} * tiles_per_side(side);
  inside = difference = contrast[0] = contrast[1] = level[0] = level[1] = 0;
  change.assign(tiles, -1);
  structure.assign(2 * tiles, 0);
}

void View::build(const std::uint8_t* luma, unsigned side, Instructions set) {
  pyramid.build(luma, side, set);
  for (int which = 0; which < 2; ++which) smooth_[which].side = coarse_[which].side = 0;
}

const Layer& View::smooth(unsigned side, bool looked_up, Room& room) {
  Layer& made = smooth_[static_cast<int>(looked_up)];
  if (made.side == side) return made;
  made.side = side;
  made.plane.resize(std::size_t{side} * side);
  const std::int16_t* plane = pyramid.plane(side);
  if (looked_up) {
    look_up(plane, side, room.seen.data());
    plane = room.seen.data();
  }
  kernel_of(room.set).smooth(plane, side, made.plane.data());
  const std::vector<Cell> cells =
      sums_of<What::own>(made.plane.data(), made.plane.data(), made.plane.data(), side, tiles_per_side(side), room.set).cells;
  made.first.resize(cells.size());
  made.variance.resize(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    made.first[i] = cells[i].first[0];
    made.variance[i] = static_cast<double>(cells[i].variance(0));
  }
  made.whole = together(cells);
  return made;
}

const Layer& View::coarse(bool looked_up, Room& room) {
  constexpr unsigned side = coarsest_side;
  Layer& made = coarse_[static_cast<int>(looked_up)];
  if (made.side == side) return made;
  made.side = side;
  made.plane.resize(std::size_t{side} * side);
  if (looked_up) {
    look_up(pyramid.plane(side), side, made.plane.data());
  } else {
    std::copy_n(pyramid.plane(side), made.plane.size(), made.plane.data());
  }
  made.whole = together(sums_of<What::own>(made.plane.data(), made.plane.data(), made.plane.data(), side, 1, room.set).cells);
  return made;
}

std::int64_t match_of(View& outer, View& inner, Room& room) {
  const Layer& left = outer.coarse(true, room);
  const Layer& right = inner.coarse(false, room);
  Cell cell = sums_of<What::cross>(left.plane.data(), right.plane.data(), left.plane.data(), coarsest_side, 1, room.set).cells[0];
  cell.first[0] = left.whole.first[0];
  cell.first[1] = right.whole.first[0];
  cell.second[0] = left.whole.second[0];
  cell.second[1] = right.whole.second[0];
  return match_of(cell);
}

std::int64_t match_of(View& outer, View& inner, const Map& map, Room& room) {
  constexpr unsigned side = coarsest_side;
  sample(outer.pyramid, side, map, room.seen.data(), room.inside.data(), room.set);
  return match_of(sums_of<What::all>(room.seen.data(), inner.pyramid.plane(side), room.inside.data(), side, 1, room.set).cells[0]);
}

void compare(View& outer, View& inner, unsigned side, Room& room, Compared& out) {
  const Layer& left = outer.smooth(side, true, room);
  const Layer& right = inner.smooth(side, false, room);
  const unsigned cut = tiles_per_side(side);
  Sums sums = sums_of<What::cross>(left.plane.data(), right.plane.data(), left.plane.data(), side, cut, room.set);
  std::vector<double> both(sums.cells.size());
  for (std::size_t i = 0; i < both.size(); ++i) {
    Cell& cell = sums.cells[i];
    cell.first[0] = left.first[i];
    cell.first[1] = right.first[i];
    both[i] = static_cast<double>(cell.covariance());
  }
  Cell whole = left.whole;
  whole.first[1] = right.whole.first[0];
  whole.second[1] = right.whole.second[0];
  finish(sums.cells, left.variance.data(), right.variance.data(), both, whole, sums.difference,
         std::int64_t{side / cut} * (side / cut), room.set, out);
}

void compare(View& outer, View& inner, const Map& map, unsigned side, Room& room, Compared& out) {
  const Layer& right = inner.smooth(side, false, room);
  sample(outer.pyramid, side, map, room.seen.data(), room.inside.data(), room.set);
  kernel_of(room.set).smooth(room.seen.data(), side, room.smooth.data());
  const unsigned cut = tiles_per_side(side);
  const Sums sums = sums_of<What::all>(room.smooth.data(), right.plane.data(), room.inside.data(), side, cut, room.set);
  std::vector<double> one(sums.cells.size()), other(one.size()), both(one.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    one[i] = static_cast<double>(sums.cells[i].variance(0));
    other[i] = static_cast<double>(sums.cells[i].variance(1));
    both[i] = static_cast<double>(sums.cells[i].covariance());
  }
  finish(sums.cells, one.data(), other.data(), both, together(sums.cells), sums.difference,
         std::int64_t{side / cut} * (side / cut), room.set, out);
}

}  // namespace lookalike
