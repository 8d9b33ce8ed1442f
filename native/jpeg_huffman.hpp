// Huffman codes of JPEG, laid out for passing over coefficients quickly.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "jpeg_header.hpp"

namespace lookalike {

constexpr unsigned kLookBits = 12;

// Codes in their order: the first code of each length, left-aligned in 16 bits.
struct Codes {
  explicit Codes(const HuffmanSpec& spec);

  // The symbol of the code at the upper end of `bits`, and its length; length 0 where there is none.
  unsigned find(std::uint64_t bits, unsigned& length) const {
    const Short one = look[bits >> (64 - kLookBits)];
    length = one.length;
    return length != 0 ? one.symbol : find_long(bits, length);
  }

  unsigned find_long(std::uint64_t bits, unsigned& length) const {
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
  struct Short {
    std::uint8_t length, symbol;  // length 0: longer than the table looks
  };
  std::array<Short, std::size_t{1} << kLookBits> look{};
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

// What the next bits say of one AC coefficient: its value, how far the coefficients advance (64 at the end of a block), and
// its bits, code and value together; 0 bits where they do not lie within kLookBits, or are not allowed.
struct ValueTable {
  explicit ValueTable(const HuffmanSpec& spec);
  struct Entry {
    std::int16_t value;
    std::uint8_t run, bits;
  };
  Codes codes;
  std::array<Entry, std::size_t{1} << kLookBits> look;
};

// Reads bits, most significant first, from data without stuffing that has kOverread more bytes behind its end. Whoever reads
// asks `overrun` once a block: no block takes more than that.
constexpr std::size_t kOverread = 256;

struct BitReader {
  const std::uint8_t* base = nullptr;
  std::size_t at = 0, end = 0;  // in bits

  // The next 57 bits or more, at the upper end.
  std::uint64_t peek() const {
    std::uint64_t word;
    std::memcpy(&word, base + (at >> 3), sizeof word);
    if constexpr (std::endian::native == std::endian::little) {
#if defined(__GNUC__)
      word = __builtin_bswap64(word);
#else
      word = _byteswap_uint64(word);
#endif
    }
    return word << (at & 7);
  }

  void skip(std::size_t size) { at += size; }
  bool overrun() const { return at > end; }

  // Whether all data was read but for the bits that fill up the last byte.
  bool at_end() const { return at <= end && end - at < 8; }
};

// The upper `size` bits, 0 to 16, as a number; as T.81 F.2.2.1 extends it. Without branches, which nobody could predict.
inline int extended(std::uint64_t bits, unsigned size) {
  const int bare = static_cast<int>((bits >> 1) >> (63 - size)), half = (1 << size) >> 1;
  return bare - (bare < half ? (1 << size) - 1 : 0);
}

// The next difference of DC; false where there is no such code.
inline bool read_difference(BitReader& reader, const Codes& codes, int& difference) {
  const std::uint64_t bits = reader.peek();
  unsigned length = 0;
  const unsigned size = codes.find(bits, length);
  if (length == 0) return false;
  reader.skip(length + size);
  difference = extended(bits << length, size);
  return true;
}

// Entropy-coded data without its stuffing, and where the stretches between restart markers end.
struct Stretches {
  std::vector<std::uint8_t> bytes;
  std::vector<std::size_t> ends;

  // False where restart markers are not in turn.
  bool read(Bytes data);
  // Of one stretch.
  BitReader reader(std::size_t stretch) const {
    return {bytes.data(), 8 * (stretch == 0 ? 0 : ends[stretch - 1]), 8 * ends[stretch]};
  }
};

}  // namespace lookalike
