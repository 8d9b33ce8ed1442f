#include "alignment.hpp"

#include <algorithm>
#include <cmath>

#include "target.hpp"

#ifdef LOOKALIKE_AVX2
#include <immintrin.h>
#endif

namespace lookalike {
namespace {

constexpr int value_bits = 6, position_bits = 17;
constexpr std::int32_t unit = 64, most_value = 255, most_difference = 64;
constexpr double most_turn = 0.3, most_shift = 8.0, damping = 1 + 1.0 / 256, still = 1.0 / 32;
constexpr double thumbnail = 64;
constexpr double bounds[3] = {4.0, 4.0, 128.0};

constexpr unsigned steps_at(unsigned side) { return side == 16 ? 6 : side == 32 ? 4 : side == 64 ? 1 : 2; }

LOOKALIKE_INLINE void halve(const std::int16_t* plane, unsigned side, std::int16_t* out, std::int32_t* rows) {
  const unsigned half = side / 2;
  for (unsigned y = 0; y < half; ++y) {
    const std::int16_t* above = plane + std::size_t{y == 0 ? 0 : 2 * y - 1} * side;
    const std::int16_t* here = plane + std::size_t{2 * y} * side;
    const std::int16_t* next = here + side;
    const std::int16_t* below = plane + std::size_t{std::min(2 * y + 2, side - 1)} * side;
    for (unsigned x = 0; x < side; ++x) rows[x + 1] = 3 * (here[x] + next[x]) + above[x] + below[x];
    rows[0] = rows[1];
    rows[side + 1] = rows[side];
    for (unsigned x = 0; x < half; ++x) {
      const std::int32_t* at = rows + 2 * x;
      out[y * half + x] = static_cast<std::int16_t>((3 * (at[1] + at[2]) + at[0] + at[3] + 32) >> 6);
    }
  }
}

// A map in whole numbers: positions in a plane of `size`, with position_bits behind the point, for a grid of `side`.
struct Grid {
  std::int32_t factor[4], shift[2], last, size;
  Grid(const Map& map, unsigned size, unsigned side)
      : last(static_cast<std::int32_t>((size - 1) << position_bits)), size(static_cast<std::int32_t>(size)) {
    const double scale = static_cast<double>(size) / side * (1 << (position_bits - 1));
    for (int axis = 0; axis < 2; ++axis) {
      for (int k = 0; k < 2; ++k) {
        factor[2 * axis + k] = static_cast<std::int32_t>(std::nearbyint(map[3 * axis + k] * scale));
      }
      const double middle = map[3 * axis + 2] * (size / thumbnail) + (size / 2.0 - 0.5);
      shift[axis] = static_cast<std::int32_t>(std::nearbyint(middle * (1 << position_bits)));
    }
  }
};

constexpr std::int32_t half_pixel = 1 << (position_bits - 1);

void sample_plain(const std::int16_t* plane, unsigned size, const Map& map, unsigned side, std::int32_t* values,
                  std::int32_t* inside) {
  const Grid grid(map, size, side);
  for (unsigned row = 0; row < side; ++row) {
    const auto v = static_cast<std::int32_t>(2 * row + 1) - static_cast<std::int32_t>(side);
    const std::int32_t x_row = grid.factor[1] * v + grid.shift[0], y_row = grid.factor[3] * v + grid.shift[1];
    for (unsigned column = 0; column < side; ++column) {
      const auto u = static_cast<std::int32_t>(2 * column + 1) - static_cast<std::int32_t>(side);
      const std::int32_t x = grid.factor[0] * u + x_row, y = grid.factor[2] * u + y_row;
      *inside++ = static_cast<std::int32_t>(x >= -half_pixel) & static_cast<std::int32_t>(x <= grid.last + half_pixel) &
                  static_cast<std::int32_t>(y >= -half_pixel) & static_cast<std::int32_t>(y <= grid.last + half_pixel);
      const std::int32_t px = std::clamp(x, 0, grid.last - 1), py = std::clamp(y, 0, grid.last - 1);
      const std::int32_t right = px >> (position_bits - 8) & 255, below = py >> (position_bits - 8) & 255;
      const std::int16_t* at = plane + (py >> position_bits) * grid.size + (px >> position_bits);
      const std::int32_t upper = at[0] * (256 - right) + at[1] * right;
      const std::int32_t lower = at[grid.size] * (256 - right) + at[grid.size + 1] * right;
      *values++ = (upper * (256 - below) + lower * below + (1 << 15)) >> 16;
    }
  }
}

#ifdef LOOKALIKE_AVX2

// The same with one load for two neighbours, and their weighted sum in one instruction.
__attribute__((target("avx2"))) void sample_avx2(const std::int16_t* plane, unsigned size, const Map& map, unsigned side,
                                                 std::int32_t* values, std::int32_t* inside) {
  const Grid grid(map, size, side);
  const auto all = [](std::int32_t value) __attribute__((target("avx2"))) { return _mm256_set1_epi32(value); };
  const __m256i low = all(-half_pixel - 1), high = all(grid.last + half_pixel + 1), end = all(grid.last - 1);
  const __m256i lanes = _mm256_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15), one = all(1), byte = all(255), most = all(256);
  for (unsigned row = 0; row < side; ++row) {
    const auto v = static_cast<std::int32_t>(2 * row + 1) - static_cast<std::int32_t>(side);
    const __m256i x_row = all(grid.factor[1] * v + grid.shift[0]), y_row = all(grid.factor[3] * v + grid.shift[1]);
    for (unsigned column = 0; column < side; column += 8, values += 8, inside += 8) {
      const __m256i u = _mm256_add_epi32(lanes, all(2 * static_cast<std::int32_t>(column) - static_cast<std::int32_t>(side)));
      const __m256i x = _mm256_add_epi32(_mm256_mullo_epi32(all(grid.factor[0]), u), x_row);
      const __m256i y = _mm256_add_epi32(_mm256_mullo_epi32(all(grid.factor[2]), u), y_row);
      const __m256i in = _mm256_and_si256(_mm256_and_si256(_mm256_cmpgt_epi32(x, low), _mm256_cmpgt_epi32(high, x)),
                                          _mm256_and_si256(_mm256_cmpgt_epi32(y, low), _mm256_cmpgt_epi32(high, y)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(inside), _mm256_and_si256(in, one));
      const __m256i px = _mm256_max_epi32(_mm256_min_epi32(x, end), _mm256_setzero_si256());
      const __m256i py = _mm256_max_epi32(_mm256_min_epi32(y, end), _mm256_setzero_si256());
      const __m256i right = _mm256_and_si256(_mm256_srli_epi32(px, position_bits - 8), byte);
      const __m256i below = _mm256_and_si256(_mm256_srli_epi32(py, position_bits - 8), byte);
      const __m256i at = _mm256_add_epi32(_mm256_mullo_epi32(_mm256_srli_epi32(py, position_bits), all(grid.size)),
                                          _mm256_srli_epi32(px, position_bits));
      const __m256i weights = _mm256_or_si256(_mm256_sub_epi32(most, right), _mm256_slli_epi32(right, 16));
      const __m256i upper = _mm256_madd_epi16(_mm256_i32gather_epi32(reinterpret_cast<const int*>(plane), at, 2), weights);
      const __m256i lower =
          _mm256_madd_epi16(_mm256_i32gather_epi32(reinterpret_cast<const int*>(plane + size), at, 2), weights);
      const __m256i sum = _mm256_add_epi32(_mm256_mullo_epi32(upper, _mm256_sub_epi32(most, below)),
                                           _mm256_mullo_epi32(lower, below));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(values), _mm256_srai_epi32(_mm256_add_epi32(sum, all(1 << 15)), 16));
    }
  }
}

LOOKALIKE_AVX512 void sample_avx512(const std::int16_t* plane, unsigned size, const Map& map, unsigned side,
                                    std::int32_t* values, std::int32_t* inside) {
  const Grid grid(map, size, side);
  const auto all = [](std::int32_t value) LOOKALIKE_AVX512 { return _mm512_set1_epi32(value); };
  const __m512i low = all(-half_pixel), high = all(grid.last + half_pixel), end = all(grid.last - 1);
  const __m512i lanes = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  const __m512i byte = all(255), most = all(256), zero = _mm512_setzero_si512();
  for (unsigned row = 0; row < side; ++row) {
    const auto v = static_cast<std::int32_t>(2 * row + 1) - static_cast<std::int32_t>(side);
    const __m512i x_row = all(grid.factor[1] * v + grid.shift[0]), y_row = all(grid.factor[3] * v + grid.shift[1]);
    for (unsigned column = 0; column < side; column += 16, values += 16, inside += 16) {
      const __m512i u = _mm512_add_epi32(lanes, all(2 * static_cast<std::int32_t>(column) - static_cast<std::int32_t>(side)));
      const __m512i x = _mm512_add_epi32(_mm512_mullo_epi32(all(grid.factor[0]), u), x_row);
      const __m512i y = _mm512_add_epi32(_mm512_mullo_epi32(all(grid.factor[2]), u), y_row);
      const __mmask16 in = _mm512_cmpge_epi32_mask(x, low) & _mm512_cmple_epi32_mask(x, high) &
                           _mm512_cmpge_epi32_mask(y, low) & _mm512_cmple_epi32_mask(y, high);
      _mm512_storeu_si512(inside, _mm512_maskz_set1_epi32(in, 1));
      const __m512i px = _mm512_max_epi32(_mm512_min_epi32(x, end), zero);
      const __m512i py = _mm512_max_epi32(_mm512_min_epi32(y, end), zero);
      const __m512i right = _mm512_and_si512(_mm512_srli_epi32(px, position_bits - 8), byte);
      const __m512i below = _mm512_and_si512(_mm512_srli_epi32(py, position_bits - 8), byte);
      const __m512i at = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_srli_epi32(py, position_bits), all(grid.size)),
                                          _mm512_srli_epi32(px, position_bits));
      const __m512i weights = _mm512_or_si512(_mm512_sub_epi32(most, right), _mm512_slli_epi32(right, 16));
      const __m512i upper = _mm512_madd_epi16(_mm512_i32gather_epi32(at, plane, 2), weights);
      const __m512i lower = _mm512_madd_epi16(_mm512_i32gather_epi32(at, plane + size, 2), weights);
      const __m512i sum =
          _mm512_add_epi32(_mm512_mullo_epi32(upper, _mm512_sub_epi32(most, below)), _mm512_mullo_epi32(lower, below));
      _mm512_storeu_si512(values, _mm512_srai_epi32(_mm512_add_epi32(sum, all(1 << 15)), 16));
    }
  }
}

#endif  // LOOKALIKE_AVX2

std::int64_t root(std::int64_t square) {
  auto found = static_cast<std::int64_t>(std::sqrt(static_cast<double>(square)));
  found -= found * found > square;
  return found + ((found + 1) * (found + 1) <= square);
}

using Sample = void (*)(const std::int16_t*, unsigned, const Map&, unsigned, std::int32_t*, std::int32_t*);

struct Moments {
  std::int64_t total = 0, squares = 0;
};

template <class Value>
LOOKALIKE_INLINE Moments moments(const Value* values, const std::int32_t* inside, std::size_t n) {
  Moments sums;
  for (std::size_t start = 0; start < n; start += coarsest_side) {
    std::uint32_t total = 0, squares = 0;  // of 16 values up to 255 * 64: below 2^32
    for (std::size_t i = start; i < start + coarsest_side; ++i) {
      const auto value = static_cast<std::uint32_t>(values[i] * inside[i]);
      total += value;
      squares += value * value;
    }
    sums.total += total;
    sums.squares += squares;
  }
  return sums;
}

template <class Value>
LOOKALIKE_INLINE void standard(const Value* values, const Moments& sums, std::int64_t count, std::size_t n,
                               std::int32_t* out) {
  const std::int64_t spread =
      std::max(root(std::max(count * sums.squares - sums.total * sums.total, std::int64_t{0})) / count,
               std::int64_t{1} << value_bits);
  const auto gain = static_cast<std::int32_t>((std::int64_t{unit} << 16) / spread);
  const auto mean = static_cast<std::int32_t>(sums.total / count);
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = std::clamp((values[i] - mean) * gain >> 16, -most_value, most_value);
  }
}

// Sums over products of gradients: with xx, xy, yy, x, y and 1.
struct Sums {
  std::int64_t value[6] = {};
};

template <class T>
LOOKALIKE_INLINE void add(Sums& sums, const std::int32_t* one, const std::int32_t* other, unsigned side, std::int64_t y) {
  T plain = 0, first = 0, second = 0;
  const auto middle = static_cast<std::int32_t>(side / 2);
  for (std::int32_t k = 0; k < static_cast<std::int32_t>(side); ++k) {
    const T product = static_cast<T>(one[k]) * other[k], x = k - middle;
    plain += product;
    first += product * x;
    second += product * x * x;
  }
  sums.value[0] += second;
  sums.value[1] += first * y;
  sums.value[2] += plain * y * y;
  sums.value[3] += first;
  sums.value[4] += plain * y;
  sums.value[5] += plain;
}

template <class T>
LOOKALIKE_INLINE void add_plain(Sums& sums, const std::int32_t* one, const std::int32_t* other, unsigned side,
                                std::int64_t y) {
  T plain = 0, first = 0;
  const auto middle = static_cast<std::int32_t>(side / 2);
  for (std::int32_t k = 0; k < static_cast<std::int32_t>(side); ++k) {
    const T product = static_cast<T>(one[k]) * other[k];
    plain += product;
    first += product * (k - middle);
  }
  sums.value[3] += first;
  sums.value[4] += plain * y;
  sums.value[5] += plain;
}

// LDL factorisation of six equations; the order of operations is that of the reference.
void solve(const Sums (&sums)[3], const Sums (&rest)[2], double (&found)[6]) {
  constexpr int cell[3][3] = {{0, 1, 3}, {1, 2, 4}, {3, 4, 5}};
  double rows[6][6], lower[6][6], pivot[6];
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) rows[i][j] = static_cast<double>(sums[i / 3 + j / 3].value[cell[i % 3][j % 3]]);
    found[i] = static_cast<double>(rest[i / 3].value[3 + i % 3]);
    rows[i][i] = rows[i][i] * damping + 1.0;
  }
  for (int j = 0; j < 6; ++j) {
    double value = rows[j][j];
    for (int k = 0; k < j; ++k) value = value - lower[j][k] * lower[j][k] * pivot[k];
    pivot[j] = std::max(value, 1.0);
    for (int i = j + 1; i < 6; ++i) {
      double cross = rows[i][j];
      for (int k = 0; k < j; ++k) cross = cross - lower[i][k] * lower[j][k] * pivot[k];
      lower[i][j] = cross / pivot[j];
    }
  }
  for (int i = 0; i < 6; ++i) {
    for (int k = 0; k < i; ++k) found[i] = found[i] - lower[i][k] * found[k];
  }
  for (int i = 0; i < 6; ++i) found[i] = found[i] / pivot[i];
  for (int i = 5; i >= 0; --i) {
    for (int k = i + 1; k < 6; ++k) found[i] = found[i] - lower[k][i] * found[k];
  }
}

// Changes the map; returns how far at most a corner moved, in pixels of a thumbnail.
double change(Map& map, double (&by)[6], unsigned side) {
  by[2] = by[2] - 0.5 * (by[0] + by[1]);
  by[5] = by[5] - 0.5 * (by[3] + by[4]);
  for (const int k : {0, 1, 3, 4}) by[k] = std::clamp(by[k], -most_turn, most_turn);
  for (const int k : {2, 5}) by[k] = std::clamp(by[k] * (thumbnail / side), -most_shift, most_shift);
  for (int axis = 0; axis < 2; ++axis) {
    const double first = map[3 * axis], second = map[3 * axis + 1];
    for (int k = 0; k < 3; ++k) {
      const double made = map[3 * axis + k] + (first * by[k] + second * by[3 + k]);
      map[3 * axis + k] = std::clamp(made, -bounds[k], bounds[k]);
    }
  }
  return (std::abs(by[0]) + std::abs(by[1]) + (std::abs(by[3]) + std::abs(by[4]))) * 32.0 +
         (std::abs(by[2]) + std::abs(by[5]));
}

template <class T>
LOOKALIKE_INLINE double step(const std::int16_t* left, const std::int16_t* right, unsigned side, Map& map,
                             Scratch& scratch, Sample sample_plane) {
  const std::size_t n = std::size_t{side} * side;
  sample_plane(left, side, map, side, scratch.seen.data(), scratch.inside.data());
  const std::int32_t* inside = scratch.inside.data();
  std::int64_t count = 0;
  for (std::size_t i = 0; i < n; ++i) count += inside[i];
  count = std::max(count, std::int64_t{1});
  std::int32_t* one = scratch.one.data();
  std::int32_t* other = scratch.other.data();
  standard(scratch.seen.data(), moments(scratch.seen.data(), inside, n), count, n, one);
  standard(right, moments(right, inside, n), count, n, other);
  std::int32_t* both = scratch.both.data();
  for (std::size_t i = 0; i < n; ++i) both[i] = one[i] + other[i];

  Sums sums[3], rest[2];
  std::int32_t* LOOKALIKE_RESTRICT along = scratch.along.data();
  std::int32_t* LOOKALIKE_RESTRICT down = scratch.down.data();
  std::int32_t* LOOKALIKE_RESTRICT off = scratch.off.data();
  along[0] = along[side - 1] = down[0] = down[side - 1] = off[0] = off[side - 1] = 0;
  for (unsigned row = 1; row + 1 < side; ++row) {
    const std::size_t start = std::size_t{row} * side;
    const std::int32_t* LOOKALIKE_RESTRICT in = inside + start;
    const std::int32_t* LOOKALIKE_RESTRICT above_in = in - side;
    const std::int32_t* LOOKALIKE_RESTRICT below_in = in + side;
    const std::int32_t* LOOKALIKE_RESTRICT here = both + start;
    const std::int32_t* LOOKALIKE_RESTRICT above = here - side;
    const std::int32_t* LOOKALIKE_RESTRICT below = here + side;
    const std::int32_t* LOOKALIKE_RESTRICT left_row = one + start;
    const std::int32_t* LOOKALIKE_RESTRICT right_row = other + start;
    for (std::size_t k = 1; k + 1 < side; ++k) {
      const std::int32_t inner = in[k] & in[k + 1] & in[k - 1] & below_in[k] & above_in[k];
      along[k] = inner * ((here[k + 1] - here[k - 1]) >> 2);
      down[k] = inner * ((below[k] - above[k]) >> 2);
      off[k] = inner * std::clamp(right_row[k] - left_row[k], -most_difference, most_difference);
    }
    const auto y = static_cast<std::int64_t>(row) - side / 2;
    add<T>(sums[0], along, along, side, y);
    add<T>(sums[1], along, down, side, y);
    add<T>(sums[2], down, down, side, y);
    add_plain<T>(rest[0], along, off, side, y);
    add_plain<T>(rest[1], down, off, side, y);
  }
  double by[6];
  solve(sums, rest, by);
  return change(map, by, side);
}

LOOKALIKE_INLINE void align_here(const Pyramid& left, const Pyramid& right, Map& map, const unsigned* sides,
                                 std::size_t count, Scratch& scratch, Sample sample_plane) {
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned side = sides[i];
    for (unsigned k = 0; k < steps_at(side); ++k) {
      // Sums over a row of 64 fit 32 bits.
      const double moved = side <= 64 ? step<std::int32_t>(left.plane(side), right.plane(side), side, map, scratch, sample_plane)
                                      : step<std::int64_t>(left.plane(side), right.plane(side), side, map, scratch, sample_plane);
      if (!(moved > still * (thumbnail / side))) break;
    }
  }
}

struct Kernel {
  void (*halve)(const std::int16_t*, unsigned, std::int16_t*, std::int32_t*);
  Sample sample;
  void (*align)(const Pyramid&, const Pyramid&, Map&, const unsigned*, std::size_t, Scratch&);
};

#define LOOKALIKE_KERNEL(name, target)                                                                                  \
  target void halve_##name(const std::int16_t* plane, unsigned side, std::int16_t* out, std::int32_t* rows) {           \
    halve(plane, side, out, rows);                                                                                      \
  }                                                                                                                     \
  target void align_##name(const Pyramid& left, const Pyramid& right, Map& map, const unsigned* sides,                 \
                           std::size_t count, Scratch& scratch) {                                                       \
    align_here(left, right, map, sides, count, scratch, sample_##name);                                                 \
  }                                                                                                                     \
  constexpr Kernel name##_kernel{halve_##name, sample_##name, align_##name};

LOOKALIKE_KERNEL(plain, )
#ifdef LOOKALIKE_AVX2
LOOKALIKE_KERNEL(avx2, __attribute__((target("avx2"))))
LOOKALIKE_KERNEL(avx512, LOOKALIKE_AVX512)
const Kernel& chosen = LOOKALIKE_HAS_AVX512 ? avx512_kernel : __builtin_cpu_supports("avx2") != 0 ? avx2_kernel : plain_kernel;
#else
const Kernel& chosen = plain_kernel;
#endif

}  // namespace

void Pyramid::build(const std::uint8_t* luma, unsigned side) {
  side_ = side;
  planes_.resize(offset(2 * side));
  std::int16_t* top = planes_.data() + offset(side);
  for (std::size_t i = 0; i < std::size_t{side} * side; ++i) top[i] = static_cast<std::int16_t>(luma[i] << value_bits);
  std::array<std::int32_t, finest_side + 2> rows;
  for (unsigned at = side; at > coarsest_side; at /= 2) {
    chosen.halve(planes_.data() + offset(at), at, planes_.data() + offset(at / 2), rows.data());
  }
}

Scratch::Scratch(unsigned side)
    : seen(std::size_t{side} * side), inside(seen.size()), one(seen.size()), other(seen.size()), both(seen.size()),
      off(side), along(side), down(side) {}

void sample(const std::int16_t* plane, unsigned size, const Map& map, unsigned side, std::int32_t* values,
            std::int32_t* inside) {
  chosen.sample(plane, size, map, side, values, inside);
}

void align(const Pyramid& left, const Pyramid& right, Map& map, const unsigned* sides, std::size_t count,
           Scratch& scratch) {
  chosen.align(left, right, map, sides, count, scratch);
}

}  // namespace lookalike
