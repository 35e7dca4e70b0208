/* All live flows of one worker, by key and by age. One owner thread.
 *
 * Siblings are flows that differ in their VLAN only. Each VLAN has a flow of its own in the
 * reports, as Packetbeat's flow.id has them; but a connection may come on one VLAN and go on
 * another, so protocols see one conversation: that of the oldest sibling. To be found they share a
 * hash value; not more than FLOW_SIBLINGS_MAX of them, so that many VLANs make no long chain. */
#pragma once

#include "base/hash.h"
#include "model/flow.h"

#define FLOW_SIBLINGS_MAX 8

/* Chained, two buckets a flow. It grows by one bucket at a time (linear hashing, Litwin 1980), in
 * address space that is reserved at boot: no malloc, no pause, and small while there are few. */
struct flowtable {
    struct flow **bucket;
    size_t n_buckets, max_buckets;
    size_t mask; /* twice the power of two below or at n_buckets, minus one */
    size_t n, max;
    struct list age; /* flows by flow->age, oldest first */
    struct hash_key hash_key;
};

/* Boot; exits without memory. max_flows: what flowtable_is_full compares with. */
void flowtable_init(struct flowtable *t, const struct hash_key *key, size_t max_flows);
void flowtable_free(struct flowtable *t); /* the flows are their owner's */

/* Fills k for a decoded packet; true when its sender is the lower end. ICMP has its id instead of
 * ports, frames without IP their MAC addresses. */
bool flow_key_of(struct flow_key *k, const struct packet *p, const struct hash_key *hash_key);

/* The flow, or NULL. */
struct flow *flowtable_find(const struct flowtable *t, const struct flow_key *k);

/* The siblings of the flow that k is of, itself included: the newest (after: NULL), then always the
 * next older one; NULL behind the oldest. */
struct flow *flowtable_sibling(const struct flowtable *t, const struct flow_key *k,
                               const struct flow *after);

/* flow->key must be set and not be in the table. Sets has_siblings of all whom it concerns; a flow
 * beyond FLOW_SIBLINGS_MAX gets a hash value of its own, and has none. */
void flowtable_add(struct flowtable *t, struct flow *flow);
void flowtable_remove(struct flowtable *t, struct flow *flow);

/* Fetches ahead what removing one of the oldest flows will read, when all are removed in turn. */
void flowtable_fetch_old(const struct flowtable *t);

static inline bool flowtable_is_full(const struct flowtable *t)
{
    return t->n >= t->max;
}

/* It has shown that it is none of a flood of single packets: it was answered, or goes on; and it
 * has not ended. */
bool flow_is_proven(const struct flow *flow);

/* The flow to end when room is needed; NULL when there is none. The oldest that had no answer and
 * only a few packets, or is over: a flood of those ends no other. Where the oldest 64 are all
 * proven, one that had no packet since it was last looked at (second chance: bounded work). */
struct flow *flowtable_victim(struct flowtable *t);

/* Fetch ahead what flowtable_find will read for this hash: first the bucket, some packets later
 * the flow. */
static inline struct flow **flowtable_bucket(const struct flowtable *t, uint32_t hash)
{
    size_t i = hash & t->mask;
    return &t->bucket[i < t->n_buckets ? i : i & (t->mask >> 1)];
}
