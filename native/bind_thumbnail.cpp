// The Python face of thumbnails.
#include <stdexcept>

#include "arrays.hpp"
#include "cosine.hpp"
#include "lanczos.hpp"

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
  const std::size_t side = pictures.shape(1);
  if (side < 1 || side != pictures.shape(2) || width < 1 || height < 1 || width > 4096 || height > 4096) {
    throw std::invalid_argument("pictures must be square, and results 1 to 4096 a side");
  }
  return filled<std::uint8_t>({pictures.shape(0), height, width}, [&](std::uint8_t* out) {
    reduce(pictures.data(), pictures.shape(0), side, width, height, out);
  });
}

nb::ndarray<nb::numpy, double> frequencies(const Input<std::uint8_t, 3>& pictures, const Input<std::int16_t, 2>& basis) {
  if (pictures.shape(1) != cosine_side || pictures.shape(2) != cosine_side || basis.shape(1) != cosine_side) {
    throw std::invalid_argument("pictures must be 64x64 and the basis 64 wide");
  }
  const std::size_t count = basis.shape(0);
  return filled<double>({pictures.shape(0), count, count}, [&](double* out) {
    low_frequencies(pictures.data(), pictures.shape(0), basis.data(), count, out);
  });
}

}  // namespace

void define_thumbnail(nb::module_& m) {
  m.def("shrink", &shrunk, "plane"_a.noconvert(), "width"_a, "height"_a, "unit"_a, "side"_a,
        "A plane (h, w) of means of squares of `unit` pixels, resampled to (side, side).");
  m.def("reduce", &reduced, "pictures"_a.noconvert(), "width"_a, "height"_a,
        "Pictures (n, side, side), resampled to (n, height, width).");
  m.def("low_frequencies", &frequencies, "pictures"_a.noconvert(), "basis"_a.noconvert(),
        "Low frequencies (n, count, count) of pictures (n, 64, 64) by a basis (count, 64).");
}

}  // namespace lookalike
