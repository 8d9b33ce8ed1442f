#include "measure.hpp"

#include <algorithm>
#include <array>

#include "target.hpp"

namespace lookalike {
namespace {

constexpr int value_bits = 6;
constexpr std::int64_t match_share = 1024, share = 1 << 16, most = 1 << 24, square = 1 << (2 * value_bits), noise = 2 * square,
                       floor_variance = square / 4;
constexpr std::int64_t still_match = 512, still_change = share / 80, least_match = 320, changed = share / 20;
constexpr unsigned middle_side = 32, fine_side = 128;
constexpr double most_area = 8.0;
constexpr Map identity{1, 0, 0, 0, 1, 0};

// Sums of one tile, or of a whole picture.
struct Cell {
  std::int64_t n = 0, first[2] = {}, second[2] = {}, common = 0, difference = 0;
  void add(const Cell& other) {
    n += other.n;
    common += other.common;
    difference += other.difference;
    for (int k = 0; k < 2; ++k) {
      first[k] += other.first[k];
      second[k] += other.second[k];
    }
  }
  std::int64_t variance(int k) const { return std::max(moment(second[k], first[k], first[k]), floor_variance); }
  std::int64_t covariance() const { return moment(common, first[0], first[1]); }

 private:
  // (n * product - one * other) / n^2, or 0 where that is negative; values are centred first, so that nothing overflows.
  std::int64_t moment(std::int64_t product, std::int64_t one, std::int64_t other) const {
    const std::int64_t count = std::max(n, std::int64_t{1});
    const std::int64_t a = one / count, b = other / count;
    const std::int64_t centred = product - a * other - b * (one - a * count);
    const std::int64_t rest = (one - a * count) * (other - b * count);
    return std::max(centred - (rest + count - 1) / count, std::int64_t{0}) / count;
  }
};

template <class Value>
LOOKALIKE_INLINE void smooth(const Value* plane, unsigned side, std::int32_t* rows, std::int32_t* out) {
  for (unsigned y = 0; y < side; ++y) {
    const Value* here = plane + std::size_t{y} * side;
    const Value* above = y == 0 ? here : here - side;
    const Value* below = y + 1 == side ? here : here + side;
    for (unsigned x = 0; x < side; ++x) rows[x + 1] = above[x] + 2 * here[x] + below[x];
    rows[0] = rows[1];
    rows[side + 1] = rows[side];
    std::int32_t* to = out + std::size_t{y} * side;
    for (unsigned x = 0; x < side; ++x) to[x] = (rows[x] + 2 * rows[x + 1] + rows[x + 2] + 8) >> 4;
  }
}

// Adds the rows of one row of tiles, at most 16: products of values up to 255 * 64 then sum to less than 2^32.
template <class Value>
LOOKALIKE_INLINE void add_rows(Cell* cells, const std::int32_t* LOOKALIKE_RESTRICT one,
                               const Value* LOOKALIKE_RESTRICT other, const std::int32_t* LOOKALIKE_RESTRICT inside,
                               unsigned side, unsigned width) {
  std::uint32_t sums[7][finest_side];
  for (auto& sum : sums) std::fill_n(sum, side, 0U);
  for (unsigned y = 0; y < width; ++y, one += side, other += side, inside += side) {
    for (unsigned x = 0; x < side; ++x) {
      const auto here = static_cast<std::uint32_t>(inside[x]);
      const std::uint32_t a = static_cast<std::uint32_t>(one[x]) * here, b = static_cast<std::uint32_t>(other[x]) * here;
      sums[0][x] += here;
      sums[1][x] += a;
      sums[2][x] += b;
      sums[3][x] += a * a;
      sums[4][x] += b * b;
      sums[5][x] += a * b;
      sums[6][x] += a > b ? a - b : b - a;
    }
  }
  for (unsigned x = 0; x < side; ++cells) {
    std::int64_t total[7] = {};
    for (unsigned k = 0; k < width; ++k, ++x) {
      for (unsigned which = 0; which < 7; ++which) total[which] += sums[which][x];
    }
    cells->n += total[0];
    cells->first[0] += total[1];
    cells->first[1] += total[2];
    cells->second[0] += total[3];
    cells->second[1] += total[4];
    cells->common += total[5];
    cells->difference += total[6];
  }
}

std::int64_t match_of(const Cell& cell, unsigned side) {
  if (4 * cell.n < static_cast<std::int64_t>(side) * side) return 0;
  const std::int64_t common = cell.covariance();
  return std::min(common * common / cell.variance(0) * match_share / cell.variance(1), match_share);
}

struct Kernel {
  void (*smooth)(const std::int32_t*, unsigned, std::int32_t*, std::int32_t*);
  void (*smooth_plane)(const std::int16_t*, unsigned, std::int32_t*, std::int32_t*);
  void (*add_rows)(Cell*, const std::int32_t*, const std::int32_t*, const std::int32_t*, unsigned, unsigned);
  void (*add_plane)(Cell*, const std::int32_t*, const std::int16_t*, const std::int32_t*, unsigned, unsigned);
};

#define LOOKALIKE_KERNEL(name, target)                                                                                 \
  target void smooth_##name(const std::int32_t* plane, unsigned side, std::int32_t* rows, std::int32_t* out) {         \
    smooth(plane, side, rows, out);                                                                                    \
  }                                                                                                                    \
  target void smooth_plane_##name(const std::int16_t* plane, unsigned side, std::int32_t* rows, std::int32_t* out) {   \
    smooth(plane, side, rows, out);                                                                                    \
  }                                                                                                                    \
  target void add_rows_##name(Cell* cells, const std::int32_t* one, const std::int32_t* other,                         \
                              const std::int32_t* inside, unsigned side, unsigned width) {                             \
    add_rows(cells, one, other, inside, side, width);                                                                  \
  }                                                                                                                    \
  target void add_plane_##name(Cell* cells, const std::int32_t* one, const std::int16_t* other,                        \
                               const std::int32_t* inside, unsigned side, unsigned width) {                            \
    add_rows(cells, one, other, inside, side, width);                                                                  \
  }                                                                                                                    \
  constexpr Kernel name##_kernel{smooth_##name, smooth_plane_##name, add_rows_##name, add_plane_##name};

LOOKALIKE_KERNEL(plain, )
#ifdef LOOKALIKE_AVX2
LOOKALIKE_KERNEL(avx2, __attribute__((target("avx2"))))
LOOKALIKE_KERNEL(avx512, LOOKALIKE_AVX512)
const Kernel& chosen = LOOKALIKE_HAS_AVX512 ? avx512_kernel : __builtin_cpu_supports("avx2") != 0 ? avx2_kernel : plain_kernel;
#else
const Kernel& chosen = plain_kernel;
#endif

std::int64_t match_of(const std::int16_t* left, const std::int16_t* right, const Map& map, unsigned side,
                      Scratch& scratch) {
  sample(left, side, map, side, scratch.seen.data(), scratch.inside.data());
  Cell cell;
  for (unsigned y = 0; y < side; y += coarsest_side) {
    std::array<Cell, finest_side / coarsest_side> row;
    const std::size_t start = std::size_t{y} * side;
    chosen.add_plane(row.data(), scratch.seen.data() + start, right + start, scratch.inside.data() + start, side,
                    coarsest_side);
    for (unsigned x = 0; x < side / coarsest_side; ++x) cell.add(row[x]);
  }
  return match_of(cell, side);
}

using Levels = std::vector<std::int64_t>;

// By how much levels miss the best rising curve, pooling adjacent violators; of two directions the lesser stays.
void miss_curve(const Levels& given, const Levels& wanted, const std::vector<Cell>& cells,
                const std::vector<std::uint16_t>& counting, std::int64_t contrast, Levels& miss) {
  struct Pool {
    std::int64_t total, weight;
    std::size_t tiles;
  };
  const std::size_t count = counting.size();
  std::vector<std::uint64_t> order(count);  // levels, never negative, and the tiles that have them
  for (std::size_t i = 0; i < count; ++i) order[i] = static_cast<std::uint64_t>(given[counting[i]]) << 16 | counting[i];
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < count; ++i) order[i] &= 0xffff;
  std::vector<Pool> pools(count);
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) {
    pools[size++] = {wanted[order[i]] * cells[order[i]].n, cells[order[i]].n, 1};
    while (size > 1 && pools[size - 2].total * pools[size - 1].weight >= pools[size - 1].total * pools[size - 2].weight) {
      --size;
      pools[size - 1].total += pools[size].total;
      pools[size - 1].weight += pools[size].weight;
      pools[size - 1].tiles += pools[size].tiles;
    }
  }
  std::size_t at = 0;
  for (std::size_t pool = 0; pool < size; ++pool) {
    const std::int64_t curve = pools[pool].total / pools[pool].weight;
    for (std::size_t k = 0; k < pools[pool].tiles; ++k, ++at) {
      const std::int64_t off = wanted[order[at]] - curve;
      miss[order[at]] = std::min(miss[order[at]], std::max(off * off - noise, std::int64_t{0}) * share / contrast);
    }
  }
}

void compare(const std::int16_t* outer, const std::int16_t* inner, const Map& map, unsigned side, Scratch& scratch,
             TileScratch& room, Measured& out) {
  sample(outer, side, map, side, scratch.seen.data(), scratch.inside.data());
  chosen.smooth(scratch.seen.data(), side, room.rows.data(), room.one.data());
  chosen.smooth_plane(inner, side, room.rows.data(), room.other.data());
  const unsigned cut = tiles_per_side(side), width = side / cut;
  const std::size_t tiles = std::size_t{cut} * cut;
  std::vector<Cell> cells(tiles);
  for (unsigned row = 0; row < cut; ++row) {
    const std::size_t start = std::size_t{row} * width * side;
    chosen.add_rows(cells.data() + std::size_t{row} * cut, room.one.data() + start, room.other.data() + start,
                    scratch.inside.data() + start, side, width);
  }
  Cell whole;
  for (const Cell& cell : cells) whole.add(cell);
  const std::int64_t count = std::max(whole.n, std::int64_t{1});
  for (int k = 0; k < 2; ++k) {
    out.contrast[k] = whole.variance(k);
    out.level[k] = whole.first[k] / count;
  }
  out.inside = whole.n;
  out.difference = whole.difference / count;

  std::vector<std::uint16_t> counting;
  counting.reserve(tiles);
  Levels one(tiles), other(tiles), miss(tiles);
  out.change.assign(tiles, -1);
  out.structure.assign(2 * tiles, 0);
  for (std::size_t i = 0; i < tiles; ++i) {
    const Cell& cell = cells[i];
    if (4 * cell.n < 3 * static_cast<std::int64_t>(width) * width) continue;
    counting.push_back(static_cast<std::uint16_t>(i));
    one[i] = cell.first[0] / cell.n;
    other[i] = cell.first[1] / cell.n;
    miss[i] = most;
    const std::int64_t own[2] = {cell.variance(0), cell.variance(1)}, common = cell.covariance();
    std::int64_t least = most;
    for (int k = 0; k < 2; ++k) {
      const std::int64_t rest = own[k] - std::min(common * common / own[1 - k], own[k]);
      least = std::min(least, std::max(rest - noise, std::int64_t{0}) * share / out.contrast[k]);
      out.structure[2 * i + k] = static_cast<std::int32_t>(std::min(own[k] * share / out.contrast[k], most));
    }
    out.change[i] = static_cast<std::int32_t>(least);
  }
  miss_curve(one, other, cells, counting, out.contrast[1], miss);
  miss_curve(other, one, cells, counting, out.contrast[0], miss);
  for (const std::size_t at : counting) {
    out.change[at] = static_cast<std::int32_t>(std::min(std::max(std::int64_t{out.change[at]}, miss[at]), most));
  }
}

void clear(Measured& out, unsigned side) {
  const std::size_t tiles = std::size_t{tiles_per_side(side)} * tiles_per_side(side);
  out.inside = out.difference = 0;
  out.contrast[0] = out.contrast[1] = out.level[0] = out.level[1] = 0;
  out.change.assign(tiles, -1);
  out.structure.assign(2 * tiles, 0);
}

bool mostly_kept(const std::vector<std::int32_t>& changes) {
  std::int64_t differing = 0, counted = 0;
  for (const std::int32_t change : changes) {
    differing += change >= changed;
    counted += change >= 0;
  }
  return 5 * differing <= 3 * counted;
}

struct Sum {
  std::int64_t change = 0, tiles = 0;
};

Sum sum_of(const std::vector<std::int32_t>& changes) {
  Sum sum;
  for (const std::int32_t change : changes) {
    sum.change += std::clamp<std::int64_t>(change, 0, share);
    sum.tiles += change >= 0;
  }
  return sum;
}

Map inverted(const Map& map, double area) {
  const double rows[4] = {map[4] / area, -map[1] / area, -map[3] / area, map[0] / area};
  return {rows[0], rows[1], -(rows[0] * map[2] + rows[1] * map[5]),
          rows[2], rows[3], -(rows[2] * map[2] + rows[3] * map[5])};
}

}  // namespace

unsigned tiles_per_side(unsigned side) { return std::max(std::min(side / 4, 8U), side / 16); }

TileScratch::TileScratch(unsigned side) : one(std::size_t{side} * side), other(one.size()), rows(side + 2) {}

void measure(const Pyramid& left, const Pyramid& right, unsigned side, Scratch& scratch, TileScratch& tiles,
             Measured& out) {
  constexpr unsigned coarse = coarsest_side;
  const Pyramid* outer = &left;
  const Pyramid* inner = &right;
  out.map = identity;
  out.swapped = out.finished = 0;
  out.match = match_of(left.plane(coarse), right.plane(coarse), out.map, coarse, scratch);
  if (out.match >= still_match) {
    compare(left.plane(side), right.plane(side), out.map, side, scratch, tiles, out);
    const auto still = std::count_if(out.change.begin(), out.change.end(), [](std::int32_t one) { return one <= still_change; });
    if (4 * still >= static_cast<std::ptrdiff_t>((side >= fine_side ? 3 : 4) * out.change.size())) {
      out.finished = 1;
      return;
    }
    out.finished = mostly_kept(out.change);
  }
  if (out.finished == 0) clear(out, side);

  Map map = identity;
  align(left, right, map, &coarse, 1, scratch);
  const std::int64_t match = match_of(left.plane(coarse), right.plane(coarse), map, coarse, scratch);
  if (match < out.match) map = identity;
  out.match = std::max(out.match, match);
  if (out.match < least_match) return;
  const double area = map[0] * map[4] - map[1] * map[3];
  if (!(area >= 1 / most_area && area <= most_area)) return;
  const bool swapped = area > 1;
  if (swapped) {
    map = inverted(map, area);
    std::swap(outer, inner);
  }
  Measured& found = tiles.found;
  for (unsigned at = coarse; at < side;) {
    at *= 2;
    if (at <= aligned_side) align(*outer, *inner, map, &at, 1, scratch);
    if (at == middle_side && at < side) {
      compare(outer->plane(at), inner->plane(at), map, at, scratch, tiles, found);
      if (!mostly_kept(found.change)) return;
    }
  }
  if (!(map[0] * map[4] - map[1] * map[3] >= 1 / most_area)) return;
  compare(outer->plane(side), inner->plane(side), map, side, scratch, tiles, found);
  const Sum before = sum_of(out.change), after = sum_of(found.change);
  if (out.finished == 0 || after.change * before.tiles < before.change * after.tiles) {
    found.map = map;
    found.match = out.match;
    found.swapped = swapped;
    std::swap(out, found);
  }
  out.finished = 1;
}

}  // namespace lookalike
