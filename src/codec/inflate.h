/* Undoes content codings (RFC 9110 section 8.4.1) of one whole body: gzip, deflate, br, zstd. */
#pragma once

#include "base/slab.h"
#include "base/slice.h"

enum inflate_coding {
    INFLATE_UNKNOWN,
    INFLATE_IDENTITY,
    INFLATE_GZIP,    /* RFC 1952, several members too */
    INFLATE_DEFLATE, /* RFC 1950, and the bare RFC 1951 that some servers send */
    INFLATE_BROTLI,  /* RFC 7932 */
    INFLATE_ZSTD,    /* RFC 8878, window at most 8 MiB (RFC 9659) */
};

enum inflate_end {
    INFLATE_OK,
    INFLATE_CAPPED,    /* the bound on the output was reached; what fits is there */
    INFLATE_SHORT,     /* the input ends too early */
    INFLATE_CORRUPT,   /* the input is not of that coding */
    INFLATE_NO_MEMORY, /* the slab's cap */
    INFLATE_NO_CODING, /* INFLATE_UNKNOWN was asked for */
    INFLATE_ENDS
};

/* Decoded bytes in slab memory: give it back with inflate_free. Zero it before the first use. */
struct inflated {
    uint8_t *p;
    size_t n, cap;
};

/* The coding of a name, without case; x-gzip is gzip (RFC 9110 section 8.4.1.3). */
enum inflate_coding inflate_coding_of(struct slice name);

/* Decodes `in` into *out, which must be empty. The output is bounded by max bytes and, beyond the
 * first MiB, by 256 times the input. All memory, the decoder's own too, comes from mem and is back
 * there at the end but for *out (on every result). */
enum inflate_end inflate_decode(enum inflate_coding coding, struct slice in, size_t max,
                                struct slab *mem, struct inflated *out);
void inflate_free(struct inflated *out, struct slab *mem);

/* For people: "unexpected EOF" and the like; never NULL. */
const char *inflate_text(enum inflate_end end);
