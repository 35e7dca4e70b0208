/* All live flows of one worker, by key and by age. One owner thread.
 *
 * Siblings are flows that differ in their VLAN only. Each VLAN has a flow of its own in the
 * reports, as Packetbeat's flow.id has them; but a connection may come on one VLAN and go on
 * another, so protocols see one conversation: that of the oldest sibling. To be found they share a
 * hash value; not more than FLOW_SIBLINGS_MAX of them, so that many VLANs make no long chain. */
#pragma once

#include <endian.h>

#include "base/hash.h"
#include "net/flowlist.h"

#define FLOW_SIBLINGS_MAX 8

/* Chained, two buckets a flow. It grows by one bucket at a time (linear hashing, Litwin 1980), in
 * address space that is reserved at boot: no malloc, no pause, and small while there are few. */
struct flowtable {
    uint32_t *bucket; /* slab_ref of the newest flow of a chain */
    uint8_t *space;   /* that flows lie in */
    size_t n_buckets, max_buckets;
    size_t mask; /* twice the power of two below or at n_buckets, minus one */
    size_t n, max;
    struct flow_list age; /* by flow->age, oldest first */
    struct hash_key hash_key;
};

/* Boot; exits without memory. max_flows: what flowtable_is_full compares with; space: base of the
 * flows' slab_ref. */
void flowtable_init(struct flowtable *t, const struct hash_key *key, size_t max_flows,
                    uint8_t *space);
void flowtable_free(struct flowtable *t); /* the flows are their owner's */

/* Fills k for a decoded packet; true when its sender is the lower end. ICMP has its id instead of
 * ports, frames without IP their MAC addresses. */
bool flow_key_of(struct flow_key *k, const struct packet *p, const struct hash_key *hash_key);

/* The key of a plain flow (model/flow.h): struct flow has the same words. */
struct plain_key {
    uint64_t ip4_pair;
    uint32_t port_pair, hash;
    uint8_t l4; /* 0: none */
};

struct flow_key flow_key_of_plain(const struct plain_key *k);

/* The flow, or NULL. */
struct flow *flowtable_find_plain(const struct flowtable *t, const struct plain_key *k);
struct flow *flowtable_find(const struct flowtable *t, const struct flow_key *k);

/* The siblings of the flow that k is of, itself included: the newest (after: NULL), then always the
 * next older one; NULL behind the oldest. */
struct flow *flowtable_sibling(const struct flowtable *t, const struct flow_key *k,
                               const struct flow *after);

/* k is the flow's key and not in the table. Sets has_siblings of all whom it concerns; a flow
 * beyond FLOW_SIBLINGS_MAX gets a hash value of its own, and has none. */
void flowtable_add(struct flowtable *t, struct flow *flow, const struct flow_key *k);
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

static inline struct flow *flowtable_at(const struct flowtable *t, uint32_t ref)
{
    return slab_at(t->space, ref);
}

/* Fetch ahead what flowtable_find will read for this hash: first the bucket, some packets later
 * the flow. */
static inline uint32_t *flowtable_bucket(const struct flowtable *t, uint32_t hash)
{
    size_t i = hash & t->mask;
    return &t->bucket[i < t->n_buckets ? i : i & (t->mask >> 1)];
}

static inline uint32_t plain_hash(const struct plain_key *k, const struct hash_key *hash_key)
{
    return (uint32_t)hash_15(hash_key, k->ip4_pair, k->port_pair | (uint64_t)k->l4 << 32);
}

/* Addresses as they stand in a header, and ports, of a TCP or UDP packet: sender, receiver. */
struct plain_ends {
    uint32_t ip4[2];
    uint16_t port[2];
};

static inline struct plain_ends plain_ends_of(const uint8_t src[4], const uint8_t dst[4],
                                              uint16_t sport, uint16_t dport)
{
    struct plain_ends e = { .port = { sport, dport } };
    memcpy(&e.ip4[0], src, 4);
    memcpy(&e.ip4[1], dst, 4);
    return e;
}

/* Fills k but for its hash; the same key, and the same answer, as flow_key_of. */
static inline bool plain_order(const struct plain_ends *e, struct plain_key *k, uint8_t l4)
{
    uint32_t src = be32toh(e->ip4[0]), dst = be32toh(e->ip4[1]);
    bool src_is_low = src < dst || (src == dst && e->port[0] <= e->port[1]);
    uint32_t ip4[2] = { e->ip4[!src_is_low], e->ip4[src_is_low] };
    uint16_t port[2] = { e->port[!src_is_low], e->port[src_is_low] };
    memcpy(&k->ip4_pair, ip4, sizeof ip4);
    memcpy(&k->port_pair, port, sizeof port);
    k->l4 = l4;
    return src_is_low;
}
