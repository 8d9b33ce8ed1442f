#include "plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace lookalike {
namespace {

// Multi-index hashing after Norouzi, Punjani, Fleet: https://arxiv.org/abs/1307.2982. Here each band may have its own
// width and flips; widening the one band with the most flips was measured to save a third of the pairs.
constexpr unsigned kMostBits = 1024;  // bands need not cover all bits; this bounds the time to choose them
constexpr unsigned kMostWidth = 24;   // 64 MB of bucket offsets
constexpr unsigned kMostFlips = 6;

// Nanoseconds on one core, as measured by benchmarks/join.py; only their ratios matter.
constexpr double kSortRow = 8, kSortWord = 6;  // moving one row, and each of its words, to its bucket
constexpr double kKey = 1;                     // one entry of the bucket offsets
constexpr double kProbe = 1.2;                 // looking whether the other bucket has rows
constexpr double kCall = 7;                    // comparing two buckets, apart from their pairs
constexpr double kLanes = 7;                   // right rows that are compared in vain at the end of a bucket

double band_cost(double n, unsigned words, double pair_ns, unsigned width, unsigned flips) {
  const double keys = std::exp2(width);
  const double filled = keys * -std::expm1(-n / keys);  // buckets with rows, if the keys are uniform
  const double rows = n / filled;
  const double probes = filled * flips_volume(width, flips) / 2;
  const double met = probes * filled / keys;
  return n * (kSortRow + kSortWord * words) + keys * kKey + probes * kProbe +
         met * (kCall + rows * (rows + kLanes) * words * pair_ns);
}

}  // namespace

double flips_volume(unsigned width, unsigned flips) {
  double term = 1, sum = 1;
  for (unsigned k = 1; k <= std::min(width, flips); ++k) {
    term = term * (width - k + 1) / k;
    sum += term;
  }
  return sum;
}

std::vector<Band> choose_bands(std::size_t n, unsigned words, unsigned radius, double pair_ns, Method method) {
  const std::vector<Band> brute{Band{}};
  const double rows = static_cast<double>(n);
  const unsigned bits = std::min(64 * words, kMostBits);
  const unsigned need = radius + 1;
  const double brute_cost = rows * (kSortRow + kSortWord * words) + rows * rows / 2 * words * pair_ns;
  const bool too_wide = need > 2 * bits;  // one bit with one flip is the most a bit can give
  if (method == Method::brute || too_wide) return brute;
  // A band costs at least the moving of every row into it, so a small block needs no further thought.
  if (method == Method::automatic && brute_cost < 2 * rows * (kSortRow + kSortWord * words)) return brute;

  // best[b][s]: the least cost of bands within the first b bits with sum(flips + 1) >= s, and the last of them.
  struct Choice {
    double cost = std::numeric_limits<double>::infinity();
    Band band;
  };
  // Keys much wider than the rows are many only make empty buckets.
  const unsigned widest = std::min({kMostWidth, bits, static_cast<unsigned>(std::bit_width(n)) + 2});
  double cost[kMostWidth + 1][kMostFlips + 1];
  for (unsigned width = 1; width <= widest; ++width) {
    for (unsigned flips = 0; flips <= std::min(width, kMostFlips); ++flips) {
      cost[width][flips] = band_cost(rows, words, pair_ns, width, flips);
    }
  }
  std::vector<std::vector<Choice>> best(bits + 1, std::vector<Choice>(need + 1));
  best[0][0].cost = 0;
  for (unsigned b = 1; b <= bits; ++b) {
    best[b] = best[b - 1];  // a bit may also be left out
    for (unsigned width = 1; width <= std::min(widest, b); ++width) {
      for (unsigned flips = 0; flips <= std::min(width, kMostFlips); ++flips) {
        for (unsigned s = 1; s <= need; ++s) {
          const double sum = best[b - width][s > flips ? s - flips - 1 : 0].cost + cost[width][flips];
          if (sum < best[b][s].cost) best[b][s] = {sum, {b - width, width, flips}};
        }
      }
    }
  }
  if (method == Method::automatic && brute_cost <= best[bits][need].cost) return brute;
  std::vector<Band> bands;
  for (unsigned b = bits, s = need; s > 0;) {
    const Band& band = best[b][s].band;
    bands.push_back(band);
    b = band.start;
    s = s > band.flips ? s - band.flips - 1 : 0;
  }
  return bands;
}

}  // namespace lookalike
