#include "measure.hpp"

#include <algorithm>
#include <utility>

namespace lookalike {
namespace {

constexpr std::int64_t still_match = 512, still_change = share / 80, least_match = 320, changed = share / 20;
constexpr unsigned middle_side = 32, fine_side = 128;
constexpr double most_area = 8.0;
constexpr Map identity{1, 0, 0, 0, 1, 0};

bool mostly_kept(const std::vector<std::int32_t>& changes) {
  std::int64_t differing = 0, counted = 0;
  for (const std::int32_t change : changes) {
    differing += change >= changed;
    counted += change >= 0;
  }
  return 5 * differing <= 3 * counted;
}

struct Sum {
  std::int64_t change = 0, tiles = 0;
};

Sum sum_of(const std::vector<std::int32_t>& changes) {
  Sum sum;
  for (const std::int32_t change : changes) {
    sum.change += std::clamp<std::int64_t>(change, 0, share);
    sum.tiles += change >= 0;
  }
  return sum;
}

double area_of(const Map& map) { return map[0] * map[4] - map[1] * map[3]; }

Map inverted(const Map& map, double area) {
  const double rows[4] = {map[4] / area, -map[1] / area, -map[3] / area, map[0] / area};
  return {rows[0], rows[1], -(rows[0] * map[2] + rows[1] * map[5]),
          rows[2], rows[3], -(rows[2] * map[2] + rows[3] * map[5])};
}

}  // namespace

void measure(View& left, View& right, unsigned side, Room& room, Measured& out) {
  out.map = identity;
  out.swapped = out.finished = 0;
  out.match = match_of(left, right, room);
  if (out.match >= still_match) {
    compare(left, right, side, room, out);
    const auto still = std::count_if(out.change.begin(), out.change.end(), [](std::int32_t one) { return one <= still_change; });
    if (4 * still >= static_cast<std::ptrdiff_t>((side >= fine_side ? 3 : 4) * out.change.size())) {
      out.finished = 1;
      return;
    }
    out.finished = mostly_kept(out.change);
  }
  if (out.finished == 0) out.clear(side);

  Map map = identity;
  align(left.pyramid, right.pyramid, map, coarsest_side, room);
  const std::int64_t match = match_of(left, right, map, room);
  if (match < out.match) map = identity;
  out.match = std::max(out.match, match);
  if (out.match < least_match) return;
  const double area = area_of(map);
  if (!(area >= 1 / most_area && area <= most_area)) return;
  const bool swapped = area > 1;
  if (swapped) map = inverted(map, area);
  View& outer = swapped ? right : left;
  View& inner = swapped ? left : right;
  Compared found;
  for (unsigned at = 2 * coarsest_side; at <= side; at *= 2) {
    if (at <= aligned_side) align(outer.pyramid, inner.pyramid, map, at, room);
    if (at == middle_side && at < side) {
      compare(outer, inner, map, at, room, found);
      if (!mostly_kept(found.change)) return;
    }
  }
  if (!(area_of(map) >= 1 / most_area)) return;
  compare(outer, inner, map, side, room, found);
  const Sum before = sum_of(out.change), after = sum_of(found.change);
  if (out.finished == 0 || after.change * before.tiles < before.change * after.tiles) {
    static_cast<Compared&>(out) = std::move(found);
    out.map = map;
    out.swapped = swapped;
  }
  out.finished = 1;
}

}  // namespace lookalike
