// The Python face of the kernels that make hashes.
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <bit>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "arrays.hpp"
#include "gray.hpp"
#include "haar.hpp"
#include "pdq.hpp"
#include "resample.hpp"

namespace lookalike {

using namespace nb::literals;

namespace {

nb::ndarray<nb::numpy, float> reduced_luma(const Input<float, 2>& luma) {
  return filled<float>({pdq_side, pdq_side},
                       [&](float* out) { pdq_reduce_luma(luma.data(), luma.shape(0), luma.shape(1), out); });
}

nb::ndarray<nb::numpy, float> reduced_rgb(const Input<std::uint8_t, 3>& rgb) {
  if (rgb.shape(2) != 3) throw std::invalid_argument("a picture must have 3 channels");
  return filled<float>({pdq_side, pdq_side},
                       [&](float* out) { pdq_reduce_rgb(rgb.data(), rgb.shape(0), rgb.shape(1), out); });
}

nb::ndarray<nb::numpy, float> frequencies(const Input<float, 3>& block, const Input<float, 2>& basis) {
  if (block.shape(1) != pdq_side || block.shape(2) != pdq_side || basis.shape(0) != pdq_size ||
      basis.shape(1) != pdq_side) {
    throw std::invalid_argument("pictures must be 64x64 and the basis 16x64");
  }
  return filled<float>({block.shape(0), pdq_size, pdq_size},
                       [&](float* out) { pdq_frequencies(block.data(), block.shape(0), basis.data(), out); });
}

nb::ndarray<nb::numpy, double> haar(const Input<std::uint8_t, 3>& block, unsigned levels, bool remove_mean) {
  const std::size_t side = block.shape(1);
  if (block.shape(2) != side || !std::has_single_bit(side)) {
    throw std::invalid_argument("pictures must be square, their side a power of two");
  }
  if (levels >= 64 || side >> levels == 0) throw std::invalid_argument("too many levels for pictures of that side");
  const std::size_t low = side >> levels;
  return filled<double>({block.shape(0), low, low}, [&](double* out) {
    for (std::size_t i = 0; i < block.shape(0); ++i) {
      haar_low(block.data() + i * side * side, side, levels, remove_mean, out + i * low * low);
    }
  });
}

std::unique_ptr<LanczosAxis> lanczos_axis(std::size_t size, std::size_t result) {
  constexpr std::size_t most = std::size_t{1} << 30;
  if (size < 1 || result < 1 || size > most || result > most) throw std::invalid_argument("a side must be 1 to 2**30");
  const nb::gil_scoped_release unlocked;
  return std::make_unique<LanczosAxis>(size, result);
}

nb::ndarray<nb::numpy, std::uint8_t> gray_resized(const Input<std::uint8_t, 2>& pixels, const LanczosAxis& across,
                                                  const LanczosAxis& down, bool down_first, const std::string& kernel) {
  const std::size_t height = pixels.shape(0), width = pixels.shape(1);
  if (across.size != width || down.size != height) throw std::invalid_argument("an axis is for another size");
  return filled<std::uint8_t>({down.result, across.result}, [&](std::uint8_t* out) {
    resize_gray(pixels.data(), width, height, across.result == width ? nullptr : &across,
                down.result == height ? nullptr : &down, down_first, kernel, out);
  });
}

Windows checked_windows(const Input<std::int64_t, 1>& start, const Input<std::int64_t, 1>& bounds,
                        const Input<float, 1>& weights, std::size_t source) {
  const Windows windows{start.data(), bounds.data(), weights.data(), start.shape(0)};
  bool sound = windows.count > 0 && bounds.shape(0) == windows.count + 1 && windows.bounds[0] == 0 &&
               windows.bounds[windows.count] == static_cast<std::int64_t>(weights.shape(0));
  for (std::size_t w = 0; sound && w < windows.count; ++w) {
    const std::int64_t begin = windows.bounds[w], end = windows.bounds[w + 1];
    sound = begin <= end && windows.start[w] >= 0 &&
            windows.start[w] <= static_cast<std::int64_t>(source) - (end - begin);
  }
  if (!sound) throw std::invalid_argument("a window of weights lies outside the picture");
  return windows;
}

template <class T>
nb::ndarray<nb::numpy, T> resampled(
    const Input<T, 3>& pixels,
    const Input<std::int64_t, 1>& down_start, const Input<std::int64_t, 1>& down_bounds,
    const Input<float, 1>& down_weights, const Input<std::int64_t, 1>& across_start,
    const Input<std::int64_t, 1>& across_bounds, const Input<float, 1>& across_weights) {
  const Windows down = checked_windows(down_start, down_bounds, down_weights, pixels.shape(0));
  const Windows across = checked_windows(across_start, across_bounds, across_weights, pixels.shape(1));
  const std::size_t channels = pixels.shape(2);
  if (channels == 0) throw std::invalid_argument("a picture must have at least one channel");
  return filled<T>({down.count, across.count, channels}, [&](T* out) {
    resample(pixels.data(), pixels.shape(1), channels, down, across, out);
  });
}

template <class T>
void define_resample(nb::module_& m) {
  m.def("resample", resampled<T>, "pixels"_a.noconvert(), "down_start"_a.noconvert(), "down_bounds"_a.noconvert(),
        "down_weights"_a.noconvert(), "across_start"_a.noconvert(), "across_bounds"_a.noconvert(),
        "across_weights"_a.noconvert(), "A picture of (h, w, channels), its rows and columns summed with windows.");
}

}  // namespace

void define_hashes(nb::module_& m) {
  m.def("pdq_reduce_luma", &reduced_luma, "luma"_a.noconvert(), "Luma (h, w) to 64x64 as PDQ does.");
  m.def("pdq_reduce_rgb", &reduced_rgb, "rgb"_a.noconvert(), "RGB (h, w, 3) to luma of 64x64 as PDQ does.");
  m.def("pdq_frequencies", &frequencies, "block"_a.noconvert(), "basis"_a.noconvert(),
        "Pictures (n, 64, 64) to low frequencies (n, 16, 16).");
  m.def("haar_low", &haar, "block"_a.noconvert(), "levels"_a, "remove_mean"_a,
        "Low Haar bands of pictures (n, s, s), as shares of 255.");
  nb::class_<LanczosAxis>(m, "LanczosAxis", "Weights by which `size` pixels along a side become `result`.")
      .def(nb::new_(&lanczos_axis), "size"_a, "result"_a);
  m.def(
      "gray_kernels",
      [] {
        const std::vector<std::string_view> names = gray_kernels();
        return std::vector<std::string>(names.begin(), names.end());
      },
      "Names of the kernels of resize_gray that this processor runs, best first.");
  m.def("resize_gray", &gray_resized, "pixels"_a.noconvert(), "across"_a, "down"_a, "down_first"_a,
        "kernel"_a, "A gray picture (h, w), resampled as Pillow does.");
  define_resample<std::uint8_t>(m);
  define_resample<std::uint16_t>(m);
}

}  // namespace lookalike
