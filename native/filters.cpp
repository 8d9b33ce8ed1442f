// Sub, Average and Paeth need the pixel before, so a pixel is the widest vector there is: all its bytes at once.
#include "filters.hpp"

#include <cstring>
#include <type_traits>

#if defined(__SSE2__) || defined(_M_X64)
#define LOOKALIKE_SSE2 1
#include <emmintrin.h>
#else
#include <cstdlib>
#endif

namespace lookalike {
namespace {

enum Filter : unsigned { none, sub, up, average, paeth };

#ifdef LOOKALIKE_SSE2

// Loads and stores take more than the pixel: what follows is overwritten by the next one, or is slack.
template <std::size_t step>
using Word = std::conditional_t<(step > 4), std::uint64_t, std::uint32_t>;

template <std::size_t step>
__m128i load(const std::uint8_t* bytes) {
  Word<step> word;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (step > 4) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&word));
  } else {
    return _mm_cvtsi32_si128(static_cast<int>(word));
  }
}

template <std::size_t step>
void store(__m128i pixel, std::uint8_t* bytes) {
  if constexpr (step > 4) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(bytes), pixel);
  } else {
    const int word = _mm_cvtsi128_si32(pixel);
    std::memcpy(bytes, &word, sizeof word);
  }
}

__m128i magnitude(__m128i words) { return _mm_max_epi16(words, _mm_sub_epi16(_mm_setzero_si128(), words)); }

__m128i choose(__m128i mask, __m128i yes, __m128i no) {
  return _mm_or_si128(_mm_and_si128(mask, yes), _mm_andnot_si128(mask, no));
}

template <std::size_t step>
void undo(unsigned filter, const std::uint8_t* filtered, const std::uint8_t* above, std::size_t size,
          std::uint8_t* row) {
  __m128i left = _mm_setzero_si128();
  if (filter == sub) {
    for (std::size_t i = 0; i < size; i += step) {
      left = _mm_add_epi8(left, load<step>(filtered + i));
      store<step>(left, row + i);
    }
  } else if (filter == average) {
    const __m128i one = _mm_set1_epi8(1);
    for (std::size_t i = 0; i < size; i += step) {
      const __m128i upper = load<step>(above + i);
      // The instruction rounds halves up, the filter down.
      const __m128i up_by = _mm_and_si128(_mm_xor_si128(left, upper), one);
      left = _mm_add_epi8(_mm_sub_epi8(_mm_avg_epu8(left, upper), up_by), load<step>(filtered + i));
      store<step>(left, row + i);
    }
  } else {
    const __m128i zero = _mm_setzero_si128();
    __m128i corner = zero;
    for (std::size_t i = 0; i < size; i += step) {
      const __m128i upper = _mm_unpacklo_epi8(load<step>(above + i), zero);
      const __m128i to_left = _mm_sub_epi16(upper, corner), to_upper = _mm_sub_epi16(left, corner);
      const __m128i by_left = magnitude(to_left), by_upper = magnitude(to_upper);
      const __m128i by_corner = magnitude(_mm_add_epi16(to_left, to_upper));
      const __m128i least = _mm_min_epi16(by_corner, _mm_min_epi16(by_left, by_upper));
      const __m128i other = choose(_mm_cmpeq_epi16(least, by_upper), upper, corner);
      const __m128i nearest = choose(_mm_cmpeq_epi16(least, by_left), left, other);
      left = _mm_add_epi8(nearest, _mm_unpacklo_epi8(load<step>(filtered + i), zero));
      corner = upper;
      store<step>(_mm_packus_epi16(left, left), row + i);
    }
  }
}

#else

template <std::size_t step>
void undo(unsigned filter, const std::uint8_t* filtered, const std::uint8_t* above, std::size_t size,
          std::uint8_t* row) {
  for (std::size_t i = 0; i < size; ++i) {
    const int left = i < step ? 0 : row[i - step], upper = above[i], corner = i < step ? 0 : above[i - step];
    int guess = left;
    if (filter == average) {
      guess = (left + upper) / 2;
    } else if (filter == paeth) {
      const int by_left = std::abs(upper - corner), by_upper = std::abs(left - corner);
      const int by_corner = std::abs(left + upper - 2 * corner);
      guess = by_left <= by_upper && by_left <= by_corner ? left : by_upper <= by_corner ? upper : corner;
    }
    row[i] = static_cast<std::uint8_t>(filtered[i] + guess);
  }
}

#endif

}  // namespace

void unfilter(unsigned filter, std::size_t step, const std::uint8_t* filtered, const std::uint8_t* above,
              std::size_t size, std::uint8_t* row) {
  if (filter == none) {
    std::memcpy(row, filtered, size);
  } else if (filter == up) {
    for (std::size_t i = 0; i < size; ++i) row[i] = static_cast<std::uint8_t>(filtered[i] + above[i]);
  } else {
    switch (step) {
      case 1: return undo<1>(filter, filtered, above, size, row);
      case 2: return undo<2>(filter, filtered, above, size, row);
      case 3: return undo<3>(filter, filtered, above, size, row);
      case 4: return undo<4>(filter, filtered, above, size, row);
      case 6: return undo<6>(filter, filtered, above, size, row);
      default: return undo<8>(filter, filtered, above, size, row);
    }
  }
}

}  // namespace lookalike
