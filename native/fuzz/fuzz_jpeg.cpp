// Any bytes as JPEG files: one alone, then what a separator makes of them as a group that is decoded in turns.
// Both ways must take the same files and give the same pictures, which must have the sizes they say.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "../jpeg.hpp"
#include "../thumbnail.hpp"

namespace {

using lookalike::Picture;
using lookalike::Plane;
using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t max_pixels = std::size_t{1} << 24;
constexpr std::uint8_t separator[] = {'-', '-', 'n', 'e', 'x', 't', '-', '-'};

void require(bool holds) {
  if (!holds) std::abort();
}

bool same(const Plane& a, const Plane& b) { return a.width == b.width && a.height == b.height && a.levels == b.levels; }

void check(const Picture& p, std::size_t size) {
  const auto up = [&](std::size_t side) { return (side + p.unit - 1) / p.unit; };
  require(p.width > 0 && p.height > 0 && p.width * p.height <= max_pixels && (p.unit == 1 || p.unit == 8));
  require(p.luma.width == up(p.width) && p.luma.height == up(p.height));
  for (const Plane* plane : {&p.luma, &p.cb, &p.cr}) require(plane->levels.size() == plane->width * plane->height);
  require(p.cb.width == p.cr.width && p.cb.height == p.cr.height);
  require(p.orientation >= 1 && p.orientation <= 8 && p.exif <= size && p.exif_size <= size - p.exif);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<Bytes> files;
  for (Bytes rest(data, size);;) {
    const auto found = std::search(rest.begin(), rest.end(), std::begin(separator), std::end(separator));
    files.emplace_back(rest.begin(), found);
    if (found == rest.end()) break;
    rest = Bytes(found + std::size(separator), rest.end());
  }
  if (files.size() == 1) files.insert(files.end(), {files[0].first(size / 2), files[0], files[0]});
  std::vector<Picture> together(files.size());
  std::vector<std::uint8_t> taken(files.size());
  lookalike::read_jpegs(files, max_pixels, together, taken);
  for (std::size_t i = 0; i < files.size(); ++i) {
    Picture alone;
    std::uint8_t one = 0;
    lookalike::read_jpegs({&files[i], 1}, max_pixels, {&alone, 1}, {&one, 1});
    require(one == taken[i]);
    if (one == 0) continue;
    check(alone, files[i].size());
    lookalike::Thumbnail thumbnail;
    lookalike::make_thumbnail(alone, thumbnail);
    require(same(alone.luma, together[i].luma) && same(alone.cb, together[i].cb) && same(alone.cr, together[i].cr));
  }
  return 0;
}
