// Huffman codes of JPEG, laid out for passing over coefficients quickly.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jpeg_header.hpp"

namespace lookalike {

constexpr unsigned kLookBits = 12;

// Codes in their order: the first code of each length, left-aligned in 16 bits.
struct Codes {
  explicit Codes(const HuffmanSpec& spec);

  // The symbol of the code at the upper end of `bits`, and its length; length 0 where there is none.
  unsigned find(std::uint64_t bits, unsigned& length) const {
    const auto head = static_cast<std::uint32_t>(bits >> 48);
    for (length = 1; length <= 16; ++length) {
      if (head < limit[length]) return symbols[(first[length] + ((head - begin[length]) >> (16 - length))) & 255];
    }
    length = 0;
    return 0;
  }

  std::array<std::uint32_t, 17> begin{}, limit{};  // of the codes of a length; the limit is exclusive
  std::array<std::uint32_t, 17> first{};           // position of the first symbol of a length
  std::array<std::uint8_t, 256> symbols{};
};

// A difference of DC: the bits of its code, and those of its value behind it.
struct DcTable {
  explicit DcTable(const HuffmanSpec& spec);
  struct Entry {
    std::uint8_t length, size;  // length 0: longer than the table looks
  };
  Codes codes;
  std::array<Entry, std::size_t{1} << kLookBits> look;
};

// What the next bits say of AC coefficients: all symbols whose codes lie within kLookBits, the bits of their values
// included. `bits` is how many that are in all, `run` how far the coefficients advance; kEndOfBlock is added to it where the
// last of them ends the block. Longer codes and what is not allowed have kUnknown.
struct AcTable {
  static constexpr unsigned kEndOfBlock = 128, kUnknown = 255;
  explicit AcTable(const HuffmanSpec& spec);
  struct Entry {
    std::uint8_t bits, run;
  };
  Codes codes;
  std::array<Entry, std::size_t{1} << kLookBits> look;
};

// Reads bits, most significant first, from data without stuffing. Behind the end come zeros.
struct BitReader {
  std::uint64_t bits = 0;  // the next ones at the upper end
  unsigned count = 0;      // how many of them are valid; some behind them may be set, yet only as they will come
  std::size_t padded = 0;  // zeros that were read behind the end
  const std::uint8_t *next = nullptr, *end = nullptr;

  void open(const std::uint8_t* from, const std::uint8_t* to) {
    bits = 0;
    count = 0;
    padded = 0;
    next = from;
    end = to;
  }

  // At least 56 bits are valid afterwards. By F. Giesen, "Reading bits in far too many ways", part 2, variant 4.
  void refill() {
    if (end - next >= 8) {
      std::uint64_t word = 0;
      for (unsigned i = 0; i < 8; ++i) word = word << 8 | next[i];  // one load, swapped
      bits |= word >> count;
      next += (63 - count) >> 3;
      count |= 56;
    } else {
      refill_at_end();
    }
  }

  void refill_at_end() {
    for (; count <= 56; count += 8) {
      if (next < end) {
        bits |= std::uint64_t{*next++} << (56 - count);
      } else {
        padded += 8;
      }
    }
  }

  void skip(unsigned size) {
    bits <<= size;
    count -= size;
  }

  // The next `size` bits, 1 to 16, as a number; as T.81 F.2.2.1 extends it.
  int value(unsigned size) {
    const int bare = static_cast<int>(bits >> (64 - size));
    skip(size);
    return bare < 1 << (size - 1) ? bare - (1 << size) + 1 : bare;
  }

  bool overrun() const { return padded > count; }

  // Whether all data was read but for the bits that fill up the last byte.
  bool at_end() const {
    if (overrun()) return false;
    return count + 8 * static_cast<std::size_t>(end - next) - padded < 8;
  }
};

// The next difference of DC; false where there is no such code. Needs 28 bits.
inline bool read_difference(BitReader& reader, const DcTable& table, int& difference) {
  const DcTable::Entry entry = table.look[reader.bits >> (64 - kLookBits)];
  unsigned length = entry.length, size = entry.size;
  if (length == 0) {
    size = table.codes.find(reader.bits, length);
    if (length == 0) return false;
  }
  reader.skip(length);
  difference = size == 0 ? 0 : reader.value(size);
  return true;
}

// Entropy-coded data without its stuffing, and where the stretches between restart markers end.
struct Stretches {
  std::vector<std::uint8_t> bytes;
  std::vector<std::size_t> ends;

  // False where restart markers are not in turn.
  bool read(Bytes data);
};

}  // namespace lookalike
