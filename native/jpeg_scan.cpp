#include "jpeg_scan.hpp"

#include <algorithm>
#include <utility>

namespace lookalike {
namespace {

constexpr std::size_t kKeptTables = 8;

template <class Table>
std::shared_ptr<const Table> kept_table(const HuffmanSpec& spec) {
  struct Kept {
    std::vector<std::uint8_t> counts, symbols;
    std::shared_ptr<const Table> table;
  };
  thread_local std::array<Kept, kKeptTables> kept;
  thread_local std::size_t oldest = 0;
  const auto equal = [](const std::vector<std::uint8_t>& one, Bytes other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end());
  };
  for (const Kept& one : kept) {
    if (one.table && equal(one.counts, spec.counts) && equal(one.symbols, spec.symbols)) return one.table;
  }
  Kept made{{spec.counts.begin(), spec.counts.end()}, {spec.symbols.begin(), spec.symbols.end()},
            std::make_shared<const Table>(spec)};
  return (kept[oldest++ % kKeptTables] = std::move(made)).table;  // whole, even where memory ran out above
}

}  // namespace

std::shared_ptr<const Codes> dc_table(const HuffmanSpec& spec) { return kept_table<Codes>(spec); }
std::shared_ptr<const AcTable> ac_table(const HuffmanSpec& spec) { return kept_table<AcTable>(spec); }
std::shared_ptr<const ValueTable> value_table(const HuffmanSpec& spec) { return kept_table<ValueTable>(spec); }

bool ScanWalk::open(const JpegHeader& header, const JpegScan& scan, DcPlanes& planes) {
  count_ = 0;
  const bool alone = scan.count == 1;  // then the blocks that fill up MCUs are not there (T.81, A.2.2)
  for (unsigned i = 0; i < scan.count; ++i) {
    const unsigned which = scan.component[i];
    const JpegComponent& one = header.component[which];
    const std::size_t h = alone ? 1 : one.h, v = alone ? 1 : one.v;
    const std::size_t across = alone ? one.columns : header.mcus_across();
    for (std::size_t y = 0; y < v; ++y) {
      for (std::size_t x = 0; x < h; ++x) {
        steps_[count_++] = {which, h, v * one.stride - across * h, planes[which].data() + y * one.stride + x,
                            scan.dc[i], scan.ac[i]};
      }
    }
    columns_ = across;
    mcus_ = across * (alone ? one.rows : header.mcus_down());
  }
  at_ = 0;
  column_ = mcu_ = stretch_ = 0;
  before = {};
  interval_ = scan.restart;
  if (!stretches_.read(scan.data)) return false;
  const std::size_t expected = interval_ == 0 ? 1 : (mcus_ + interval_ - 1) / interval_;
  if (stretches_.ends.size() != expected) return false;
  reader = stretches_.reader(0);
  return true;
}

bool ScanWalk::advance_mcu() {
  if (++mcu_ == mcus_) return reader.at_end();
  const bool row_ends = ++column_ == columns_;
  for (unsigned i = 0; i < count_; ++i) steps_[i].place += steps_[i].across;
  if (row_ends) {
    column_ = 0;
    for (unsigned i = 0; i < count_; ++i) steps_[i].place += steps_[i].down;
  }
  if (interval_ == 0 || mcu_ % interval_ != 0) return true;
  if (!reader.at_end()) return false;
  reader = stretches_.reader(++stretch_);
  before = {};
  return true;
}

}  // namespace lookalike
