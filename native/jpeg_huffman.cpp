#include "jpeg_huffman.hpp"

#include <cstring>

namespace lookalike {

Codes::Codes(const HuffmanSpec& spec) {
  std::uint32_t code = 0, position = 0;
  for (unsigned length = 1; length <= 16; ++length) {
    first[length] = position;
    begin[length] = code;
    code += static_cast<std::uint32_t>(spec.counts[length - 1]) << (16 - length);
    position += spec.counts[length - 1];
    limit[length] = code;
  }
  std::memcpy(symbols.data(), spec.symbols.data(), spec.symbols.size());
  for (unsigned length = 1; length <= kLookBits; ++length) {
    const std::size_t width = std::size_t{1} << (kLookBits - length);
    std::size_t at = begin[length] >> (16 - kLookBits);
    for (unsigned i = 0; i < spec.counts[length - 1]; ++i, at += width) {
      const Short entry{static_cast<std::uint8_t>(length), symbols[first[length] + i]};
      for (std::size_t j = at; j < at + width; ++j) look[j] = entry;
    }
  }
}

AcTable::AcTable(const HuffmanSpec& spec) : codes(spec) {
  struct Single {
    bool allowed;
    std::uint8_t size, run;
  };
  std::array<Single, 256> singles;
  for (unsigned symbol = 0; symbol < 256; ++symbol) {
    const unsigned size = symbol & 15, zeros = symbol >> 4;
    const bool allowed = size <= kMostBitsOfAc && (size != 0 || zeros == 15 || zeros == 0);
    singles[symbol] = {allowed, static_cast<std::uint8_t>(size),
                       static_cast<std::uint8_t>(symbol == 0 ? kEndOfBlock : zeros + 1)};
  }
  for (std::size_t i = 0; i < look.size(); ++i) {
    unsigned bits = 0, run = 0;
    while (bits < kLookBits) {
      const Codes::Short code = codes.look[(i << bits) & (look.size() - 1)];
      const Single next = singles[code.symbol];
      if (code.length == 0 || !next.allowed || bits + code.length > kLookBits) break;
      bits += code.length + next.size;
      run += next.run;
      if (run >= 64) break;
    }
    look[i] = bits == 0 ? Entry{0, kUnknown} : Entry{static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(run)};
  }
}

ValueTable::ValueTable(const HuffmanSpec& spec) : codes(spec) {
  for (std::size_t i = 0; i < look.size(); ++i) {
    const Codes::Short code = codes.look[i];
    const unsigned size = code.symbol & 15, zeros = code.symbol >> 4, bits = code.length + size;
    const bool allowed = size <= kMostBitsOfAc && (size != 0 || zeros == 15 || zeros == 0);
    look[i] = {};
    if (code.length == 0 || !allowed || bits > kLookBits) continue;
    const std::uint64_t behind = (static_cast<std::uint64_t>(i) << code.length) << (64 - kLookBits);
    look[i] = {static_cast<std::int16_t>(extended(behind, size)),
               static_cast<std::uint8_t>(code.symbol == 0 ? 64 : zeros + 1), static_cast<std::uint8_t>(bits)};
  }
}

bool Stretches::read(Bytes data) {
  bytes.resize(data.size() + kOverread);
  ends.clear();
  std::uint8_t* out = bytes.data();
  const std::uint8_t *from = data.data(), *const end = from + data.size();
  unsigned restart = 0xd0;
  while (from < end) {
    const void* found = std::memchr(from, 0xff, static_cast<std::size_t>(end - from));
    const std::uint8_t* stop = found == nullptr ? end : static_cast<const std::uint8_t*>(found);
    const auto size = static_cast<std::size_t>(stop - from);
    std::memcpy(out, from, size);
    out += size;
    if (stop == end) break;
    if (end - stop < 2) return false;
    if (stop[1] == 0) {
      *out++ = 0xff;
    } else {
      if (stop[1] != restart) return false;
      restart = 0xd0 + ((restart + 1) & 7);
      ends.push_back(static_cast<std::size_t>(out - bytes.data()));
    }
    from = stop + 2;
  }
  ends.push_back(static_cast<std::size_t>(out - bytes.data()));
  std::memset(out, 0, kOverread);
  return true;
}

}  // namespace lookalike
