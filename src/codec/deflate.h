/* Whole buffers packed and unpacked with DEFLATE (RFC 1951) in zlib or gzip form, by ISA-L. Bodies
 * of HTTP messages, which come in pieces and odd codings, are inflate.h's. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum deflate_form {
    DEFLATE_ZLIB, /* RFC 1950 */
    DEFLATE_GZIP, /* RFC 1952, one member */
};

struct deflater;
struct inflater;

/* For a thread; boot memory (exits without). level: 1 (fast) to 9, as zlib names them. */
struct deflater *deflater_new(int level);
void deflater_free(struct deflater *d);

/* Bytes that n input bytes can take at most. */
size_t deflate_bound(size_t n);

/* Appends `in` packed in zlib form; false (and out as before) when there is no room. */
bool deflate_pack(struct deflater *d, struct slice in, struct buf *out);

/* The same in that form. */
bool deflate_pack_as(struct deflater *d, enum deflate_form form, struct slice in, struct buf *out);

/* For a thread; boot memory (exits without). */
struct inflater *inflater_new(void);
void inflater_free(struct inflater *d);

enum deflate_end {
    DEFLATE_DONE,
    DEFLATE_BAD,       /* not of that form, damaged, wrong checksum, or it ends too early */
    DEFLATE_TOO_LARGE, /* more than max bytes would come out */
    DEFLATE_NO_MEMORY, /* mem is out of budget */
};

/* Unpacks `in` into mem. At most max bytes come out; `guess` is how many probably will (0: not
 * known). Behind *out there are UNPACK_PAD zero bytes. What follows the packed data is ignored. */
struct unpacking {
    struct arena *mem;
    size_t max, guess;
};
#define UNPACK_PAD 16
enum deflate_end deflate_unpack(struct inflater *d, enum deflate_form form, struct slice in,
                                const struct unpacking *how, struct slice *out);
