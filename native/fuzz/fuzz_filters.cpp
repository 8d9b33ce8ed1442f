// Any bytes as filtered rows of a PNG file; each filter, row by row and several rows together, against the formulas of the
// standard (https://www.w3.org/TR/png-3/#9Filters).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "../filters.hpp"

namespace {

using Row = std::vector<std::uint8_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

int paeth(int left, int upper, int corner) {
  const int by_left = std::abs(upper - corner), by_upper = std::abs(left - corner), by_corner = std::abs(left + upper - 2 * corner);
  if (by_left <= by_upper && by_left <= by_corner) return left;
  return by_upper <= by_corner ? upper : corner;
}

void reference(unsigned filter, std::size_t step, const std::uint8_t* filtered, const std::uint8_t* above, std::size_t size,
               std::uint8_t* row) {
  for (std::size_t i = 0; i < size; ++i) {
    const int left = i < step ? 0 : row[i - step], corner = i < step ? 0 : above[i - step], upper = above[i];
    const int guesses[] = {0, left, upper, (left + upper) / 2, paeth(left, upper, corner)};
    row[i] = static_cast<std::uint8_t>(filtered[i] + guesses[filter]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using lookalike::filter_slack, lookalike::together;
  constexpr std::size_t steps[] = {1, 2, 3, 4, 6, 8};
  if (size < 3) return 0;
  const std::size_t step = steps[data[0] % 6], width = step * (1 + data[1] % 61), pitch = width + filter_slack;
  data += 2, size -= 2;
  const auto byte = [&, at = std::size_t{0}]() mutable { return data[at++ % size]; };
  Row above(pitch), filtered(together * pitch);
  std::generate_n(above.begin(), width, byte);
  std::generate(filtered.begin(), filtered.end(), byte);
  for (unsigned filter = 0; filter < 5; ++filter) {
    Row got(pitch), wanted(pitch);
    lookalike::unfilter(filter, step, filtered.data(), above.data(), width, got.data());
    reference(filter, step, filtered.data(), above.data(), width, wanted.data());
    require(std::equal(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(width), wanted.begin()));
  }
  Row rows(together * pitch), wanted(together * pitch);
  lookalike::unfilter_paeth(step, filtered.data(), above.data(), width, pitch, rows.data());
  for (std::size_t k = 0; k < together; ++k) {
    const std::uint8_t* over = k == 0 ? above.data() : wanted.data() + (k - 1) * pitch;
    reference(4, step, filtered.data() + k * pitch, over, width, wanted.data() + k * pitch);
    require(std::equal(wanted.data() + k * pitch, wanted.data() + k * pitch + width, rows.data() + k * pitch));
  }
  return 0;
}
