/* Unpacks gzip (RFC 1952, zlib) and zstd (RFC 8878, libzstd) streams. */
#include "in/unpack.h"

#include <limits.h>
#include <zlib.h>
#include <zstd.h>

#include "base/bug.h"

/* RFC 8878 3.1.1.1.2: what a decoder must be ready to keep; larger frames are refused. */
#define ZSTD_WINDOW_LOG 27

struct unpack {
    enum packing packing;
    z_stream gzip;
    ZSTD_DStream *zstd;
    bool inside; /* a member has begun and has not ended */
};

enum packing unpack_packing(struct slice first)
{
    if (slice_starts(first, SLICE("\x1f\x8b")) && first.n >= 4)
        return PACKING_GZIP;
    if (slice_starts(first, SLICE("\x28\xb5\x2f\xfd")))
        return PACKING_ZSTD;
    /* a skippable frame, as pzstd puts in front: 0x184D2A5? */
    if (first.n >= 4 && slice_eq(slice_of(first.p + 1, 3), SLICE("\x2a\x4d\x18")) &&
        (first.p[0] & 0xf0) == 0x50)
        return PACKING_ZSTD;
    return PACKING_NONE;
}

struct unpack *unpack_new(enum packing packing)
{
    struct unpack *z = xcalloc(1, sizeof(*z));
    z->packing = packing;
    if (packing == PACKING_GZIP) {
        xneed(inflateInit2(&z->gzip, MAX_WBITS + 16) == Z_OK, "memory to unpack a capture");
    } else {
        z->zstd = ZSTD_createDStream();
        xneed(z->zstd, "memory to unpack a capture");
        ZSTD_DCtx_setParameter(z->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
    }
    return z;
}

void unpack_free(struct unpack *z)
{
    if (!z)
        return;
    if (z->packing == PACKING_GZIP)
        inflateEnd(&z->gzip);
    ZSTD_freeDStream(z->zstd);
    xfree(z);
}

/* One call of zlib. Zeroes after the last member are padding of tapes and block devices. */
static err gzip_step(struct unpack *z, struct slice *in, uint8_t *out, size_t *n)
{
    z_stream *s = &z->gzip;
    uInt given = in->n < UINT_MAX ? (uInt)in->n : UINT_MAX;
    if (!z->inside && in->p[0] == 0 && s->total_in > 0) {
        *in = slice_after(*in, 1);
        *n = 0;
        return ERR_OK;
    }
    s->next_in = (z_const Bytef *)(uintptr_t)in->p;
    s->avail_in = given;
    s->next_out = out;
    s->avail_out = (uInt)*n;
    if (!z->inside && s->total_in > 0)
        inflateReset(s);
    z->inside = true;
    int r = inflate(s, Z_NO_FLUSH);
    *in = slice_after(*in, given - s->avail_in);
    *n -= s->avail_out;
    if (r == Z_STREAM_END)
        z->inside = false;
    return r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR ? ERR_OK : ERR_FORMAT;
}

static err zstd_step(struct unpack *z, struct slice *in, uint8_t *out, size_t *n)
{
    ZSTD_inBuffer from = { in->p, in->n, 0 };
    ZSTD_outBuffer to = { out, *n, 0 };
    size_t r = ZSTD_decompressStream(z->zstd, &to, &from);
    *in = slice_after(*in, from.pos);
    *n = to.pos;
    z->inside = r != 0;
    return ZSTD_isError(r) ? ERR_FORMAT : ERR_OK;
}

err unpack_run(struct unpack *z, struct slice *in, uint8_t *out, size_t *n, struct why *w)
{
    size_t room = *n;
    bool gzip = z->packing == PACKING_GZIP;
    *n = 0;
    /* Also without input: the library may still hold unpacked bytes back. */
    for (bool more = true; more && *n < room;) {
        size_t piece = room - *n, before = in->n;
        if (in->n == 0 && !z->inside)
            break;
        err e = gzip ? gzip_step(z, in, out + *n, &piece) : zstd_step(z, in, out + *n, &piece);
        if (e != ERR_OK)
            return why_set(w, e, "the %s data is damaged", gzip ? "gzip" : "zstd");
        *n += piece;
        more = in->n > 0 ? piece > 0 || in->n < before : piece > 0;
    }
    return ERR_OK;
}

bool unpack_is_inside(const struct unpack *z)
{
    return z->inside;
}
