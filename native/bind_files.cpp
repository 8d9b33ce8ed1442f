// Reading whole files without the interpreter lock.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "arrays.hpp"

#if defined(__unix__) || defined(__APPLE__)
#define LOOKALIKE_POSIX 1
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace lookalike {

using namespace nb::literals;

namespace {

#ifdef LOOKALIKE_POSIX

struct File {
  const char* path;
  std::int64_t mtime_ns;
  char* data;  // of an object of Python's that nobody else knows yet
  std::size_t size;
  bool whole = false;
};

bool starts_like_ours(const char* head, std::size_t size) {
  return (size >= 3 && std::memcmp(head, "\xff\xd8\xff", 3) == 0) ||
         (size >= 8 && std::memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0);
}

std::int64_t mtime_of(const struct stat& status) {
#ifdef __APPLE__
  const auto& time = status.st_mtimespec;
#else
  const auto& time = status.st_mtim;
#endif
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// Whether a file was read whole and is what it was when it was listed.
bool read_whole(const File& file, int handle, bool everything) {
  struct stat status;
  const auto as_listed = [&] {
    return fstat(handle, &status) == 0 && S_ISREG(status.st_mode) &&
           static_cast<std::uint64_t>(status.st_size) == file.size && mtime_of(status) == file.mtime_ns;
  };
  if (!as_listed()) return false;
  constexpr std::size_t head = 4096;  // enough to see what it is
  for (std::size_t done = 0; done < file.size;) {
    const std::size_t next = done == 0 && !everything ? std::min(head, file.size) : file.size - done;
    const ssize_t got = read(handle, file.data + done, next);
    if (got <= 0) return false;
    if (done == 0 && !everything && !starts_like_ours(file.data, static_cast<std::size_t>(got))) return false;
    done += static_cast<std::size_t>(got);
  }
  return as_listed();
}

// For each file its bytes, or None: not there, not a regular file, not of that size and time, or not of a kind that the
// kernels read (unless `everything` is set, by file, which has it read whatever it is).
nb::list read_files(const std::vector<nb::bytes>& paths, const std::vector<std::size_t>& sizes,
                    const std::vector<std::int64_t>& mtimes, const std::vector<bool>& everything) {
  const std::size_t count = paths.size();
  if (sizes.size() != count || mtimes.size() != count || everything.size() != count) {
    throw std::invalid_argument("paths, sizes, times and marks must be of one length");
  }
  std::vector<nb::object> contents(count);
  std::vector<File> files(count);
  for (std::size_t i = 0; i < count; ++i) {
    contents[i] = nb::steal(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(sizes[i])));
    if (!contents[i].is_valid()) throw nb::python_error();
    files[i] = {paths[i].c_str(), mtimes[i], PyBytes_AsString(contents[i].ptr()), sizes[i]};
  }
  {
    const nb::gil_scoped_release unlocked;
    for (std::size_t i = 0; i < count; ++i) {
      const int handle = open(files[i].path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
      if (handle < 0) continue;
      files[i].whole = files[i].size > 0 && read_whole(files[i], handle, everything[i]);
      close(handle);
    }
  }
  nb::list result;
  for (std::size_t i = 0; i < count; ++i) result.append(files[i].whole ? contents[i] : nb::none());
  return result;
}

#endif

}  // namespace

void define_files([[maybe_unused]] nb::module_& m) {
#ifdef LOOKALIKE_POSIX
  m.def("read_files", &read_files, "paths"_a, "sizes"_a, "mtimes"_a, "everything"_a,
        "The bytes of files that are as listed and of a kind the kernels read, else None.");
#endif
}

}  // namespace lookalike
