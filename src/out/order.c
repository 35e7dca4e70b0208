/* Spans of events in order. */
#include "out/order.h"

#include "base/bug.h"

void order_init(struct order *o, unsigned parcels)
{
    *o = (struct order){ .cap =
                             2 * parcels + 1 }; /* between two open ones at most one that is done */
    o->span = xcalloc(o->cap, sizeof *o->span);
}

void order_free(struct order *o)
{
    xfree(o->span);
    *o = (struct order){ 0 };
}

static void remove_span(struct order *o, unsigned i)
{
    o->n--;
    memmove(&o->span[i], &o->span[i + 1], (o->n - i) * sizeof *o->span);
}

void order_add(struct order *o, const struct parcel *p)
{
    BUG_ON(o->n == o->cap);
    o->span[o->n++] = (struct order_span){ p, p->count };
}

static bool is_done(const struct order *o, unsigned i)
{
    return i < o->n && !o->span[i].parcel;
}

/* The span that is done with becomes one with its neighbours that are. */
static void join(struct order *o, unsigned i)
{
    if (is_done(o, i + 1)) {
        o->span[i].n += o->span[i + 1].n;
        remove_span(o, i + 1);
    }
    if (i && is_done(o, i - 1)) {
        o->span[i - 1].n += o->span[i].n;
        remove_span(o, i);
    }
}

void order_emptied(struct order *o, const struct parcel *p)
{
    unsigned i = 0;
    while (i < o->n && o->span[i].parcel != p)
        i++;
    BUG_ON(i == o->n);
    o->span[i].parcel = NULL;
    join(o, i);
    if (is_done(o, 0)) {
        o->done += o->span[0].n;
        remove_span(o, 0);
    }
}

uint64_t order_done(const struct order *o)
{
    return o->done + (o->n ? o->span[0].parcel->passed : 0);
}
