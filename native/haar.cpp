#include "haar.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace lookalike {
namespace {

constexpr double half_root = 0.70710678118654752440;  // 1 / sqrt(2), rounded to the nearest double

// Four neighbours: a b over c d. PyWavelets transforms columns (a with c, b with d) before rows, and puts together
// rows before columns.
struct Quad {
  double a, b, c, d;
};

inline double low_of(const Quad& q) {
  const double left = half_root * q.c + half_root * q.a, right = half_root * q.d + half_root * q.b;
  return half_root * right + half_root * left;
}

// The same four with `low` in place of their low coefficient.
inline Quad with_low(const Quad& q, double low) {
  const double a = half_root * q.a, b = half_root * q.b, c = half_root * q.c, d = half_root * q.d;
  const double upper_left = half_root * (c + a), upper_right = half_root * (d + b);
  const double lower_left = half_root * (a - c), lower_right = half_root * (b - d);
  const double across = half_root * (upper_left - upper_right);
  const double below = half_root * (lower_right + lower_left);
  const double cross = half_root * (lower_left - lower_right);
  const double mean = half_root * low;
  const double sum_left = half_root * (mean + across), sum_right = half_root * (mean - across);
  const double step_left = half_root * (below + cross), step_right = half_root * (below - cross);
  return {sum_left + step_left, sum_right + step_right, sum_left - step_left, sum_right - step_right};
}

const std::array<double, 256>& shares() {
  static const std::array<double, 256> table = [] {
    std::array<double, 256> values;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) / 255.0;
    return values;
  }();
  return table;
}

// Calls use(i, at, quad) for each value i of a band of coarse x coarse and the four values of the finer one that lie
// there, the first of them at `at`.
template <class Value, class Use>
void each_quad(std::size_t coarse, Value value, Use use) {
  for (std::size_t row = 0; row < coarse; ++row) {
    for (std::size_t column = 0; column < coarse; ++column) {
      const std::size_t at = 4 * coarse * row + 2 * column, under = at + 2 * coarse;
      use(row * coarse + column, at, Quad{value(at), value(at + 1), value(under), value(under + 1)});
    }
  }
}

template <class Value>
void lower(std::size_t coarse, Value value, double* out) {
  each_quad(coarse, value, [=](std::size_t i, std::size_t, const Quad& q) { out[i] = low_of(q); });
}

// Puts the finer band together from its own details and another low band. `out` may be where `value` reads.
template <class Value>
void rebuild(std::size_t coarse, const double* low, Value value, double* out) {
  each_quad(coarse, value, [=](std::size_t i, std::size_t at, const Quad& q) {
    const Quad changed = with_low(q, low[i]);
    out[at] = changed.a;
    out[at + 1] = changed.b;
    out[at + 2 * coarse] = changed.c;
    out[at + 2 * coarse + 1] = changed.d;
  });
}

}  // namespace

void haar_low(const std::uint8_t* picture, std::size_t side, unsigned levels, bool remove_mean, double* out) {
  const double* share = shares().data();
  const auto pixel = [=](std::size_t i) { return share[picture[i]]; };
  if (side == 1) {
    out[0] = remove_mean ? 0.0 : pixel(0);
    return;
  }
  if (!remove_mean && levels == 0) {
    for (std::size_t i = 0; i < side * side; ++i) out[i] = pixel(i);
    return;
  }
  // Low bands of side / 2, side / 4, ..., 1, one after the other. Details are never stored: they are worked out again
  // from the finer band on the way back, which is cheaper than the memory they would go through.
  std::vector<double> bands(side * side / 3 + 1);
  const std::size_t half = side / 2;
  std::vector<double*> starts{bands.data()};
  const auto descend = [&](std::size_t coarse) {
    const double* const fine = starts.back();
    double* const next = starts.back() + 4 * coarse * coarse;
    lower(coarse, [=](std::size_t i) { return fine[i]; }, next);
    starts.push_back(next);
  };
  lower(half, pixel, starts[0]);
  if (remove_mean) {
    for (std::size_t coarse = half / 2; coarse > 0; coarse /= 2) descend(coarse);
    *starts.back() = 0;
    for (std::size_t coarse = 1; coarse < half; coarse *= 2) {
      const double* const low = starts.back();
      starts.pop_back();
      double* const fine = starts.back();
      rebuild(coarse, low, [=](std::size_t i) { return fine[i]; }, fine);
    }
    double* const low = starts[0];
    if (levels == 0) {
      rebuild(half, low, pixel, out);
      return;
    }
    // The pixels put together and the first step down from them, in one.
    each_quad(half, pixel, [=](std::size_t i, std::size_t, const Quad& q) { low[i] = low_of(with_low(q, low[i])); });
  }
  std::size_t now = half;
  for (; now > side >> levels; now /= 2) descend(now / 2);
  std::copy(starts.back(), starts.back() + now * now, out);
}

}  // namespace lookalike
