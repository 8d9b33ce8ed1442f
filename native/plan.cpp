#include "plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "sample.hpp"

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

constexpr std::uint64_t kEnough = 100;  // agreeing pairs of a sample that tell how many there are in the block

struct Shape {
  unsigned width = 0, flips = 0;
};

struct Work {
  double rows, queries;  // on the left and on the right; the same ones of a block with itself
  bool same;
  double pair_ns;
  unsigned words;
  double pairs() const { return same ? rows * rows / 2 : rows * queries; }
  double moving() const { return (same ? rows : rows + queries) * (kSortRow + kSortWord * words); }
  double comparing(double pairs) const { return pairs * words * pair_ns; }
};

// The share of pairs that differ in at most shape.flips of shape.width bits, each of which differs in a share of pairs.
double agreeing(const Shape& shape, double differing) {
  double term = std::pow(1 - differing, shape.width), sum = term;
  for (unsigned k = 1; k <= std::min(shape.width, shape.flips); ++k) {
    term *= (shape.width - k + 1) * differing / (k * (1 - differing));
    sum += term;
  }
  return sum;
}

double band_cost(const Work& work, const Shape& shape, double differing) {
  const double keys = std::exp2(shape.width);
  const double filled = keys * -std::expm1(-work.rows / keys);  // buckets with rows, if the keys are uniform
  const double probes = filled * flips_volume(shape.width, shape.flips) / (work.same ? 2 : 1);
  const double met = probes * -std::expm1(-work.queries / keys);
  const double pairs = work.pairs() * agreeing(shape, differing);
  return work.moving() + keys * kKey * (work.same ? 1 : 2) + probes * kProbe + met * kCall +
         work.comparing(pairs + met * work.rows / filled * kLanes);
}

struct Shapes {
  double cost = std::numeric_limits<double>::infinity();
  std::vector<Shape> shapes;
};

// The cheapest widths and flips for bands among so many bits.
Shapes choose_shapes(const Work& work, unsigned bits, unsigned need, double differing) {
  // Keys much wider than the rows are many only make empty buckets.
  const unsigned most = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(work.rows))) + 2;
  const unsigned widest = std::min({kMostWidth, bits, most});
  double cost[kMostWidth + 1][kMostFlips + 1];
  for (unsigned width = 1; width <= widest; ++width) {
    for (unsigned flips = 0; flips <= std::min(width, kMostFlips); ++flips) {
      cost[width][flips] = band_cost(work, {width, flips}, differing);
    }
  }
  // best[b][s]: the least cost of bands of b bits together with sum(flips + 1) >= s, and the last of them.
  struct Choice {
    double cost = std::numeric_limits<double>::infinity();
    Shape last;
  };
  std::vector<std::vector<Choice>> best(bits + 1, std::vector<Choice>(need + 1));
  best[0][0].cost = 0;
  for (unsigned b = 1; b <= bits; ++b) {
    best[b] = best[b - 1];  // a bit may also be left out
    for (unsigned width = 1; width <= std::min(widest, b); ++width) {
      for (unsigned flips = 0; flips <= std::min(width, kMostFlips); ++flips) {
        for (unsigned s = 1; s <= need; ++s) {
          const double sum = best[b - width][s > flips ? s - flips - 1 : 0].cost + cost[width][flips];
          if (sum < best[b][s].cost) best[b][s] = {sum, {width, flips}};
        }
      }
    }
  }
  Shapes chosen{best[bits][need].cost, {}};
  if (!std::isfinite(chosen.cost)) return chosen;
  for (unsigned b = bits, s = need; s > 0;) {
    while (best[b - 1][s].cost == best[b][s].cost) --b;
    const Shape& shape = best[b][s].last;
    chosen.shapes.push_back(shape);
    b -= shape.width;
    s = s > shape.flips ? s - shape.flips - 1 : 0;
  }
  return chosen;
}

// Gives bits to bands so that the rows fall into as many buckets in one as in another. `bits` come evenest first; the
// most uneven are left out if not all are needed, and otherwise dealt first, while there is a choice. What a bit takes
// from a band is counted in bits: all of itself if it never changes or repeats another, nothing if it is even and free.
std::vector<Band> deal(const std::vector<unsigned>& bits, const std::vector<Shape>& shapes, const Sample& sample,
                       unsigned words) {
  struct Hand {
    std::vector<unsigned> bits;
    double lost = 0;
  };
  std::vector<Hand> hands(shapes.size());
  unsigned all = 0;
  for (const Shape& shape : shapes) all += shape.width;
  for (unsigned i = all; i-- > 0;) {
    const double uneven = 1 + std::log2(1 - sample.differing(bits[i]));
    Hand* least = nullptr;
    double least_share = std::numeric_limits<double>::infinity(), least_lost = 0;
    for (std::size_t b = 0; b < hands.size(); ++b) {
      if (hands[b].bits.size() == shapes[b].width) continue;
      double lost = hands[b].lost + uneven;
      for (const unsigned other : hands[b].bits) lost += std::log2(1 + sample.correlation(bits[i], other));
      // Of the bands that would have lost equally little, the one with the most room.
      const double room = shapes[b].width - static_cast<double>(hands[b].bits.size());
      const double share = lost / shapes[b].width - 1e-6 * room;
      if (share < least_share) {
        least = &hands[b];
        least_share = share;
        least_lost = lost;
      }
    }
    least->bits.push_back(bits[i]);
    least->lost = least_lost;
  }
  std::vector<Band> bands;
  for (std::size_t b = 0; b < hands.size(); ++b) {
    Band band{std::vector<std::uint64_t>(words), shapes[b].width, shapes[b].flips};
    for (const unsigned bit : hands[b].bits) band.masks[bit / 64] |= std::uint64_t{1} << bit % 64;
    bands.push_back(std::move(band));
  }
  return bands;
}

// How often a bit would have to differ, were all alike and independent, for bands to agree as often as they do in the
// sample; the guess itself where too few of its pairs agree.
double measured_differing(const std::vector<Band>& bands, const Sample& sample, double guess) {
  std::uint64_t pairs = 0;
  double share = 0;
  for (const Band& band : bands) {
    const Sample::Agreeing found = sample.agreeing(band);
    pairs += found.pairs;
    share += found.share;
  }
  if (pairs < kEnough) return guess;
  double low = 0, high = 0.5;
  for (unsigned step = 0; step < 30; ++step) {
    const double middle = (low + high) / 2;
    double sum = 0;
    for (const Band& band : bands) sum += agreeing({band.width, band.flips}, middle);
    (sum > share ? low : high) = middle;
  }
  return high;
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

std::vector<Band> choose_bands(const Block& block, const Block* queries, unsigned radius, double pair_ns, Method method) {
  const std::vector<Band> brute{Band{}};
  const Work work{static_cast<double>(block.rows), static_cast<double>(queries != nullptr ? queries->rows : block.rows),
                  queries == nullptr, pair_ns, block.count};
  const double brute_cost = work.moving() + work.comparing(work.pairs());
  const unsigned need = radius + 1;
  if (method == Method::brute) return brute;
  // A band costs at least the moving of every row into it, so a small block needs no further thought.
  if (method == Method::automatic && brute_cost < 2 * work.moving()) return brute;

  // All pairs of so many rows are few beside the work on all of them.
  const Sample sample(block, static_cast<std::size_t>(std::sqrt(work.rows)) + 64);
  std::vector<unsigned> bits;
  for (unsigned bit = 0; bit < 64 * block.count; ++bit) {
    if (sample.differing(bit) > 0) bits.push_back(bit);
  }
  std::stable_sort(bits.begin(), bits.end(),
                   [&](unsigned one, unsigned other) { return sample.differing(one) > sample.differing(other); });
  if (bits.size() > kMostBits) bits.resize(kMostBits);
  if (need > 2 * bits.size()) return brute;  // one bit with one flip is the most a bit can give
  double equal = 0;
  for (const unsigned bit : bits) equal += std::log(1 - sample.differing(bit));
  const double guess = -std::expm1(equal / static_cast<double>(bits.size()));

  const auto count = static_cast<unsigned>(bits.size());
  Shapes chosen = choose_shapes(work, count, need, guess);
  std::vector<Band> bands = deal(bits, chosen.shapes, sample, block.count);
  const double differing = measured_differing(bands, sample, guess);
  if (differing != guess) {
    chosen = choose_shapes(work, count, need, differing);
    bands = deal(bits, chosen.shapes, sample, block.count);
  }
  return method == Method::automatic && brute_cost <= chosen.cost ? brute : bands;
}

}  // namespace lookalike
