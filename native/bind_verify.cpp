// The Python face of verification.
#include <algorithm>
#include <bit>
#include <stdexcept>
#include <vector>

#include "alignment.hpp"
#include "arrays.hpp"
#include "measure.hpp"

namespace lookalike {

using namespace nb::literals;

namespace {

nb::ndarray<nb::numpy, double> aligned(const Input<std::uint8_t, 3>& left, const Input<std::uint8_t, 3>& right,
                                       const Input<double, 3>& maps, const Input<std::uint32_t, 1>& sides) {
  const std::size_t count = left.shape(0), side = left.shape(1);
  if (side < coarsest_side || side > finest_side || !std::has_single_bit(side) || left.shape(2) != side ||
      right.shape(0) != count || right.shape(1) != side || right.shape(2) != side || maps.shape(0) != count ||
      maps.shape(1) != 2 || maps.shape(2) != 3) {
    throw std::invalid_argument("planes must be as many as maps, and of one side, a power of two");
  }
  const std::vector<unsigned> at(sides.data(), sides.data() + sides.shape(0));
  for (const unsigned one : at) {
    if (one < coarsest_side || one > side || !std::has_single_bit(one)) throw std::invalid_argument("no such side");
  }
  return filled<double>({count, 2, 3}, [&](double* out) {
    std::copy_n(maps.data(), count * 6, out);
    Scratch scratch(static_cast<unsigned>(side));
    Pyramid one, other;
    for (std::size_t i = 0; i < count; ++i) {
      one.build(left.data() + i * side * side, static_cast<unsigned>(side));
      other.build(right.data() + i * side * side, static_cast<unsigned>(side));
      Map map;
      std::copy_n(out + i * 6, 6, map.begin());
      align(one, other, map, at.data(), at.size(), scratch);
      std::copy_n(map.begin(), 6, out + i * 6);
    }
  });
}

// One row a pair of what is known beside its tiles, in the order of lookalike.verify.measuring.
constexpr std::size_t fact_count = 10;

nb::tuple measured(const Input<std::uint8_t, 3>& left, const Input<std::uint8_t, 3>& right, const Input<double, 3>& starts,
                   const Input<std::int64_t, 1>& bounds, std::size_t side) {
  const std::size_t count = left.shape(0), size = left.shape(1);
  bool sound = size >= coarsest_side && size <= finest_side && std::has_single_bit(size) && left.shape(2) == size &&
               right.shape(0) == count && right.shape(1) == size && right.shape(2) == size && starts.shape(1) == 2 &&
               starts.shape(2) == 3 && side >= coarsest_side && side <= size && std::has_single_bit(side) &&
               bounds.shape(0) == count + 1;
  for (std::size_t i = 0; sound && i < count; ++i) {
    sound = bounds.data()[i] >= 0 && bounds.data()[i] < bounds.data()[i + 1] &&
            bounds.data()[i + 1] <= static_cast<std::int64_t>(starts.shape(0));
  }
  if (!sound) throw std::invalid_argument("planes must be of one side, a power of two, and each pair must have a start");
  const std::size_t tiles = std::size_t{tiles_per_side(static_cast<unsigned>(side))} * tiles_per_side(static_cast<unsigned>(side));
  auto maps = std::make_unique<double[]>(count * 6);
  auto facts = std::make_unique<std::int64_t[]>(count * fact_count);
  auto change = std::make_unique<std::int32_t[]>(count * tiles);
  auto structure = std::make_unique<std::int32_t[]>(count * tiles * 2);
  {
    const nb::gil_scoped_release unlocked;
    Scratch scratch(static_cast<unsigned>(size));
    TileScratch room(static_cast<unsigned>(size));
    Pyramid one, other;
    Measured found;
    std::vector<Map> from;
    for (std::size_t i = 0; i < count; ++i) {
      one.build(left.data() + i * size * size, static_cast<unsigned>(size));
      other.build(right.data() + i * size * size, static_cast<unsigned>(size));
      from.clear();
      for (std::int64_t k = bounds.data()[i]; k < bounds.data()[i + 1]; ++k) {
        std::copy_n(starts.data() + k * 6, 6, from.emplace_back().begin());
      }
      measure(one, other, from.data(), from.size(), static_cast<unsigned>(side), scratch, room, found);
      std::copy_n(found.map.begin(), 6, maps.get() + i * 6);
      const std::int64_t row[fact_count] = {found.start, found.swapped, found.match, found.finished, found.contrast[0],
                                            found.contrast[1], found.level[0], found.level[1], found.inside,
                                            found.difference};
      std::copy_n(row, fact_count, facts.get() + i * fact_count);
      std::copy_n(found.change.begin(), tiles, change.get() + i * tiles);
      std::copy_n(found.structure.begin(), tiles * 2, structure.get() + i * tiles * 2);
    }
  }
  return nb::make_tuple(owned(std::move(maps), {count, std::size_t{2}, std::size_t{3}}),
                        owned(std::move(facts), {count, fact_count}), owned(std::move(change), {count, tiles}),
                        owned(std::move(structure), {count, tiles, std::size_t{2}}));
}

}  // namespace

void define_verify(nb::module_& m) {
  m.def("align", &aligned, "left"_a.noconvert(), "right"_a.noconvert(), "maps"_a.noconvert(), "sides"_a.noconvert(),
        "Maps (n, 2, 3) between planes (n, side, side), refined at some sides.");
  m.def("measure", &measured, "left"_a.noconvert(), "right"_a.noconvert(), "starts"_a.noconvert(), "bounds"_a.noconvert(),
        "side"_a, "Maps (n, 2, 3), facts (n, 10), change (n, tiles) and structure (n, tiles, 2) of pairs of planes.");
}

}  // namespace lookalike
