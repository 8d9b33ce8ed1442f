// The chunks of a PNG file. Pillow checks the CRC of those before the pixels only; here as well of those after them.
#include <algorithm>
#include <string_view>
#include <utility>

#include "exif.hpp"
#include "png.hpp"

namespace lookalike {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kExpansion = 1032;  // most that deflate can: 258 bytes for two bits
constexpr std::size_t kMostSide = 0x7FFFFFFF;
constexpr std::size_t kMostText = std::size_t{1} << 26, kMostInflatedText = std::size_t{1} << 20;  // Pillow's limits

std::uint32_t four(Bytes bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
         bytes[at + 3];
}

unsigned two(Bytes bytes, std::size_t at) { return bytes[at] * 256u + bytes[at + 1]; }

constexpr std::array<std::uint32_t, 256> kCrc = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ (rest & 1 ? 0xEDB88320u : 0);
    table[byte] = rest;
  }
  return table;
}();

std::uint32_t crc(Bytes bytes) {
  std::uint32_t rest = 0xFFFFFFFF;
  for (const std::uint8_t byte : bytes) rest = rest >> 8 ^ kCrc[(rest ^ byte) & 255];
  return ~rest;
}

std::string_view text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool letter(std::uint8_t byte) { return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z'); }

class ChunkReader {
 public:
  ChunkReader(Bytes file, std::size_t max_pixels, PngHeader& header)
      : file_(file), max_pixels_(max_pixels), header_(header) {}

  bool read() {
    constexpr std::string_view signature = "\x89PNG\r\n\x1a\n";
    if (!text(file_).starts_with(signature)) return false;
    for (std::size_t at = signature.size();;) {
      if (file_.size() - at < 12) return false;
      const std::size_t size = four(file_, at);
      if (size > file_.size() - at - 12) return false;
      const Bytes name = file_.subspan(at + 4, 4), content = file_.subspan(at + 8, size);
      if (!std::all_of(name.begin(), name.end(), letter)) return false;
      if (text(name) != "IDAT" && crc(file_.subspan(at + 4, size + 4)) != four(file_, at + 8 + size)) return false;
      if (header_.width == 0 && text(name) != "IHDR") return false;
      if (text(name) == "IEND") return size == 0 && finish();
      if (!take(text(name), content)) return false;
      at += size + 12;
    }
  }

 private:
  bool take(std::string_view name, Bytes content) {
    const bool after = pixels_, resumed = last_ != "IDAT";
    last_ = name;
    if (name == "IDAT") {
      if (after && resumed) return false;
      pixels_ = true;
      if (!content.empty()) header_.data.push_back(content);  // empty ones are allowed
      header_.compressed += content.size();
      return true;
    }
    if (name == "tEXt" || name == "zTXt" || name == "iTXt") return take_text(name, content);
    if (name == "eXIf") return take_exif(content);
    if (name == "acTL" || name == "fcTL" || name == "fdAT") return false;
    for (const auto& [known, least] : {std::pair{"gAMA", 4u}, {"cHRM", 32u}, {"sRGB", 1u}, {"pHYs", 9u}}) {
      if (name == known) return !after && content.size() >= least;
    }
    if (name == "IHDR") return take_size(content);
    if (name == "PLTE") return !after && take_palette(content);
    if (name == "tRNS") return !after && take_transparency(content);
    if (name == "iCCP") return !after && take_profile(content);
    return (name[0] & 0x20) != 0;  // ancillary and of no meaning here
  }

  bool take_size(Bytes content) {
    if (header_.width != 0 || content.size() != 13) return false;
    const std::size_t width = four(content, 0), height = four(content, 4);
    if (width == 0 || height == 0 || width > kMostSide || height > kMostSide || height > max_pixels_ / width) {
      return false;
    }
    const unsigned depth = content[8], colour = content[9];
    const bool byte_or_two = depth == 8 || depth == 16, part = depth == 1 || depth == 2 || depth == 4;
    if (!(colour == 0 ? part || byte_or_two : colour == 3 ? part || depth == 8 : byte_or_two)) return false;
    if (colour > 6 || colour == 1 || colour == 5) return false;
    if (content[10] != 0 || content[11] != 0 || content[12] != 0) return false;  // methods; the last, interlacing
    header_.width = width;
    header_.height = height;
    header_.depth = depth;
    header_.colour = PngColour{colour};
    return true;
  }

  bool take_palette(Bytes content) {
    if (header_.colour != PngColour::palette) return true;  // a hint for screens of few colours
    const std::size_t count = content.size() / 3;
    if (!header_.palette.empty() || count == 0 || count > 256 || content.size() % 3 != 0) return false;
    for (std::size_t i = 0; i < content.size(); i += 3) {
      header_.palette.push_back({content[i], content[i + 1], content[i + 2], 255});
    }
    return true;
  }

  // Pillow compares the level as it stands in the chunk with levels already scaled to a byte, which fits 8 bits only,
  // and of 1 bit with any level but 0.
  bool take_transparency(Bytes content) {
    if (transparent_) return false;
    transparent_ = true;
    if (header_.colour == PngColour::palette) {
      // A last byte of 10, Pillow takes for the end of a line.
      if (content.empty() || content.size() > header_.palette.size() || content.back() == '\n') return false;
      for (std::size_t i = 0; i < content.size(); ++i) header_.palette[i][3] = content[i];
      return true;
    }
    const bool gray = header_.colour == PngColour::gray;
    if (!gray && header_.colour != PngColour::rgb) return false;
    if (header_.depth != 8 && header_.depth != 1) return false;
    if (content.size() != (gray ? 2 : 6)) return false;
    for (std::size_t i = 0; i < content.size(); i += 2) {
      header_.clear.push_back(two(content, i));
      if (header_.clear.back() >= 1u << header_.depth) return false;
    }
    return true;
  }

  bool take_profile(Bytes content) {
    const auto end = std::find(content.begin(), content.end(), 0);
    if (!header_.profile.empty() || content.end() - end < 3 || end[1] != 0) return false;
    header_.profile = content.subspan(static_cast<std::size_t>(end - content.begin()) + 2);
    return true;
  }

  bool take_exif(Bytes content) {
    if (header_.exif_size != 0 || !read_orientation(content, header_.orientation)) return false;
    header_.exif = static_cast<std::size_t>(content.data() - file_.data());
    header_.exif_size = content.size();
    return true;
  }

  // Pillow keeps texts beside its own facts, under names of one kind, and inflates them; some hold EXIF.
  bool take_text(std::string_view name, Bytes content) {
    const auto end = std::find(content.begin(), content.end(), 0);
    const std::string_view key = text(content.first(static_cast<std::size_t>(end - content.begin())));
    if (key.empty() || end == content.end() || key.starts_with("Raw profile") || key.starts_with("XML:")) return false;
    if (key[0] >= 'a' && key[0] <= 'z' && key.find(':') == key.npos) return false;
    const std::size_t rest = static_cast<std::size_t>(content.end() - end) - 1;
    if (name == "zTXt" && (rest == 0 || end[1] != 0)) return false;
    if (name != "tEXt" && content.size() > kMostInflatedText / kExpansion) return false;
    texts_ += name == "tEXt" ? content.size() : kMostInflatedText;
    return texts_ <= kMostText;
  }

  bool finish() {
    if (header_.compressed == 0 || (header_.colour == PngColour::palette && header_.palette.empty())) return false;
    const std::size_t row = header_.row_size() + 1;
    if (header_.compressed > SIZE_MAX / kExpansion || row > header_.compressed * kExpansion / header_.height) {
      return false;
    }
    header_.inflated = row * header_.height;
    return true;
  }

  Bytes file_;
  std::size_t max_pixels_, texts_ = 0;
  PngHeader& header_;
  std::string_view last_;
  bool pixels_ = false, transparent_ = false;  // whether there were any yet
};

}  // namespace

std::size_t PngHeader::bits() const {
  switch (colour) {
    case PngColour::rgb: return std::size_t{3} * depth;
    case PngColour::gray_alpha: return std::size_t{2} * depth;
    case PngColour::rgb_alpha: return std::size_t{4} * depth;
    default: return depth;
  }
}

bool read_png_header(std::span<const std::uint8_t> file, std::size_t max_pixels, PngHeader& header) {
  header = PngHeader{};
  return ChunkReader(file, max_pixels, header).read();
}

}  // namespace lookalike
