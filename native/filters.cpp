// Sub, Average and Paeth need the pixel before, so a pixel is the widest vector there is: all its bytes at once.
#include "filters.hpp"

#include <cstring>
#include <type_traits>

#include "target.hpp"

#ifdef LOOKALIKE_SSE2
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

// One row on its way through the filter.
template <std::size_t step>
struct Paeth {
  __m128i left = _mm_setzero_si128(), corner = _mm_setzero_si128();  // 16 bits a byte

  void next(const std::uint8_t* filtered, __m128i upper, std::uint8_t* row) {
    const __m128i to_left = _mm_sub_epi16(upper, corner), to_upper = _mm_sub_epi16(left, corner);
    const __m128i by_left = magnitude(to_left), by_upper = magnitude(to_upper);
    const __m128i by_corner = magnitude(_mm_add_epi16(to_left, to_upper));
    const __m128i least = _mm_min_epi16(by_corner, _mm_min_epi16(by_left, by_upper));
    const __m128i other = choose(_mm_cmpeq_epi16(least, by_upper), upper, corner);
    const __m128i nearest = choose(_mm_cmpeq_epi16(least, by_left), left, other);
    left = _mm_add_epi8(nearest, widened(filtered));
    corner = upper;
    store<step>(_mm_packus_epi16(left, left), row);
  }

  static __m128i widened(const std::uint8_t* bytes) {
    return _mm_unpacklo_epi8(load<step>(bytes), _mm_setzero_si128());
  }
};

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
    Paeth<step> state;
    for (std::size_t i = 0; i < size; i += step) state.next(filtered + i, state.widened(above + i), row + i);
  }
}

// Each row is a pixel behind the one above it, whose last pixel is therefore the upper neighbour.
template <std::size_t step>
void undo_together(const std::uint8_t* filtered, const std::uint8_t* above, std::size_t size, std::size_t pitch,
                   std::uint8_t* rows) {
  Paeth<step> states[together];
  const auto advance = [&](std::size_t r, std::size_t i) {
    const __m128i upper = r == 0 ? Paeth<step>::widened(above + i) : states[r - 1].left;
    states[r].next(filtered + r * pitch + i, upper, rows + r * pitch + i);
  };
  constexpr std::size_t lag = (together - 1) * step;
  for (std::size_t i = 0; i < size + lag; i += step) {
    if (i >= lag && i < size) {
      for (std::size_t r = together; r-- > 0;) advance(r, i - r * step);
    } else {
      for (std::size_t r = together; r-- > 0;) {
        if (i >= r * step && i - r * step < size) advance(r, i - r * step);
      }
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

template <std::size_t step>
void undo_together(const std::uint8_t* filtered, const std::uint8_t* above, std::size_t size, std::size_t pitch,
                   std::uint8_t* rows) {
  for (std::size_t r = 0; r < together; ++r) {
    undo<step>(paeth, filtered + r * pitch, r == 0 ? above : rows + (r - 1) * pitch, size, rows + r * pitch);
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

void unfilter_paeth(std::size_t step, const std::uint8_t* filtered, const std::uint8_t* above, std::size_t size,
                    std::size_t pitch, std::uint8_t* rows) {
  switch (step) {
    case 1: return undo_together<1>(filtered, above, size, pitch, rows);
    case 2: return undo_together<2>(filtered, above, size, pitch, rows);
    case 3: return undo_together<3>(filtered, above, size, pitch, rows);
    case 4: return undo_together<4>(filtered, above, size, pitch, rows);
    case 6: return undo_together<6>(filtered, above, size, pitch, rows);
    default: return undo_together<8>(filtered, above, size, pitch, rows);
  }
}

}  // namespace lookalike
