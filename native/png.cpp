// Row by row: the filter is undone into one of two short lines, the samples become levels, and those go to the planes.
// All of it stays in the nearest cache.
#include "png.hpp"

#include <algorithm>

#include "filters.hpp"
#include "planes.hpp"

namespace lookalike {
namespace {

// Over white, as docs/hash-spec.md says.
std::uint8_t over_white(unsigned level, unsigned alpha) {
  const unsigned t = level * alpha + 128, shown = ((t >> 8) + t) >> 8;
  return static_cast<std::uint8_t>(std::min(255u, shown + 255 - alpha));
}

// Unfiltered rows to levels: 1 (gray), 3 or 4 of a pixel.
class Levels {
 public:
  explicit Levels(const PngHeader& header) : header_(header) {
    const bool gray = header.colour == PngColour::gray;
    if (header.colour == PngColour::palette) {
      table_ = header.palette;
    } else if (gray && (header.depth < 8 || !header.clear.empty())) {
      const unsigned top = (1u << header.depth) - 1;
      for (unsigned level = 0; level <= top; ++level) {
        const bool clear = !header.clear.empty() && header.clear[0] == level;
        table_.push_back({static_cast<std::uint8_t>(level * 255 / top), 0, 0, static_cast<std::uint8_t>(clear ? 0 : 255)});
      }
    }
    for (std::size_t i = 0; i < table_.size(); ++i) {
      for (std::size_t c = 0; c < 3; ++c) shown_[i][c] = over_white(table_[i][c], table_[i][3]);
    }
    channels_ = gray || header.colour == PngColour::gray_alpha ? 1 : header.colour == PngColour::rgb ? 3 : 4;
    line_.resize(header.width * channels_);
  }

  std::size_t channels() const { return channels_; }

  // The row may be changed.
  const std::uint8_t* of(std::uint8_t* row) {
    if (!table_.empty()) return looked_up(row);
    const std::size_t samples = header_.width * header_.bits() / header_.depth;
    if (header_.depth == 16 && header_.colour == PngColour::gray) {
      for (std::size_t x = 0; x < samples; ++x) {
        const unsigned level = row[2 * x] * 256u + row[2 * x + 1];
        line_[x] = static_cast<std::uint8_t>((level * 255 + 32895) >> 16);  // level / 257, to the nearest
      }
      return line_.data();
    }
    if (header_.depth == 16) {
      for (std::size_t i = 0; i < samples; ++i) row[i] = row[2 * i];
    }
    switch (header_.colour) {
      case PngColour::gray_alpha: return flattened<2>(row);
      case PngColour::rgb_alpha: return flattened<4>(row);
      case PngColour::rgb: return header_.clear.empty() ? row : cleared(row);
      default: return row;
    }
  }

  // False where a sample had no entry in the palette.
  bool finish(bool& alpha) const {
    alpha = alpha_;
    for (std::size_t i = 0; i < used_.size(); ++i) {
      if (used_[i] && i >= table_.size()) return false;
      if (used_[i] && table_[i][3] < 255) alpha = true;
    }
    return true;
  }

 private:
  const std::uint8_t* looked_up(const std::uint8_t* row) {
    const unsigned depth = header_.depth, mask = (1u << depth) - 1;
    for (std::size_t x = 0; x < header_.width; ++x) {
      const std::size_t bit = x * depth;
      const unsigned sample = row[bit / 8] >> (8 - depth - bit % 8) & mask;
      used_[sample] = true;
      if (channels_ == 1) {
        line_[x] = shown_[sample][0];
      } else {
        std::copy_n(shown_[sample].data(), 4, line_.data() + 4 * x);
      }
    }
    return line_.data();
  }

  // Pixels whose last sample is alpha.
  template <std::size_t step>
  const std::uint8_t* flattened(const std::uint8_t* row) {
    constexpr std::size_t colours = step - 1, out = step == 2 ? 1 : 4;
    std::uint8_t lowest = 255;
    for (std::size_t x = 0; x < header_.width; ++x) lowest &= row[x * step + colours];
    if (lowest < 255) alpha_ = true;
    if (lowest == 255 && out == step) return row;
    for (std::size_t x = 0; x < header_.width; ++x) {
      const std::uint8_t* const pixel = row + x * step;
      for (std::size_t c = 0; c < colours; ++c) line_[x * out + c] = over_white(pixel[c], pixel[colours]);
    }
    return line_.data();
  }

  const std::uint8_t* cleared(const std::uint8_t* row) {
    for (std::size_t x = 0; x < header_.width; ++x) {
      const std::uint8_t* const pixel = row + 3 * x;
      const bool clear = std::equal(pixel, pixel + 3, header_.clear.begin());
      for (std::size_t c = 0; c < 3; ++c) line_[3 * x + c] = clear ? 255 : pixel[c];
      alpha_ = alpha_ || clear;
    }
    return line_.data();
  }

  const PngHeader& header_;
  std::size_t channels_ = 1;
  std::vector<std::array<std::uint8_t, 4>> table_;                 // what samples stand for, and their alpha
  std::array<std::array<std::uint8_t, 4>, 256> shown_{};           // the same over white
  std::array<bool, 256> used_{};
  bool alpha_ = false;
  std::vector<std::uint8_t> line_;
};

}  // namespace

bool read_png(const PngHeader& header, std::span<const std::uint8_t> inflated, Picture& picture) {
  if (inflated.size() != header.inflated) return false;
  picture = Picture{};
  picture.depth = header.colour == PngColour::palette ? 8 : header.depth;
  picture.orientation = header.orientation;
  picture.exif = header.exif;
  picture.exif_size = header.exif_size;
  const std::size_t size = header.row_size(), step = (header.bits() + 7) / 8;
  Levels levels(header);
  PlaneRows planes(header.width, header.height, levels.channels(), picture);
  const std::size_t pitch = size + filter_slack;
  std::vector<std::uint8_t> filtered(together * pitch), rows(together * pitch), above(pitch);
  const auto filter = [&](std::size_t y) { return inflated[y * (size + 1)]; };
  for (std::size_t y = 0, count = 1; y < header.height; y += count) {
    count = together <= header.height - y ? together : 1;
    for (std::size_t i = 0; i < count; ++i) {
      if (filter(y + i) != 4) count = 1;
    }
    if (filter(y) > 4) return false;
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(inflated.data() + (y + i) * (size + 1) + 1, size, filtered.data() + i * pitch);
    }
    if (count == together) {
      unfilter_paeth(step, filtered.data(), above.data(), size, pitch, rows.data());
    } else {
      unfilter(filter(y), step, filtered.data(), above.data(), size, rows.data());
    }
    std::copy_n(rows.data() + (count - 1) * pitch, size, above.data());
    for (std::size_t i = 0; i < count; ++i) planes.add(levels.of(rows.data() + i * pitch));
  }
  return levels.finish(picture.alpha);
}

}  // namespace lookalike
