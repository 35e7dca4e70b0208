/* What a parser may ask of the TCP stream it is reading (proto.h). The stream itself is net's. */
#include "model/stream.h"

#include "proto/proto.h"

#define KEEP_MIN_BYTES 256

static struct stream_half *half_of(const struct proto_ctx *x, enum dir d)
{
    BUG_ON(!x->tcp);
    return &x->tcp->half[d == DIR_CLIENT ? x->flow->client_is_back : !x->flow->client_is_back];
}

void proto_skip(struct proto_ctx *x, uint64_t n)
{
    x->skip = n < SIZE_MAX - x->skip ? x->skip + n : SIZE_MAX;
}

/* Room for n bytes in all; false when there is no memory. */
static bool keep_room(struct proto_ctx *x, struct stream_bytes *kept, size_t n)
{
    if (n <= kept->cap)
        return true;
    size_t cap = kept->cap ? kept->cap : KEEP_MIN_BYTES;
    while (cap < n)
        cap *= 2;
    cap = slab_class_bytes(cap);
    void *p = cap && cap <= UINT32_MAX ? slab_resize(x->env->slab, kept->p, kept->cap, cap) : NULL;
    if (!p)
        return false;
    kept->p = p;
    kept->cap = (uint32_t)cap;
    return true;
}

bool proto_keep(struct proto_ctx *x, enum dir d, struct slice bytes, size_t max)
{
    struct stream_bytes *kept = &half_of(x, d)->kept;
    size_t room = kept->n < max ? max - kept->n : 0;
    struct slice fits = slice_first(bytes, room);
    if (!fits.n)
        return !bytes.n;
    if (!keep_room(x, kept, kept->n + fits.n)) {
        counter_add(x->env->counters, COUNTER_TCP_BUFFER_REFUSED, 1);
        return false;
    }
    memcpy(kept->p + kept->n, fits.p, fits.n);
    kept->n += (uint32_t)fits.n;
    return fits.n == bytes.n;
}

struct slice proto_kept(const struct proto_ctx *x, enum dir d)
{
    const struct stream_bytes *kept = &half_of(x, d)->kept;
    return slice_of(kept->p, kept->n);
}

struct slice proto_waiting(const struct proto_ctx *x, enum dir d, int64_t *ts_ns)
{
    const struct stream_half *half = half_of(x, d);
    *ts_ns = half->n_marks ? half->mark[0].ts_ns : x->now_ns;
    return slice_of(half->buffer.p, half->buffer.n);
}

void proto_kept_drop(struct proto_ctx *x, enum dir d)
{
    struct stream_bytes *kept = &half_of(x, d)->kept;
    slab_free(x->env->slab, kept->p, kept->cap);
    *kept = (struct stream_bytes){ 0 };
}

void proto_set_client(struct proto_ctx *x, enum dir d)
{
    x->flow->client_is_known = 1;
    if (d == DIR_CLIENT)
        return;
    x->flow->client_is_back = !x->flow->client_is_back;
    struct proto_end client = x->end[DIR_SERVER];
    x->end[DIR_SERVER] = x->end[DIR_CLIENT];
    x->end[DIR_CLIENT] = client;
}
