// Debian's zlib (zlib1g-dev) as Swift sees it: its own header, and functions for the two macros that Swift cannot import.
// No logic lives here.
#ifndef PYLON_CZLIB_H
#define PYLON_CZLIB_H

#include <zlib.h>

/// deflateInit2, a macro that adds the version and the size of z_stream. Negative window bits mean raw deflate.
static inline int czlib_deflate_init(z_stream *stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
}

/// inflateInit2, a macro for the same reason. Negative window bits mean raw deflate.
static inline int czlib_inflate_init(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }

#endif
