/* Transformations of captures that leave what happened unchanged. */
#include "lib/recut.h"

#include "base/bug.h"
#include "lib/tcpview.h"

#define PAUSE_NS ((int64_t)5000000000) /* after it a connection may have been forgotten */

/* How far each direction has come: open addressing by its ends. */
struct progress {
    uint8_t ends[36];
    uint32_t next, end; /* without a hole up to next; something is known up to end */
    int64_t ts_ns;
};
struct order {
    struct progress *slot;
    size_t mask;
};

static struct order order_new(size_t at_most)
{
    size_t slots = 64;
    while (slots < 2 * at_most)
        slots *= 2;
    return (struct order){ xcalloc(slots, sizeof(struct progress)), slots - 1 };
}

static struct progress *order_find(struct order *o, const uint8_t ends[36])
{
    uint64_t h = 0;
    for (unsigned i = 0; i < 36; i++)
        h = h * 1099511628211u + ends[i] + 1;
    size_t at = h >> 20 & o->mask;
    while (o->slot[at].ts_ns && memcmp(o->slot[at].ends, ends, 36) != 0)
        at = (at + 1) & o->mask;
    return &o->slot[at];
}

/* Takes note of the segment. True when it has data that continue their direction without a hole,
 * so that they may be cut or change places with the next: how packets that are out of order are
 * dealt with depends on how many there are, so those are left alone, as are the first of a
 * direction. */
static bool continues(struct order *o, const struct frame *f, const struct tcpview *v)
{
    struct progress *p = order_find(o, v->ends);
    if (!v->data_n && !(v->flags & TCP_SYN))
        return false;
    uint32_t end = v->seq + (uint32_t)v->data_n + !!(v->flags & TCP_SYN);
    bool fresh = v->flags & TCP_SYN || !p->ts_ns || f->ts_ns - p->ts_ns > PAUSE_NS;
    bool good = !fresh && v->data_n && v->seq == p->next && p->end == p->next;
    if (fresh || v->seq == p->next)
        p->next = end;
    if (fresh || (int32_t)(end - p->end) > 0)
        p->end = end;
    memcpy(p->ends, v->ends, sizeof p->ends);
    p->ts_ns = f->ts_ns;
    return good && !(v->flags & (TCP_SYN | TCP_RST));
}

void recut_small(struct traffic *to, const struct traffic *from, size_t step)
{
    struct order order = order_new(from->n);
    for (size_t i = 0; i < from->n; i++) {
        const struct frame *f = &from->v[i];
        struct tcpview v;
        if (!tcpview_of(f, &v) || !continues(&order, f, &v)) {
            traffic_copy(to, f);
            continue;
        }
        for (size_t at = 0; at < v.data_n; at += step) {
            size_t n = v.data_n - at < step ? v.data_n - at : step;
            tcpview_piece(to, f, &v, slice_of(f->p + v.data + at, n));
        }
    }
    xfree(order.slot);
}

static void shuffle(struct traffic *to, const struct frame *f, const struct tcpview *v)
{
    const uint8_t *p = f->p + v->data;
    size_t third = v->data_n / 3;
    struct slice a = slice_of(p, third), b = slice_of(p + third, third);
    struct slice c = slice_of(p + 2 * third, v->data_n - 2 * third);
    struct slice order[] = { c, a, c, b, a };
    for (unsigned i = 0; i < COUNT(order); i++)
        tcpview_piece(to, f, v, order[i]);
}

void recut_shuffle(struct traffic *to, const struct traffic *from)
{
    struct order order = order_new(from->n);
    for (size_t i = 0; i < from->n; i++) {
        const struct frame *f = &from->v[i];
        struct tcpview v;
        if (tcpview_of(f, &v) && continues(&order, f, &v) && v.data_n >= 3)
            shuffle(to, f, &v);
        else
            traffic_copy(to, f);
    }
    xfree(order.slot);
}

/* How many frames from i on, one at least, may be told in any order. */
static size_t group_at(const struct traffic *f, size_t i, struct order *order)
{
    struct tcpview first, v;
    if (!tcpview_of(&f->v[i], &first) || !continues(order, &f->v[i], &first))
        return 1;
    size_t n = 1;
    while (n < 4 && i + n < f->n && tcpview_of(&f->v[i + n], &v) &&
           memcmp(v.ends, first.ends, sizeof v.ends) == 0 &&
           v.seq == order_find(order, v.ends)->next && continues(order, &f->v[i + n], &v))
        n++;
    return n;
}

void recut_reverse(struct traffic *flat, struct traffic *to, const struct traffic *from)
{
    struct order order = order_new(from->n);
    for (size_t i = 0, n; i < from->n; i += n) {
        n = group_at(from, i, &order);
        for (size_t k = 0; k < n; k++) {
            traffic_copy(flat, &from->v[i + k])->ts_ns = from->v[i].ts_ns;
            traffic_copy(to, &from->v[i + n - 1 - k])->ts_ns = from->v[i].ts_ns;
        }
    }
    xfree(order.slot);
}

void recut_snaplen(struct traffic *to, const struct traffic *from, size_t snaplen)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct frame *f = &from->v[i];
        traffic_add(to, f, f->p, f->n < snaplen ? f->n : snaplen)->wire_len = f->wire_len;
    }
}
