/* TCP segments that wait: for those before them, or for what the other side had seen when it sent
 * them. */
#pragma once

#include "base/slab.h"
#include "model/stream.h"

/* What one packet brings to one direction. */
struct segment {
    int64_t ts_ns;
    struct slice bytes;
    uint32_t seq; /* of the first byte; SYN does not count */
    uint32_t cut; /* bytes behind `bytes` that were on the wire but not captured */
    uint32_t ack; /* what the sender has seen of the other direction, with has_ack */
    bool has_ack, fin;
};

struct held {
    struct held *next;
    size_t slab_bytes;
    struct segment s; /* s.bytes is data[] */
    uint8_t data[];
};

#define REORDER_SEGMENTS 1024 /* of one direction */

static inline uint32_t segment_wire_bytes(const struct segment *s)
{
    return (uint32_t)s->bytes.n + s->cut;
}

/* Keeps the parts of s that no waiting segment covers (the bytes that came first stay). False when
 * it would be more than max_bytes or REORDER_SEGMENTS, or there is no memory; then parts of it may
 * have been kept. */
bool reorder_add(struct slab *slab, struct stream_half *half, const struct segment *s,
                 size_t max_bytes);

/* Takes the first segment out; NULL when none waits. Free it with reorder_free. */
struct held *reorder_take(struct stream_half *half);
void reorder_free(struct slab *slab, struct held *held);

/* Drops all. */
void reorder_clear(struct slab *slab, struct stream_half *half);

/* s without its first n bytes (captured or cut). */
void segment_trim(struct segment *s, uint32_t n);
