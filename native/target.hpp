// What kernels that are compiled for several instruction sets share; which one runs is chosen by hand at run time.
#pragma once

#if defined(_MSC_VER)
#define LOOKALIKE_INLINE __forceinline
#else
#define LOOKALIKE_INLINE inline __attribute__((always_inline))
#endif

// gcc and clang compile single functions for an instruction set, and can ask at run time whether it is there.
#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__)) && !defined(_MSC_VER)
#define LOOKALIKE_AVX2 1
#define LOOKALIKE_FOR_AVX2 __attribute__((target("avx2")))
// Some are asked while the module is loaded, where macOS may not yet have looked at the processor by itself.
#define LOOKALIKE_HAS(set) (__builtin_cpu_init(), __builtin_cpu_supports(set) != 0)
#endif

// Part of every 64-bit x86 processor.
#if defined(__SSE2__) || defined(_M_X64)
#define LOOKALIKE_SSE2 1
#endif

namespace lookalike {

// The sets that verification is compiled for; each gives the same bits.
enum class Instructions { plain, avx2 };

}  // namespace lookalike

// A file defines LOOKALIKE_KERNEL(name, target), which makes a `name##_kernel` of the type Kernel, and then says this.
#ifdef LOOKALIKE_AVX2
#define LOOKALIKE_KERNELS                                          \
  LOOKALIKE_KERNEL(plain, )                                        \
  LOOKALIKE_KERNEL(avx2, LOOKALIKE_FOR_AVX2)                       \
  const Kernel& kernel_of(Instructions set) {                      \
    return set == Instructions::avx2 ? avx2_kernel : plain_kernel; \
  }
#else
#define LOOKALIKE_KERNELS   \
  LOOKALIKE_KERNEL(plain, ) \
  const Kernel& kernel_of(Instructions) { return plain_kernel; }
#endif
