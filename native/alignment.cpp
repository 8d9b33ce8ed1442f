#include "alignment.hpp"

#include <algorithm>
#include <cmath>

#include "avx2.hpp"

namespace lookalike {
namespace {

constexpr std::int32_t unit = 64, most_value = 255, most_difference = 64;
constexpr double most_turn = 0.3, most_shift = 8.0, damping = 1 + 1.0 / 256, still = 1.0 / 32;
constexpr double bounds[3] = {4.0, 4.0, 128.0};

constexpr unsigned steps_at(unsigned side) { return side == 16 ? 6 : side == 32 ? 4 : side == 64 ? 1 : 2; }

std::int64_t root(std::int64_t square) {
  auto found = static_cast<std::int64_t>(std::sqrt(static_cast<double>(square)));
  found -= found * found > square;
  return found + ((found + 1) * (found + 1) <= square);
}

// Sums of the values that lie inside.
struct Moments {
  std::int64_t count = 0, total[2] = {}, squares[2] = {};
};

// What centres a plane and scales it to one contrast.
struct Gain {
  std::int32_t mean, factor;  // up to 1 << 16
  Gain(const Moments& sums, int k) {
    const std::int64_t count = std::max(sums.count, std::int64_t{1}), total = sums.total[k];
    const std::int64_t spread =
        std::max(root(std::max(count * sums.squares[k] - total * total, std::int64_t{0})) / count, std::int64_t{1} << value_bits);
    factor = static_cast<std::int32_t>((std::int64_t{unit} << 16) / spread);
    mean = static_cast<std::int32_t>(total / count);
  }
  std::int32_t operator()(std::int32_t value) const { return std::clamp((value - mean) * factor >> 16, -most_value, most_value); }
};

// Sums over products of gradients: with xx, xy, yy, x, y and 1.
struct Sums {
  std::int64_t value[6] = {};
};

struct Equations {
  Sums sums[3], rest[2];
};

Moments moments_plain(const std::int16_t* left, const std::int16_t* right, const std::int16_t* inside, std::size_t n) {
  Moments sums;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t here = -inside[i], a = left[i] * here, b = right[i] * here;
    sums.count += here;
    sums.total[0] += a;
    sums.total[1] += b;
    sums.squares[0] += a * a;
    sums.squares[1] += b * b;
  }
  return sums;
}

void standard_plain(const std::int16_t* left, const std::int16_t* right, const Gain& one, const Gain& other, std::size_t n,
                    std::int16_t* both, std::int16_t* off) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t a = one(left[i]), b = other(right[i]);
    both[i] = static_cast<std::int16_t>(a + b);
    off[i] = static_cast<std::int16_t>(std::clamp(b - a, -most_difference, most_difference));
  }
}

void add(Sums& sums, const std::int16_t* one, const std::int16_t* other, unsigned side, std::int64_t y) {
  std::int64_t plain = 0, first = 0, second = 0;
  const auto middle = static_cast<std::int32_t>(side / 2);
  for (std::int32_t k = 0; k < static_cast<std::int32_t>(side); ++k) {
    const std::int64_t product = one[k] * other[k], x = k - middle;
    plain += product;
    first += product * x;
    second += product * x * x;
  }
  const std::int64_t found[6] = {second, first * y, plain * y * y, first, plain * y, plain};
  for (int k = 0; k < 6; ++k) sums.value[k] += found[k];
}

void equations_plain(unsigned side, Scratch& scratch, Equations& made) {
  std::int16_t* along = scratch.along.data();
  std::int16_t* down = scratch.down.data();
  std::int16_t* off = scratch.off.data();
  along[0] = along[side - 1] = down[0] = down[side - 1] = 0;
  for (unsigned row = 1; row + 1 < side; ++row) {
    const std::size_t start = std::size_t{row} * side;
    const std::int16_t* in = scratch.inside.data() + start;
    const std::int16_t* here = scratch.both.data() + start;
    for (std::size_t k = 1; k + 1 < side; ++k) {
      const int inner = in[k] & in[k + 1] & in[k - 1] & in[k + side] & *(in + k - side);
      along[k] = static_cast<std::int16_t>(inner & (here[k + 1] - here[k - 1]) >> 2);
      down[k] = static_cast<std::int16_t>(inner & (here[k + side] - *(here + k - side)) >> 2);
    }
    const auto y = static_cast<std::int64_t>(row) - side / 2;
    add(made.sums[0], along, along, side, y);
    add(made.sums[1], along, down, side, y);
    add(made.sums[2], down, down, side, y);
    add(made.rest[0], along, off + start, side, y);
    add(made.rest[1], down, off + start, side, y);
  }
}

#ifdef LOOKALIKE_AVX2

LOOKALIKE_INLINE_AVX2 std::int64_t sum_of(__m256i quarters) {
  std::int64_t lanes[4];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), quarters);
  return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

LOOKALIKE_FOR_AVX2 Moments moments_avx2(const std::int16_t* left, const std::int16_t* right, const std::int16_t* inside,
                                        std::size_t n) {
  const __m256i zero = _mm256_setzero_si256(), one = _mm256_set1_epi16(1);
  __m256i sums[5] = {zero, zero, zero, zero, zero};
  for (std::size_t start = 0; start < n; start += 128) {
    __m256i part[5] = {zero, zero, zero, zero, zero};  // of squares up to 8 times 2 * (255 * 64)^2: below 2^32
    for (std::size_t i = start; i < start + 128; i += 16) {
      const __m256i in = load(inside + i), a = _mm256_and_si256(load(left + i), in), b = _mm256_and_si256(load(right + i), in);
      part[0] = _mm256_sub_epi32(part[0], _mm256_madd_epi16(in, one));
      add_products(part[1], a, one);
      add_products(part[2], b, one);
      add_products(part[3], a, a);
      add_products(part[4], b, b);
    }
    for (int k = 0; k < 5; ++k) sums[k] = _mm256_add_epi64(sums[k], wide(part[k]));
  }
  Moments made;
  made.count = sum_of(sums[0]);
  for (int k = 0; k < 2; ++k) {
    made.total[k] = sum_of(sums[1 + k]);
    made.squares[k] = sum_of(sums[3 + k]);
  }
  return made;
}

// (value - mean) * factor >> 16 in 16 bits: a factor from 1 << 15 on counts as itself less 1 << 16 there.
struct Scaling {
  __m256i mean, factor, whole;
  LOOKALIKE_FOR_AVX2 explicit Scaling(const Gain& gain)
      : mean(_mm256_set1_epi16(static_cast<std::int16_t>(gain.mean))),
        factor(_mm256_set1_epi16(static_cast<std::int16_t>(gain.factor))),
        whole(_mm256_set1_epi16(gain.factor >= 1 << 15 ? -1 : 0)) {}
  LOOKALIKE_INLINE_AVX2 __m256i operator()(__m256i value) const {
    const __m256i most = _mm256_set1_epi16(most_value), least = _mm256_set1_epi16(-most_value);
    const __m256i centred = _mm256_sub_epi16(value, mean);
    const __m256i scaled = _mm256_add_epi16(_mm256_mulhi_epi16(centred, factor), _mm256_and_si256(centred, whole));
    return _mm256_max_epi16(_mm256_min_epi16(scaled, most), least);
  }
};

LOOKALIKE_FOR_AVX2 void standard_avx2(const std::int16_t* left, const std::int16_t* right, const Gain& first, const Gain& second,
                                      std::size_t n, std::int16_t* both, std::int16_t* off) {
  const Scaling one(first), other(second);
  const __m256i most = _mm256_set1_epi16(most_difference), least = _mm256_set1_epi16(-most_difference);
  for (std::size_t i = 0; i < n; i += 16) {
    const __m256i a = one(load(left + i)), b = other(load(right + i));
    store(both + i, _mm256_add_epi16(a, b));
    store(off + i, _mm256_max_epi16(_mm256_min_epi16(_mm256_sub_epi16(b, a), most), least));
  }
}

// Four vectors of 32 bits to their four sums.
LOOKALIKE_INLINE_AVX2 __m256i four(__m256i a, __m256i b, __m256i c, __m256i d) {
  const __m256i both = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
  return _mm256_cvtepi32_epi64(_mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1)));
}

LOOKALIKE_INLINE_AVX2 __m256i times(__m256i sums, std::int64_t by) { return _mm256_mul_epi32(sums, _mm256_set1_epi64x(by)); }

// Sums over 64 values of a row, with positions from their middle, fit 32 bits.
LOOKALIKE_FOR_AVX2 void equations_avx2(unsigned side, Scratch& scratch, Equations& made) {
  const auto step = static_cast<std::ptrdiff_t>(side);
  const auto size = static_cast<int>(side), part = std::min(size, 64);
  const __m256i zero = _mm256_setzero_si256();
  const __m256i lanes = _mm256_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m256i plain = zero, plain_y = zero, plain_yy = zero, first = zero, first_y = zero, second = zero, cross = zero, cross_y = zero;
  for (int row = 1; row + 1 < size; ++row) {
    for (int begin = 0; begin < size; begin += part) {
      __m256i p[5] = {zero, zero, zero, zero, zero}, f[5] = {zero, zero, zero, zero, zero}, s[3] = {zero, zero, zero};
      for (int k = begin; k < begin + part; k += 16) {
        const std::ptrdiff_t at = row * step + k;
        const std::int16_t* in = scratch.inside.data() + at;
        const std::int16_t* here = scratch.both.data() + at;
        // Beyond both ends of a row nothing lies inside.
        const auto before = [&](const std::int16_t* from) LOOKALIKE_FOR_AVX2 {
          return left_of(k == 0 ? zero : load(from - 16), load(from));
        };
        const auto after = [&](const std::int16_t* from) LOOKALIKE_FOR_AVX2 {
          return right_of(load(from), k + 16 == size ? zero : load(from + 16));
        };
        const __m256i inner = _mm256_and_si256(_mm256_and_si256(_mm256_and_si256(load(in), before(in)), after(in)),
                                               _mm256_and_si256(load(in - step), load(in + step)));
        const __m256i off = load(scratch.off.data() + at);
        const __m256i along = _mm256_and_si256(_mm256_srai_epi16(_mm256_sub_epi16(after(here), before(here)), 2), inner);
        const __m256i down = _mm256_and_si256(_mm256_srai_epi16(_mm256_sub_epi16(load(here + step), load(here - step)), 2), inner);
        const __m256i x = _mm256_add_epi16(lanes, _mm256_set1_epi16(static_cast<std::int16_t>(k - begin - part / 2)));
        const __m256i along_x = _mm256_mullo_epi16(along, x), down_x = _mm256_mullo_epi16(down, x);
        add_products(p[0], along, along);
        add_products(p[1], along, down);
        add_products(p[2], down, down);
        add_products(p[3], along, off);
        add_products(p[4], down, off);
        add_products(f[0], along, along_x);
        add_products(f[1], along, down_x);
        add_products(f[2], down, down_x);
        add_products(f[3], along_x, off);
        add_products(f[4], down_x, off);
        add_products(s[0], along_x, along_x);
        add_products(s[1], along_x, down_x);
        add_products(s[2], down_x, down_x);
      }
      const int x = begin + part / 2 - size / 2, y = row - size / 2;
      const __m256i p4 = four(p[0], p[1], p[2], p[3]);
      __m256i f4 = four(f[0], f[1], f[2], f[3]), s4 = four(s[0], s[1], s[2], zero), c4 = four(p[4], f[4], zero, zero);
      if (x != 0) {
        s4 = _mm256_add_epi64(s4, _mm256_add_epi64(times(f4, 2 * x), times(p4, x * x)));
        f4 = _mm256_add_epi64(f4, times(p4, x));
        c4 = _mm256_add_epi64(c4, times(_mm256_unpacklo_epi64(zero, c4), x));
      }
      plain = _mm256_add_epi64(plain, p4);
      plain_y = _mm256_add_epi64(plain_y, times(p4, y));
      plain_yy = _mm256_add_epi64(plain_yy, times(p4, y * y));
      first = _mm256_add_epi64(first, f4);
      first_y = _mm256_add_epi64(first_y, times(f4, y));
      second = _mm256_add_epi64(second, s4);
      cross = _mm256_add_epi64(cross, c4);
      cross_y = _mm256_add_epi64(cross_y, times(c4, y));
    }
  }
  const __m256i all[8] = {second, first_y, plain_yy, first, plain_y, plain, cross, cross_y};
  std::int64_t found[8][4];
  for (int k = 0; k < 8; ++k) _mm256_storeu_si256(reinterpret_cast<__m256i*>(found[k]), all[k]);
  for (int k = 0; k < 6; ++k) {
    for (int which = 0; which < 3; ++which) made.sums[which].value[k] = found[k][which];
    made.rest[0].value[k] = found[k][3];
  }
  made.rest[1].value[3] = found[6][1];
  made.rest[1].value[4] = found[7][0];
  made.rest[1].value[5] = found[6][0];
}

#endif  // LOOKALIKE_AVX2

// LDL factorisation of six equations; the order of operations is that of the reference.
void solve(const Equations& given, double (&found)[6]) {
  constexpr int cell[3][3] = {{0, 1, 3}, {1, 2, 4}, {3, 4, 5}};
  double rows[6][6], lower[6][6], pivot[6];
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) rows[i][j] = static_cast<double>(given.sums[i / 3 + j / 3].value[cell[i % 3][j % 3]]);
    found[i] = static_cast<double>(given.rest[i / 3].value[3 + i % 3]);
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

struct Kernel {
  Moments (*moments)(const std::int16_t*, const std::int16_t*, const std::int16_t*, std::size_t);
  void (*standard)(const std::int16_t*, const std::int16_t*, const Gain&, const Gain&, std::size_t, std::int16_t*, std::int16_t*);
  void (*equations)(unsigned, Scratch&, Equations&);
};

#define LOOKALIKE_KERNEL(name, target) constexpr Kernel name##_kernel{moments_##name, standard_##name, equations_##name};

LOOKALIKE_KERNELS

double step(Pyramid& left, const std::int16_t* right, unsigned side, Map& map, Scratch& scratch) {
  const Kernel& kernel = kernel_of(scratch.set);
  const std::size_t n = std::size_t{side} * side;
  sample(left, side, map, scratch.seen.data(), scratch.inside.data(), scratch.set);
  const Moments sums = kernel.moments(scratch.seen.data(), right, scratch.inside.data(), n);
  kernel.standard(scratch.seen.data(), right, Gain(sums, 0), Gain(sums, 1), n, scratch.both.data(), scratch.off.data());
  Equations made;
  kernel.equations(side, scratch, made);
  double by[6];
  solve(made, by);
  return change(map, by, side);
}

}  // namespace

Scratch::Scratch(unsigned side, Instructions with)
    : seen(std::size_t{side} * side), inside(seen.size()), both(seen.size()), off(seen.size()), along(side), down(side),
      set(with) {}

void align(Pyramid& left, const Pyramid& right, Map& map, unsigned side, Scratch& scratch) {
  for (unsigned k = 0; k < steps_at(side); ++k) {
    if (!(step(left, right.plane(side), side, map, scratch) > still * (thumbnail / side))) break;
  }
}

}  // namespace lookalike
