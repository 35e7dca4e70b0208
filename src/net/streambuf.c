/* Stream buffers: one piece of slab memory that grows by doubling and is given back when all is
 * consumed. Few marks are enough, as nearly always a message ends in the newest packet: when there
 * are more packets than marks, the bytes of some count as come with the packet before them. */
#include "net/streambuf.h"

#include "base/bug.h"

#define MIN_BYTES  256
#define WANT_BYTES 65536 /* what a parser asks for is believed up to here */

static bool grow(struct slab *slab, struct stream_bytes *b, size_t n, size_t want)
{
    if (n <= b->cap)
        return true;
    size_t cap = 2 * (size_t)b->cap > MIN_BYTES ? 2 * (size_t)b->cap : MIN_BYTES;
    if (want > cap && want <= WANT_BYTES)
        cap = want;
    cap = slab_class_bytes(cap > n ? cap : n);
    void *p = cap && cap <= UINT32_MAX ? slab_resize(slab, b->p, b->cap, cap) : NULL;
    if (!p)
        return false;
    b->p = p;
    b->cap = (uint32_t)cap;
    return true;
}

static void add_mark(struct stream_half *half, uint64_t at, int64_t ts_ns)
{
    unsigned n = half->n_marks;
    if (n && half->mark[n - 1].ts_ns == ts_ns)
        return;
    if (n == STREAM_MARKS)
        n--;
    half->mark[n] = (struct stream_mark){ at, ts_ns };
    half->n_marks = (uint8_t)(n + 1);
}

bool streambuf_append(struct slab *slab, struct stream_half *half, struct slice bytes,
                      int64_t ts_ns, size_t want)
{
    struct stream_bytes *b = &half->buffer;
    if (!bytes.n)
        return true;
    if (!grow(slab, b, b->n + bytes.n, want))
        return false;
    memcpy(b->p + b->n, bytes.p, bytes.n);
    add_mark(half, half->at + b->n, ts_ns);
    b->n += (uint32_t)bytes.n;
    return true;
}

void streambuf_consume(struct slab *slab, struct stream_half *half, size_t n)
{
    struct stream_bytes *b = &half->buffer;
    BUG_ON(n > b->n);
    half->at += n;
    b->n -= (uint32_t)n;
    if (!b->n) {
        slab_free(slab, b->p, b->cap);
        *b = (struct stream_bytes){ 0 };
        half->n_marks = 0;
        return;
    }
    if (n)
        memmove(b->p, b->p + n, b->n);
    unsigned passed = 0;
    while (passed + 1 < half->n_marks && half->mark[passed + 1].at <= half->at)
        passed++;
    half->n_marks = (uint8_t)(half->n_marks - passed);
    memmove(half->mark, half->mark + passed, half->n_marks * sizeof half->mark[0]);
}

int64_t streambuf_time(const struct stream_half *half, uint64_t at)
{
    BUG_ON(!half->n_marks);
    unsigned i = 0;
    while (i + 1 < half->n_marks && half->mark[i + 1].at <= at)
        i++;
    return half->mark[i].ts_ns;
}
