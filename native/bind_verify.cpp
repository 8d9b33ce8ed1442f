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

// One row a pair of what is known beside its tiles, in the order of lookalike.verify.measuring.
constexpr std::size_t fact_count = 9;

nb::tuple measured(const Input<std::uint8_t, 3>& left, const Input<std::uint8_t, 3>& right, std::size_t side) {
  const std::size_t count = left.shape(0), size = left.shape(1);
  if (size < coarsest_side || size > finest_side || !std::has_single_bit(size) || left.shape(2) != size ||
      right.shape(0) != count || right.shape(1) != size || right.shape(2) != size || side < coarsest_side || side > size ||
      !std::has_single_bit(side)) {
    throw std::invalid_argument("planes must be as many on both sides, and of one side, a power of two");
  }
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
    for (std::size_t i = 0; i < count; ++i) {
      one.build(left.data() + i * size * size, static_cast<unsigned>(size));
      other.build(right.data() + i * size * size, static_cast<unsigned>(size));
      measure(one, other, static_cast<unsigned>(side), scratch, room, found);
      std::copy_n(found.map.begin(), 6, maps.get() + i * 6);
      const std::int64_t row[fact_count] = {found.swapped,     found.match,    found.finished, found.contrast[0], found.contrast[1],
                                            found.level[0], found.level[1], found.inside,   found.difference};
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
  m.def("measure", &measured, "left"_a.noconvert(), "right"_a.noconvert(), "side"_a,
        "Maps (n, 2, 3), facts (n, 9), change (n, tiles) and structure (n, tiles, 2) of pairs of planes.");
}

}  // namespace lookalike
