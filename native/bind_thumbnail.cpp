// The Python face of thumbnails.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "cosine.hpp"
#include "jpeg.hpp"
#include "lanczos.hpp"
#include "png.hpp"
#include "thumbnail.hpp"

namespace lookalike {

using namespace nb::literals;

namespace {

nb::ndarray<nb::numpy, std::uint8_t> shrunk(const Input<std::uint8_t, 2>& plane, std::size_t width, std::size_t height,
                                            std::size_t unit, std::size_t side) {
  constexpr std::size_t most = std::size_t{1} << 30;
  if (width < 1 || height < 1 || width > most || height > most || unit < 1 || unit > 64 || side < 1 || side > 4096 ||
      plane.shape(1) != (width + unit - 1) / unit || plane.shape(0) != (height + unit - 1) / unit) {
    throw std::invalid_argument("a plane must hold one sample for each square of pixels");
  }
  return filled<std::uint8_t>({side, side}, [&](std::uint8_t* out) {
    shrink(plane.data(), plane.shape(1), plane.shape(0), width, height, unit, side, out);
  });
}

nb::ndarray<nb::numpy, std::uint8_t> reduced(const Input<std::uint8_t, 3>& pictures, std::size_t width,
                                             std::size_t height) {
  constexpr std::size_t most = 4096;
  const std::size_t side = pictures.shape(1);
  if (side != pictures.shape(2) || std::min({side, width, height}) < 1 || std::max({side, width, height}) > most) {
    throw std::invalid_argument("pictures must be square, and they and results 1 to 4096 a side");
  }
  return filled<std::uint8_t>({pictures.shape(0), height, width}, [&](std::uint8_t* out) {
    reduce(pictures.data(), pictures.shape(0), side, width, height, out);
  });
}

nb::ndarray<nb::numpy, double> frequencies(const Input<std::uint8_t, 3>& pictures, const Input<std::int16_t, 3>& bases,
                                           const Input<std::int64_t, 2>& spans, const Input<std::int64_t, 2>& pairs) {
  const std::size_t kinds = bases.shape(0), count = bases.shape(1);
  if (pictures.shape(1) != cosine_side || pictures.shape(2) != cosine_side || bases.shape(2) != cosine_side ||
      spans.shape(0) != kinds || spans.shape(1) != 2 || pairs.shape(1) != 2) {
    throw std::invalid_argument("pictures must be 64x64, and bases (k, count, 64), their spans (k, 2), boxes (b, 2)");
  }
  std::vector<Stretch> stretches;
  for (std::size_t s = 0; s < kinds; ++s) {
    const std::int64_t begin = spans(s, 0), end = spans(s, 1);
    if (begin < 0 || begin >= end || end > static_cast<std::int64_t>(cosine_side)) {
      throw std::invalid_argument("a span must lie in 0..64");
    }
    stretches.push_back({static_cast<std::size_t>(begin), static_cast<std::size_t>(end),
                         bases.data() + s * count * cosine_side});
  }
  std::vector<Box> boxes;
  for (std::size_t b = 0; b < pairs.shape(0); ++b) {
    boxes.push_back({static_cast<std::size_t>(pairs(b, 0)), static_cast<std::size_t>(pairs(b, 1))});
    if (boxes.back().across >= kinds || boxes.back().down >= kinds) throw std::invalid_argument("no such span");
  }
  return filled<double>({pictures.shape(0), boxes.size(), count, count}, [&](double* out) {
    low_frequencies(pictures.data(), pictures.shape(0), stretches, boxes, count, out);
  });
}

// One row an image of what is known beside its planes, in the order of lookalike.decode.native.
constexpr std::size_t fact_count = 10;

// JPEG files go through the reader together, so that it can work on several at a time; of a PNG file the pixels come
// inflated. What is not taken leaves its rows at zero.
nb::tuple thumbnails(const std::vector<nb::bytes>& files,
                     const std::vector<std::optional<Input<std::uint8_t, 1>>>& inflated, std::size_t max_pixels) {
  const std::size_t count = files.size();
  if (inflated.size() != count) throw std::invalid_argument("files and inflated must be of one length");
  using Bytes = std::span<const std::uint8_t>;
  std::vector<Bytes> jpegs;
  std::vector<std::pair<Bytes, Bytes>> rows;  // PNG files and their inflated rows
  std::vector<std::size_t> place, png_place;
  for (std::size_t i = 0; i < count; ++i) {
    if (inflated[i]) {
      rows.push_back({span_of(files[i]), Bytes(inflated[i]->data(), inflated[i]->size())});
      png_place.push_back(i);
      continue;
    }
    jpegs.push_back(span_of(files[i]));
    place.push_back(i);
  }
  std::vector<std::uint8_t> taken(count);
  auto luma = std::make_unique<std::uint8_t[]>(count * thumbnail_side * thumbnail_side);
  auto chroma = std::make_unique<std::uint8_t[]>(count * chroma_side * chroma_side * 2);
  auto facts = std::make_unique<std::int64_t[]>(count * fact_count);
  const auto finish = [&](std::size_t i, const Picture& picture) {
    Thumbnail thumbnail;
    make_thumbnail(picture, thumbnail);
    std::copy_n(thumbnail.luma, std::size(thumbnail.luma), luma.get() + i * std::size(thumbnail.luma));
    std::copy_n(thumbnail.chroma, std::size(thumbnail.chroma), chroma.get() + i * std::size(thumbnail.chroma));
    const std::int64_t row[fact_count] = {
        static_cast<std::int64_t>(picture.width), static_cast<std::int64_t>(picture.height), picture.alpha, picture.depth,
        thumbnail.colour, thumbnail.detail, picture.quality_sum, picture.orientation,
        static_cast<std::int64_t>(picture.exif), static_cast<std::int64_t>(picture.exif_size)};
    std::copy_n(row, fact_count, facts.get() + i * fact_count);
    taken[i] = 1;
  };
  {
    const nb::gil_scoped_release unlocked;
    std::vector<Picture> pictures(jpegs.size());
    std::vector<std::uint8_t> read(jpegs.size());
    read_jpegs(jpegs, max_pixels, pictures, read);
    for (std::size_t k = 0; k < jpegs.size(); ++k) {
      if (read[k]) finish(place[k], pictures[k]);
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {
      PngHeader header;
      Picture picture;
      const auto& [file, data] = rows[k];
      if (read_png_header(file, max_pixels, header) && read_png(header, data, picture)) finish(png_place[k], picture);
    }
  }
  return nb::make_tuple(column(std::move(taken)), owned(std::move(luma), {count, thumbnail_side, thumbnail_side}),
                        owned(std::move(chroma), {count, chroma_side, chroma_side, std::size_t{2}}),
                        owned(std::move(facts), {count, fact_count}));
}

}  // namespace

void define_thumbnail(nb::module_& m) {
  m.def("shrink", &shrunk, "plane"_a.noconvert(), "width"_a, "height"_a, "unit"_a, "side"_a,
        "A plane (h, w) of means of squares of `unit` pixels, resampled to (side, side).");
  m.def("reduce", &reduced, "pictures"_a.noconvert(), "width"_a, "height"_a,
        "Pictures (n, side, side), resampled to (n, height, width).");
  m.def("thumbnails", &thumbnails, "files"_a, "inflated"_a, "max_pixels"_a,
        "Thumbnails of image files as columns: taken (n), luma (n, 64, 64), chroma (n, 8, 8, 2) and facts (n, 10).");
  m.def("low_frequencies", &frequencies, "pictures"_a.noconvert(), "bases"_a.noconvert(), "spans"_a.noconvert(),
        "boxes"_a.noconvert(),
        "Low frequencies (n, b, count, count) of boxes of pictures (n, 64, 64): by a basis (count, 64) for each of k spans of "
        "a side (k, 2), and for each box the spans of its columns and rows (b, 2).");
}

}  // namespace lookalike
