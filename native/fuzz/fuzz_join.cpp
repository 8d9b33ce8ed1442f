// Any bytes as blocks of hashes and what is asked about them: the stream of pairs, their counts, the components and the search
// against comparing all with all. Every kernel of this processor, both methods, with second hashes and with queries.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "../join.hpp"
#include "../search.hpp"

namespace {

using namespace lookalike;
using Words = std::vector<std::uint64_t>;
using Triple = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Reader {
  const std::uint8_t* data;
  std::size_t size, at = 0;
  std::uint8_t byte() { return at < size ? data[at++] : static_cast<std::uint8_t>(at++ * 37); }
  // Rows that repeat earlier ones but for some bits, so that pairs at all distances come up.
  Words rows(std::size_t count, unsigned words) {
    Words block;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint8_t how = byte();
      const std::size_t like = i == 0 ? 0 : byte() % i;
      for (unsigned w = 0; w < words; ++w) {
        std::uint64_t word = i == 0 ? 0 : block[like * words + w];
        if (how % 4 == 0) {
          for (int b = 0; b < 8; ++b) word = word << 8 | byte();
        }
        block.push_back(word);
      }
      for (unsigned flips = how / 4 % 12; flips > 0; --flips) {
        const unsigned bit = (byte() * 256U + byte()) % (64 * words);
        block[i * words + bit / 64] ^= std::uint64_t{1} << bit % 64;
      }
    }
    return block;
  }
};

unsigned distance(const std::uint64_t* one, const std::uint64_t* other, unsigned words) {
  unsigned sum = 0;
  for (unsigned w = 0; w < words; ++w) sum += static_cast<unsigned>(std::popcount(one[w] ^ other[w]));
  return sum;
}

std::uint32_t root(const std::vector<std::uint32_t>& above, std::uint32_t row) {
  while (above[row] != row) row = above[row];
  return row;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 10) return 0;
  Reader reader{data, size};
  const unsigned words = 1 + reader.byte() % 8 / 5 * 2, modes = reader.byte(), threads = 1 + modes % 8 / 7;
  const std::size_t count = reader.byte() % 100 + (modes & 128 ? 100 : 0), asked = reader.byte() % 40;
  const unsigned radius = (reader.byte() * (modes & 32 ? 1U : 0U) + reader.byte() % 16) % (64 * words + 1);
  const std::size_t task_pairs = 1 + reader.byte() * 40U, limit = 1 + reader.byte() * 4U, most = reader.byte() % 5;
  const std::vector<Kernel> all = kernels();
  const Kernel kernel = all[reader.byte() % all.size()];
  const Method method = std::array{Method::automatic, Method::brute, Method::bands}[reader.byte() % 3];
  const Words rows = reader.rows(count, words), queries = reader.rows(asked, words);
  const unsigned second_words = 1 + modes / 8 % 2, second_radius = reader.byte() % 40;
  const Words others = reader.rows(count, second_words);
  const Block block{rows.data(), count, words}, query{queries.data(), asked, words};
  const bool with_second = modes & 4, with_queries = !with_second && modes & 2;
  const Second second = with_second ? Second{others.data(), second_words, second_radius} : Second{};

  std::vector<Triple> wanted;
  Words counts(radius + 1), weights;
  for (std::size_t i = 0; i < count; ++i) weights.push_back(1 + i % 3);
  std::vector<std::uint32_t> above(count);
  for (std::uint32_t i = 0; i < count; ++i) above[i] = i;
  for (std::uint32_t i = 0; i < count; ++i) {
    for (std::uint32_t j = with_queries ? 0 : i + 1; j < (with_queries ? asked : count); ++j) {
      const unsigned apart = distance(block.row(i), with_queries ? query.row(j) : block.row(j), words);
      if (apart > radius) continue;
      if (with_second && distance(&others[i * second_words], &others[j * second_words], second_words) > second_radius) continue;
      wanted.emplace_back(i, j, apart);
      if (with_queries) continue;
      counts[apart] += weights[i] * weights[j];
      const std::uint32_t one = root(above, i), other = root(above, j);
      above[std::max(one, other)] = std::min(one, other);
    }
  }
  const auto stream = [&] {
    return PairStream(block, radius, threads, kernel, method, task_pairs, [] {}, second,
                      with_queries ? std::optional<Block>(query) : std::nullopt);
  };
  std::vector<Triple> found;
  PairStream pairs = stream();
  for (PairColumns part = pairs.next(limit); !part.left.empty(); part = pairs.next(limit)) {
    for (std::size_t k = 0; k < part.left.size(); ++k) found.emplace_back(part.left[k], part.right[k], part.distance[k]);
  }
  std::sort(found.begin(), found.end());
  require(found == wanted);
  if (!with_queries) {
    require(stream().count(weights.data()) == counts);
    std::vector<std::uint32_t> least(count);
    for (std::uint32_t i = 0; i < count; ++i) least[i] = root(above, i);
    require(stream().components() == least);
  }
  std::map<std::uint32_t, std::vector<std::pair<unsigned, std::uint32_t>>> near;
  for (std::uint32_t q = 0; q < asked; ++q) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const unsigned apart = distance(block.row(i), query.row(q), words);
      if (apart <= radius) near[q].emplace_back(apart, i);
    }
    std::sort(near[q].begin(), near[q].end());
    if (most > 0 && near[q].size() > most) near[q].resize(most);
  }
  std::map<std::uint32_t, std::vector<std::pair<unsigned, std::uint32_t>>> got;
  for (std::uint32_t q = 0; q < asked; ++q) got[q];
  for (const Found& one : search(block, query, radius, most, threads, kernel, [] {})) got[one.query].emplace_back(one.distance, one.row);
  require(got == near);
  return 0;
}
