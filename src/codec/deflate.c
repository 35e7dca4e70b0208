/* ISA-L's DEFLATE for buffers that are there as a whole. */
#include "codec/deflate.h"

#include <isa-l/igzip_lib.h>

#include "base/bug.h"
#include "base/cursor.h"

#define GUESS_MIN ((size_t)4096)

struct deflater {
    struct isal_zstream stream;
    unsigned level;
    uint8_t *work; /* of the level */
    uint32_t work_bytes;
};

struct inflater {
    struct inflate_state state;
};

/* Its levels are 0 to 3; 0 is for speed at any price and packs badly. */
static const struct {
    unsigned level;
    uint32_t work_bytes;
} levels[] = {
    { 1, ISAL_DEF_LVL1_DEFAULT },
    { 2, ISAL_DEF_LVL2_DEFAULT },
    { 3, ISAL_DEF_LVL3_DEFAULT },
};

struct deflater *deflater_new(int level)
{
    struct deflater *d = xcalloc(1, sizeof *d);
    unsigned row = level <= 3 ? 0 : level <= 6 ? 1 : 2;
    d->level = levels[row].level;
    d->work_bytes = levels[row].work_bytes;
    d->work = xmalloc(d->work_bytes);
    return d;
}

void deflater_free(struct deflater *d)
{
    if (!d)
        return;
    xfree(d->work);
    xfree(d);
}

size_t deflate_bound(size_t n)
{
    return n + n / 1000 + 5 * (n / 65535 + 1) + 64;
}

bool deflate_pack_as(struct deflater *d, enum deflate_form form, struct slice in, struct buf *out)
{
    struct isal_zstream *z = &d->stream;
    size_t room = out->full ? 0 : out->cap - out->n;
    if (in.n > UINT32_MAX || !room)
        return false;
    isal_deflate_stateless_init(z);
    z->level = d->level;
    z->level_buf = d->work;
    z->level_buf_size = d->work_bytes;
    z->gzip_flag = form == DEFLATE_GZIP ? IGZIP_GZIP : IGZIP_ZLIB;
    z->end_of_stream = 1;
    z->flush = NO_FLUSH;
    z->next_in = (uint8_t *)(uintptr_t)in.p;
    z->avail_in = (uint32_t)in.n;
    z->next_out = out->p + out->n;
    z->avail_out = room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
    if (isal_deflate_stateless(z) != COMP_OK || z->avail_in)
        return false;
    out->n += z->total_out;
    return true;
}

bool deflate_pack(struct deflater *d, struct slice in, struct buf *out)
{
    return deflate_pack_as(d, DEFLATE_ZLIB, in, out);
}

struct inflater *inflater_new(void)
{
    return xcalloc(1, sizeof(struct inflater));
}

void inflater_free(struct inflater *d)
{
    xfree(d);
}

/* A larger piece with the first n bytes of p; NULL when mem is out of budget. */
static uint8_t *larger(struct arena *mem, const uint8_t *p, size_t n, size_t cap)
{
    uint8_t *more = arena_alloc(mem, cap + UNPACK_PAD);
    if (more && n)
        memcpy(more, p, n);
    return more;
}

static size_t smaller_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* RFC 1950 section 2.2: method 8, a window of at most 32 KiB, the check, no dictionary. ISA-L asks
 * for less. */
static bool is_zlib(struct slice in)
{
    struct cursor c = cur_of(in);
    uint16_t head = cur_u16be(&c);
    return cur_ok(&c) && (head >> 8 & 0xf) == 8 && head >> 12 <= 7 && head % 31 == 0 &&
           !(head & 0x20);
}

enum deflate_end deflate_unpack(struct inflater *d, enum deflate_form form, struct slice in,
                                const struct unpacking *how, struct slice *out)
{
    struct inflate_state *s = &d->state;
    size_t n = 0, cap = how->guess < GUESS_MIN ? GUESS_MIN : how->guess;
    uint8_t *p = NULL;
    if (in.n > UINT32_MAX)
        return DEFLATE_TOO_LARGE;
    if (form == DEFLATE_ZLIB && !is_zlib(in))
        return DEFLATE_BAD;
    isal_inflate_init(s);
    s->crc_flag = form == DEFLATE_ZLIB ? ISAL_ZLIB : ISAL_GZIP;
    s->next_in = (uint8_t *)(uintptr_t)in.p;
    s->avail_in = (uint32_t)in.n;
    /* One byte more than allowed, so that "too large" is told from "just right". */
    for (cap = smaller_of(cap, how->max + 1);; cap = smaller_of(2 * cap, how->max + 1)) {
        p = larger(how->mem, p, n, cap);
        if (!p)
            return DEFLATE_NO_MEMORY;
        s->next_out = p + n;
        s->avail_out = (uint32_t)(cap - n);
        if (isal_inflate(s) != ISAL_DECOMP_OK)
            return DEFLATE_BAD;
        n = cap - s->avail_out;
        if (s->block_state == ISAL_BLOCK_FINISH)
            break;
        if (s->avail_out)
            return DEFLATE_BAD; /* it wants input that is not there */
        if (cap > how->max)
            return DEFLATE_TOO_LARGE;
    }
    if (n > how->max)
        return DEFLATE_TOO_LARGE;
    memset(p + n, 0, UNPACK_PAD);
    *out = slice_of(p, n);
    return DEFLATE_DONE;
}
