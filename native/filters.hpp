// The filters of PNG, undone (https://www.w3.org/TR/png-3/#9Filters).
#pragma once
#include <cstddef>
#include <cstdint>

namespace lookalike {

// What must be readable, and in `row` writable, behind the end of each row.
constexpr std::size_t filter_slack = 8;

// Undoes a filter (0..4) on `size` filtered bytes, a whole number of pixels of `step` bytes (1, 2, 3, 4, 6 or 8).
// `above` is the row above, all 0 over the first. The three rows do not overlap.
void unfilter(unsigned filter, std::size_t step, const std::uint8_t* filtered, const std::uint8_t* above,
              std::size_t size, std::uint8_t* row);

constexpr std::size_t together = 4;  // rows

// The same for that many rows of filter 4 (Paeth), `pitch` bytes apart, slack included; the first of them lies under
// `above`. In one row, each pixel has to wait for the one before; those of several rows do so at the same time.
void unfilter_paeth(std::size_t step, const std::uint8_t* filtered, const std::uint8_t* above, std::size_t size,
                    std::size_t pitch, std::uint8_t* rows);

}  // namespace lookalike
