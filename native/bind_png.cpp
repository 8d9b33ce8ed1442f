// The Python face of what makes planes: of PNG files and of pixels.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "arrays.hpp"
#include "planes.hpp"
#include "png.hpp"

namespace lookalike {

using namespace nb::literals;

namespace {

using Fields = std::tuple<std::size_t, std::size_t, unsigned, Levels, std::optional<Levels>, std::optional<Levels>,
                          double, double, unsigned, std::size_t, std::size_t, bool, unsigned>;

std::optional<Levels> chroma_of(Plane&& plane) {
  if (plane.levels.empty()) return std::nullopt;
  return levels_of(std::move(plane));
}

Fields fields_of(Picture&& picture) {
  return {picture.width,       picture.height,         picture.unit,
          levels_of(std::move(picture.luma)), chroma_of(std::move(picture.cb)), chroma_of(std::move(picture.cr)),
          picture.chroma_width, picture.chroma_height, picture.orientation,
          picture.exif,        picture.exif_size,      picture.alpha,
          picture.depth};
}

std::optional<std::tuple<nb::bytes, std::size_t, nb::bytes>> png_header(const nb::bytes& data, std::size_t max_pixels) {
  PngHeader header;
  bool ours = false;
  {
    const nb::gil_scoped_release unlocked;
    ours = read_png_header(span_of(data), max_pixels, header);
  }
  if (!ours) return std::nullopt;
  const nb::bytes compressed = nb::steal<nb::bytes>(
      PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(header.compressed)));
  if (!compressed.is_valid()) throw nb::python_error();
  {
    const nb::gil_scoped_release unlocked;
    char* to = PyBytes_AsString(compressed.ptr());  // nobody else has it yet
    for (const auto part : header.data) to = std::copy(part.begin(), part.end(), to);
  }
  return std::tuple{compressed, header.inflated, nb::bytes(header.profile.data(), header.profile.size())};
}

std::optional<Fields> png_picture(const nb::bytes& data, const Input<std::uint8_t, 1>& inflated, std::size_t max_pixels) {
  Picture picture;
  bool ours = false;
  {
    const nb::gil_scoped_release unlocked;
    PngHeader header;
    ours = read_png_header(span_of(data), max_pixels, header) && read_png(header, {inflated.data(), inflated.size()}, picture);
  }
  if (!ours) return std::nullopt;
  return fields_of(std::move(picture));
}

using Pixels = nb::ndarray<const std::uint8_t, nb::c_contig, nb::device::cpu>;

std::tuple<Levels, std::optional<Levels>, std::optional<Levels>> planes(const Pixels& pixels) {
  const std::size_t channels = pixels.ndim() == 2 ? 1 : pixels.ndim() == 3 ? pixels.shape(2) : 0;
  if ((channels != 1 && channels != 3) || pixels.size() == 0) {
    throw std::invalid_argument("a picture must be (h, w) or (h, w, 3), and not empty");
  }
  Picture picture;
  {
    const nb::gil_scoped_release unlocked;
    const std::size_t height = pixels.shape(0), width = pixels.shape(1);
    PlaneRows rows(width, height, channels, picture);
    for (std::size_t y = 0; y < height; ++y) rows.add(pixels.data() + y * width * channels);
  }
  return {levels_of(std::move(picture.luma)), chroma_of(std::move(picture.cb)), chroma_of(std::move(picture.cr))};
}

}  // namespace

void define_png(nb::module_& m) {
  m.def("png_header", &png_header, "data"_a, "max_pixels"_a,
        "Of a PNG file: its compressed pixels, the size they inflate to, and its compressed colour profile, empty where "
        "there is none. None where Pillow is to decode it.");
  m.def("planes", &planes, "pixels"_a.noconvert(), "Gray or RGB pixels to luma, Cb and Cr, or to means of blocks of them.");
  m.def("png_picture", &png_picture, "data"_a, "inflated"_a, "max_pixels"_a,
        "The planes and facts of a PNG file with its pixels inflated; None where Pillow is to decode it.");
}

}  // namespace lookalike
