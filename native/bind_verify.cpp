// The Python face of verification.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "evidence.hpp"
#include "measure.hpp"

namespace lookalike {

using namespace nb::literals;

namespace {

// One row a pair of what is known beside its tiles, in the order of lookalike.verify.measuring.
constexpr std::size_t fact_count = 9;
// What prepared pictures take together, so that they stay near, and how many there are at least.
constexpr std::size_t prepared_bytes = std::size_t{1} << 20, least_prepared = 4;

using Planes = Input<std::uint8_t, 3>;
using Rows = Input<std::int64_t, 1>;

std::vector<std::string> verify_kernels() {
#ifdef LOOKALIKE_AVX2
  if (LOOKALIKE_HAS("avx2")) return {"avx2", "plain"};
#endif
  return {"plain"};
}

Instructions instructions(const std::string& kernel) {
  const std::vector<std::string> known = verify_kernels();
  if (std::find(known.begin(), known.end(), kernel) == known.end()) throw std::invalid_argument("no kernel of that name: " + kernel);
  return kernel == "plain" ? Instructions::plain : Instructions::avx2;
}

void check(const Rows& rows, std::size_t most, std::size_t count) {
  const bool fits = std::all_of(rows.data(), rows.data() + rows.shape(0), [&](std::int64_t row) {
    return row >= 0 && static_cast<std::size_t>(row) < most;
  });
  if (rows.shape(0) != count || !fits) throw std::invalid_argument("rows must be as many on both sides, each of a picture there");
}

// The pictures of two blocks, each prepared once while there is room for all of them.
class Prepared {
 public:
  Prepared(const Planes& left, const Planes& right, Instructions set)
      : blocks_{left.data(), right.data()}, side_(static_cast<unsigned>(left.shape(1))), set_(set) {
    for (auto& slots : slots_) slots.assign(std::max(left.shape(0), right.shape(0)), none);  // one block may begin the other
    views_.resize(std::max(prepared_bytes / (16 * std::size_t{side_} * side_), least_prepared));
  }

  std::pair<View*, View*> pair(std::int64_t left, std::int64_t right) {
    if (used_.size() + 2 > views_.size()) {
      for (std::size_t* slot : used_) *slot = none;
      used_.clear();
    }
    View* one = view(0, left);
    return {one, view(blocks_[0] == blocks_[1] ? 0 : 1, right)};
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  View* view(int which, std::int64_t place) {
    const auto row = static_cast<std::size_t>(place);
    std::size_t& slot = slots_[which][row];
    if (slot == none) {
      slot = used_.size();
      used_.push_back(&slot);
      views_[slot].build(blocks_[which] + row * side_ * side_, side_, set_);
    }
    return &views_[slot];
  }

  const std::uint8_t* blocks_[2];
  unsigned side_;
  Instructions set_;
  std::vector<View> views_;
  std::vector<std::size_t> slots_[2];
  std::vector<std::size_t*> used_;
};

nb::tuple measured(const Planes& left, const Rows& left_rows, const Planes& right, const Rows& right_rows, std::size_t side,
                   const std::string& kernel) {
  const std::size_t count = left_rows.shape(0), size = left.shape(1);
  if (size < coarsest_side || size > finest_side || !std::has_single_bit(size) || left.shape(2) != size ||
      right.shape(1) != size || right.shape(2) != size || side < coarsest_side || side > size || !std::has_single_bit(side)) {
    throw std::invalid_argument("planes must be of one side, a power of two from 16 to 2048, and compared at one up to that");
  }
  check(left_rows, left.shape(0), count);
  check(right_rows, right.shape(0), count);
  const Instructions set = instructions(kernel);
  const std::size_t tiles = std::size_t{tiles_per_side(static_cast<unsigned>(side))} * tiles_per_side(static_cast<unsigned>(side));
  auto maps = std::make_unique<double[]>(count * 6);
  auto facts = std::make_unique<std::int64_t[]>(count * fact_count);
  auto change = std::make_unique<std::int32_t[]>(count * tiles);
  auto structure = std::make_unique<std::int32_t[]>(count * tiles * 2);
  {
    const nb::gil_scoped_release unlocked;
    Prepared views(left, right, set);
    Room room(static_cast<unsigned>(size), set);
    Measured found;
    for (std::size_t i = 0; i < count; ++i) {
      const auto [one, other] = views.pair(left_rows.data()[i], right_rows.data()[i]);
      measure(*one, *other, static_cast<unsigned>(side), room, found);
      std::copy_n(found.map.begin(), 6, maps.get() + i * 6);
      const std::int64_t row[fact_count] = {found.swapped,  found.match,    found.finished, found.contrast[0], found.contrast[1],
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

nb::tuple textures(const Input<std::int32_t, 2>& change, const Input<std::int32_t, 3>& structure,
                   const Input<std::int64_t, 2>& contrast, const std::string& kernel) {
  const std::size_t count = change.shape(0), tiles = change.shape(1);
  if (structure.shape(0) != count || structure.shape(1) != tiles || structure.shape(2) != 2 || contrast.shape(0) != count ||
      contrast.shape(1) != 2) {
    throw std::invalid_argument("changes, structure and contrast must be those of the same pairs");
  }
  const Instructions set = instructions(kernel);
  auto changed = std::make_unique<bool[]>(count * tiles);
  const auto numbers = filled<std::int64_t>({count, texture_columns}, [&](std::int64_t* to) {
    for (std::size_t i = 0; i < count; ++i) {
      const Texture row = texture(change.data() + i * tiles, structure.data() + 2 * i * tiles, tiles, contrast.data() + 2 * i,
                                  changed.get() + i * tiles, set);
      std::copy(row.begin(), row.end(), to + i * texture_columns);
    }
  });
  return nb::make_tuple(numbers, owned(std::move(changed), {count, tiles}));
}

nb::ndarray<nb::numpy, std::uint8_t> shown(const Planes& luma, const Input<double, 3>& maps) {
  const std::size_t count = luma.shape(0), side = luma.shape(1);
  if (luma.shape(2) != side || side < 2 || side > finest_side || maps.shape(0) != count || maps.shape(1) != 2 || maps.shape(2) != 3) {
    throw std::invalid_argument("planes must be square, of a side of 2 to 2048, with a map each");
  }
  return filled<std::uint8_t>({count, side, side}, [&](std::uint8_t* to) {
    for (std::size_t i = 0; i < count; ++i) {
      Map map;
      std::copy_n(maps.data() + 6 * i, 6, map.begin());
      show(luma.data() + i * side * side, static_cast<unsigned>(side), map, to + i * side * side);
    }
  });
}

using Chroma = Input<std::uint8_t, 4>;

nb::ndarray<nb::numpy, std::int64_t> colours(const Chroma& left, const Rows& left_rows, const Chroma& right, const Rows& right_rows,
                                             const Input<double, 3>& maps, const Input<bool, 1>& swapped,
                                             const Input<bool, 3>& changed) {
  const std::size_t count = left_rows.shape(0);
  check(left_rows, left.shape(0), count);
  check(right_rows, right.shape(0), count);
  const auto square = [](const auto& places) { return places.shape(1) == chroma_side && places.shape(2) == chroma_side; };
  if (!square(left) || !square(right) || !square(changed) || left.shape(3) != 2 || right.shape(3) != 2 || maps.shape(0) != count ||
      maps.shape(1) != 2 || maps.shape(2) != 3 || swapped.shape(0) != count || changed.shape(0) != count) {
    throw std::invalid_argument("chroma, maps and places must be those of the same pairs");
  }
  return filled<std::int64_t>({count, colour_columns}, [&](std::int64_t* to) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint8_t* one = left.data() + 2 * chroma_places * static_cast<std::size_t>(left_rows.data()[i]);
      const std::uint8_t* other = right.data() + 2 * chroma_places * static_cast<std::size_t>(right_rows.data()[i]);
      const bool swap = swapped.data()[i];
      Map map;
      std::copy_n(maps.data() + 6 * i, 6, map.begin());
      Colour row = colour(swap ? one : other, swap ? other : one, map, changed.data() + i * chroma_places);
      if (!swap) std::swap(row[0], row[1]);
      std::copy(row.begin(), row.end(), to + i * colour_columns);
    }
  });
}

}  // namespace

void define_verify(nb::module_& m) {
  m.def("verify_kernels", &verify_kernels, "What runs on this machine, best first; all give the same bits.");
  m.def("measure", &measured, "left"_a.noconvert(), "left_rows"_a.noconvert(), "right"_a.noconvert(), "right_rows"_a.noconvert(),
        "side"_a, "kernel"_a, "Maps (n, 2, 3), facts (n, 9), change (n, tiles) and structure (n, tiles, 2) of pairs of planes.");
  m.def("show", &shown, "luma"_a.noconvert(), "maps"_a.noconvert(), "Planes (n, side, side) where maps (n, 2, 3) lead.");
  m.def("texture", &textures, "change"_a.noconvert(), "structure"_a.noconvert(), "contrast"_a.noconvert(), "kernel"_a,
        "Numbers (n, 13) and changed tiles (n, tiles) of what was measured.");
  m.def("colour", &colours, "left"_a.noconvert(), "left_rows"_a.noconvert(), "right"_a.noconvert(), "right_rows"_a.noconvert(),
        "maps"_a.noconvert(), "swapped"_a.noconvert(), "changed"_a.noconvert(), "Numbers (n, 6) of pairs of chroma planes.");
}

}  // namespace lookalike
