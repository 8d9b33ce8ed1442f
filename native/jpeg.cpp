#include "jpeg.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "jpeg_samples.hpp"
#include "jpeg_scan.hpp"
#include "planes.hpp"
#include "target.hpp"

namespace lookalike {
namespace {

constexpr std::size_t kLanes = 4;  // files decoded side by side; measured

// One file on its way through the sequential decoder, which stops wherever a block of coefficients ends.
class Lane {
 public:
  // False: declined, or not for lanes.
  bool open(const JpegHeader& header, DcPlanes& planes) {
    header_ = &header;
    planes_ = &planes;
    scan_ = 0;
    return open_scan();
  }

  enum class State { going, done, declined };

  // What the loop over symbols keeps in registers.
  struct Place {
    const std::uint8_t* base;
    const AcTable::Entry* look;
    std::size_t at;
    unsigned k;
  };
  Place place() const { return {walk_.reader.base, ac_->look.data(), walk_.reader.at, k_}; }

  void pause(const Place& place) {
    walk_.reader.at = place.at;
    k_ = place.k;
  }

  // At a place where the table of symbols says that the block ends, or does not know: to the next place.
  State end_block(std::size_t at, unsigned k, AcTable::Entry entry) {
    BitReader& reader = walk_.reader;
    reader.at = at;
    k_ = k;
    const unsigned next = k + entry.run;
    if (next > AcTable::kEndOfBlock && next < AcTable::kEndOfBlock + 64) {
      reader.skip(entry.bits);
    } else {  // a long code, or the last coefficient of the block is among these
      int value = 0;
      if (!read_ac(reader, ac_->codes, k_, value)) return State::declined;
      if (k_ < 64) return State::going;
    }
    if (!walk_.advance() || reader.overrun()) return State::declined;
    if (!walk_.done()) return begin_block() ? State::going : State::declined;
    if (++scan_ == header_->scans.size()) return State::done;
    return open_scan() ? State::going : State::declined;
  }

 private:
  bool open_scan() {
    const JpegScan& scan = header_->scans[scan_];
    if (!walk_.open(*header_, scan, *planes_)) return false;
    for (unsigned i = 0; i < scan.count; ++i) {
      dc_tables_[scan.dc[i]] = dc_table(scan.dc_tables[scan.dc[i]]);
      ac_tables_[scan.ac[i]] = ac_table(scan.ac_tables[scan.ac[i]]);
    }
    return begin_block();
  }

  bool begin_block() {
    const ScanWalk::Step& step = walk_.step();
    ac_ = ac_tables_[step.ac].get();
    k_ = 1;
    int dc = 0;
    if (!read_dc(walk_, *dc_tables_[step.dc], step.component, dc)) return false;
    *step.place = static_cast<std::int16_t>(dc);
    return true;
  }

  ScanWalk walk_;
  const AcTable* ac_ = nullptr;
  unsigned k_ = 1;
  const JpegHeader* header_ = nullptr;
  DcPlanes* planes_ = nullptr;
  std::size_t scan_ = 0;
  std::array<std::shared_ptr<const Codes>, 4> dc_tables_;
  std::array<std::shared_ptr<const AcTable>, 4> ac_tables_;
};

// Runs lanes side by side until one of them is done or declined; returns which and how.
template <std::size_t Count>
LOOKALIKE_INLINE std::pair<std::size_t, Lane::State> run_lanes(Lane* const* lanes) {
  std::array<Lane::Place, Count> places;
  for (std::size_t i = 0; i < Count; ++i) places[i] = lanes[i]->place();
  for (;;) {
    for (std::size_t i = 0; i < Count; ++i) {
      Lane::Place& place = places[i];
      std::uint64_t bits = BitReader{place.base, place.at, 0}.peek();
      for (unsigned twice = 0; twice < 2; ++twice) {  // 44 of 57 bits at most
        const AcTable::Entry entry = place.look[bits >> (64 - kLookBits)];
        if (place.k + entry.run >= 64) {
          const Lane::State state = lanes[i]->end_block(place.at, place.k, entry);
          if (state == Lane::State::going) {
            place = lanes[i]->place();
            break;
          }
          for (std::size_t j = 0; j < Count; ++j) {
            if (j != i) lanes[j]->pause(places[j]);
          }
          return {i, state};
        }
        place.k += entry.run;
        place.at += entry.bits;
        bits <<= entry.bits;
      }
    }
  }
}

using RunLanes = std::pair<std::size_t, Lane::State> (*)(Lane* const* lanes);

template <std::size_t Count>
std::pair<std::size_t, Lane::State> run_plain(Lane* const* lanes) {
  return run_lanes<Count>(lanes);
}

#ifdef LOOKALIKE_AVX2
template <std::size_t Count>
__attribute__((target("avx2,bmi,bmi2"))) std::pair<std::size_t, Lane::State> run_bmi2(Lane* const* lanes) {
  return run_lanes<Count>(lanes);
}
const bool fast_shifts = LOOKALIKE_HAS("avx2") && LOOKALIKE_HAS("bmi") &&
                         LOOKALIKE_HAS("bmi2");
#define LOOKALIKE_RUN(count) (fast_shifts ? run_bmi2<count> : run_plain<count>)
#else
#define LOOKALIKE_RUN(count) (run_plain<count>)
#endif

// The scans of a progressive file that hold DC: the first, and those that add a bit (T.81, G.1.2.1).
bool read_progressive(const JpegHeader& header, DcPlanes& planes) {
  ScanWalk walk;
  for (const JpegScan& scan : header.scans) {
    if (!walk.open(header, scan, planes)) return false;
    std::array<std::shared_ptr<const Codes>, 4> tables;
    for (unsigned i = 0; scan.high == 0 && i < scan.count; ++i) {
      tables[scan.dc[i]] = dc_table(scan.dc_tables[scan.dc[i]]);
    }
    while (!walk.done()) {
      const ScanWalk::Step& step = walk.step();
      if (scan.high == 0) {
        int dc = 0;
        if (!read_dc(walk, *tables[step.dc], step.component, dc)) return false;
        dc *= 1 << scan.low;
        if (dc < -32768 || dc > 32767) return false;
        *step.place = static_cast<std::int16_t>(dc);
      } else {
        if (walk.reader.peek() >> 63 != 0) *step.place = static_cast<std::int16_t>(*step.place | 1 << scan.low);
        walk.reader.skip(1);
      }
      if (!walk.advance() || walk.reader.overrun()) return false;
    }
  }
  return true;
}

// The means of blocks, as libjpeg's inverse transform of one coefficient has them. False where one is so far off that
// libjpeg's table of levels would wrap around.
bool means(const JpegHeader& header, unsigned which, const std::vector<std::int16_t>& dc, Plane& plane) {
  const JpegComponent& one = header.component[which];
  const int factor = header.quantisation[one.quantisation][0];
  plane.width = one.columns;
  plane.height = one.rows;
  plane.levels.resize(one.columns * one.rows);
  int low = 0, high = 0;
  for (std::size_t y = 0; y < one.rows; ++y) {
    const std::int16_t* from = dc.data() + y * one.stride;
    std::uint8_t* to = plane.levels.data() + y * one.columns;
    for (std::size_t x = 0; x < one.columns; ++x) {
      const int mean = (from[x] * factor + 4) >> 3;
      low = std::min(low, mean);
      high = std::max(high, mean);
      to[x] = static_cast<std::uint8_t>(std::clamp(mean + 128, 0, 255));
    }
  }
  return low >= -512 && high < 512;
}

struct File {
  JpegHeader header;
  DcPlanes planes;
  std::size_t index = 0;
};

// Memory in proportion to the file: a block takes two bits at least, in a progressive file one.
bool make_planes(const JpegHeader& header, std::size_t file_size, DcPlanes& planes) {
  std::size_t blocks = 0;
  for (unsigned i = 0; i < header.components; ++i) blocks += header.component[i].columns * header.component[i].rows;
  if (blocks > file_size * (header.progressive ? 8 : 4)) return false;
  for (unsigned i = 0; i < header.components; ++i) {
    planes[i].assign(header.component[i].stride * header.component[i].height, 0);
  }
  return true;
}

void describe(const JpegHeader& header, unsigned unit, Picture& out) {
  out = Picture{};
  out.width = header.width;
  out.height = header.height;
  out.unit = unit;
  out.quality_sum = header.quality_sum;
  out.orientation = header.orientation;
  out.exif = header.exif;
  out.exif_size = header.exif_size;
  if (header.components == 3) {
    // Small pictures come with chroma upsampled.
    const JpegComponent& chroma = header.component[unit == 1 ? 0 : 1];
    out.chroma_width = static_cast<double>(header.width * chroma.h) / (header.h * unit);
    out.chroma_height = static_cast<double>(header.height * chroma.v) / (header.v * unit);
  }
}

bool finish(const File& file, Picture& out) {
  const JpegHeader& header = file.header;
  describe(header, 8, out);
  Plane* const planes[] = {&out.luma, &out.cb, &out.cr};
  for (unsigned i = 0; i < header.components; ++i) {
    if (!means(header, i, file.planes[i], *planes[i])) return false;
  }
  return true;
}

}  // namespace

void read_jpegs(std::span<const std::span<const std::uint8_t>> files, std::size_t max_pixels, std::span<Picture> out,
                std::span<std::uint8_t> taken) {
  std::array<Lane, kLanes> lanes;
  std::array<File, kLanes> open;
  std::array<Lane*, kLanes> going{};  // lanes under way
  std::size_t count = 0, next = 0;
  std::fill(taken.begin(), taken.end(), std::uint8_t{0});
  // Puts the next file that is for lanes into one; the others are done at once.
  const auto fill = [&](std::size_t lane) {
    for (; next < files.size(); ++next) {
      File& file = open[lane];
      file.header = JpegHeader{};
      file.index = next;
      if (!read_jpeg_header(files[next], max_pixels, file.header)) continue;
      const JpegHeader& header = file.header;
      // Cb and Cr go together from here on.
      if (header.components == 3 && (header.component[1].h != header.component[2].h ||
                                     header.component[1].v != header.component[2].v)) {
        continue;
      }
      if (unit_of(header.width, header.height) == 1) {
        describe(header, 1, out[next]);
        taken[next] = !header.progressive && read_samples(header, files[next].size(), out[next]);
        continue;
      }
      if (!make_planes(header, files[next].size(), file.planes)) continue;
      if (header.progressive) {
        taken[next] = read_progressive(header, file.planes) && finish(file, out[next]);
        continue;
      }
      if (!lanes[lane].open(header, file.planes)) continue;
      ++next;
      return true;
    }
    return false;
  };
  while (count < kLanes && fill(count)) {
    going[count] = &lanes[count];
    ++count;
  }
  const std::array<RunLanes, kLanes> run{LOOKALIKE_RUN(1), LOOKALIKE_RUN(2), LOOKALIKE_RUN(3), LOOKALIKE_RUN(4)};
  while (count > 0) {
    const auto [which, state] = run[count - 1](going.data());
    const auto lane = static_cast<std::size_t>(going[which] - lanes.data());
    const File& file = open[lane];
    if (state == Lane::State::done) taken[file.index] = finish(file, out[file.index]);
    if (!fill(lane)) going[which] = going[--count];
  }
}

}  // namespace lookalike
