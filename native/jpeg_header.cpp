#include "jpeg_header.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "exif.hpp"

namespace lookalike {
namespace {

enum Marker : unsigned {
  kBaseline = 0xc0, kExtended = 0xc1, kProgressive = 0xc2, kHuffman = 0xc4, kStart = 0xd8, kEnd = 0xd9, kScan = 0xda,
  kQuantisation = 0xdb, kRestartInterval = 0xdd, kApp0 = 0xe0, kApp1 = 0xe1, kApp2 = 0xe2, kApp13 = 0xed, kApp14 = 0xee,
  kApp15 = 0xef, kComment = 0xfe,
};
constexpr unsigned kMostBlocks = 10;      // in an MCU (T.81, B.2.3)
constexpr std::size_t kMostSide = 65500;  // libjpeg's JPEG_MAX_DIMENSION

bool starts_with(Bytes bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

// Whether Photoshop's resources are cut off behind the number of one, before its name, where Pillow stumbles.
bool ends_in_resource(Bytes body) {
  return starts_with(body, "Photoshop") && body.size() >= 6 && starts_with(body.last(6), "8BIM");
}

// Walks from marker to marker; everything it meets must be as libjpeg expects it, without a warning.
class Reader {
 public:
  Reader(Bytes file, std::size_t max_pixels, JpegHeader& header) : file_(file), max_pixels_(max_pixels), h_(header) {}

  bool read() {
    if (file_.size() < 4 || file_[0] != 0xff || file_[1] != kStart) return false;
    at_ = 2;
    for (;;) {
      const int marker = next_marker();
      if (marker < 0) return false;
      if (marker == kEnd) return finish();
      if (file_.size() - at_ < 2) return false;
      const std::size_t size = file_[at_] * 256u + file_[at_ + 1];
      if (size < 2 || size > file_.size() - at_) return false;
      const Bytes body = file_.subspan(at_ + 2, size - 2);
      at_ += size;
      if (!segment(static_cast<unsigned>(marker), body)) return false;
    }
  }

 private:
  int next_marker() {
    if (at_ >= file_.size() || file_[at_] != 0xff) return -1;
    while (at_ < file_.size() && file_[at_] == 0xff) ++at_;
    return at_ < file_.size() ? file_[at_++] : -1;
  }

  bool segment(unsigned marker, Bytes body) {
    switch (marker) {
      case kQuantisation: return quantisation(body);
      case kHuffman: return huffman(body);
      case kBaseline: case kExtended: case kProgressive: return frame(marker, body);
      case kScan: return scan(body);
      case kRestartInterval:
        if (body.size() != 2) return false;
        restart_ = body[0] * 256u + body[1];
        return true;
      case kApp0:
        if (starts_with(body, "JFIF")) {
          if (body.size() < 14 || body[4] != 0 || scanned_) return false;  // colours are settled at the first scan
          jfif_ = true;
        }
        return true;
      case kApp1: return app1(body);
      case kApp2:
        if (starts_with(body, "ICC_PROFILE") && body.size() < 14) return false;  // Pillow stumbles over it
        return !starts_with(body, {"MPF\0", 4});                                 // several pictures
      case kApp13: return !ends_in_resource(body);
      case kApp14:
        if (starts_with(body, "Adobe")) {
          if (body.size() < 12 || adobe_ || scanned_) return false;
          adobe_ = true;
          transform_ = body[11];
        }
        return true;
      case kComment: return true;
      default: return marker >= kApp0 && marker <= kApp15;
    }
  }

  bool app1(Bytes body) {
    if (starts_with(body, {"Exif\0\0", 6})) {
      if (h_.exif_size != 0 || body.size() == 6 || scanned_) return false;
      const Bytes tiff = body.subspan(6);
      h_.exif = static_cast<std::size_t>(tiff.data() - file_.data());
      h_.exif_size = tiff.size();
      unsigned orientation = 0;
      if (!read_orientation(tiff, orientation)) return false;
      has_orientation_ = orientation != 0;
      h_.orientation = has_orientation_ ? orientation : 1;
      return true;
    }
    if (starts_with(body, "http://ns.adobe.com/xap/1.0/")) {
      constexpr std::string_view name = "rientation";
      turned_by_xmp_ |= std::search(body.begin(), body.end(), name.begin(), name.end()) != body.end();
    }
    return !starts_with(body, "Exif") || body.size() > 5;
  }

  bool quantisation(Bytes body) {
    if (scanned_) return false;
    while (!body.empty()) {
      const unsigned index = body[0];  // the upper half says whether entries have 16 bits
      if (index > 3 || body.size() < 65) return false;
      std::copy_n(body.data() + 1, 64, h_.quantisation[index].data());
      has_quantisation_[index] = true;
      body = body.subspan(65);
    }
    return true;
  }

  bool huffman(Bytes body) {
    while (!body.empty()) {
      if (body.size() < 17 || (body[0] & 0xef) > 3) return false;
      const bool ac = (body[0] & 0x10) != 0;
      HuffmanSpec spec{body.subspan(1, 16), {}};
      std::size_t count = 0;
      std::uint32_t space = 0;  // codes used up, of 2^16
      for (unsigned length = 1; length <= 16; ++length) {
        count += spec.counts[length - 1];
        space += static_cast<std::uint32_t>(spec.counts[length - 1]) << (16 - length);
        // No code consists of ones only (T.81, C.2).
        if (spec.counts[length - 1] != 0 && space > 0x10000u - (1u << (16 - length))) return false;
      }
      if (count == 0 || count > 256 || body.size() - 17 < count) return false;
      spec.symbols = body.subspan(17, count);
      if (!ac && std::any_of(spec.symbols.begin(), spec.symbols.end(),
                             [](unsigned symbol) { return symbol > kMostBitsOfDc; })) {
        return false;
      }
      (ac ? ac_ : dc_)[body[0] & 3] = spec;
      body = body.subspan(17 + count);
    }
    return true;
  }

  bool frame(unsigned marker, Bytes body) {
    if (h_.components != 0 || body.size() < 6 || body[0] != 8) return false;
    h_.height = body[1] * 256u + body[2];
    h_.width = body[3] * 256u + body[4];
    h_.components = body[5];
    h_.progressive = marker == kProgressive;
    if (h_.height == 0 || h_.width == 0 || std::max(h_.height, h_.width) > kMostSide ||
        (h_.components != 1 && h_.components != 3) || body.size() != 6 + 3 * h_.components ||
        h_.width > max_pixels_ / h_.height) {
      return false;
    }
    for (unsigned i = 0; i < h_.components; ++i) {
      JpegComponent& one = h_.component[i];
      const std::uint8_t* from = body.data() + 6 + 3 * i;
      one.id = from[0];
      one.h = from[1] >> 4;
      one.v = from[1] & 15;
      one.quantisation = from[2];
      if (one.h < 1 || one.h > 4 || one.v < 1 || one.v > 4 || one.quantisation > 3) return false;
      for (unsigned j = 0; j < i; ++j) {
        if (h_.component[j].id == one.id) return false;
      }
      h_.h = std::max(h_.h, one.h);
      h_.v = std::max(h_.v, one.v);
    }
    for (unsigned i = 0; i < h_.components; ++i) {
      JpegComponent& one = h_.component[i];
      // Other ratios cannot be upsampled by libjpeg; and luma must have a sample for every pixel.
      if (h_.h % one.h != 0 || h_.v % one.v != 0 || (i == 0 && (one.h != h_.h || one.v != h_.v))) return false;
      one.columns = (h_.width * one.h + 8 * h_.h - 1) / (8 * h_.h);
      one.rows = (h_.height * one.v + 8 * h_.v - 1) / (8 * h_.v);
      one.stride = h_.mcus_across() * one.h;
      one.height = h_.mcus_down() * one.v;
    }
    return true;
  }

  bool scan(Bytes body) {
    JpegScan scan;
    if (h_.components == 0 || body.empty()) return false;
    scan.count = body[0];
    if (scan.count < 1 || scan.count > h_.components || body.size() != 4 + 2 * scan.count) return false;
    unsigned blocks = 0;
    for (unsigned i = 0; i < scan.count; ++i) {
      const unsigned id = body[1 + 2 * i], tables = body[2 + 2 * i];
      unsigned which = i == 0 ? 0 : scan.component[i - 1] + 1;  // in the order of the frame
      while (which < h_.components && h_.component[which].id != id) ++which;
      if (which == h_.components || (tables >> 4) > 3 || (tables & 15) > 3) return false;
      scan.component[i] = which;
      scan.dc[i] = tables >> 4;
      scan.ac[i] = tables & 15;
      blocks += h_.component[which].h * h_.component[which].v;
    }
    if (scan.count > 1 && blocks > kMostBlocks) return false;
    const std::uint8_t* last = body.data() + 1 + 2 * scan.count;
    scan.begin = last[0];
    scan.end = last[1];
    scan.high = last[2] >> 4;
    scan.low = last[2] & 15;
    scan.restart = restart_;
    scan.dc_tables = dc_;
    scan.ac_tables = ac_;
    scanned_ = true;
    const std::size_t begin = at_;
    if (!skip_data()) return false;
    scan.data = file_.subspan(begin, at_ - begin);
    return h_.progressive ? add_progressive(scan) : add_sequential(scan);
  }

  // To the marker behind the entropy-coded data.
  bool skip_data() {
    while (at_ < file_.size()) {
      const void* found = std::memchr(file_.data() + at_, 0xff, file_.size() - at_);
      if (found == nullptr) return false;
      at_ = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - file_.data());
      if (file_.size() - at_ < 2) return false;
      const unsigned next = file_[at_ + 1];
      if (next != 0 && (next < 0xd0 || next > 0xd7)) return true;
      at_ += 2;
    }
    return false;
  }

  bool add_sequential(const JpegScan& scan) {
    if (scan.begin != 0 || scan.end != 63 || scan.high != 0 || scan.low != 0) return false;
    for (unsigned i = 0; i < scan.count; ++i) {
      if (seen_[scan.component[i]]++ != 0 || scan.dc_tables[scan.dc[i]].counts.empty() ||
          scan.ac_tables[scan.ac[i]].counts.empty() || !has_quantisation_[h_.component[scan.component[i]].quantisation]) {
        return false;
      }
    }
    h_.scans.push_back(scan);
    return true;
  }

  // Follows the accuracy of each coefficient: it must rise as T.81, G.1.1.1 has it, or else libjpeg warns.
  bool add_progressive(const JpegScan& scan) {
    if (scan.begin > scan.end || scan.end > 63 || (scan.begin == 0) != (scan.end == 0) || scan.low > 13 ||
        (scan.begin > 0 && scan.count > 1) || (scan.high != 0 && scan.high != scan.low + 1)) {
      return false;
    }
    for (unsigned i = 0; i < scan.count; ++i) {
      const unsigned which = scan.component[i];
      if (!has_quantisation_[h_.component[which].quantisation]) return false;
      if (scan.begin > 0 && (missing_[which][0] < 0 || scan.ac_tables[scan.ac[i]].counts.empty())) return false;
      for (unsigned k = scan.begin; k <= scan.end; ++k) {
        if (scan.high == 0 ? missing_[which][k] >= 0 : missing_[which][k] != static_cast<int>(scan.high)) return false;
        missing_[which][k] = static_cast<int>(scan.low);
      }
      if (scan.begin == 0 && scan.high == 0 && scan.dc_tables[scan.dc[i]].counts.empty()) return false;
    }
    if (scan.begin == 0) h_.scans.push_back(scan);
    return true;
  }

  bool finish() {
    if (h_.components == 0 || h_.scans.empty() || (turned_by_xmp_ && !has_orientation_)) return false;
    if (h_.components == 3 && !is_ycc()) return false;
    for (unsigned i = 0; i < h_.components; ++i) {
      if (!h_.progressive && seen_[i] != 1) return false;
      // libjpeg smoothes what is not known exactly in the end.
      if (h_.progressive && std::any_of(missing_[i].begin(), missing_[i].end(), [](int bits) { return bits != 0; })) {
        return false;
      }
    }
    if (has_quantisation_[0]) {
      for (const unsigned entry : h_.quantisation[0]) h_.quality_sum += entry;
    }
    return true;
  }

  // As libjpeg decides (jdapimin.c, default_decompress_parms).
  bool is_ycc() const {
    if (jfif_) return true;
    if (adobe_) return transform_ == 1;
    return !(h_.component[0].id == 'R' && h_.component[1].id == 'G' && h_.component[2].id == 'B');
  }

  Bytes file_;
  std::size_t max_pixels_, at_ = 0;
  JpegHeader& h_;
  std::array<HuffmanSpec, 4> dc_, ac_;
  std::array<bool, 4> has_quantisation_{};
  std::array<unsigned, 3> seen_{};
  std::array<std::array<int, 64>, 3> missing_ = [] {  // bits each coefficient lacks; -1: all
    std::array<std::array<int, 64>, 3> none;
    for (auto& one : none) one.fill(-1);
    return none;
  }();
  unsigned restart_ = 0, transform_ = 0;
  bool jfif_ = false, adobe_ = false, scanned_ = false, has_orientation_ = false, turned_by_xmp_ = false;
};

}  // namespace

bool read_jpeg_header(Bytes file, std::size_t max_pixels, JpegHeader& header) {
  return Reader(file, max_pixels, header).read();
}

}  // namespace lookalike
