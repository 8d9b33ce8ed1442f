#include "pyramid.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "avx2.hpp"

namespace lookalike {
namespace {

// Weighs four neighbours each way by 1, 3, 3, 1. A sum over levels is 64 times their mean: the value itself, without rounding.
template <class Value, int rounding, int bits>
LOOKALIKE_INLINE void halve(const Value* plane, unsigned side, std::int16_t* out) {
  std::int32_t rows[finest_side + 2];
  const unsigned half = side / 2;
  for (unsigned y = 0; y < half; ++y) {
    const Value* above = plane + std::size_t{y == 0 ? 0 : 2 * y - 1} * side;
    const Value* here = plane + std::size_t{2 * y} * side;
    const Value* next = here + side;
    const Value* below = plane + std::size_t{std::min(2 * y + 2, side - 1)} * side;
    for (unsigned x = 0; x < side; ++x) rows[x + 1] = 3 * (here[x] + next[x]) + above[x] + below[x];
    rows[0] = rows[1];
    rows[side + 1] = rows[side];
    std::int16_t* to = out + std::size_t{y} * half;
    for (unsigned x = 0; x < half; ++x) {
      const std::int32_t* at = rows + 2 * x;
      to[x] = static_cast<std::int16_t>((3 * (at[1] + at[2]) + at[0] + at[3] + rounding) >> bits);
    }
  }
}

void first_plain(const std::uint8_t* luma, unsigned side, std::int16_t* out) { halve<std::uint8_t, 0, 0>(luma, side, out); }

void sample_plain(Pyramid& picture, unsigned side, const Map& map, std::int16_t* values, std::int16_t* inside) {
  const std::int16_t* plane = picture.plane(side);
  const Grid grid(map, side);
  const auto size = static_cast<std::int32_t>(side);
  for (std::int32_t v = 1 - size; v < size; v += 2) {
    for (std::int32_t u = 1 - size; u < size; u += 2) {
      const Grid::Place place = grid.place(u, v);
      const std::int16_t* at = plane + place.y * size + place.x;
      *inside++ = place.inside ? -1 : 0;
      *values++ = static_cast<std::int16_t>(place.mixed(at[0], at[1], at[size], at[size + 1]));
    }
  }
}

#ifdef LOOKALIKE_AVX2

LOOKALIKE_FOR_AVX2 void first_avx2(const std::uint8_t* luma, unsigned side, std::int16_t* out) {
  const __m256i one = _mm256_set1_epi16(1), three = _mm256_set1_epi16(3);
  for (unsigned y = 0; y < side; y += 2) {
    const std::uint8_t* here = luma + std::size_t{y} * side;
    const std::uint8_t* next = here + side;
    const std::uint8_t* above = y == 0 ? here : here - side;
    const std::uint8_t* below = y + 2 == side ? next : next + side;
    const auto down = [&](unsigned x) LOOKALIKE_FOR_AVX2 {
      const __m256i inner = _mm256_add_epi16(load_bytes(here + x), load_bytes(next + x));
      const __m256i ends = _mm256_add_epi16(load_bytes(above + x), load_bytes(below + x));
      return _mm256_add_epi16(ends, _mm256_mullo_epi16(inner, three));
    };
    const auto end = [&](unsigned x) LOOKALIKE_FOR_AVX2 {
      return _mm256_set1_epi16(static_cast<std::int16_t>(3 * (here[x] + next[x]) + above[x] + below[x]));
    };
    __m256i before = end(0), values = down(0);
    for (unsigned x = 0; x < side; x += 16) {
      const __m256i after = x + 16 == side ? end(side - 1) : down(x + 16);
      // Of each two values that make one, those beside them.
      const __m256i outer = _mm256_blend_epi16(left_of(before, values), right_of(values, after), 0xaa);
      const __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(values, three), _mm256_madd_epi16(outer, one));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1)));
      out += 8;
      before = values;
      values = after;
    }
  }
}

// Eight values at a time: two neighbours above each other are weighed by one instruction, then those beside each other.
struct Lookup {
  const long long* columns;
  __m256i end, byte, most, twice, round;
  __m128i log;

  LOOKALIKE_FOR_AVX2 Lookup(const std::int16_t* from, unsigned side, std::int32_t last)
      : columns(reinterpret_cast<const long long*>(from)),
        end(_mm256_set1_epi32(last - 1)),
        byte(_mm256_set1_epi32(255)),
        most(_mm256_set1_epi32(256)),
        twice(_mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3)),
        round(_mm256_set1_epi32(1 << 15)),
        log(_mm_cvtsi32_si128(std::countr_zero(side))) {}

  // Lanes come out in the order 0, 1, 4, 5, 2, 3, 6, 7.
  LOOKALIKE_INLINE_AVX2 __m256i operator()(__m256i x, __m256i y) const {
    const __m256i zero = _mm256_setzero_si256();
    x = _mm256_max_epi32(_mm256_min_epi32(x, end), zero);
    y = _mm256_max_epi32(_mm256_min_epi32(y, end), zero);
    const __m256i row = _mm256_sll_epi32(_mm256_srli_epi32(y, position_bits), log);
    const __m256i at = _mm256_add_epi32(row, _mm256_srli_epi32(x, position_bits));
    const __m256i right = _mm256_permute4x64_epi64(_mm256_and_si256(_mm256_srli_epi32(x, position_bits - 8), byte), 0xd8);
    const __m256i below = _mm256_and_si256(_mm256_srli_epi32(y, position_bits - 8), byte);
    const __m256i down = _mm256_or_si256(_mm256_sub_epi32(most, below), _mm256_slli_epi32(below, 16));
    const __m256i first = _mm256_madd_epi16(_mm256_i32gather_epi64(columns, _mm256_castsi256_si128(at), 4),
                                            _mm256_permutevar8x32_epi32(down, twice));
    const __m256i second =
        _mm256_madd_epi16(_mm256_i32gather_epi64(columns, _mm256_extracti128_si256(at, 1), 4),
                          _mm256_permutevar8x32_epi32(_mm256_permute4x64_epi64(down, 0x0e), twice));
    const __m256i here = pick<0x88>(first, second), next = pick<0xdd>(first, second);
    const __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(here, 8), _mm256_mullo_epi32(_mm256_sub_epi32(next, here), right));
    return _mm256_srai_epi32(_mm256_add_epi32(sum, round), 16);
  }

 private:
  template <int which>
  LOOKALIKE_INLINE_AVX2 static __m256i pick(__m256i first, __m256i second) {
    return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second), which));
  }
};

LOOKALIKE_FOR_AVX2 void sample_avx2(Pyramid& picture, unsigned side, const Map& map, std::int16_t* values,
                                std::int16_t* inside) {
  const Grid grid(map, side);
  const Lookup lookup(picture.columns(side), side, grid.last);
  const auto size = static_cast<std::int32_t>(side);
  const __m256i low = all(-half_pixel - 1), high = all(grid.last + half_pixel + 1);
  // So that what packing makes of both halves lies in order.
  const __m256i u[2] = {_mm256_sub_epi32(_mm256_setr_epi32(1, 3, 17, 19, 5, 7, 21, 23), all(size)),
                        _mm256_sub_epi32(_mm256_setr_epi32(9, 11, 25, 27, 13, 15, 29, 31), all(size))};
  const __m256i x_start[2] = {_mm256_mullo_epi32(u[0], all(grid.factor[0])), _mm256_mullo_epi32(u[1], all(grid.factor[0]))};
  const __m256i y_start[2] = {_mm256_mullo_epi32(u[0], all(grid.factor[2])), _mm256_mullo_epi32(u[1], all(grid.factor[2]))};
  for (std::int32_t v = 1 - size; v < size; v += 2) {
    const std::int32_t x_row = grid.factor[1] * v + grid.shift[0], y_row = grid.factor[3] * v + grid.shift[1];
    const std::int32_t x_end = grid.factor[0] * (size - 1), y_end = grid.factor[2] * (size - 1);
    const bool whole = grid.holds(x_row - x_end) && grid.holds(x_row + x_end) && grid.holds(y_row - y_end) &&
                       grid.holds(y_row + y_end);
    __m256i x[2] = {_mm256_add_epi32(x_start[0], all(x_row)), _mm256_add_epi32(x_start[1], all(x_row))};
    __m256i y[2] = {_mm256_add_epi32(y_start[0], all(y_row)), _mm256_add_epi32(y_start[1], all(y_row))};
    for (std::int32_t column = 0; column < size; column += 16, values += 16, inside += 16) {
      __m256i in = _mm256_set1_epi16(-1);
      if (!whole) {
        __m256i half[2];
        for (int k = 0; k < 2; ++k) {
          const __m256i across = _mm256_and_si256(_mm256_cmpgt_epi32(x[k], low), _mm256_cmpgt_epi32(high, x[k]));
          const __m256i down = _mm256_and_si256(_mm256_cmpgt_epi32(y[k], low), _mm256_cmpgt_epi32(high, y[k]));
          half[k] = _mm256_permute4x64_epi64(_mm256_and_si256(across, down), 0xd8);
        }
        in = _mm256_packs_epi32(half[0], half[1]);
      }
      store(inside, in);
      store(values, _mm256_packs_epi32(lookup(x[0], y[0]), lookup(x[1], y[1])));
      for (int k = 0; k < 2; ++k) {
        x[k] = _mm256_add_epi32(x[k], all(32 * grid.factor[0]));
        y[k] = _mm256_add_epi32(y[k], all(32 * grid.factor[2]));
      }
    }
  }
}

#endif  // LOOKALIKE_AVX2

struct Kernel {
  void (*widen)(const std::uint8_t*, std::size_t, std::int16_t*);
  void (*first)(const std::uint8_t*, unsigned, std::int16_t*);
  void (*halve)(const std::int16_t*, unsigned, std::int16_t*);
  void (*sample)(Pyramid&, unsigned, const Map&, std::int16_t*, std::int16_t*);
};

#define LOOKALIKE_KERNEL(name, target)                                                                     \
  target void widen_##name(const std::uint8_t* luma, std::size_t n, std::int16_t* out) {                   \
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::int16_t>(luma[i] << value_bits);         \
  }                                                                                                        \
  target void halve_##name(const std::int16_t* plane, unsigned side, std::int16_t* out) {                  \
    halve<std::int16_t, 32, 6>(plane, side, out);                                                          \
  }                                                                                                        \
  constexpr Kernel name##_kernel{widen_##name, first_##name, halve_##name, sample_##name};

LOOKALIKE_KERNELS

}  // namespace

Grid::Grid(const Map& map, unsigned side) : last(static_cast<std::int32_t>((side - 1) << position_bits)) {
  const auto whole = [](double value, double most) {
    return static_cast<std::int32_t>(value > -most ? std::nearbyint(std::min(value, most)) : -most);
  };
  // Two factors by a coordinate, which is less than the side, and a shift stay below 2^31.
  const double most_factor = (1 << 29) / side, most_shift = 1 << 30;
  for (int axis = 0; axis < 2; ++axis) {
    for (int k = 0; k < 2; ++k) factor[2 * axis + k] = whole(map[3 * axis + k] * (1 << (position_bits - 1)), most_factor);
    const double middle = map[3 * axis + 2] * (side / thumbnail) + (side / 2.0 - 0.5);
    shift[axis] = whole(middle * (1 << position_bits), most_shift);
  }
}

void Pyramid::build(const std::uint8_t* luma, unsigned side, Instructions set) {
  planes_.resize(offset(2 * side));
  made_ = 0;
  const Kernel& kernel = kernel_of(set);
  kernel.widen(luma, std::size_t{side} * side, planes_.data() + offset(side));
  if (side > coarsest_side) kernel.first(luma, side, planes_.data() + offset(side / 2));
  for (unsigned at = side / 2; at > coarsest_side; at /= 2) {
    kernel.halve(planes_.data() + offset(at), at, planes_.data() + offset(at / 2));
  }
}

const std::int16_t* Pyramid::columns(unsigned side) {
  columns_.resize(2 * planes_.size());
  std::int16_t* made = columns_.data() + 2 * offset(side);
  if ((made_ & side) == 0) {
    const std::int16_t* from = plane(side);
    for (std::size_t i = 0; i < std::size_t{side} * (side - 1); ++i) {
      made[2 * i] = from[i];
      made[2 * i + 1] = from[i + side];
    }
    made_ |= side;
  }
  return made;
}

void sample(Pyramid& picture, unsigned side, const Map& map, std::int16_t* values, std::int16_t* inside,
            Instructions set) {
  kernel_of(set).sample(picture, side, map, values, inside);
}

void show(const std::uint8_t* luma, unsigned side, const Map& map, std::uint8_t* out) {
  const Grid grid(map, side);
  const auto middle = static_cast<std::int32_t>(side);
  for (std::int32_t v = 1 - middle; v < middle; v += 2) {
    for (std::int32_t u = 1 - middle; u < middle; u += 2) {
      const Grid::Place place = grid.place(u, v);
      const std::uint8_t* at = luma + std::size_t{side} * static_cast<std::size_t>(place.y) + place.x;
      const std::int32_t value =
          place.mixed(at[0] << value_bits, at[1] << value_bits, at[side] << value_bits, at[side + 1] << value_bits);
      *out++ = static_cast<std::uint8_t>((value + (1 << (value_bits - 1))) >> value_bits);
    }
  }
}

}  // namespace lookalike
