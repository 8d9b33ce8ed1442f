// The Python face of the join.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "arrays.hpp"
#include "join.hpp"
#include "search.hpp"

namespace lookalike {

using namespace nb::literals;

namespace {

using HashBlock = Input<std::uint64_t, 2>;

// What a join can hold: row numbers are 32 bits wide, distances 16.
Block checked(const HashBlock& block) {
  if (std::uint64_t{block.shape(0)} >> 32 != 0) throw std::invalid_argument("a block must have under 2**32 rows");
  if (block.shape(1) < 1 || block.shape(1) > 1023) {
    throw std::invalid_argument("a row must have 1 to 1023 words, got " + std::to_string(block.shape(1)));
  }
  return {block.data(), block.shape(0), static_cast<unsigned>(block.shape(1))};
}

Method method_named(const std::string& name) {
  if (name == "auto") return Method::automatic;
  if (name == "brute") return Method::brute;
  if (name == "bands") return Method::bands;
  throw std::invalid_argument("method must be one of auto, brute, bands, got '" + name + "'");
}

void check_signals() {
  const nb::gil_scoped_acquire lock;
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

// Keeps the caller's array alive beside the stream that reads it.
class BoundStream {
 public:
  BoundStream(HashBlock block, unsigned radius, unsigned threads, const std::string& kernel, const std::string& method,
              std::size_t task_pairs, std::optional<HashBlock> second, unsigned second_radius,
              std::optional<HashBlock> queries)
      : block_(std::move(block)), second_(std::move(second)), queries_(std::move(queries)) {
    const Block own = checked(block_);
    if (radius > 64 * own.count) {
      throw std::invalid_argument("radius must be at most " + std::to_string(64 * own.count) + " bits, got " +
                                  std::to_string(radius));
    }
    Second other;
    if (second_) {
      if (second_->shape(0) != block_.shape(0)) throw std::invalid_argument("second hashes must be as many as the first");
      other = {second_->data(), static_cast<unsigned>(second_->shape(1)), second_radius};
    }
    std::optional<Block> others;
    if (queries_) {
      others = checked(*queries_);
      if (second_ || others->count != own.count) {
        throw std::invalid_argument("queries must have as many words as the block, and are without second hashes");
      }
    }
    stream_ = std::make_unique<PairStream>(own, radius, threads, kernel_named(kernel), method_named(method), task_pairs,
                                           check_signals, other, others);
  }

  std::vector<std::uint64_t> count(const std::optional<Input<std::uint64_t, 1>>& weights) {
    if (weights && weights->shape(0) != block_.shape(0)) throw std::invalid_argument("weights must be as many as the rows");
    const nb::gil_scoped_release unlocked;
    return stream_->count(weights ? weights->data() : nullptr);
  }

  std::vector<std::uint32_t> components() {
    const nb::gil_scoped_release unlocked;
    return stream_->components();
  }

  std::optional<PairColumns> next(std::size_t limit) {
    PairColumns pairs = stream_->next(limit);
    if (pairs.left.empty()) return std::nullopt;
    return pairs;
  }

  std::vector<std::tuple<std::vector<unsigned>, unsigned>> bands() const {
    std::vector<std::tuple<std::vector<unsigned>, unsigned>> bands;
    for (const Band& band : stream_->bands()) {
      std::vector<unsigned> bits;
      for (unsigned bit = 0; bit < 64 * band.masks.size(); ++bit) {
        if ((band.masks[bit / 64] >> bit % 64 & 1) != 0) bits.push_back(bit);
      }
      bands.emplace_back(std::move(bits), band.flips);
    }
    return bands;
  }

 private:
  HashBlock block_;
  std::optional<HashBlock> second_, queries_;
  std::unique_ptr<PairStream> stream_;
};

nb::tuple searched(const HashBlock& block, const HashBlock& queries, unsigned radius, std::size_t most, unsigned threads,
                   const std::string& kernel) {
  const Block rows = checked(block), others = checked(queries);
  if (rows.count != others.count) throw std::invalid_argument("queries must have as many words as the block");
  std::vector<std::uint32_t> query, row;
  std::vector<std::uint16_t> distance;
  {
    const nb::gil_scoped_release unlocked;
    for (const Found& found : search(rows, others, radius, most, threads, kernel_named(kernel), check_signals)) {
      query.push_back(found.query);
      row.push_back(found.row);
      distance.push_back(found.distance);
    }
  }
  return nb::make_tuple(column(std::move(query)), column(std::move(row)), column(std::move(distance)));
}

}  // namespace

void define_join(nb::module_& m) {
  m.def("search", &searched, "block"_a.noconvert(), "queries"_a.noconvert(), "radius"_a, "most"_a, "threads"_a, "kernel"_a,
        "Rows within a radius of queries, all or the `most` nearest, as (query, row, distance).");
  m.def(
      "kernels",
      [] {
        std::vector<std::string> names;
        for (const Kernel& kernel : kernels()) names.emplace_back(kernel.name);
        return names;
      },
      "Names of the compare kernels this processor runs, best first.");
  nb::class_<BoundStream>(m, "PairStream", "All pairs of rows within a Hamming radius, in parts.")
      .def(nb::init<HashBlock, unsigned, unsigned, const std::string&, const std::string&, std::size_t,
                    std::optional<HashBlock>, unsigned, std::optional<HashBlock>>(),
           "block"_a.noconvert(), "radius"_a, "threads"_a, "kernel"_a, "method"_a = "auto",
           "task_pairs"_a = std::size_t{1} << 20, "second"_a.noconvert() = nb::none(), "second_radius"_a = 0,
           "queries"_a.noconvert() = nb::none())
      .def("count", [](BoundStream& stream, const std::optional<Input<std::uint64_t, 1>>& weights) {
             return column(stream.count(weights));
           }, "weights"_a.noconvert() = nb::none(),
           "Pairs at each distance from 0 to the radius, each counting the product of its weights; ends the stream.")
      .def("components", [](BoundStream& stream) { return column(stream.components()); },
           "The least row of the component of each row; ends the stream.")
      .def_prop_ro("bands", &BoundStream::bands, "Bands as (bit numbers, flips); one without bits is brute force.")
      .def(
          "next",
          [](BoundStream& stream, std::size_t limit) -> nb::object {
            std::optional<PairColumns> pairs;
            {
              const nb::gil_scoped_release unlocked;
              pairs = stream.next(limit);
            }
            if (!pairs) return nb::none();
            return nb::make_tuple(column(std::move(pairs->left)), column(std::move(pairs->right)),
                                  column(std::move(pairs->distance)));
          },
          "limit"_a, "At least `limit` further pairs, all that are left if fewer, None if none is.");
}

}  // namespace lookalike
