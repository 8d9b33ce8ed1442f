// Scans to coefficients: what jpeg.cpp does with a header.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "jpeg_header.hpp"
#include "jpeg_huffman.hpp"

namespace lookalike {

// DC coefficients, quantised, of each component: stride x height of its blocks.
using DcPlanes = std::array<std::vector<std::int16_t>, 3>;

// The blocks of a scan in the order in which they are stored, and the bit stream behind them.
class ScanWalk {
 public:
  // False: declined.
  bool open(const JpegHeader& header, const JpegScan& scan, DcPlanes& planes);

  struct Step {  // one block of an MCU
    unsigned component;
    std::size_t across, down;  // how far its place moves with each MCU, and from the end of one row of them to the next
    std::int16_t* place;
    unsigned dc, ac;           // tables
  };

  const Step& step() const { return steps_[at_]; }
  bool done() const { return mcu_ == mcus_; }

  // To the next block; false where a stretch between restart markers does not end as it should.
  bool advance() {
    if (++at_ < count_) return true;
    at_ = 0;
    return advance_mcu();
  }

  BitReader reader;
  std::array<int, 3> before{};  // last DC of each component

 private:
  bool advance_mcu();

  std::array<Step, 10> steps_;
  unsigned at_ = 0, count_ = 0;
  std::size_t column_ = 0, columns_ = 0, mcu_ = 0, mcus_ = 0, interval_ = 0, stretch_ = 0;
  Stretches stretches_;
};

// Tables of one scan, by their numbers in it; equal ones are made once a thread.
std::shared_ptr<const Codes> dc_table(const HuffmanSpec& spec);
std::shared_ptr<const AcTable> ac_table(const HuffmanSpec& spec);
std::shared_ptr<const ValueTable> value_table(const HuffmanSpec& spec);

// Reads the next DC of the walk into `dc`; false where it is not allowed.
inline bool read_dc(ScanWalk& walk, const Codes& table, unsigned component, int& dc) {
  int difference = 0;
  if (!read_difference(walk.reader, table, difference)) return false;
  dc = walk.before[component] += difference;
  return dc >= -32768 && dc <= 32767;
}

// One AC symbol by itself: `k` is the position of the next coefficient, 64 behind the last, and `value` that of the
// coefficient before it. False: not allowed.
inline bool read_ac(BitReader& reader, const Codes& codes, unsigned& k, int& value) {
  const std::uint64_t bits = reader.peek();
  unsigned length = 0;
  const unsigned symbol = codes.find(bits, length), zeros = symbol >> 4, size = symbol & 15;
  if (length == 0 || size > kMostBitsOfAc || (size == 0 && zeros != 15 && zeros != 0)) return false;
  reader.skip(length + size);
  value = extended(bits << length, size);
  k = symbol == 0 ? 64 : k + zeros + 1;
  return k <= 64;
}

}  // namespace lookalike
