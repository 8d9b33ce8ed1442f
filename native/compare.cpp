// One compare function per instruction set. Each is compiled for its own target and chosen at run time by hand: gcc's
// target_clones was measured not to pick AVX-512. MSVC and other processors get the generic one.
#include "compare.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#ifdef LOOKALIKE_AVX2
#include <immintrin.h>
#define AVX512 __attribute__((target("avx512f,avx512vpopcntdq,avx2,bmi,popcnt")))
#define AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define POPCNT __attribute__((target("popcnt")))
#endif

#if defined(__aarch64__) && defined(__GNUC__)
#define LOOKALIKE_NEON 1
#include <arm_neon.h>
#endif

namespace lookalike {
namespace {

// Words is the number of words per row where it is known when compiling, else 0.
template <unsigned Words>
LOOKALIKE_INLINE unsigned word_count(const Sink& sink) {
  return Words != 0 ? Words : sink.right.count;
}

// How many words to look at before asking whether any row can still be near. Random hashes differ in 32 +- 4 bits per
// word, so this many words nearly always settle it.
template <unsigned Words>
LOOKALIKE_INLINE unsigned first_words(const Sink& sink) {
  return std::min(word_count<Words>(sink), static_cast<unsigned>(sink.radius / 24 + 1));
}

template <unsigned Words>
LOOKALIKE_INLINE std::uint64_t distance(const Sink& sink, std::size_t i, std::size_t j) {
  std::uint64_t sum = 0;
  for (unsigned w = 0; w < word_count<Words>(sink); ++w) {
    sum += static_cast<unsigned>(std::popcount(sink.left.word(w)[i] ^ sink.right.word(w)[j]));
  }
  return sum;
}

LOOKALIKE_INLINE bool second_is_near(const Second& second, std::uint32_t left, std::uint32_t right) {
  std::uint64_t sum = 0;
  for (unsigned w = 0; w < second.count; ++w) {
    sum += static_cast<unsigned>(std::popcount(second.words[std::size_t{left} * second.count + w] ^
                                               second.words[std::size_t{right} * second.count + w]));
  }
  return sum <= second.radius;
}

LOOKALIKE_INLINE bool agree(const Sink& sink, const Band& band, std::size_t i, std::size_t j) {
  unsigned differing = 0;
  for (unsigned w = 0; w < band.masks.size(); ++w) {
    differing += static_cast<unsigned>(std::popcount(band.masks[w] & (sink.left.word(w)[i] ^ sink.right.word(w)[j])));
  }
  return differing <= band.flips;
}

// A pair is emitted in the first of the bands in which it agrees: not in this one if it did in an earlier one, and not yet
// if it does not here. Inlined into every kernel, so that its popcounts use the instruction of that kernel's target.
template <unsigned Words>
LOOKALIKE_INLINE void emit(Sink& sink, std::size_t i, std::size_t j) {
  for (const Band& band : sink.bands) {
    if (agree(sink, band, i, j) != (&band == &sink.bands.back())) return;
  }
  const std::uint32_t one = sink.left.index[i], other = sink.right.index[j];
  if (sink.second.words != nullptr && !second_is_near(sink.second, one, other)) return;
  switch (sink.consumer) {
    case Consumer::pairs:
      sink.pairs.push_back({one, other, static_cast<std::uint16_t>(distance<Words>(sink, i, j))});
      break;
    case Consumer::count:
      sink.counts[distance<Words>(sink, i, j)] += sink.weights == nullptr ? 1 : sink.weights[one] * sink.weights[other];
      break;
    case Consumer::unite:
      sink.forest->unite(one, other);
      break;
  }
}

template <unsigned Words>
LOOKALIKE_INLINE void compare_scalar(Range left, Range right, bool same, Sink& sink) {
  for (std::size_t i = left.begin; i < left.end; ++i) {
    for (std::size_t j = same ? i + 1 : right.begin; j < right.end; ++j) {
      if (distance<Words>(sink, i, j) <= sink.radius) emit<Words>(sink, i, j);
    }
  }
}

template <unsigned Words>
void compare_generic(Range left, Range right, bool same, Sink& sink) {
  compare_scalar<Words>(left, right, same, sink);
}

#ifdef LOOKALIKE_AVX2

template <unsigned Words>
POPCNT void compare_popcnt(Range left, Range right, bool same, Sink& sink) {
  compare_scalar<Words>(left, right, same, sink);
}

// The row that place r of a block compares: the last again where there are fewer, since sorting out how many there are
// costs more than comparing in vain.
LOOKALIKE_INLINE std::size_t row_of(Range left, std::size_t r) { return std::min(left.begin + r, left.end - 1); }

// Adds the pairs within the radius of some left rows with the right rows of hits.
template <unsigned Words>
LOOKALIKE_INLINE void settle(Range left, std::size_t begin, bool same, Sink& sink) {
  for (std::size_t hit = 0; hit < sink.hits.count; ++hit) {
    for (unsigned near = sink.hits.hits[hit].near; near != 0; near &= near - 1) {
      const std::size_t j = begin + sink.hits.hits[hit].offset + static_cast<unsigned>(std::countr_zero(near));
      for (std::size_t row = left.begin; row < (same ? std::min(left.end, j) : left.end); ++row) {
        if (distance<Words>(sink, row, j) <= sink.radius) emit<Words>(sink, row, j);
      }
    }
  }
  sink.hits.count = 0;
}

// The vector kernels have one shape. The first words of a block of Rows left rows stay in registers while vectors of right
// rows pass by; only the least distance of the block is tested, because near pairs are rare, and `settle` looks at what
// that finds. Lanes past the end are masked in the load too.

template <unsigned Words, std::size_t Rows>
AVX512 LOOKALIKE_INLINE void rows_avx512(Range left, Range right, bool same, Sink& sink) {
  const unsigned first = Words == 1 ? 1 : first_words<Words>(sink);
  const __m512i radius = _mm512_set1_epi64(static_cast<long long>(sink.radius));
  const auto spread = [&](unsigned w, std::size_t r) AVX512 {
    return _mm512_set1_epi64(static_cast<long long>(sink.left.word(w)[row_of(left, r)]));
  };
  __m512i rows[Rows];
  for (std::size_t r = 0; r < Rows; ++r) rows[r] = spread(0, r);
  for (std::size_t begin = right.begin; begin < right.end; begin += Hits::kChunk) {
    const std::size_t end = std::min(right.end, begin + Hits::kChunk);
    for (std::size_t j = begin; j < end; j += 8) {
      const auto lanes = static_cast<__mmask8>(end - j >= 8 ? 0xff : (1u << (end - j)) - 1);
      const auto load = [&](unsigned w) AVX512 { return _mm512_maskz_loadu_epi64(lanes, sink.right.word(w) + j); };
      const __m512i word = load(0);
      __m512i sums[Rows];
      for (std::size_t r = 0; r < Rows; ++r) sums[r] = _mm512_popcnt_epi64(_mm512_xor_si512(rows[r], word));
      for (unsigned w = 1; w < first; ++w) {
        const __m512i further = load(w);
        for (std::size_t r = 0; r < Rows; ++r) {
          sums[r] = _mm512_add_epi64(sums[r], _mm512_popcnt_epi64(_mm512_xor_si512(spread(w, r), further)));
        }
      }
      // Sums are under 2^32, so the 32-bit minimum, which is quicker, is that of the 64-bit lanes.
      for (std::size_t r = 1; r < Rows; ++r) sums[0] = _mm512_maskz_min_epu32(0xffff, sums[0], sums[r]);
      sink.hits.note(j - begin, _mm512_mask_cmple_epu64_mask(lanes, sums[0], radius));
    }
    if (sink.hits.count != 0) settle<Words>(left, begin, same, sink);
  }
}

template <unsigned Words>
AVX512 void compare_avx512(Range left, Range right, bool same, Sink& sink) {
  constexpr std::size_t kRows = 8;
  if (left.size() == 1 && !same) return rows_avx512<Words, 1>(left, right, false, sink);
  for (std::size_t i = left.begin; i < left.end; i += kRows) {
    rows_avx512<Words, kRows>({i, std::min(i + kRows, left.end)}, same ? Range{i + 1, right.end} : right, same, sink);
  }
}

AVX2 LOOKALIKE_INLINE __m256i popcount_avx2(__m256i x) {
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(x, nibble));
  const __m256i high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble));
  return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

template <unsigned Words, std::size_t Rows>
AVX2 LOOKALIKE_INLINE void rows_avx2(Range left, Range right, bool same, Sink& sink) {
  const unsigned first = Words == 1 ? 1 : first_words<Words>(sink);
  const __m256i radius = _mm256_set1_epi64x(static_cast<long long>(sink.radius));
  const auto spread = [&](unsigned w, std::size_t r) AVX2 {
    return _mm256_set1_epi64x(static_cast<long long>(sink.left.word(w)[row_of(left, r)]));
  };
  __m256i rows[Rows];
  for (std::size_t r = 0; r < Rows; ++r) rows[r] = spread(0, r);
  for (std::size_t begin = right.begin; begin < right.end; begin += Hits::kChunk) {
    const std::size_t end = std::min(right.end, begin + Hits::kChunk);
    for (std::size_t j = begin; j < end; j += 4) {
      const __m256i rest = _mm256_set1_epi64x(static_cast<long long>(end - j));
      const __m256i lanes = _mm256_cmpgt_epi64(rest, _mm256_setr_epi64x(0, 1, 2, 3));
      const auto load = [&](unsigned w) AVX2 {
        return _mm256_maskload_epi64(reinterpret_cast<const long long*>(sink.right.word(w) + j), lanes);
      };
      const __m256i word = load(0);
      __m256i sums[Rows];
      for (std::size_t r = 0; r < Rows; ++r) sums[r] = popcount_avx2(_mm256_xor_si256(rows[r], word));
      for (unsigned w = 1; w < first; ++w) {
        const __m256i further = load(w);
        for (std::size_t r = 0; r < Rows; ++r) {
          sums[r] = _mm256_add_epi64(sums[r], popcount_avx2(_mm256_xor_si256(spread(w, r), further)));
        }
      }
      for (std::size_t r = 1; r < Rows; ++r) sums[0] = _mm256_min_epu32(sums[0], sums[r]);
      const __m256i near = _mm256_andnot_si256(_mm256_cmpgt_epi64(sums[0], radius), lanes);
      sink.hits.note(j - begin, static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(near))));
    }
    if (sink.hits.count != 0) settle<Words>(left, begin, same, sink);
  }
}

template <unsigned Words>
AVX2 void compare_avx2(Range left, Range right, bool same, Sink& sink) {
  constexpr std::size_t kRows = 4;
  if (left.size() == 1 && !same) return rows_avx2<Words, 1>(left, right, false, sink);
  for (std::size_t i = left.begin; i < left.end; i += kRows) {
    rows_avx2<Words, kRows>({i, std::min(i + kRows, left.end)}, same ? Range{i + 1, right.end} : right, same, sink);
  }
}

#endif  // LOOKALIKE_AVX2

#ifdef LOOKALIKE_NEON

template <unsigned Words, std::size_t Rows>
LOOKALIKE_INLINE void rows_neon(std::size_t i, Range right, bool same, Sink& sink) {
  const unsigned words = word_count<Words>(sink);
  std::size_t j = right.begin;
  for (; j + 2 <= right.end; j += 2) {
    uint64x2_t least{};
    for (std::size_t r = 0; r < Rows; ++r) {
      uint64x2_t sum{};
      for (unsigned w = 0; w < words; ++w) {
        const uint64x2_t differing = veorq_u64(vld1q_u64(sink.right.word(w) + j), vdupq_n_u64(sink.left.word(w)[i + r]));
        sum = vpadalq_u32(sum, vpaddlq_u16(vpaddlq_u8(vcntq_u8(vreinterpretq_u8_u64(differing)))));
      }
      least = r == 0 ? sum : vbslq_u64(vcltq_u64(sum, least), sum, least);
    }
    if (std::min(vgetq_lane_u64(least, 0), vgetq_lane_u64(least, 1)) > sink.radius) continue;
    for (std::size_t r = 0; r < Rows; ++r) {
      for (std::size_t k = std::max(j, same ? i + r + 1 : 0); k < j + 2; ++k) {
        if (distance<Words>(sink, i + r, k) <= sink.radius) emit<Words>(sink, i + r, k);
      }
    }
  }
  for (; j < right.end; ++j) {
    for (std::size_t r = 0; r < Rows; ++r) {
      if ((!same || i + r < j) && distance<Words>(sink, i + r, j) <= sink.radius) emit<Words>(sink, i + r, j);
    }
  }
}

template <unsigned Words>
void compare_neon(Range left, Range right, bool same, Sink& sink) {
  constexpr std::size_t kRows = 4;
  std::size_t i = left.begin;
  for (; i + kRows <= left.end; i += kRows) {
    rows_neon<Words, kRows>(i, same ? Range{i + 1, right.end} : right, same, sink);
  }
  for (; i < left.end; ++i) rows_neon<Words, 1>(i, same ? Range{i + 1, right.end} : right, same, sink);
}

#endif  // LOOKALIKE_NEON

#ifdef LOOKALIKE_AVX2
// All that the kernels are compiled for: a virtual machine may hide some of it.
bool has_avx2() {
  return LOOKALIKE_HAS("avx2") && LOOKALIKE_HAS("bmi") && LOOKALIKE_HAS("popcnt");
}
#endif

// Compiled for 1, 2 and 4 words, and once for any number.
#define LOOKALIKE_BY_WORDS(function)                   \
  [](unsigned words) -> Compare {                      \
    switch (words) {                                   \
      case 1: return function<1>;                      \
      case 2: return function<2>;                      \
      case 4: return function<4>;                      \
      default: return function<0>;                     \
    }                                                  \
  }

const Kernel kTable[] = {
#ifdef LOOKALIKE_AVX2
    {"avx512", 0.075,
     [] { return LOOKALIKE_HAS("avx512f") && LOOKALIKE_HAS("avx512vpopcntdq") && has_avx2(); },
     LOOKALIKE_BY_WORDS(compare_avx512)},
    {"avx2", 0.27, has_avx2, LOOKALIKE_BY_WORDS(compare_avx2)},
    {"popcnt", 1, [] { return LOOKALIKE_HAS("popcnt"); }, LOOKALIKE_BY_WORDS(compare_popcnt)},
#endif
#ifdef LOOKALIKE_NEON
    {"neon", 0.4, [] { return true; }, LOOKALIKE_BY_WORDS(compare_neon)},
#endif
    {"generic", 3, [] { return true; }, LOOKALIKE_BY_WORDS(compare_generic)},
};

}  // namespace

Forest::Forest(std::size_t rows) : above_(rows) {
  for (std::size_t row = 0; row < rows; ++row) above_[row].store(static_cast<std::uint32_t>(row), std::memory_order_relaxed);
}

std::uint32_t Forest::root(std::uint32_t row) {
  for (;;) {
    const std::uint32_t above = above_[row].load(std::memory_order_relaxed);
    if (above == row) return row;
    const std::uint32_t next = above_[above].load(std::memory_order_relaxed);
    if (next != above) above_[row].store(next, std::memory_order_relaxed);  // both are above it, whoever comes first
    row = next;
  }
}

// A tree only ever goes under a smaller root, so no circle can close, and in the end every root is the least of its tree.
void Forest::unite(std::uint32_t one, std::uint32_t other) {
  for (;;) {
    one = root(one);
    other = root(other);
    if (one == other) return;
    if (one > other) std::swap(one, other);
    std::uint32_t expected = other;
    if (above_[other].compare_exchange_strong(expected, one, std::memory_order_relaxed)) return;
  }
}

std::vector<Kernel> kernels() {
  std::vector<Kernel> usable;
  std::copy_if(std::begin(kTable), std::end(kTable), std::back_inserter(usable),
               [](const Kernel& kernel) { return kernel.runs_here(); });
  return usable;
}

Kernel kernel_named(std::string_view name) {
  std::string names;
  for (const Kernel& kernel : kernels()) {
    if (kernel.name == name) return kernel;
    names += (names.empty() ? "" : ", ") + std::string(kernel.name);
  }
  throw std::invalid_argument("kernel must be one of " + names + ", got '" + std::string(name) + "'");
}

}  // namespace lookalike
