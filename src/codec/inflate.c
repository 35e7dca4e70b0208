/* Decoders of content codings over slab memory: zlib, brotli and zstd with our allocator. */
#include "codec/inflate.h"

#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_createDCtx_advanced: a decoder with our allocator */
#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/bug.h"
#include "base/table.h"

#define FREE_BYTES       ((size_t)1024 * 1024) /* output that is never refused for its ratio */
#define RATIO_MAX        ((size_t)256)
#define ZSTD_WINDOW_BITS 23 /* 8 MiB, RFC 9659 */

/* The libraries free without telling the size, the slab wants it: it stands in front. */
struct sized {
    _Alignas(16) size_t bytes;
};

static void *sized_alloc(void *mem, size_t n)
{
    if (n > SLAB_MAX_BYTES - sizeof(struct sized))
        return NULL;
    struct sized *s = slab_alloc(mem, sizeof *s + n);
    if (!s)
        return NULL;
    s->bytes = sizeof *s + n;
    return s + 1;
}

static void sized_free(void *mem, void *p)
{
    if (p)
        slab_free(mem, (struct sized *)p - 1, ((struct sized *)p - 1)->bytes);
}

static void *zlib_alloc(void *mem, unsigned items, unsigned size)
{
    return sized_alloc(mem, (size_t)items * size);
}

/* More room behind out->n, at most up to max; false when there is none. */
static bool out_grow(struct inflated *out, size_t max, struct slab *mem)
{
    size_t cap = out->cap ? out->cap * 2 : 4096;
    cap = cap < max ? cap : max;
    if (cap <= out->cap)
        return false;
    uint8_t *p = out->p ? slab_resize(mem, out->p, out->cap, cap) : slab_alloc(mem, cap);
    if (!p)
        return false;
    out->p = p;
    out->cap = cap;
    return true;
}

/* Why out_grow gave no room. */
static enum inflate_end out_full(const struct inflated *out, size_t max)
{
    return out->cap >= max ? INFLATE_CAPPED : INFLATE_NO_MEMORY;
}

/* One step of zlib; Z_BUF_ERROR when it needs more of what it cannot get. */
static int zlib_step(z_stream *z, struct inflated *out)
{
    z->next_out = out->p + out->n;
    z->avail_out = (unsigned)(out->cap - out->n);
    int got = inflate(z, Z_NO_FLUSH);
    out->n = out->cap - z->avail_out;
    return got;
}

static enum inflate_end zlib_run(z_stream *z, size_t max, struct slab *mem, struct inflated *out)
{
    for (;;) {
        if (out->n == out->cap && !out_grow(out, max, mem))
            return out_full(out, max);
        int got = zlib_step(z, out);
        if (got == Z_STREAM_END) {
            bool more = z->avail_in >= 2 && z->next_in[0] == 0x1f && z->next_in[1] == 0x8b;
            if (!more || inflateReset(z) != Z_OK)
                return INFLATE_OK;
        } else if (got == Z_MEM_ERROR) {
            return INFLATE_NO_MEMORY;
        } else if (got != Z_OK && got != Z_BUF_ERROR) {
            return INFLATE_CORRUPT;
        } else if (z->avail_in == 0 && out->n < out->cap) {
            return INFLATE_SHORT;
        }
    }
}

/* A zlib header (RFC 1950 section 2.2): method 8 and a checksum that divides by 31. */
static bool zlib_header(struct slice in)
{
    return in.n >= 2 && (in.p[0] & 15) == 8 && (in.p[0] << 8 | in.p[1]) % 31 == 0;
}

static enum inflate_end zlib_decode(bool gzip, struct slice in, size_t max, struct slab *mem,
                                    struct inflated *out)
{
    z_stream z = { .zalloc = zlib_alloc, .zfree = sized_free, .opaque = mem };
    int bits = gzip ? 15 + 16 : zlib_header(in) ? 15 : -15;
    if (in.n > UINT32_MAX || inflateInit2(&z, bits) != Z_OK)
        return INFLATE_NO_MEMORY;
    z.next_in = (uint8_t *)in.p; /* zlib is not const-correct; it only reads */
    z.avail_in = (unsigned)in.n;
    enum inflate_end end = zlib_run(&z, max, mem, out);
    inflateEnd(&z);
    return end;
}

static enum inflate_end brotli_run(BrotliDecoderState *b, struct slice in, size_t max,
                                   struct slab *mem, struct inflated *out)
{
    for (;;) {
        if (out->n == out->cap && !out_grow(out, max, mem))
            return out_full(out, max);
        uint8_t *to = out->p + out->n;
        size_t room = out->cap - out->n;
        BrotliDecoderResult got = BrotliDecoderDecompressStream(b, &in.n, &in.p, &room, &to, NULL);
        out->n = out->cap - room;
        if (got == BROTLI_DECODER_RESULT_SUCCESS)
            return INFLATE_OK;
        if (got == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT)
            return INFLATE_SHORT;
        if (got == BROTLI_DECODER_RESULT_ERROR) {
            bool memory = BrotliDecoderGetErrorCode(b) <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES;
            return memory ? INFLATE_NO_MEMORY : INFLATE_CORRUPT;
        }
    }
}

static enum inflate_end brotli_decode(struct slice in, size_t max, struct slab *mem,
                                      struct inflated *out)
{
    BrotliDecoderState *b = BrotliDecoderCreateInstance(sized_alloc, sized_free, mem);
    if (!b)
        return INFLATE_NO_MEMORY;
    enum inflate_end end = brotli_run(b, in, max, mem, out);
    BrotliDecoderDestroyInstance(b);
    return end;
}

static enum inflate_end zstd_run(ZSTD_DCtx *z, struct slice bytes, size_t max, struct slab *mem,
                                 struct inflated *out)
{
    ZSTD_inBuffer in = { bytes.p, bytes.n, 0 };
    for (;;) {
        if (out->n == out->cap && !out_grow(out, max, mem))
            return out_full(out, max);
        ZSTD_outBuffer to = { out->p, out->cap, out->n };
        size_t got = ZSTD_decompressStream(z, &to, &in);
        out->n = to.pos;
        if (ZSTD_isError(got))
            return ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation ? INFLATE_NO_MEMORY
                                                                          : INFLATE_CORRUPT;
        if (got == 0 && in.pos == in.size)
            return INFLATE_OK;
        if (in.pos == in.size && out->n < out->cap)
            return INFLATE_SHORT;
    }
}

static enum inflate_end zstd_decode(struct slice in, size_t max, struct slab *mem,
                                    struct inflated *out)
{
    ZSTD_customMem ours = { sized_alloc, sized_free, mem };
    ZSTD_DCtx *z = ZSTD_createDCtx_advanced(ours);
    if (!z)
        return INFLATE_NO_MEMORY;
    enum inflate_end end = INFLATE_NO_MEMORY;
    if (!ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, ZSTD_WINDOW_BITS)))
        end = zstd_run(z, in, max, mem, out);
    ZSTD_freeDCtx(z);
    return end;
}

static enum inflate_end copy(struct slice in, size_t max, struct slab *mem, struct inflated *out)
{
    size_t n = in.n < max ? in.n : max;
    out->p = n ? slab_alloc(mem, n) : NULL;
    if (n && !out->p)
        return INFLATE_NO_MEMORY;
    out->n = out->cap = n;
    if (n)
        memcpy(out->p, in.p, n);
    return n < in.n ? INFLATE_CAPPED : INFLATE_OK;
}

enum inflate_coding inflate_coding_of(struct slice name)
{
    static const struct {
        const char *name;
        enum inflate_coding coding;
    } codings[] = {
        { "gzip", INFLATE_GZIP }, { "x-gzip", INFLATE_GZIP }, { "deflate", INFLATE_DEFLATE },
        { "br", INFLATE_BROTLI }, { "zstd", INFLATE_ZSTD },   { "identity", INFLATE_IDENTITY },
    };
    for (unsigned i = 0; i < COUNT(codings); i++) {
        if (slice_eq_nocase(name, slice_cstr(codings[i].name)))
            return codings[i].coding;
    }
    return INFLATE_UNKNOWN;
}

enum inflate_end inflate_decode(enum inflate_coding coding, struct slice in, size_t max,
                                struct slab *mem, struct inflated *out)
{
    BUG_ON(out->p);
    size_t bound = in.n * RATIO_MAX > FREE_BYTES ? in.n * RATIO_MAX : FREE_BYTES;
    max = max < bound ? max : bound;
    max = max < SLAB_MAX_BYTES ? max : SLAB_MAX_BYTES;
    switch (coding) {
    case INFLATE_IDENTITY:
        return copy(in, max, mem, out);
    case INFLATE_GZIP:
        return zlib_decode(true, in, max, mem, out);
    case INFLATE_DEFLATE:
        return zlib_decode(false, in, max, mem, out);
    case INFLATE_BROTLI:
        return brotli_decode(in, max, mem, out);
    case INFLATE_ZSTD:
        return zstd_decode(in, max, mem, out);
    case INFLATE_UNKNOWN:
        break;
    }
    return INFLATE_NO_CODING;
}

void inflate_free(struct inflated *out, struct slab *mem)
{
    if (out->p)
        slab_free(mem, out->p, out->cap);
    *out = (struct inflated){ 0 };
}

const char *inflate_text(enum inflate_end end)
{
    static const char *const texts[INFLATE_ENDS] = {
        [INFLATE_OK] = "decoded",
        [INFLATE_CAPPED] = "body truncated due to size limitation",
        [INFLATE_SHORT] = "unexpected EOF",
        [INFLATE_CORRUPT] = "invalid data",
        [INFLATE_NO_MEMORY] = "no memory",
        [INFLATE_NO_CODING] = "decoder not found",
    };
    return name_of(texts, COUNT(texts), end);
}
