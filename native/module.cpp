// The Python module. The bind_ files check arguments, let go of the interpreter lock and wrap results: no algorithm there.
#include "arrays.hpp"

NB_MODULE(_native, m) {
  m.doc() = "Compiled kernels of lookalike.";
  lookalike::define_join(m);
  lookalike::define_files(m);
  lookalike::define_hashes(m);
  lookalike::define_jpeg(m);
  lookalike::define_thumbnail(m);
  lookalike::define_png(m);
  lookalike::define_verify(m);
}
