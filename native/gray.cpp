// Both passes are one: a strip of kLanes rows (or columns) is laid out with pairs of neighbours along the summed side
// together, so that all lanes of a vector share their weights. It stays in the nearest cache.
#include "gray.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "target.hpp"

#ifdef LOOKALIKE_SSE2
#include <emmintrin.h>
#endif
#ifdef LOOKALIKE_AVX2
#include <immintrin.h>
#endif

namespace lookalike {
namespace {

constexpr std::size_t kLanes = 32;
constexpr int kFraction = 22;  // bits of a weight behind the point
constexpr int kLow = 12;       // bits of its lower part
constexpr std::int32_t kHalf = 1 << (kFraction - 1);
constexpr double kLobes = 3.0;
constexpr double kPi = 3.14159265358979323846;

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= kPi;
  return std::sin(x) / x;
}

double lanczos(double x) { return -kLobes <= x && x < kLobes ? sinc(x) * sinc(x / kLobes) : 0.0; }

// Lays out pairs of neighbours of kLanes lines, [pair][lane][2]. What has no neighbour or no line is any level.
using Strip = std::uint8_t;
constexpr std::size_t kPairBytes = 2 * kLanes;

// One pass over a strip: kLanes levels for each pixel of the result, `stride` bytes from one to the next.
using Pass = void (*)(const Strip* strip, const LanczosAxis& axis, std::uint8_t* out, std::size_t stride);

void pass_plain(const Strip* strip, const LanczosAxis& axis, std::uint8_t* out, std::size_t stride) {
  for (const Span& span : axis.spans) {
    std::array<std::int32_t, kLanes> sums;
    sums.fill(kHalf);
    const Strip* pair = strip + span.first * kPairBytes;
    for (const Tap* tap = axis.taps.data() + span.tap; tap != axis.taps.data() + span.tap + span.count; ++tap) {
      const std::int32_t left = tap->high[0] * (1 << kLow) + tap->low[0];
      const std::int32_t right = tap->high[1] * (1 << kLow) + tap->low[1];
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        sums[lane] += pair[2 * lane] * left + pair[2 * lane + 1] * right;
      }
      pair += kPairBytes;
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      out[lane] = static_cast<std::uint8_t>(std::clamp(sums[lane] >> kFraction, 0, 255));
    }
    out += stride;
  }
}

#ifdef LOOKALIKE_SSE2

// The lower parts alone may sum to more than 32 bits hold; as the whole sum does not, wrapping around does no harm.
void pass_sse2(const Strip* strip, const LanczosAxis& axis, std::uint8_t* out, std::size_t stride) {
  const __m128i zero = _mm_setzero_si128(), half = _mm_set1_epi32(kHalf);
  for (const Span& span : axis.spans) {
    const Tap* const taps = axis.taps.data() + span.tap;
    for (std::size_t lane = 0; lane < kLanes; lane += 16) {  // as many as there are registers for
      __m128i high[4], low[4];
      for (int v = 0; v < 4; ++v) high[v] = zero, low[v] = half;
      const Strip* pair = strip + span.first * kPairBytes + 2 * lane;
      for (std::size_t k = 0; k < span.count; ++k, pair += kPairBytes) {
        std::int32_t words[2];
        std::memcpy(words, taps + k, sizeof words);
        const __m128i upper = _mm_set1_epi32(words[0]), lower = _mm_set1_epi32(words[1]);
        for (int v = 0; v < 4; v += 2) {
          const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pair + 8 * v));
          const __m128i levels[2] = {_mm_unpacklo_epi8(bytes, zero), _mm_unpackhi_epi8(bytes, zero)};
          for (int i = 0; i < 2; ++i) {
            high[v + i] = _mm_add_epi32(high[v + i], _mm_madd_epi16(levels[i], upper));
            low[v + i] = _mm_add_epi32(low[v + i], _mm_madd_epi16(levels[i], lower));
          }
        }
      }
      for (int v = 0; v < 4; ++v) low[v] = _mm_srai_epi32(_mm_add_epi32(_mm_slli_epi32(high[v], kLow), low[v]), kFraction);
      const __m128i levels = _mm_packus_epi16(_mm_packs_epi32(low[0], low[1]), _mm_packs_epi32(low[2], low[3]));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + lane), levels);
    }
    out += stride;
  }
}

#endif

#ifdef LOOKALIKE_AVX2

LOOKALIKE_FOR_AVX2 void pass_avx2(const Strip* strip, const LanczosAxis& axis, std::uint8_t* out, std::size_t stride) {
  // Packing works in halves of a vector; this puts the quarters back in order.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  for (const Span& span : axis.spans) {
    __m256i high[4], low[4];
    for (int v = 0; v < 4; ++v) high[v] = _mm256_setzero_si256(), low[v] = _mm256_set1_epi32(kHalf);
    const Strip* pair = strip + span.first * kPairBytes;
    const Tap* const taps = axis.taps.data() + span.tap;
    for (std::size_t k = 0; k < span.count; ++k, pair += kPairBytes) {
      std::int32_t words[2];
      std::memcpy(words, taps + k, sizeof words);
      const __m256i upper = _mm256_set1_epi32(words[0]), lower = _mm256_set1_epi32(words[1]);
      for (int v = 0; v < 4; ++v) {
        const __m256i levels = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(pair + 16 * v)));
        high[v] = _mm256_add_epi32(high[v], _mm256_madd_epi16(levels, upper));
        low[v] = _mm256_add_epi32(low[v], _mm256_madd_epi16(levels, lower));
      }
    }
    for (int v = 0; v < 4; ++v) {
      low[v] = _mm256_srai_epi32(_mm256_add_epi32(_mm256_slli_epi32(high[v], kLow), low[v]), kFraction);
    }
    const __m256i levels = _mm256_packus_epi16(_mm256_packs_epi32(low[0], low[1]), _mm256_packs_epi32(low[2], low[3]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(levels, order));
    out += stride;
  }
}

#endif

struct GrayKernel {
  const char* name;
  bool (*runs_here)();
  Pass pass;
};

const GrayKernel kTable[] = {  // best first
#ifdef LOOKALIKE_AVX2
    {"avx2", [] { return LOOKALIKE_HAS("avx2"); }, pass_avx2},
#endif
#ifdef LOOKALIKE_SSE2
    {"sse2", [] { return true; }, pass_sse2},
#endif
    {"plain", [] { return true; }, pass_plain},
};

Pass pass_named(std::string_view name) {
  for (const GrayKernel& kernel : kTable) {
    if (kernel.name == name && kernel.runs_here()) return kernel.pass;
  }
  throw std::invalid_argument("no kernel here is called '" + std::string(name) + "'");
}

// A strip of `rows` <= kLanes rows. Lanes past the last repeat it.
void gather_rows(const std::uint8_t* pixels, std::size_t width, std::size_t rows, Strip* strip) {
  const std::uint8_t* lines[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) lines[lane] = pixels + std::min(lane, rows - 1) * width;
  std::size_t pair = 0;
#ifdef LOOKALIKE_SSE2
  for (; 2 * pair + 16 <= width; pair += 8) {  // squares of 8x8 pairs, turned by three rounds of interleaving
    for (std::size_t lane = 0; lane < kLanes; lane += 8) {
      __m128i a[8], b[8];
      for (int i = 0; i < 8; ++i) {
        a[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lines[lane + static_cast<std::size_t>(i)] + 2 * pair));
      }
      for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 4; ++i) {
          b[2 * i] = _mm_unpacklo_epi16(a[i], a[i + 4]);
          b[2 * i + 1] = _mm_unpackhi_epi16(a[i], a[i + 4]);
        }
        std::copy(b, b + 8, a);
      }
      for (std::size_t i = 0; i < 8; ++i) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(strip + (pair + i) * kPairBytes + 2 * lane), a[i]);
      }
    }
  }
#endif
  for (; 2 * pair < width; ++pair) {
    const std::size_t there = std::min<std::size_t>(2, width - 2 * pair);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      Strip* const to = strip + pair * kPairBytes + 2 * lane;
      to[0] = lines[lane][2 * pair];
      to[1] = there == 2 ? lines[lane][2 * pair + 1] : Strip{0};
    }
  }
}

// A strip of `columns` <= kLanes columns.
void gather_columns(const std::uint8_t* pixels, std::size_t width, std::size_t height, std::size_t columns,
                    Strip* strip) {
  std::uint8_t padded[2][kLanes] = {};
  for (std::size_t row = 0; row < height; row += 2, strip += kPairBytes) {
    const std::uint8_t* upper = pixels + row * width;
    const std::uint8_t* lower = row + 1 < height ? upper + width : upper;
    if (columns < kLanes) {
      std::copy(upper, upper + columns, padded[0]);
      std::copy(lower, lower + columns, padded[1]);
      upper = padded[0], lower = padded[1];
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      strip[2 * lane] = upper[lane];
      strip[2 * lane + 1] = lower[lane];
    }
  }
}

// Turns `width` lines of kLanes levels into `rows` <= kLanes rows.
void scatter_rows(const std::uint8_t* lines, std::size_t width, std::size_t rows, std::uint8_t* out) {
  std::size_t x = 0;
#ifdef LOOKALIKE_SSE2
  for (; x + 8 <= width; x += 8) {
    for (std::size_t lane = 0; lane < rows; lane += 16) {
      __m128i a[8], b[8];
      for (std::size_t i = 0; i < 8; ++i) {
        a[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lines + (x + i) * kLanes + lane));
      }
      for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 4; ++i) {
          b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 4]);
          b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 4]);
        }
        std::copy(b, b + 8, a);
      }
      std::uint8_t turned[16][8];
      std::memcpy(turned, a, sizeof turned);
      for (std::size_t i = 0; i < std::min<std::size_t>(16, rows - lane); ++i) {
        std::memcpy(out + (lane + i) * width + x, turned[i], 8);
      }
    }
  }
#endif
  for (; x < width; ++x) {
    for (std::size_t lane = 0; lane < rows; ++lane) out[lane * width + x] = lines[x * kLanes + lane];
  }
}

using Bytes = std::unique_ptr<std::uint8_t[]>;

Bytes bytes(std::size_t count) { return Bytes(new std::uint8_t[count]); }  // make_unique would fill them

void resize_across(const std::uint8_t* pixels, std::size_t height, const LanczosAxis& axis, Pass pass,
                   std::uint8_t* out) {
  const Bytes strip = bytes((axis.size + 1) / 2 * kPairBytes), lines = bytes(axis.result * kLanes);
  for (std::size_t row = 0; row < height; row += kLanes) {
    const std::size_t rows = std::min(kLanes, height - row);
    gather_rows(pixels + row * axis.size, axis.size, rows, strip.get());
    pass(strip.get(), axis, lines.get(), kLanes);
    scatter_rows(lines.get(), axis.result, rows, out + row * axis.result);
  }
}

void resize_down(const std::uint8_t* pixels, std::size_t width, const LanczosAxis& axis, Pass pass,
                   std::uint8_t* out) {
  const Bytes strip = bytes((axis.size + 1) / 2 * kPairBytes);
  Bytes lines;
  for (std::size_t column = 0; column < width; column += kLanes) {
    const std::size_t columns = std::min(kLanes, width - column);
    gather_columns(pixels + column, width, axis.size, columns, strip.get());
    if (columns == kLanes) {
      pass(strip.get(), axis, out + column, width);
      continue;
    }
    lines = bytes(axis.result * kLanes);  // a whole vector would run over the end of the row
    pass(strip.get(), axis, lines.get(), kLanes);
    for (std::size_t row = 0; row < axis.result; ++row) {
      std::copy_n(lines.get() + row * kLanes, columns, out + row * width + column);
    }
  }
}

}  // namespace

LanczosAxis::LanczosAxis(std::size_t size, std::size_t result) : size(size), result(result) {
  const double scale = static_cast<double>(size) / static_cast<double>(result);
  const double stretch = std::max(scale, 1.0), support = kLobes * stretch, shrink = 1.0 / stretch;
  std::vector<double> weights;
  spans.reserve(result);
  for (std::size_t x = 0; x < result; ++x) {
    const double center = (static_cast<double>(x) + 0.5) * scale;
    const double from = center - support + 0.5, to = center + support + 0.5;
    const std::size_t first = from > 0 ? static_cast<std::size_t>(from) : 0;
    const std::size_t last = std::min(size, static_cast<std::size_t>(to));
    double sum = 0;
    weights.clear();
    for (std::size_t i = first; i < last; ++i) {
      weights.push_back(lanczos((static_cast<double>(i) - center + 0.5) * shrink));
      sum += weights.back();
    }
    const std::size_t pair = first / 2;
    spans.push_back({pair, (last + 1) / 2 - pair, taps.size()});
    taps.resize(taps.size() + spans.back().count);
    Tap* const start = taps.data() + spans.back().tap;
    for (std::size_t i = first; i < last; ++i) {
      const double scaled = (sum != 0 ? weights[i - first] / sum : weights[i - first]) * (1 << kFraction);
      const auto weight = static_cast<std::int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
      Tap& tap = start[i / 2 - pair];
      tap.high[i % 2] = static_cast<std::int16_t>(weight >> kLow);
      tap.low[i % 2] = static_cast<std::int16_t>(weight & ((1 << kLow) - 1));
    }
  }
}

std::vector<std::string_view> gray_kernels() {
  std::vector<std::string_view> names;
  for (const GrayKernel& kernel : kTable) {
    if (kernel.runs_here()) names.emplace_back(kernel.name);
  }
  return names;
}

void resize_gray(const std::uint8_t* pixels, std::size_t width, std::size_t height, const LanczosAxis* across,
                 const LanczosAxis* down, bool down_first, std::string_view kernel, std::uint8_t* result) {
  const Pass pass = pass_named(kernel);
  if (across == nullptr && down == nullptr) {
    std::copy(pixels, pixels + width * height, result);
  } else if (down == nullptr) {
    resize_across(pixels, height, *across, pass, result);
  } else if (across == nullptr) {
    resize_down(pixels, width, *down, pass, result);
  } else if (down_first) {
    const Bytes between = bytes(width * down->result);
    resize_down(pixels, width, *down, pass, between.get());
    resize_across(between.get(), down->result, *across, pass, result);
  } else {
    const Bytes between = bytes(across->result * height);
    resize_across(pixels, height, *across, pass, between.get());
    resize_down(between.get(), across->result, *down, pass, result);
  }
}

}  // namespace lookalike
