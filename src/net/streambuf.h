/* The bytes of one direction that the parser has not consumed yet, and when each came. */
#pragma once

#include "base/slab.h"
#include "model/stream.h"

/* Appends bytes that came at ts_ns; false when there is no memory (nothing is appended). want: size
 * that the buffer will grow to (0: not known). */
bool streambuf_append(struct slab *slab, struct stream_half *half, struct slice bytes,
                      int64_t ts_ns, size_t want);

/* Takes the first n bytes out; an empty buffer has no memory. */
void streambuf_consume(struct slab *slab, struct stream_half *half, size_t n);

static inline struct slice streambuf_bytes(const struct stream_half *half)
{
    return slice_of(half->buffer.p, half->buffer.n);
}

/* When the byte at this offset of the stream came: it must be in the buffer. */
int64_t streambuf_time(const struct stream_half *half, uint64_t at);
