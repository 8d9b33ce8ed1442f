// Resampling a picture with windows of weights that are computed outside (src/lookalike/hashes/resampled.py).
#pragma once

#include <cstddef>
#include <cstdint>

namespace lookalike {

// One window of weights per output pixel along one side: window i starts at source pixel start[i] and has the weights
// bounds[i] to bounds[i + 1].
struct Windows {
  const std::int64_t* start = nullptr;
  const std::int64_t* bounds = nullptr;  // count + 1 of them
  const float* weights = nullptr;
  std::size_t count = 0;
};

// Sums rows with the windows `down`, then columns with the windows `across`, in floats; clamps and rounds to T last,
// half upwards. Each sum is taken in the order of its window, so the result is the same on every processor.
// `pixels` is height * width * channels values, `result` has room for down.count * across.count * channels.
// T is std::uint8_t or std::uint16_t.
template <class T>
void resample(const T* pixels, std::size_t width, std::size_t channels, const Windows& down, const Windows& across,
              T* result);

}  // namespace lookalike
