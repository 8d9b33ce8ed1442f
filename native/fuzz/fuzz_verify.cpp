// Any bytes as two pictures in luma and chroma, and what verification computes of them: each instruction set must give the same
// numbers, and every number must lie where the references have it. Both pictures also as their luma resampled.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "../evidence.hpp"
#include "../lanczos.hpp"
#include "../measure.hpp"

namespace {

using namespace lookalike;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Result {
  Measured measured;
  Texture texture{};
  std::unique_ptr<bool[]> changed;
};

Result measured(const std::vector<std::uint8_t>& left, const std::vector<std::uint8_t>& right, unsigned side, unsigned fine,
                Instructions set) {
  View one, other;
  one.build(left.data(), side, set);
  other.build(right.data(), side, set);
  Room room(side, set);
  Result result;
  measure(one, other, fine, room, result.measured);
  const std::size_t tiles = result.measured.change.size();
  result.changed = std::make_unique<bool[]>(tiles);
  result.texture = texture(result.measured.change.data(), result.measured.structure.data(), tiles, result.measured.contrast,
                           result.changed.get(), set);
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 12) return 0;
  const unsigned side = 16U << data[0] % 3, fine = std::max(16U, side >> data[0] / 4 % 2), how = data[1];
  const std::uint8_t width = data[2], height = data[3];
  data += 4, size -= 4;
  std::vector<std::uint8_t> left(side * side), right(side * side), chroma(4 * chroma_places);
  // Smooth where the input repeats: a few of its bytes are a small picture that is resampled to the side.
  if (how & 1) {
    const std::size_t w = 1 + width % 24, h = 1 + height % 24;
    std::vector<std::uint8_t> small(w * h);
    for (std::size_t i = 0; i < small.size(); ++i) small[i] = data[i % size];
    shrink(small.data(), w, h, w, h, 1, side, left.data());
  } else {
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = data[i % size];
  }
  // The other one: the same moved, brighter and changed here and there, or of other bytes.
  for (unsigned y = 0; y < side; ++y) {
    for (unsigned x = 0; x < side; ++x) {
      const unsigned to_x = std::min(side - 1, x + how / 16 % 4), to_y = std::min(side - 1, y + how / 64);
      const std::uint8_t level = left[to_y * side + to_x], odd = data[(y * side + x) * 7 % size];
      right[y * side + x] = how & 2 ? odd : static_cast<std::uint8_t>(how & 4 ? level / 2 + 50 : level + (odd > 250 ? odd : 0));
    }
  }
  if (how & 8) std::swap(left, right);
  for (std::size_t i = 0; i < chroma.size(); ++i) chroma[i] = data[i * 5 % size];
  const Result plain = measured(left, right, side, fine, Instructions::plain);
  const Measured& found = plain.measured;
  require(found.change.size() == std::size_t{tiles_per_side(fine)} * tiles_per_side(fine));
  require(std::all_of(found.change.begin(), found.change.end(), [](std::int32_t one) { return one >= -1; }));
#ifdef LOOKALIKE_AVX2
  if (LOOKALIKE_HAS("avx2")) {
    const Result fast = measured(left, right, side, fine, Instructions::avx2);
    const Measured& same = fast.measured;
    require(same.map == found.map && same.match == found.match && same.swapped == found.swapped && same.finished == found.finished);
    require(same.change == found.change && same.structure == found.structure && fast.texture == plain.texture);
    require(std::equal(plain.changed.get(), plain.changed.get() + found.change.size(), fast.changed.get()));
  }
#endif
  std::vector<std::uint8_t> shown(side * side);
  show(right.data(), side, found.map, shown.data());
  const bool none[chroma_places] = {};
  const Colour numbers = colour(chroma.data(), chroma.data() + 2 * chroma_places, found.map, none);
  require(numbers[4] >= 0 && numbers[5] >= 0 && numbers[4] <= chroma_places && numbers[5] <= chroma_places);
  return 0;
}
