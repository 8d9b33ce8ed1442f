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

LOOKALIKE_INLINE_AVX2 void store(std::int16_t* to, __m256i value) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value); }

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
