#include "jpeg_samples.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "jpeg_scan.hpp"
#include "target.hpp"

namespace lookalike {
namespace {

using Block = std::array<std::int32_t, 64>;

constexpr std::array<std::uint8_t, 64> kZigzag{
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

constexpr int kFraction = 13;  // bits of the constants behind the point
constexpr int kExtra = 2;      // bits kept between the two passes

constexpr std::int32_t fixed(double x) { return static_cast<std::int32_t>(x * (1 << kFraction) + 0.5); }

// One dimension of the inverse transform for eight columns side by side: C. Loeffler, A. Ligtenberg and G. Moschytz,
// "Practical fast 1-D DCT algorithms with 11 multiplications" (1989), their odd part with the rotations multiplied out, in
// integers of 13 bits behind the point, each output rounded once.
template <class Int, int Shift>
LOOKALIKE_INLINE void transform(const Block& in, Block& out) {
  constexpr Int half = 1 << (Shift - 1);
  for (std::size_t c = 0; c < 8; ++c) {
    const auto at = [&](std::size_t row) -> Int { return in[row * 8 + c]; };
    const Int turned = (at(2) + at(6)) * fixed(0.541196100);
    const Int sum = (at(0) + at(4)) * (1 << kFraction), difference = (at(0) - at(4)) * (1 << kFraction);
    const Int low = turned - at(6) * fixed(1.847759065), high = turned + at(2) * fixed(0.765366865);
    const Int even[4] = {sum + high, difference + low, difference - low, sum - high};

    const Int common = (at(7) + at(3) + at(5) + at(1)) * fixed(1.175875602);
    const Int ends = -(at(7) + at(1)) * fixed(0.899976223), middles = -(at(5) + at(3)) * fixed(2.562915447);
    const Int threes = common - (at(7) + at(3)) * fixed(1.961570560);
    const Int fives = common - (at(5) + at(1)) * fixed(0.390180644);
    const Int odd[4] = {at(1) * fixed(1.501321110) + ends + fives, at(3) * fixed(3.072711026) + middles + threes,
                                 at(5) * fixed(2.053119869) + middles + fives, at(7) * fixed(0.298631336) + ends + threes};
    for (std::size_t i = 0; i < 4; ++i) {
      out[i * 8 + c] = static_cast<std::int32_t>((even[i] + odd[i] + half) >> Shift);
      out[(7 - i) * 8 + c] = static_cast<std::int32_t>((even[i] - odd[i] + half) >> Shift);
    }
  }
}

LOOKALIKE_INLINE void transpose(const Block& in, Block& out) {
  for (std::size_t y = 0; y < 8; ++y) {
    for (std::size_t x = 0; x < 8; ++x) out[x * 8 + y] = in[y * 8 + x];
  }
}

using Levels = std::array<std::uint8_t, 64>;

// False where libjpeg's table of levels would wrap around.
template <class Int>
LOOKALIKE_INLINE bool inverse(const Block& coefficients, Levels& levels) {
  Block columns, turned;
  transform<Int, kFraction - kExtra>(coefficients, columns);
  transpose(columns, turned);
  transform<Int, kFraction + kExtra + 3>(turned, columns);
  transpose(columns, turned);
  std::int32_t low = 0, high = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    low = std::min(low, turned[i]);
    high = std::max(high, turned[i]);
    levels[i] = static_cast<std::uint8_t>(std::clamp(turned[i] + 128, 0, 255));
  }
  return low >= -512 && high < 512;
}

// Up to this sum of the magnitudes of a block's coefficients, no sum above leaves 32 bits: an output of the first pass is at
// most 4 * 1.4 times it, and the second multiplies four of those by at most 25,172.
constexpr std::int32_t kMostFor32Bits = 3800;

using Inverse = bool (*)(const Block& coefficients, Levels& levels);

bool inverse_wide(const Block& coefficients, Levels& levels) { return inverse<std::int64_t>(coefficients, levels); }
bool inverse_plain(const Block& coefficients, Levels& levels) { return inverse<std::int32_t>(coefficients, levels); }

#ifdef LOOKALIKE_AVX2
__attribute__((target("avx2"))) bool inverse_avx2(const Block& coefficients, Levels& levels) {
  return inverse<std::int32_t>(coefficients, levels);
}
const Inverse chosen = LOOKALIKE_HAS("avx2") ? inverse_avx2 : inverse_plain;
#else
const Inverse chosen = inverse_plain;
#endif

// Coefficients, dequantised, of one block, and the sum of the magnitudes of all but the first. False: not allowed, or so
// large that implementations differ.
bool read_block(ScanWalk& walk, const Codes& dc_codes, const ValueTable& ac, const std::uint8_t* quantisation,
                Block& block, std::int32_t& rest) {
  constexpr std::int32_t most = 4096;  // twice what samples of 8 bits can need
  BitReader& reader = walk.reader;
  int dc = 0;
  if (!read_dc(walk, dc_codes, walk.step().component, dc)) return false;
  block[0] = dc * quantisation[0];
  std::int32_t largest = std::abs(block[0]);
  rest = 0;
  std::uint64_t bits = 0;
  unsigned left = 0;  // how many of them are valid
  for (unsigned k = 1; k < 64;) {
    if (left < kLookBits) {
      bits = reader.peek();
      left = 57;
    }
    const ValueTable::Entry entry = ac.look[bits >> (64 - kLookBits)];
    int value = entry.value;
    if (entry.bits != 0) {
      reader.skip(entry.bits);
      bits <<= entry.bits;
      left -= entry.bits;
      k = entry.run == 64 ? 64 : k + entry.run;
      if (k > 64) return false;
    } else {
      if (!read_ac(reader, ac.codes, k, value)) return false;
      left = 0;
    }
    if (value == 0) continue;
    value *= quantisation[k - 1];
    block[kZigzag[k - 1]] = value;
    largest = std::max(largest, std::abs(value));
    rest += std::abs(value);
  }
  return largest <= most;
}

// The levels of a block whose coefficients but the first are 0.
bool flat(std::int32_t first, Levels& levels) {
  const std::int32_t sample = (first + 4) >> 3;
  levels.fill(static_cast<std::uint8_t>(std::clamp(sample + 128, 0, 255)));
  return sample >= -512 && sample < 512;
}

void store(const Levels& levels, Plane& plane, std::size_t x, std::size_t y) {
  const std::size_t columns = std::min<std::size_t>(8, plane.width - x), rows = std::min<std::size_t>(8, plane.height - y);
  std::uint8_t* to = plane.levels.data() + y * plane.width + x;
  for (std::size_t row = 0; row < rows; ++row, to += plane.width) {
    const std::uint8_t* from = levels.data() + row * 8;
    if (columns == 8) {
      std::memcpy(to, from, 8);  // one move: the usual case
    } else {
      std::memcpy(to, from, columns);
    }
  }
}

// Twice as many columns from sums, which repeat the first and the last: left and right are added before the shift.
template <int Left, int Right, int Shift>
void doubled(const std::vector<std::uint16_t>& sums, std::vector<std::uint8_t>& line) {
  const std::uint16_t *left = sums.data(), *sum = left + 1, *right = left + 2;
  std::uint8_t* out = line.data();
  for (std::size_t x = 0; x < line.size() / 2; ++x) {
    out[2 * x] = static_cast<std::uint8_t>(static_cast<std::uint16_t>(3 * sum[x] + left[x] + Left) >> Shift);
    out[2 * x + 1] = static_cast<std::uint8_t>(static_cast<std::uint16_t>(3 * sum[x] + right[x] + Right) >> Shift);
  }
}

// Chroma to the size of luma, as libjpeg does by default (jdsample.c): where a side is halved, weights of 3 and 1 for the
// nearer and the farther sample, rounded up and down in turn; at other ratios, and for very narrow planes, by repetition.
Plane upsampled(const Plane& plane, std::size_t h, std::size_t v, std::size_t width, std::size_t height) {
  const bool wide = plane.width > 2;
  const bool smooth_rows = v == 2 && (h == 1 || (h == 2 && wide)), smooth_columns = h == 2 && v <= 2 && wide;
  Plane out{width, height, std::vector<std::uint8_t>(width * height)};
  std::vector<std::uint16_t> sums(plane.width + 2);  // with the first and the last of them repeated
  std::vector<std::uint8_t> line(plane.width * h);
  const auto row = [&](std::size_t y) { return plane.levels.data() + std::min(y, plane.height - 1) * plane.width; };
  for (std::size_t y = 0; y < height; ++y) {
    const std::size_t from = y / v;
    const bool upper = y % 2 == 0;
    const std::uint8_t *near = row(from), *far = upper ? row(from == 0 ? 0 : from - 1) : row(from + 1);
    for (std::size_t x = 0; x < plane.width; ++x) {
      sums[x + 1] = static_cast<std::uint16_t>(smooth_rows ? 3 * near[x] + far[x] : near[x]);
    }
    sums.front() = sums[1];
    sums.back() = sums[plane.width];
    if (smooth_columns) {
      smooth_rows ? doubled<8, 7, 4>(sums, line) : doubled<1, 2, 2>(sums, line);
    } else {
      for (std::size_t x = 0; x < line.size(); ++x) {
        const int sum = sums[x / h + 1];
        line[x] = static_cast<std::uint8_t>(smooth_rows ? (sum + (upper ? 1 : 2)) >> 2 : sum);
      }
    }
    std::copy_n(line.data(), width, out.levels.data() + y * width);
  }
  return out;
}

}  // namespace

bool read_samples(const JpegHeader& header, std::size_t file_size, Picture& out) {
  DcPlanes places;  // only to tell where a block lies
  Plane* const planes[] = {&out.luma, &out.cb, &out.cr};
  std::size_t blocks = 0;
  for (unsigned i = 0; i < header.components; ++i) blocks += header.component[i].columns * header.component[i].rows;
  if (blocks > file_size * 4) return false;
  for (unsigned i = 0; i < header.components; ++i) {
    const JpegComponent& one = header.component[i];
    places[i].resize(one.stride * one.height);
    planes[i]->width = (header.width * one.h + header.h - 1) / header.h;
    planes[i]->height = (header.height * one.v + header.v - 1) / header.v;
    planes[i]->levels.resize(planes[i]->width * planes[i]->height);
  }
  ScanWalk walk;
  Block block;
  Levels levels;
  for (const JpegScan& scan : header.scans) {
    if (!walk.open(header, scan, places)) return false;
    std::array<std::shared_ptr<const Codes>, 4> dc_tables;
    std::array<std::shared_ptr<const ValueTable>, 4> ac_tables;
    for (unsigned i = 0; i < scan.count; ++i) {
      dc_tables[scan.dc[i]] = dc_table(scan.dc_tables[scan.dc[i]]);
      ac_tables[scan.ac[i]] = value_table(scan.ac_tables[scan.ac[i]]);
    }
    while (!walk.done()) {
      const ScanWalk::Step& step = walk.step();
      const JpegComponent& one = header.component[step.component];
      block.fill(0);
      std::int32_t rest = 0;
      if (!read_block(walk, *dc_tables[step.dc], *ac_tables[step.ac],
                      header.quantisation[one.quantisation].data(), block, rest)) {
        return false;
      }
      const auto place = static_cast<std::size_t>(step.place - places[step.component].data());
      const std::size_t x = place % one.stride * 8, y = place / one.stride * 8;
      Plane& plane = *planes[step.component];
      if (x < plane.width && y < plane.height) {
        const Inverse transformed = rest + std::abs(block[0]) <= kMostFor32Bits ? chosen : inverse_wide;
        if (!(rest == 0 ? flat(block[0], levels) : transformed(block, levels))) return false;
        store(levels, plane, x, y);
      }
      if (!walk.advance() || walk.reader.overrun()) return false;
    }
  }
  for (unsigned i = 1; i < header.components; ++i) {
    const JpegComponent& one = header.component[i];
    const std::size_t h = header.h / one.h, v = header.v / one.v;
    if (h > 1 || v > 1) *planes[i] = upsampled(*planes[i], h, v, header.width, header.height);
  }
  return true;
}

}  // namespace lookalike
