#include "pdq.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace lookalike {
namespace {

constexpr std::size_t strip = 8;  // rows that are filtered side by side

std::size_t window_of(std::size_t length) { return (length + 2 * pdq_side - 1) / (2 * pdq_side); }

// The mean over a window that slides down the rows of a picture; each lane is a column, filtered on its own, row after
// row. Output i comes after row i + ahead has been added and row i - behind - 1 taken away, in this order.
class Down {
 public:
  Down(std::size_t rows, std::size_t columns)
      : rows_(rows), sum_(columns), ahead_(window_of(rows) / 2), behind_(window_of(rows) - ahead_ - 1) {}

  std::size_t ahead() const { return ahead_; }

  // Moves on to output i; outputs come in order. `row(i)` gives row i. `out` may be null where nobody asks for it.
  template <class Row>
  void output(std::size_t i, Row row, float* out) {
    if (i == 0) {
      while (count_ < ahead_) add(row(count_));
    }
    const bool enters = i + ahead_ < rows_, leaves = i > behind_;
    if (enters && leaves) {
      slide(row(i + ahead_), row(i - behind_ - 1));
    } else if (enters) {
      add(row(i + ahead_));
    } else if (leaves) {
      take(row(i - behind_ - 1));
    }
    if (out == nullptr) return;
    const float* sum = sum_.data();
    const auto count = static_cast<float>(count_);
    for (std::size_t lane = 0; lane < sum_.size(); ++lane) out[lane] = sum[lane] / count;
  }

 private:
  void add(const float* entering) {
    ++count_;
    float* sum = sum_.data();
    for (std::size_t lane = 0; lane < sum_.size(); ++lane) sum[lane] += entering[lane];
  }
  void take(const float* leaving) {
    --count_;
    float* sum = sum_.data();
    for (std::size_t lane = 0; lane < sum_.size(); ++lane) sum[lane] -= leaving[lane];
  }
  void slide(const float* entering, const float* leaving) {
    float* sum = sum_.data();
    for (std::size_t lane = 0; lane < sum_.size(); ++lane) sum[lane] = (sum[lane] + entering[lane]) - leaving[lane];
  }

  std::size_t rows_;
  std::vector<float> sum_;
  std::size_t ahead_, behind_, count_ = 0;  // count: rows in the sum
};

// Four lanes in one register. Left to themselves compilers keep such small sums in memory, or lane by lane.
#if defined(__GNUC__)
using Four = float __attribute__((vector_size(16)));
#else
struct Four {
  float lane[4];
};
inline Four operator+(Four x, const Four& y) {
  for (int i = 0; i < 4; ++i) x.lane[i] += y.lane[i];
  return x;
}
inline Four operator-(Four x, const Four& y) {
  for (int i = 0; i < 4; ++i) x.lane[i] -= y.lane[i];
  return x;
}
inline Four operator/(Four x, float y) {
  for (float& lane : x.lane) lane /= y;
  return x;
}
#endif

// One column of a strip.
struct Line {
  explicit Line(const float* from) {
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&second, from + 4, sizeof second);
  }
  Line(Four first, Four second) : first(first), second(second) {}
  Line operator+(const Line& other) const { return {first + other.first, second + other.second}; }
  Line operator-(const Line& other) const { return {first - other.first, second - other.second}; }
  std::array<float, strip> over(float count) const {
    std::array<float, strip> means;
    const Four a = first / count, b = second / count;
    std::memcpy(means.data(), &a, sizeof a);
    std::memcpy(means.data() + 4, &b, sizeof b);
    return means;
  }
  Four first, second;
};

// The same along the rows of a strip: each lane is a row, and the sums stay in registers. Calls
// write(column, sum, count) for each column.
template <class Write>
void along_rows(const float* tile, std::size_t columns, Write write) {
  const std::size_t window = window_of(columns), ahead = window / 2, behind = window - ahead - 1;
  const auto line = [=](std::size_t column) { return Line(tile + strip * column); };
  Line sum(Four{}, Four{});
  std::size_t count = 0, column = 0;
  for (; count < ahead; ++count) sum = sum + line(count);
  for (; column <= behind; ++column) {
    sum = sum + line(column + ahead);
    write(column, sum, static_cast<float>(++count));
  }
  for (; column + ahead < columns; ++column) {
    sum = (sum + line(column + ahead)) - line(column - behind - 1);
    write(column, sum, static_cast<float>(count));
  }
  for (; column < columns; ++column) {
    sum = sum - line(column - behind - 1);
    write(column, sum, static_cast<float>(--count));
  }
}

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
  Down down(rows, columns), last(rows, pdq_side);
  const std::size_t held = window_of(rows) + strip;
  std::vector<float> ring(held * columns);              // rows after the first pass
  std::vector<float> tile(strip * columns);             // a strip column by column, a lane for each row
  std::vector<float> second(strip * columns);           // rows after the second pass
  std::vector<float> third((rows + strip) * pdq_side);  // the wanted columns after the third

  const auto ring_row = [&](std::size_t row) { return ring.data() + row % held * columns; };

  std::size_t done = 0;  // rows through the second pass
  const auto third_pass = [&](std::size_t begin) {
    for (std::size_t column = 0; column < columns; ++column) {
      for (std::size_t lane = 0; lane < strip; ++lane) tile[column * strip + lane] = second[lane * columns + column];
    }
    std::size_t next = 0;
    along_rows(tile.data(), columns, [&](std::size_t column, const Line& sum, float count) {
      if (next == pdq_side || wanted_columns[next] != column) return;
      const auto means = sum.over(count);
      for (; next < pdq_side && wanted_columns[next] == column; ++next) {
        for (std::size_t lane = 0; lane < strip; ++lane) third[(begin + lane) * pdq_side + next] = means[lane];
      }
    });
  };
  for (std::size_t begin = 0; begin < rows; begin += strip) {
    const std::size_t end = std::min(begin + strip, rows);
    for (std::size_t column = 0; column < columns; ++column) {
      for (std::size_t lane = 0; lane < strip; ++lane) {  // past the end, whatever: nobody asks for those lanes
        tile[column * strip + lane] = pixel(std::min(begin + lane, rows - 1), column);
      }
    }
    std::array<float*, strip> to;
    for (std::size_t lane = 0; lane < strip; ++lane) to[lane] = ring_row(begin + lane);
    along_rows(tile.data(), columns, [&](std::size_t column, const Line& sum, float count) {
      const auto means = sum.over(count);
      for (std::size_t lane = 0; lane < strip; ++lane) to[lane][column] = means[lane];
    });
    for (; done < rows && (end == rows || done + down.ahead() < end); ++done) {
      down.output(done, ring_row, second.data() + done % strip * columns);
      if (done % strip == strip - 1 || done == rows - 1) third_pass(done - done % strip);
    }
  }
  const auto third_row = [&](std::size_t row) { return third.data() + row * pdq_side; };
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
