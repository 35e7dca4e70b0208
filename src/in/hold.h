/* Fragments that wait until it is known which workers' flows they are of. One thread. */
#pragma once

#include "base/list.h"
#include "model/counter.h"
#include "model/packet.h"
#include "net/defrag.h"

#define HOLD_BUCKETS 1024

struct hold {
    struct list age;                  /* all that wait, oldest first */
    struct list bucket[HOLD_BUCKETS]; /* by the datagram's number, in order */
    size_t bytes, max_bytes;
    struct counters *counters; /* what was pushed out by the cap: defrag.evicted */
    /* The frame to the workers of the mask; counted: one has had it before, and counts it. */
    void (*give)(void *ctx, const struct packet *p, uint64_t mask, bool counted);
    void *ctx;
};

void hold_init(struct hold *h, size_t max_bytes,
               void (*give)(void *ctx, const struct packet *p, uint64_t mask, bool counted),
               void *ctx);

/* A frame that is of the workers of the mask as far as is known (0: of nobody yet) and a fragment
 * of these datagrams. It is given on at once, and held when it may be of others too; with it go the
 * earlier fragments, to those who have not had them. */
void hold_frame(struct hold *h, const struct packet *p, uint64_t mask, const struct touched *t);

/* Lets go of what no datagram can need any more: to the first worker, who counts it, what nobody
 * has had. */
void hold_expire(struct hold *h, int64_t now_ns);
void hold_flush(struct hold *h); /* of all */
void hold_free(struct hold *h);
