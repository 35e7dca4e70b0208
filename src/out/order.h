/* How many events are done with, in the order in which they were given: what a queue on disk may
 * forget. Several connections are done with parcels in any order. One thread. */
#pragma once

#include "out/parcel.h"

/* Parcels in order; those that are done with and stand behind others are one span together. */
struct order_span {
    const struct parcel *parcel; /* NULL: done with */
    uint64_t n;                  /* events */
};

struct order {
    struct order_span *span;
    unsigned n, cap;
    uint64_t done; /* events before the first span */
};

void order_init(struct order *o, unsigned parcels); /* at most under way at a time; exits (boot) */
void order_free(struct order *o);

void order_add(struct order *o, const struct parcel *p);
void order_emptied(struct order *o, const struct parcel *p); /* before it is reset */

/* Events from the first one on that are done with. */
uint64_t order_done(const struct order *o);
