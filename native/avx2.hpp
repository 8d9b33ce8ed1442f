// What the AVX2 kernels of verification share.
#pragma once
#include "target.hpp"

#ifdef LOOKALIKE_AVX2
#include <immintrin.h>

#include <cstdint>

#define LOOKALIKE_INLINE_AVX2 LOOKALIKE_INLINE LOOKALIKE_FOR_AVX2

namespace lookalike {

LOOKALIKE_INLINE_AVX2 __m256i all(std::int32_t value) { return _mm256_set1_epi32(value); }

LOOKALIKE_INLINE_AVX2 __m256i load(const std::int16_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

LOOKALIKE_INLINE_AVX2 __m256i load_bytes(const std::uint8_t* from) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

LOOKALIKE_INLINE_AVX2 void store(std::int16_t* to, __m256i value) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value); }

// Values one to the left or to the right, from a vector and the one before or after it. (Loads that straddle what was just
// stored would wait for it.)
LOOKALIKE_INLINE_AVX2 __m256i left_of(__m256i before, __m256i here) {
  return _mm256_alignr_epi8(here, _mm256_permute2x128_si256(before, here, 0x21), 14);
}

LOOKALIKE_INLINE_AVX2 __m256i right_of(__m256i here, __m256i after) {
  return _mm256_alignr_epi8(_mm256_permute2x128_si256(here, after, 0x21), here, 2);
}

// Adds products of neighbours in pairs.
LOOKALIKE_INLINE_AVX2 void add_products(__m256i& sums, __m256i one, __m256i other) {
  sums = _mm256_add_epi32(sums, _mm256_madd_epi16(one, other));
}

// Of lanes of 32 bits without a sign: their sums in pairs.
LOOKALIKE_INLINE_AVX2 __m256i wide(__m256i lanes) {
  return _mm256_add_epi64(_mm256_srli_epi64(lanes, 32), _mm256_blend_epi32(lanes, _mm256_setzero_si256(), 0xaa));
}

}  // namespace lookalike

#endif
