// The Python face of the kernels: checks arguments, lets go of the interpreter lock, wraps results. No algorithm here.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <bit>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "gray.hpp"
#include "haar.hpp"
#include "join.hpp"
#include "pdq.hpp"
#include "resample.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace lookalike {
namespace {

using HashBlock = nb::ndarray<const std::uint64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

template <class T>
using Column = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

Method method_named(const std::string& name) {
  if (name == "auto") return Method::automatic;
  if (name == "brute") return Method::brute;
  if (name == "bands") return Method::bands;
  throw std::invalid_argument("method must be one of auto, brute, bands, got '" + name + "'");
}

void check_signals() {
  const nb::gil_scoped_acquire lock;
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

// Keeps the caller's array alive beside the stream that reads it.
class BoundStream {
 public:
  BoundStream(HashBlock block, unsigned radius, unsigned threads, const std::string& kernel, const std::string& method,
              std::size_t task_pairs)
      : block_(std::move(block)) {
    if (std::uint64_t{block_.shape(0)} >> 32 != 0) throw std::invalid_argument("a block must have under 2**32 rows");
    if (block_.shape(1) < 1 || block_.shape(1) > 1023) {  // distances are 16 bits wide
      throw std::invalid_argument("a row must have 1 to 1023 words, got " + std::to_string(block_.shape(1)));
    }
    const auto words = static_cast<unsigned>(block_.shape(1));
    if (radius > 64 * words) {
      throw std::invalid_argument("radius must be at most " + std::to_string(64 * words) + " bits, got " +
                                  std::to_string(radius));
    }
    stream_ = std::make_unique<PairStream>(Block{block_.data(), block_.shape(0), words}, radius, threads,
                                           kernel_named(kernel), method_named(method), task_pairs, check_signals);
  }

  std::optional<PairColumns> next(std::size_t limit) {
    PairColumns pairs = stream_->next(limit);
    if (pairs.left.empty()) return std::nullopt;
    return pairs;
  }

  std::vector<std::tuple<unsigned, unsigned, unsigned>> bands() const {
    std::vector<std::tuple<unsigned, unsigned, unsigned>> bands;
    for (const Band& band : stream_->bands()) bands.emplace_back(band.start, band.width, band.flips);
    return bands;
  }

 private:
  HashBlock block_;
  std::unique_ptr<PairStream> stream_;
};

template <class T>
Column<T> column(std::vector<T>&& values) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  std::vector<T>* held = owned.get();
  nb::capsule owner(held, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  owned.release();
  return Column<T>(held->data(), {held->size()}, owner);
}

template <class T, int dimensions>
using Input = nb::ndarray<const T, nb::ndim<dimensions>, nb::c_contig, nb::device::cpu>;

// A new array, filled by fill(T*) without the interpreter lock.
template <class T, class Fill>
nb::ndarray<nb::numpy, T> filled(std::initializer_list<std::size_t> shape, Fill fill) {
  std::size_t size = 1;
  for (const std::size_t side : shape) size *= side;
  auto owned = std::make_unique<T[]>(size);
  T* data = owned.get();
  {
    const nb::gil_scoped_release unlocked;
    fill(data);
  }
  nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<T*>(p); });
  owned.release();
  return nb::ndarray<nb::numpy, T>(data, shape, owner);
}

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

template <class T>
using ConstColumn = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

Windows checked_windows(const ConstColumn<std::int64_t>& start, const ConstColumn<std::int64_t>& bounds,
                        const ConstColumn<float>& weights, std::size_t source) {
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
nb::ndarray<nb::numpy, T, nb::ndim<3>> resampled(
    const nb::ndarray<const T, nb::ndim<3>, nb::c_contig, nb::device::cpu>& pixels,
    const ConstColumn<std::int64_t>& down_start, const ConstColumn<std::int64_t>& down_bounds,
    const ConstColumn<float>& down_weights, const ConstColumn<std::int64_t>& across_start,
    const ConstColumn<std::int64_t>& across_bounds, const ConstColumn<float>& across_weights) {
  const Windows down = checked_windows(down_start, down_bounds, down_weights, pixels.shape(0));
  const Windows across = checked_windows(across_start, across_bounds, across_weights, pixels.shape(1));
  const std::size_t channels = pixels.shape(2);
  if (channels == 0) throw std::invalid_argument("a picture must have at least one channel");
  auto owned = std::make_unique<T[]>(down.count * across.count * channels);
  {
    const nb::gil_scoped_release unlocked;
    resample(pixels.data(), pixels.shape(1), channels, down, across, owned.get());
  }
  nb::capsule owner(owned.get(), [](void* p) noexcept { delete[] static_cast<T*>(p); });
  return nb::ndarray<nb::numpy, T, nb::ndim<3>>(owned.release(), {down.count, across.count, channels}, owner);
}

template <class T>
void define_resample(nb::module_& m) {
  m.def("resample", resampled<T>, "pixels"_a.noconvert(), "down_start"_a.noconvert(), "down_bounds"_a.noconvert(),
        "down_weights"_a.noconvert(), "across_start"_a.noconvert(), "across_bounds"_a.noconvert(),
        "across_weights"_a.noconvert(), "A picture of (h, w, channels), its rows and columns summed with windows.");
}

}  // namespace
}  // namespace lookalike

NB_MODULE(_native, m) {
  using namespace lookalike;
  m.doc() = "Compiled kernels of lookalike.";
  m.def(
      "kernels",
      [] {
        std::vector<std::string> names;
        for (const Kernel& kernel : kernels()) names.emplace_back(kernel.name);
        return names;
      },
      "Names of the compare kernels this processor runs, best first.");
  nb::class_<BoundStream>(m, "PairStream", "All pairs of rows within a Hamming radius, in parts.")
      .def(nb::init<HashBlock, unsigned, unsigned, const std::string&, const std::string&, std::size_t>(),
           "block"_a.noconvert(), "radius"_a, "threads"_a, "kernel"_a, "method"_a = "auto",
           "task_pairs"_a = std::size_t{1} << 20)
      .def_prop_ro("bands", &BoundStream::bands, "Bands as (start, width, flips); one of width 0 is brute force.")
      .def(
          "next",
          [](BoundStream& stream, std::size_t limit) -> nb::object {
            std::optional<PairColumns> pairs;
            {
              const nb::gil_scoped_release unlocked;
              pairs = stream.next(limit);
            }
            if (!pairs) return nb::none();
            return nb::make_tuple(column(std::move(pairs->left)), column(std::move(pairs->right)),
                                  column(std::move(pairs->distance)));
          },
          "limit"_a, "At least `limit` further pairs, all that are left if fewer, None if none is.");
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
        "kernel"_a,         "A gray picture (h, w), resampled as Pillow does.");
  define_resample<std::uint8_t>(m);
  define_resample<std::uint16_t>(m);
}
