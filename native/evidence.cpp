#include "evidence.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <vector>

namespace lookalike {
namespace {

constexpr std::int32_t all_of_it = 1024, neutral = 6 << value_bits, coloured = 12 << value_bits;
constexpr double textured_variance = 32 << (2 * value_bits), changed_variance = 12 << (2 * value_bits), noisy = 8,
                 appeared = 6 << value_bits;
constexpr int gray = 2;
constexpr std::size_t block = 64;

// Of some tiles; whole numbers below 2^53, so that quotients and roots of doubles, rounded down, are those of whole numbers.
struct Measures {
  double share[block], rest[block], variance[2][block], deviation[2][block];
};

LOOKALIKE_INLINE void measure(const std::int32_t* change, const std::int32_t* structure, std::size_t tiles, double left,
                              double right, Measures& made) {
  constexpr double unit = 1.0 / (1 << 16), whole = all_of_it;
  const double least = std::min(left, right);
  for (std::size_t i = 0; i < tiles; ++i) {
    const double one = structure[2 * i], other = structure[2 * i + 1], by = change[i];
    made.share[i] = std::min(std::floor(by * whole / std::max(std::min(one, other), 1.0)), whole);
    made.rest[i] = by < 0.0 ? -1.0 : std::floor(by * least * unit);
    made.variance[0][i] = std::floor(one * left * unit);
    made.variance[1][i] = std::floor(other * right * unit);
    made.deviation[0][i] = std::floor(std::sqrt(made.variance[0][i]));
    made.deviation[1][i] = std::floor(std::sqrt(made.variance[1][i]));
  }
}

// What a quarter of the tiles that count exceed.
double usual_of(const std::int32_t* change, std::size_t tiles, double least) {
  std::vector<std::int32_t> sorted(change, change + tiles);  // tiles that do not count are the least
  const auto counted = std::count_if(sorted.begin(), sorted.end(), [](std::int32_t one) { return one >= 0; });
  const auto quarter = sorted.begin() + counted / 4;
  std::nth_element(sorted.begin(), quarter, sorted.end(), std::greater<>());
  return *quarter < 0 ? 0.0 : std::floor(*quarter * least / (1 << 16));
}

// What no measure comes to, far beyond 2^53 or no number at all, is cut off.
std::int64_t whole(double value) {
  constexpr double most = 0x1p62;
  return static_cast<std::int64_t>(value > -most ? std::min(value, most) : -most);
}

struct Kernel {
  void (*measure)(const std::int32_t*, const std::int32_t*, std::size_t, double, double, Measures&);
};

#define LOOKALIKE_KERNEL(name, target)                                                                            \
  target void measure_##name(const std::int32_t* change, const std::int32_t* structure, std::size_t tiles, double left, \
                             double right, Measures& made) {                                                     \
    measure(change, structure, tiles, left, right, made);                                                        \
  }                                                                                                              \
  constexpr Kernel name##_kernel{measure_##name};

LOOKALIKE_KERNELS

}  // namespace

Texture texture(const std::int32_t* change, const std::int32_t* structure, std::size_t tiles, const std::int64_t* contrast,
                bool* changed, Instructions set) {
  const double left = static_cast<double>(contrast[0]), right = static_cast<double>(contrast[1]);
  std::int64_t counted = 0, changes = 0, textured = 0, gone = 0, well = 0;
  double step = 0, worst = 0, unexplained = 0, sharpness[2] = {}, shown[2] = {}, usual = -1;
  Measures made;
  for (std::size_t start = 0; start < tiles; start += block) {
    const std::size_t some = std::min(block, tiles - start);
    kernel_of(set).measure(change + start, structure + 2 * start, some, left, right, made);
    for (std::size_t i = 0; i < some; ++i) {
      const double less = std::min(made.deviation[0][i], made.deviation[1][i]);
      const double more = std::max(made.deviation[0][i], made.deviation[1][i]);
      const double share = made.share[i], rest = made.rest[i];
      const bool counts = rest >= 0;
      counted += counts;
      step = std::max(step, more - less);
      worst = std::max(worst, rest);
      bool differs = counts && more >= appeared && 4 * less < more;
      if (!differs && rest >= changed_variance && 8 * share >= all_of_it) {
        if (usual < 0) usual = usual_of(change, tiles, std::min(left, right));
        differs = rest >= changed_variance + noisy * usual;
      }
      changed[start + i] = differs;
      changes += differs;
      const bool shows = counts && std::max(made.variance[0][i], made.variance[1][i]) >= textured_variance;
      textured += shows;
      gone += shows && 8 * share >= 7 * all_of_it;
      well += shows && 8 * share <= all_of_it;
      unexplained += shows ? share : 0;
      for (int k = 0; k < 2; ++k) {
        sharpness[k] += made.deviation[k][i];
        shown[k] += differs ? made.variance[k][i] : 0;
      }
    }
  }
  const double more = 3 * std::abs(shown[1] - shown[0]) >= std::max(shown[0], shown[1]) ? shown[1] - shown[0] : 0;
  const std::int64_t of = std::max(textured, std::int64_t{1}), among = std::max(counted, std::int64_t{1});
  return {whole(step),
          counted,
          changes,
          (more > 0) - (more < 0),
          textured,
          whole(worst) >> value_bits,
          gone * all_of_it / of,
          well * all_of_it / of,
          whole(unexplained) / of,
          whole(std::sqrt(right)),
          whole(std::sqrt(left)),
          whole(sharpness[1]) / among,
          whole(sharpness[0]) / among};
}

Colour colour(const std::uint8_t* inner, const std::uint8_t* outer, const Map& map, const bool* changed) {
  constexpr auto side = static_cast<std::int32_t>(chroma_side);
  const Grid grid(map, chroma_side);
  std::int64_t held = 0, difference = 0;
  std::int32_t spot = 0, plain = 0, rotated = 0, place = 0;
  bool without[2] = {true, true};
  for (std::size_t i = 0; i < 2 * chroma_places; ++i) {
    without[0] = without[0] && std::abs(inner[i] - 128) <= gray;
    without[1] = without[1] && std::abs(outer[i] - 128) <= gray;
  }
  for (std::int32_t v = 1 - side; v < side; v += 2) {
    for (std::int32_t u = 1 - side; u < side; u += 2, ++place) {
      const Grid::Place at = grid.place(u, v);
      if (!at.inside) continue;
      std::int32_t seen[2], own[2];
      for (int k = 0; k < 2; ++k) {
        const auto level = [&](int across, int down) {
          return (outer[2 * ((at.y + down) * side + at.x + across) + k] - 128) * (1 << value_bits);
        };
        seen[k] = at.mixed(level(0, 0), level(1, 0), level(0, 1), level(1, 1));
        own[k] = (inner[2 * place + k] - 128) * (1 << value_bits);
        spot = std::max(spot, std::abs(seen[k] - own[k]));
        difference += std::abs(seen[k] - own[k]);
      }
      ++held;
      const std::int32_t one = std::max(std::abs(seen[0]), std::abs(seen[1])), other = std::max(std::abs(own[0]), std::abs(own[1]));
      plain += std::max(one, other) <= neutral;
      const std::int32_t along = seen[0] * own[0] + seen[1] * own[1], across = std::abs(seen[0] * own[1] - seen[1] * own[0]);
      rotated += std::min(one, other) >= coloured && across > along && !changed[place];
    }
  }
  return {without[0], without[1], difference / std::max(2 * held, std::int64_t{1}), spot, plain, rotated};
}

}  // namespace lookalike
