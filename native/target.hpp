// What kernels that are compiled for several instruction sets share; which one runs is chosen by hand at run time.
#pragma once

#if defined(_MSC_VER)
#define LOOKALIKE_INLINE __forceinline
#else
#define LOOKALIKE_INLINE inline __attribute__((always_inline))
#endif
