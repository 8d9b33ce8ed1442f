#include "pdq.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace lookalike {
namespace {

constexpr std::size_t strip = 32;  // rows that are filtered side by side

// The mean over a window that slides over lines; each lane is filtered on its own, in the order of the lines.
//
// Output i is written when line i + ahead has been added and line i - behind - 1 taken away, in this order.
class Box {
 public:
  Box(std::size_t length, std::size_t lanes)
      : length_(length), sum_(lanes), window_((length + 2 * pdq_side - 1) / (2 * pdq_side)), ahead_(window_ / 2) {}

  std::size_t window() const { return window_; }
  std::size_t ahead() const { return ahead_; }

  void restart() {
    std::fill(sum_.begin(), sum_.end(), 0.0F);
    count_ = 0;
    added_ = 0;
  }

  // Adds the lines that come before the first output is due.
  template <class Line>
  void start(Line line) {
    restart();
    while (added_ < ahead_) add(line(added_++));
  }

  // Moves on to output i; outputs come in order. `out` may be null where nobody asks for it.
  template <class Line>
  void output(std::size_t i, Line line, float* out) {
    const std::size_t behind = window_ - ahead_ - 1, entering = i + ahead_;
    const bool leaves = i > behind;
    if (entering < length_ && leaves) {
      slide(line(entering), line(i - behind - 1));
    } else if (entering < length_) {
      add(line(entering));
    } else if (leaves) {
      take(line(i - behind - 1));
    }
    if (out != nullptr) {
      const float* __restrict sum = sum_.data();
      const auto count = static_cast<float>(count_);
      for (std::size_t lane = 0; lane < sum_.size(); ++lane) out[lane] = sum[lane] / count;
    }
  }

 private:
  void add(const float* entering) {
    ++count_;
    float* __restrict sum = sum_.data();
    for (std::size_t lane = 0; lane < sum_.size(); ++lane) sum[lane] += entering[lane];
  }
  void take(const float* leaving) {
    --count_;
    float* __restrict sum = sum_.data();
    for (std::size_t lane = 0; lane < sum_.size(); ++lane) sum[lane] -= leaving[lane];
  }
  void slide(const float* entering, const float* leaving) {
    float* __restrict sum = sum_.data();
    for (std::size_t lane = 0; lane < sum_.size(); ++lane) sum[lane] = (sum[lane] + entering[lane]) - leaving[lane];
  }

  std::size_t length_, count_ = 0, added_ = 0;
  std::vector<float> sum_;
  std::size_t window_, ahead_;
};

std::array<std::size_t, pdq_side> centres(std::size_t length) {
  std::array<std::size_t, pdq_side> found;
  for (std::size_t i = 0; i < pdq_side; ++i) {
    found[i] = static_cast<std::size_t>((static_cast<double>(i) + 0.5) * static_cast<double>(length) / pdq_side);
  }
  return found;
}

// Reads pixel (row, column) of either kind of picture.
struct Luma {
  const float* pixels;
  std::size_t columns;
  float operator()(std::size_t row, std::size_t column) const { return pixels[row * columns + column]; }
};

struct Rgb {
  Rgb(const std::uint8_t* pixels, std::size_t columns) : pixels(pixels), columns(columns) {
    for (std::size_t i = 0; i < 256; ++i) {
      red[i] = 0.299 * static_cast<double>(i);
      green[i] = 0.587 * static_cast<double>(i);
      blue[i] = 0.114 * static_cast<double>(i);
    }
  }
  float operator()(std::size_t row, std::size_t column) const {
    const std::uint8_t* p = pixels + 3 * (row * columns + column);
    return static_cast<float>((red[p[0]] + green[p[1]]) + blue[p[2]]);
  }
  const std::uint8_t* pixels;
  std::size_t columns;
  std::array<double, 256> red, green, blue;
};

// Four passes, along rows, columns, rows, columns, but in one sweep down the picture: a strip of rows is filtered along
// itself, which lets some rows of the second pass be finished, and each strip of these goes into the third. That one
// and the last write the 64 columns and rows only that are asked for, though they sum over all.
template <class Source>
void reduce(const Source& pixel, std::size_t rows, std::size_t columns, float* out) {
  if (rows < pdq_least || columns < pdq_least) {
    std::fill(out, out + pdq_side * pdq_side, 0.0F);
    return;
  }
  if (rows == pdq_side && columns == pdq_side) {
    for (std::size_t i = 0; i < pdq_side * pdq_side; ++i) out[i] = pixel(i / pdq_side, i % pdq_side);
    return;
  }
  const auto wanted_columns = centres(columns), wanted_rows = centres(rows);
  Box along(columns, strip), down(rows, columns);
  const std::size_t held = down.window() + strip;
  std::vector<float> ring(held * columns);                                   // rows after the first pass
  std::vector<float> tile(strip * columns), filtered(strip * columns);       // column by column, a lane for each row
  std::vector<float> second(strip * columns);                                // rows after the second pass
  std::vector<float> third((rows + strip) * pdq_side);                       // the wanted columns after the third

  const auto ring_row = [&](std::size_t row) { return ring.data() + row % held * columns; };
  const auto tile_line = [&](std::size_t column) { return tile.data() + column * strip; };

  std::size_t done = 0;  // rows through the second pass
  const auto third_pass = [&](std::size_t begin) {
    for (std::size_t column = 0; column < columns; ++column) {
      for (std::size_t lane = 0; lane < strip; ++lane) tile[column * strip + lane] = second[lane * columns + column];
    }
    along.start(tile_line);
    std::array<float, strip> line;
    std::size_t next = 0;
    for (std::size_t column = 0; column < columns && next < pdq_side; ++column) {
      const bool wanted = wanted_columns[next] == column;
      along.output(column, tile_line, wanted ? line.data() : nullptr);
      for (; next < pdq_side && wanted_columns[next] == column; ++next) {
        for (std::size_t lane = 0; lane < strip; ++lane) third[(begin + lane) * pdq_side + next] = line[lane];
      }
    }
  };
  for (std::size_t begin = 0; begin < rows; begin += strip) {
    const std::size_t end = std::min(begin + strip, rows);
    for (std::size_t column = 0; column < columns; ++column) {
      for (std::size_t lane = 0; lane < end - begin; ++lane) tile[column * strip + lane] = pixel(begin + lane, column);
    }
    along.start(tile_line);
    for (std::size_t column = 0; column < columns; ++column) {
      along.output(column, tile_line, filtered.data() + column * strip);
    }
    for (std::size_t lane = 0; lane < end - begin; ++lane) {
      float* row = ring_row(begin + lane);
      for (std::size_t column = 0; column < columns; ++column) row[column] = filtered[column * strip + lane];
    }
    if (begin == 0) down.start(ring_row);
    for (; done < rows && (end == rows || done + down.ahead() < end); ++done) {
      down.output(done, ring_row, second.data() + done % strip * columns);
      if (done % strip == strip - 1 || done == rows - 1) third_pass(done - done % strip);
    }
  }
  Box last(rows, pdq_side);
  const auto third_row = [&](std::size_t row) { return third.data() + row * pdq_side; };
  last.start(third_row);
  std::size_t next = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const bool wanted = next < pdq_side && wanted_rows[next] == row;
    last.output(row, third_row, wanted ? out + next * pdq_side : nullptr);
    if (!wanted) continue;
    const float* first = out + next * pdq_side;
    for (++next; next < pdq_side && wanted_rows[next] == row; ++next) {
      std::copy(first, first + pdq_side, out + next * pdq_side);
    }
  }
}

}  // namespace

void pdq_reduce_luma(const float* luma, std::size_t rows, std::size_t columns, float* out) {
  reduce(Luma{luma, columns}, rows, columns, out);
}

void pdq_reduce_rgb(const std::uint8_t* rgb, std::size_t rows, std::size_t columns, float* out) {
  reduce(Rgb(rgb, columns), rows, columns, out);
}

void pdq_frequencies(const float* pictures, std::size_t count, const float* basis, float* out) {
  std::array<float, pdq_side * pdq_size> turned;  // the basis column by column
  for (std::size_t i = 0; i < pdq_size; ++i) {
    for (std::size_t k = 0; k < pdq_side; ++k) turned[k * pdq_size + i] = basis[i * pdq_side + k];
  }
  for (std::size_t n = 0; n < count; ++n) {
    const float* picture = pictures + n * pdq_side * pdq_side;
    for (std::size_t i = 0; i < pdq_size; ++i) {
      std::array<float, pdq_side> across{};
      for (std::size_t k = 0; k < pdq_side; ++k) {
        const float factor = basis[i * pdq_side + k];
        for (std::size_t j = 0; j < pdq_side; ++j) across[j] += factor * picture[k * pdq_side + j];
      }
      std::array<float, pdq_size> low{};
      for (std::size_t k = 0; k < pdq_side; ++k) {
        for (std::size_t j = 0; j < pdq_size; ++j) low[j] += across[k] * turned[k * pdq_size + j];
      }
      std::copy(low.begin(), low.end(), out + (n * pdq_size + i) * pdq_size);
    }
  }
}

}  // namespace lookalike
