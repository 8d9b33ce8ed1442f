// The rows nearest to some queries, exactly, by comparing them all.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "join.hpp"

namespace lookalike {

struct Found {
  std::uint32_t query, row;
  std::uint16_t distance;
};

// All rows within the radius of each query, or of these the `most` nearest (0: all), by query, distance and row. `poll` is
// called on this thread now and then; what it throws ends the search.
std::vector<Found> search(const Block& rows, const Block& queries, unsigned radius, std::size_t most, unsigned threads,
                          const Kernel& kernel, const std::function<void()>& poll);

}  // namespace lookalike
