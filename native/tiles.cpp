#include "tiles.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "avx2.hpp"
#include "curve.hpp"

namespace lookalike {
namespace {

constexpr std::int64_t match_share = 1024, floor_variance = noise / 8;
constexpr unsigned rows_at_once = 8;  // 16 products of values up to 255 * 64 then sum to less than 2^32

// Sums over a row of tiles, one for each four columns.
using Quads = double[kinds][finest_side / 4];

enum class What { own, cross, all };  // of one plane; of two with each other; everything, of what lies inside

constexpr bool wanted(What what, int kind) {
  return what == What::all || (what == What::own ? kind == first_ || kind == second_ : kind == common_ || kind == difference_);
}

void smooth_plain(const std::int16_t* plane, unsigned side, std::int16_t* out) {
  std::int32_t rows[finest_side + 2];
  for (unsigned y = 0; y < side; ++y) {
    const std::int16_t* here = plane + std::size_t{y} * side;
    const std::int16_t* above = y == 0 ? here : here - side;
    const std::int16_t* below = y + 1 == side ? here : here + side;
    for (unsigned x = 0; x < side; ++x) rows[x + 1] = above[x] + 2 * here[x] + below[x];
    rows[0] = rows[1];
    rows[side + 1] = rows[side];
    std::int16_t* to = out + std::size_t{y} * side;
    for (unsigned x = 0; x < side; ++x) {
      to[x] = static_cast<std::int16_t>((rows[x] + 2 * rows[x + 1] + rows[x + 2] + 8) >> 4);
    }
  }
}

template <What what>
void add_plain(const std::int16_t* one, const std::int16_t* other, const std::int16_t* in, unsigned side, unsigned rows, Quads& sums) {
  for (std::size_t i = 0; i < std::size_t{rows} * side; ++i) {
    const bool held = what != What::all || in[i] != 0;
    const double a = held ? one[i] : 0, b = held ? other[i] : 0;
    const double found[kinds] = {held ? 1.0 : 0.0, a, b, a * a, b * b, a * b, std::abs(a - b)};
    for (int kind = 0; kind < kinds; ++kind) {
      if (wanted(what, kind)) sums[kind][i % side / 4] += found[kind];
    }
  }
}

#ifdef LOOKALIKE_AVX2

// Half the sum of values without a sign, rounded down.
LOOKALIKE_INLINE_AVX2 __m256i mean(__m256i one, __m256i other) {
  return _mm256_add_epi16(_mm256_and_si256(one, other), _mm256_srli_epi16(_mm256_xor_si256(one, other), 1));
}

// 16 columns from top to bottom. Sums of four values fill 16 bits, and (above + 2 * here + below + 8) >> 4 needs no carry.
LOOKALIKE_FOR_AVX2 void smooth_avx2(const std::int16_t* plane, unsigned side, std::int16_t* out) {
  for (unsigned x = 0; x < side; x += 16) {
    const auto across = [&](unsigned y) LOOKALIKE_FOR_AVX2 {
      const std::int16_t* row = plane + std::size_t{y} * side;
      const __m256i values = load(row + x);
      const __m256i before = x == 0 ? _mm256_set1_epi16(row[0]) : load(row + x - 16);
      const __m256i after = x + 16 == side ? _mm256_set1_epi16(row[side - 1]) : load(row + x + 16);
      const __m256i ends = _mm256_add_epi16(left_of(before, values), right_of(values, after));
      return _mm256_add_epi16(ends, _mm256_slli_epi16(values, 1));
    };
    __m256i here = across(0), above = here;
    for (unsigned y = 0; y < side; ++y) {
      const __m256i below = y + 1 < side ? across(y + 1) : here;
      const __m256i half = mean(mean(above, below), here);
      store(out + std::size_t{y} * side + x, _mm256_srli_epi16(_mm256_add_epi16(half, _mm256_set1_epi16(2)), 2));
      above = here;
      here = below;
    }
  }
}

template <What what>
LOOKALIKE_FOR_AVX2 void add_avx2(const std::int16_t* one, const std::int16_t* other, const std::int16_t* in, unsigned side,
                                 unsigned rows, Quads& sums) {
  const __m256i zero = _mm256_setzero_si256(), unit = _mm256_set1_epi16(1);
  const __m256d magic = _mm256_set1_pd(0x1p52);  // or'ed with a whole number it is the sum of both
  for (unsigned x = 0; x < side; x += 16) {
    __m256i part[kinds] = {zero, zero, zero, zero, zero, zero, zero};
    for (std::size_t at = x; at < std::size_t{rows} * side; at += side) {
      __m256i a = load(one + at), b = zero;
      if constexpr (what != What::own) b = load(other + at);
      if constexpr (what == What::all) {
        const __m256i held = load(in + at);
        a = _mm256_and_si256(a, held);
        b = _mm256_and_si256(b, held);
        part[inside_] = _mm256_sub_epi32(part[inside_], _mm256_madd_epi16(held, unit));
        add_products(part[first_ + 1], b, unit);
        add_products(part[second_ + 1], b, b);
      }
      if constexpr (what != What::cross) {
        add_products(part[first_], a, unit);
        add_products(part[second_], a, a);
      }
      if constexpr (what != What::own) {
        add_products(part[common_], a, b);
        add_products(part[difference_], _mm256_abs_epi16(_mm256_sub_epi16(a, b)), unit);
      }
    }
    for (int kind = 0; kind < kinds; ++kind) {
      if (!wanted(what, kind)) continue;
      const __m256d made = _mm256_sub_pd(_mm256_or_pd(_mm256_castsi256_pd(wide(part[kind])), magic), magic);
      double* to = sums[kind] + x / 4;
      _mm256_storeu_pd(to, _mm256_add_pd(_mm256_loadu_pd(to), made));
    }
  }
}

#endif  // LOOKALIKE_AVX2

// (n * product - one * other) / n^2, or `least` where that is less. Whole numbers below 2^53 (n is up to 256): quotients of
// doubles, rounded down, are those of whole numbers.
LOOKALIKE_INLINE void moments(std::size_t tiles, const double* n, const double* product, const double* one, const double* other,
                              double least, double* out) {
  for (std::size_t i = 0; i < tiles; ++i) {
    const double count = std::max(n[i], 1.0);
    out[i] = std::max(std::floor((count * product[i] - one[i] * other[i]) / (count * count)), least);
  }
}

LOOKALIKE_INLINE void quotients(std::size_t tiles, const double* n, const double* sum, std::int32_t* out) {
  for (std::size_t i = 0; i < tiles; ++i) out[i] = static_cast<std::int32_t>(std::floor(sum[i] / std::max(n[i], 1.0)));
}

// The unexplained part of the structure of tiles, and their variance; whole numbers below 2^53 here too.
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
  void (*moments)(std::size_t, const double*, const double*, const double*, const double*, double, double*);
  void (*quotients)(std::size_t, const double*, const double*, std::int32_t*);
  void (*shares)(std::size_t, const double*, const double*, const double*, double, double, std::int32_t*, std::int32_t*);
};

#define LOOKALIKE_KERNEL(name, target)                                                                                     \
  target void moments_##name(std::size_t tiles, const double* n, const double* product, const double* one,                 \
                             const double* other, double least, double* out) {                                             \
    moments(tiles, n, product, one, other, least, out);                                                                    \
  }                                                                                                                        \
  target void quotients_##name(std::size_t tiles, const double* n, const double* sum, std::int32_t* out) {                 \
    quotients(tiles, n, sum, out);                                                                                         \
  }                                                                                                                        \
  target void shares_##name(std::size_t tiles, const double* one, const double* other, const double* both, double left,    \
                            double right, std::int32_t* change, std::int32_t* structure) {                                 \
    shares(tiles, one, other, both, left, right, change, structure);                                                       \
  }                                                                                                                        \
  constexpr Kernel name##_kernel{smooth_##name,                                                                            \
                                 {add_##name<What::own>, add_##name<What::cross>, add_##name<What::all>},                  \
                                 moments_##name,                                                                           \
                                 quotients_##name,                                                                         \
                                 shares_##name};

LOOKALIKE_KERNELS

// In four parts, none of which waits for the others; any order gives the same, as whole numbers do not round.
double total(const std::vector<double>& values) {
  double part[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    for (std::size_t k = 0; k < 4; ++k) part[k] += values[i + k];
  }
  return std::accumulate(values.begin() + static_cast<std::ptrdiff_t>(i), values.end(), part[0] + part[1] + part[2] + part[3]);
}

// Sums over tiles of two planes; returns those over all of them.
template <What what>
Sums sums_of(const std::int16_t* one, const std::int16_t* other, const std::int16_t* in, unsigned side, unsigned cut,
             Instructions set, Tiles& made) {
  const Add add = kernel_of(set).add[static_cast<int>(what)];
  const unsigned width = side / cut;
  Sums whole{};
  Quads quads;
  for (auto& kind : made.of) kind.resize(std::size_t{cut} * cut);
  for (unsigned row = 0; row < cut; ++row) {
    for (int kind = 0; kind < kinds; ++kind) {
      if (wanted(what, kind)) std::fill_n(quads[kind], side / 4, 0.0);
    }
    for (unsigned top = 0; top < width; top += rows_at_once) {
      const std::size_t start = (std::size_t{row} * width + top) * side;
      add(one + start, other + start, in + start, side, std::min(rows_at_once, width - top), quads);
    }
    for (int kind = 0; kind < kinds; ++kind) {
      if (!wanted(what, kind)) continue;
      double* to = made.of[kind].data() + std::size_t{row} * cut;
      const double* quad = quads[kind];
      if (width == 8) {
        for (unsigned tile = 0; tile < cut; ++tile) to[tile] = quad[2 * tile] + quad[2 * tile + 1];
      } else {
        for (unsigned tile = 0; tile < cut; ++tile, quad += width / 4) to[tile] = std::accumulate(quad, quad + width / 4, 0.0);
      }
    }
  }
  for (int kind = 0; kind < kinds; ++kind) {
    if (wanted(what, kind)) whole[kind] = total(made.of[kind]);
  }
  if (what != What::all) {
    std::fill(made.of[inside_].begin(), made.of[inside_].end(), std::int64_t{width} * width);
    whole[inside_] = std::int64_t{side} * side;
  }
  return whole;
}

// (n * product - one * other) / n^2 of many values, or 0 where that is negative; centred first, so that nothing overflows.
std::int64_t moment(double n, double product, double one, double other) {
  const auto whole = [](double value) { return static_cast<std::int64_t>(value); };
  const std::int64_t count = whole(std::max(n, 1.0)), first = whole(one), second = whole(other);
  const std::int64_t a = first / count, b = second / count, rest = first % count * (second % count);
  const std::int64_t centred = whole(product) - a * second - b * (first % count);
  return std::max(centred - (rest + count - 1) / count, std::int64_t{0}) / count;
}

std::int64_t variance(const Sums& sums, int k) {
  return std::max(moment(sums[inside_], sums[second_ + k], sums[first_ + k], sums[first_ + k]), floor_variance);
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

std::int64_t match_of(const Sums& sums) {
  if (4 * sums[inside_] < coarsest_side * coarsest_side) return 0;
  const std::int64_t both = moment(sums[inside_], sums[common_], sums[first_], sums[first_ + 1]);
  return std::min(both * both / variance(sums, 0) * match_share / variance(sums, 1), match_share);
}

// From sums over tiles and their moments to what is told of them.
void finish(const std::vector<double>& one, const std::vector<double>& other, const Sums& whole, unsigned width, Room& room,
            Compared& out) {
  const Tiles& tiles = room.tiles;
  const std::size_t count = one.size();
  const Kernel& kernel = kernel_of(room.set);
  const double* n = tiles.of[inside_].data();
  room.covariance.resize(count);
  kernel.moments(count, n, tiles.of[common_].data(), tiles.of[first_].data(), tiles.of[first_ + 1].data(), 0.0,
                 room.covariance.data());
  const double values = std::max(whole[inside_], 1.0);
  for (int k = 0; k < 2; ++k) {
    out.contrast[k] = variance(whole, k);
    out.level[k] = static_cast<std::int64_t>(whole[first_ + k] / values);
    room.level[k].resize(count);
    kernel.quotients(count, n, tiles.of[first_ + k].data(), room.level[k].data());
  }
  out.inside = static_cast<std::int64_t>(whole[inside_]);
  out.difference = static_cast<std::int64_t>(whole[difference_] / values);
  out.change.resize(count);
  out.structure.resize(2 * count);
  kernel.shares(count, one.data(), other.data(), room.covariance.data(), static_cast<double>(out.contrast[0]),
                static_cast<double>(out.contrast[1]), out.change.data(), out.structure.data());
  for (std::size_t i = 0; i < count; ++i) {
    if (4 * n[i] < 3.0 * width * width) {
      out.change[i] = -1;
      out.structure[2 * i] = out.structure[2 * i + 1] = 0;
    }
  }
  room.curve.raise(room.level[0].data(), room.level[1].data(), n, out.contrast, room.set, out.change);
}

}  // namespace

unsigned tiles_per_side(unsigned side) { return std::max(std::min(side / 4, 8U), side / 16); }

Room::Room(unsigned side, Instructions with) : Scratch(side, with), smooth(seen.size()) {}

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
  const Kernel& kernel = kernel_of(room.set);
  kernel.smooth(plane, side, made.plane.data());
  const std::int16_t* own = made.plane.data();
  made.whole = sums_of<What::own>(own, own, own, side, tiles_per_side(side), room.set, room.tiles);
  made.first = room.tiles.of[first_];
  made.variance.resize(made.first.size());
  kernel.moments(made.first.size(), room.tiles.of[inside_].data(), room.tiles.of[second_].data(), made.first.data(),
                 made.first.data(), floor_variance, made.variance.data());
  return made;
}

const Layer& View::coarse(bool looked_up, Room& room) {
  constexpr unsigned side = coarsest_side;
  Layer& made = coarse_[static_cast<int>(looked_up)];
  if (made.side == side) return made;
  made.side = side;
  made.plane.resize(std::size_t{side} * side);
  const std::int16_t* plane = pyramid.plane(side);
  if (looked_up) {
    look_up(plane, side, made.plane.data());
  } else {
    std::copy_n(plane, made.plane.size(), made.plane.data());
  }
  made.whole = sums_of<What::own>(made.plane.data(), plane, plane, side, 1, room.set, room.tiles);
  return made;
}

std::int64_t match_of(View& outer, View& inner, Room& room) {
  const Layer& left = outer.coarse(true, room);
  const Layer& right = inner.coarse(false, room);
  Sums sums = sums_of<What::cross>(left.plane.data(), right.plane.data(), left.plane.data(), coarsest_side, 1, room.set, room.tiles);
  for (const int kind : {first_, second_}) {
    sums[kind] = left.whole[kind];
    sums[kind + 1] = right.whole[kind];
  }
  return match_of(sums);
}

std::int64_t match_of(View& outer, View& inner, const Map& map, Room& room) {
  constexpr unsigned side = coarsest_side;
  sample(outer.pyramid, side, map, room.seen.data(), room.inside.data(), room.set);
  return match_of(sums_of<What::all>(room.seen.data(), inner.pyramid.plane(side), room.inside.data(), side, 1, room.set, room.tiles));
}

void compare(View& outer, View& inner, unsigned side, Room& room, Compared& out) {
  const Layer& left = outer.smooth(side, true, room);
  const Layer& right = inner.smooth(side, false, room);
  const unsigned cut = tiles_per_side(side);
  Sums whole = sums_of<What::cross>(left.plane.data(), right.plane.data(), left.plane.data(), side, cut, room.set, room.tiles);
  for (const int kind : {first_, second_}) {
    whole[kind] = left.whole[kind];
    whole[kind + 1] = right.whole[kind];
  }
  room.tiles.of[first_] = left.first;
  room.tiles.of[first_ + 1] = right.first;
  finish(left.variance, right.variance, whole, side / cut, room, out);
}

void compare(View& outer, View& inner, const Map& map, unsigned side, Room& room, Compared& out) {
  const Layer& right = inner.smooth(side, false, room);
  const Kernel& kernel = kernel_of(room.set);
  sample(outer.pyramid, side, map, room.seen.data(), room.inside.data(), room.set);
  kernel.smooth(room.seen.data(), side, room.smooth.data());
  const unsigned cut = tiles_per_side(side);
  const Sums whole = sums_of<What::all>(room.smooth.data(), right.plane.data(), room.inside.data(), side, cut, room.set, room.tiles);
  const auto& of = room.tiles.of;
  for (int k = 0; k < 2; ++k) {
    room.variance[k].resize(of[inside_].size());
    kernel.moments(of[inside_].size(), of[inside_].data(), of[second_ + k].data(), of[first_ + k].data(), of[first_ + k].data(),
                   floor_variance, room.variance[k].data());
  }
  finish(room.variance[0], room.variance[1], whole, side / cut, room, out);
}

}  // namespace lookalike
