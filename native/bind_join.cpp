// The Python face of the join.
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

namespace lookalike {

using namespace nb::literals;

namespace {

using HashBlock = nb::ndarray<const std::uint64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

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
              std::size_t task_pairs)
      : block_(std::move(block)) {
    if (std::uint64_t{block_.shape(0)} >> 32 != 0) throw std::invalid_argument("a block must have under 2**32 rows");
    if (block_.shape(1) < 1 || block_.shape(1) > 1023) {  // distances are 16 bits wide
      throw std::invalid_argument("a row must have 1 to 1023 words, got " + std::to_string(block_.shape(1)));
    }
    const auto words = static_cast<unsigned>(block_.shape(1));
    if (radius > 64 * words) {
      throw std::invalid_argument("radius must be at most " + std::to_string(64 * words) + " bits, got " +
                                  std::to_string(radius));
    }
    stream_ = std::make_unique<PairStream>(Block{block_.data(), block_.shape(0), words}, radius, threads,
                                           kernel_named(kernel), method_named(method), task_pairs, check_signals);
  }

  std::optional<PairColumns> next(std::size_t limit) {
    PairColumns pairs = stream_->next(limit);
    if (pairs.left.empty()) return std::nullopt;
    return pairs;
  }

  std::vector<std::tuple<unsigned, unsigned, unsigned>> bands() const {
    std::vector<std::tuple<unsigned, unsigned, unsigned>> bands;
    for (const Band& band : stream_->bands()) bands.emplace_back(band.start, band.width, band.flips);
    return bands;
  }

 private:
  HashBlock block_;
  std::unique_ptr<PairStream> stream_;
};

}  // namespace

void define_join(nb::module_& m) {
  m.def(
      "kernels",
      [] {
        std::vector<std::string> names;
        for (const Kernel& kernel : kernels()) names.emplace_back(kernel.name);
        return names;
      },
      "Names of the compare kernels this processor runs, best first.");
  nb::class_<BoundStream>(m, "PairStream", "All pairs of rows within a Hamming radius, in parts.")
      .def(nb::init<HashBlock, unsigned, unsigned, const std::string&, const std::string&, std::size_t>(),
           "block"_a.noconvert(), "radius"_a, "threads"_a, "kernel"_a, "method"_a = "auto",
           "task_pairs"_a = std::size_t{1} << 20)
      .def_prop_ro("bands", &BoundStream::bands, "Bands as (start, width, flips); one of width 0 is brute force.")
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
