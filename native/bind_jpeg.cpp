// The Python face of the JPEG reader.
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <span>
#include <vector>

#include "arrays.hpp"
#include "jpeg.hpp"

namespace lookalike {

using namespace nb::literals;

namespace {

nb::object array(Plane&& plane) {
  return plane.levels.empty() ? nb::none() : nb::cast(levels_of(std::move(plane)));
}

nb::object fields(Picture&& p) {
  return nb::make_tuple(p.width, p.height, p.unit, array(std::move(p.luma)), array(std::move(p.cb)), array(std::move(p.cr)),
                        p.chroma_width, p.chroma_height, p.orientation, p.exif, p.exif_size, p.quality_sum);
}

std::vector<nb::object> jpegs(const std::vector<nb::bytes>& files, std::size_t max_pixels) {
  std::vector<std::span<const std::uint8_t>> spans;
  for (const nb::bytes& file : files) spans.push_back(span_of(file));
  std::vector<Picture> pictures(files.size());
  std::vector<std::uint8_t> taken(files.size());
  {
    const nb::gil_scoped_release unlocked;
    read_jpegs(spans, max_pixels, pictures, taken);
  }
  std::vector<nb::object> all;
  for (std::size_t i = 0; i < files.size(); ++i) {
    all.push_back(taken[i] != 0 ? fields(std::move(pictures[i])) : nb::none());
  }
  return all;
}

}  // namespace

void define_jpeg(nb::module_& m) {
  m.def("jpegs", &jpegs, "files"_a, "max_pixels"_a,
        "Read JPEG files in turns: for each what native/picture.hpp says (width, height, unit, luma, cb, cr, chroma width and "
        "height, orientation, place and size of EXIF, sum of quantisation table 0), or None where it is not read here.");
  m.def(
      "jpeg", [](const nb::bytes& data, std::size_t max_pixels) { return jpegs({data}, max_pixels)[0]; }, "data"_a,
      "max_pixels"_a, "Read one JPEG file, as `jpegs` does.");
}

}  // namespace lookalike
