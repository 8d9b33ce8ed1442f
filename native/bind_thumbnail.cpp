// The Python face of thumbnails.
#include <stdexcept>

#include "arrays.hpp"
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

}  // namespace

void define_thumbnail(nb::module_& m) {
  m.def("shrink", &shrunk, "plane"_a.noconvert(), "width"_a, "height"_a, "unit"_a, "side"_a,
        "A plane (h, w) of means of squares of `unit` pixels, resampled to (side, side).");
}

}  // namespace lookalike
