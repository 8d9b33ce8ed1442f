// What the Python faces of the kernels share: arrays and bytes in, arrays out, and one define_ function for each kernel family.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "picture.hpp"

namespace lookalike {

namespace nb = nanobind;

template <class T, int dimensions>
using Input = nb::ndarray<const T, nb::ndim<dimensions>, nb::c_contig, nb::device::cpu>;

template <class T>
using Column = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

inline std::span<const std::uint8_t> span_of(const nb::bytes& bytes) {
  return {static_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

// An array that takes over a vector.
template <class T>
Column<T> column(std::vector<T>&& values) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  std::vector<T>* held = owned.get();
  nb::capsule owner(held, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  owned.release();
  return Column<T>(held->data(), {held->size()}, owner);
}

using Levels = nb::ndarray<nb::numpy, std::uint8_t, nb::ndim<2>>;

// An array that takes over a plane.
inline Levels levels_of(Plane&& plane) {
  auto owned = std::make_unique<Plane>(std::move(plane));
  Plane* held = owned.get();
  nb::capsule owner(held, [](void* p) noexcept { delete static_cast<Plane*>(p); });
  owned.release();
  return Levels(held->levels.data(), {held->height, held->width}, owner);
}

// An array that takes over its values.
template <class T>
nb::ndarray<nb::numpy, T> owned(std::unique_ptr<T[]> values, std::initializer_list<std::size_t> shape) {
  T* data = values.get();
  nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<T*>(p); });
  values.release();
  return nb::ndarray<nb::numpy, T>(data, shape, owner);
}

// A new array, filled by fill(T*) without the interpreter lock.
template <class T, class Fill>
nb::ndarray<nb::numpy, T> filled(std::initializer_list<std::size_t> shape, Fill fill) {
  std::size_t size = 1;
  for (const std::size_t side : shape) {
    if (side != 0 && size > std::numeric_limits<std::size_t>::max() / side) throw std::bad_array_new_length();
    size *= side;
  }
  auto values = std::make_unique<T[]>(size);
  {
    const nb::gil_scoped_release unlocked;
    fill(values.get());
  }
  return owned(std::move(values), shape);
}

void define_join(nb::module_& m);
void define_hashes(nb::module_& m);
void define_jpeg(nb::module_& m);
void define_files(nb::module_& m);
void define_thumbnail(nb::module_& m);
void define_png(nb::module_& m);
void define_verify(nb::module_& m);

}  // namespace lookalike
