/* Counts of what happened: per thread arrays, summed by the reader. */
#pragma once

#include <stdatomic.h>

#include "base/attr.h"

enum counter_id {
#define COUNTER(id, name, unit, doc) COUNTER_##id,
#include "model/counters.def"
#undef COUNTER
    COUNTER_COUNT
};

/* What stands at a value, and may fall. */
enum gauge_id {
#define GAUGE(id, name, unit, doc) GAUGE_##id,
#include "model/gauges.def"
#undef GAUGE
    GAUGE_COUNT
};

/* Per protocol, the same for each. */
enum proto_counter {
    PC_MESSAGES,           /* whole messages parsed */
    PC_EVENTS,             /* events emitted */
    PC_BAD,                /* bytes that are not the protocol: PARSE_BAD */
    PC_GAPS,               /* holes in the stream that the parser was told of */
    PC_UNMATCHED_REQUEST,  /* reported without an answer */
    PC_UNMATCHED_RESPONSE, /* reported, or dropped, without a request */
    PC_EVICTED,            /* waiting requests pushed out by a cap */
    PC_NO_MEMORY,          /* state, pair or event refused by a budget */
    PC_COUNT
};
#define COUNTER_PROTOS 32

/* shared: written by one thread, read by any, relaxed */
struct counters {
    _Atomic uint64_t v[COUNTER_COUNT];
    _Atomic uint64_t proto[COUNTER_PROTOS][PC_COUNT];
};

/* Owner thread only. */
static inline void counter_add(struct counters *c, enum counter_id id, uint64_t n)
{
    uint64_t old = atomic_load_explicit(&c->v[id], memory_order_relaxed);
    atomic_store_explicit(&c->v[id], old + n, memory_order_relaxed);
}

static inline void counter_proto(struct counters *c, unsigned proto, enum proto_counter id)
{
    uint64_t old = atomic_load_explicit(&c->proto[proto][id], memory_order_relaxed);
    atomic_store_explicit(&c->proto[proto][id], old + 1, memory_order_relaxed);
}

static inline uint64_t counter_get(const struct counters *c, enum counter_id id)
{
    return atomic_load_explicit(&c->v[id], memory_order_relaxed);
}

struct counter_row {
    const char *name, *unit, *doc;
};
extern const struct counter_row counter_rows[COUNTER_COUNT];
extern const struct counter_row proto_counter_rows[PC_COUNT];
extern const struct counter_row gauge_rows[GAUGE_COUNT];
