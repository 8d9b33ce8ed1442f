// Sums run down the columns of a row of blocks, which vectors do well; only then along each block.
#include "planes.hpp"

#include <algorithm>
#include <array>

#include "target.hpp"

#ifdef LOOKALIKE_SSE2
#include <emmintrin.h>

#include <cstring>
#endif

namespace lookalike {
namespace {

constexpr std::size_t kBlock = 8;
constexpr std::uint32_t kHalf = 1 << 15;

std::uint8_t luma_of(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + kHalf) >> 16);
}

template <std::size_t channels>
void luma_row(const std::uint8_t* pixels, std::size_t width, std::uint8_t* out) {
  std::size_t x = 0;
#ifdef LOOKALIKE_SSE2
  // 38470 is too much for a signed 16-bit factor; 38470 - 65536 is not, and the 65536 is G itself after the shift.
  const __m128i weights = _mm_setr_epi16(19595, 38470 - 65536, 7471, 0, 19595, 38470 - 65536, 7471, 0);
  const __m128i zero = _mm_setzero_si128(), half = _mm_set1_epi32(kHalf), level = _mm_set1_epi32(255);
  for (; (x + 4) * channels + (4 - channels) <= width * channels; x += 4) {
    __m128i four;
    if constexpr (channels == 4) {
      four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels + 4 * x));
    } else {
      std::uint32_t words[4];
      for (std::size_t i = 0; i < 4; ++i) std::memcpy(words + i, pixels + (x + i) * channels, 4);
      four = _mm_setr_epi32(static_cast<int>(words[0]), static_cast<int>(words[1]), static_cast<int>(words[2]),
                            static_cast<int>(words[3]));
    }
    const __m128 low = _mm_castsi128_ps(_mm_madd_epi16(_mm_unpacklo_epi8(four, zero), weights));
    const __m128 high = _mm_castsi128_ps(_mm_madd_epi16(_mm_unpackhi_epi8(four, zero), weights));
    const __m128i red_green = _mm_castps_si128(_mm_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0)));
    const __m128i blue = _mm_castps_si128(_mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1)));
    const __m128i green = _mm_and_si128(_mm_srli_epi32(four, 8), level);
    const __m128i sum = _mm_add_epi32(_mm_add_epi32(red_green, blue), half);
    const __m128i luma = _mm_add_epi32(_mm_srai_epi32(sum, 16), green);
    const int packed = _mm_cvtsi128_si32(_mm_packus_epi16(_mm_packs_epi32(luma, luma), zero));
    std::memcpy(out + x, &packed, 4);
  }
#endif
  for (; x < width; ++x) out[x] = luma_of(pixels + x * channels);
}

void add_row(const std::uint8_t* levels, std::size_t count, std::uint16_t* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] = static_cast<std::uint16_t>(sums[i] + levels[i]);
}

// JFIF's weights as Pillow has them: five decimals, 64ths rounded by adding a half and cutting off the rest.
constexpr std::array<std::int32_t, 256> weighted(std::int32_t per_100000) {
  std::array<std::int32_t, 256> table{};
  for (std::int32_t level = 0; level < 256; ++level) {
    table[static_cast<std::size_t>(level)] = (64 * per_100000 * level + 50000) / 100000;
  }
  return table;
}

constexpr auto kHalves = weighted(50000), kCbRed = weighted(-16874), kCbGreen = weighted(-33126);
constexpr auto kCrGreen = weighted(-41869), kCrBlue = weighted(-8131);

struct Chroma {
  std::uint8_t cb, cr;
};

Chroma chroma_of(std::size_t red, std::size_t green, std::size_t blue) {
  return {static_cast<std::uint8_t>(((kCbRed[red] + kCbGreen[green] + kHalves[blue]) >> 6) + 128),
          static_cast<std::uint8_t>(((kHalves[red] + kCrGreen[green] + kCrBlue[blue]) >> 6) + 128)};
}

// Pillow's division by n, exact for 64 only.
std::size_t pillow_mean(std::size_t sum, std::size_t n) { return ((sum + n / 2) * ((std::uint64_t{1} << 24) / n)) >> 24; }

std::size_t sum_of(const std::uint16_t* sums, std::size_t count, std::size_t step) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += sums[i * step];
  return sum;
}

}  // namespace

PlaneRows::PlaneRows(std::size_t width, std::size_t height, std::size_t channels, Picture& picture)
    : channels_(channels), picture_(picture) {
  picture.width = width;
  picture.height = height;
  picture.unit = unit_of(width, height);
  Plane plane{(width + picture.unit - 1) / picture.unit, (height + picture.unit - 1) / picture.unit, {}};
  plane.levels.reserve(plane.width * plane.height);
  picture.luma = plane;
  picture.luma.levels.resize(plane.width * plane.height);
  picture.cb = picture.cr = Plane{};
  picture.chroma_width = picture.chroma_height = 0;
  if (channels > 1) {
    picture.cb = picture.cr = picture.luma;
    picture.chroma_width = static_cast<double>(width) / picture.unit;
    picture.chroma_height = static_cast<double>(height) / picture.unit;
  }
  if (picture.unit > 1) {
    luma_.resize(width);
    luma_sums_.resize(width);
    if (channels > 1) channel_sums_.resize(width * channels);
  }
}

void PlaneRows::add(const std::uint8_t* pixels) {
  const std::size_t width = picture_.width;
  const bool blocks = picture_.unit > 1;
  std::uint8_t* const luma = blocks ? luma_.data() : picture_.luma.levels.data() + row_ * width;
  if (channels_ == 1) {
    std::copy_n(pixels, width, luma);
  } else if (channels_ == 3) {
    luma_row<3>(pixels, width, luma);
  } else {
    luma_row<4>(pixels, width, luma);
  }
  if (blocks) {
    add_row(luma, width, luma_sums_.data());
    add_row(pixels, channel_sums_.size(), channel_sums_.data());
  } else if (channels_ > 1) {
    for (std::size_t x = 0; x < width; ++x, pixels += channels_) {
      const Chroma chroma = chroma_of(pixels[0], pixels[1], pixels[2]);
      picture_.cb.levels[row_ * width + x] = chroma.cb;
      picture_.cr.levels[row_ * width + x] = chroma.cr;
    }
  }
  ++row_;
  if (blocks && (row_ % kBlock == 0 || row_ == picture_.height)) finish_blocks((row_ - 1) % kBlock + 1);
}

void PlaneRows::finish_blocks(std::size_t rows) {
  std::size_t at = (row_ - 1) / kBlock * picture_.luma.width;
  for (std::size_t x = 0; x < picture_.width; x += kBlock, ++at) {
    const std::size_t columns = std::min(kBlock, picture_.width - x), n = rows * columns;
    picture_.luma.levels[at] = static_cast<std::uint8_t>((2 * sum_of(luma_sums_.data() + x, columns, 1) + n) / (2 * n));
    if (channels_ == 1) continue;
    std::array<std::size_t, 3> means;
    for (std::size_t c = 0; c < 3; ++c) {
      means[c] = pillow_mean(sum_of(channel_sums_.data() + x * channels_ + c, columns, channels_), n);
    }
    const Chroma chroma = chroma_of(means[0], means[1], means[2]);
    picture_.cb.levels[at] = chroma.cb;
    picture_.cr.levels[at] = chroma.cr;
  }
  std::fill(luma_sums_.begin(), luma_sums_.end(), std::uint16_t{0});
  std::fill(channel_sums_.begin(), channel_sums_.end(), std::uint16_t{0});
}

}  // namespace lookalike
