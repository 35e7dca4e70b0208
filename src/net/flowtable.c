/* The flow table: keys that are equal for both directions, a chained hash that grows smoothly, and
 * the order of age for eviction. */
#include "net/flowtable.h"

#include "base/bug.h"
#include "base/pages.h"
#include "net/tunnel.h"

#define AGE            offsetof(struct flow, age)
#define MIN_BUCKETS    1024
#define CHANCES        64 /* flows that eviction passes over at most */
#define PROVEN_PACKETS 8  /* in one direction alone */

static size_t power_of_two(size_t at_least)
{
    size_t n = MIN_BUCKETS;
    while (n < at_least && n < (size_t)1 << 31)
        n *= 2;
    return n;
}

void flowtable_init(struct flowtable *t, const struct hash_key *key, size_t max_flows,
                    uint8_t *space)
{
    size_t max_buckets = power_of_two(2 * max_flows);
    *t = (struct flowtable){ .space = space,
                             .n_buckets = MIN_BUCKETS,
                             .max_buckets = max_buckets,
                             .mask = 2 * MIN_BUCKETS - 1,
                             .max = max_flows ? max_flows : 1,
                             .hash_key = *key };
    t->bucket = xpages(max_buckets * sizeof *t->bucket, PAGES_HUGE_BYTES);
}

void flowtable_free(struct flowtable *t)
{
    pages_free(t->bucket, t->max_buckets * sizeof *t->bucket);
}

/* 16 bytes as two numbers that compare as the bytes do. */
static inline int addr_order(const struct addr *a, const struct addr *b)
{
    for (unsigned i = 0; i < 16; i += 8) {
        uint64_t x, y;
        memcpy(&x, a->b + i, 8);
        memcpy(&y, b->b + i, 8);
        if (x != y)
            return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
    }
    return 0;
}

/* The words that flows hold instead of a key without VLAN and tunnel. */
static inline struct plain_key plain_of(const struct flow_key *k)
{
    uint16_t low = l4_is_icmp(k->l4) ? k->icmp_id : k->port[0];
    struct plain_ends e = plain_ends_of(k->addr[0].b + 12, k->addr[1].b + 12, low, k->port[1]);
    struct plain_key p = { .l4 = k->l4, .hash = k->hash };
    memcpy(&p.ip4_pair, e.ip4, sizeof e.ip4);
    memcpy(&p.port_pair, e.port, sizeof e.port);
    return p;
}

struct flow_key flow_key_of_plain(const struct plain_key *k)
{
    uint8_t ip4[2][4];
    uint16_t port[2];
    memcpy(ip4, &k->ip4_pair, sizeof ip4);
    memcpy(port, &k->port_pair, sizeof port);
    bool icmp = l4_is_icmp(k->l4);
    return (struct flow_key){ .addr = { addr_v4(ip4[0]), addr_v4(ip4[1]) },
                              .port = { icmp ? 0 : port[0], icmp ? 0 : port[1] },
                              .vlan = { FLOW_NO_VLAN, FLOW_NO_VLAN },
                              .ip_ver = 4,
                              .l4 = k->l4,
                              .icmp_id = icmp ? port[0] : 0,
                              .hash = k->hash };
}

/* Ports and VLANs are put together here again, in a register: read back as one word, they would
 * wait for the store buffer. */
static inline uint32_t key_hash(const struct flow_key *k, const struct hash_key *hash_key,
                                bool with_vlans)
{
    if (LIKELY(k->ip_ver == 4 && !k->tunnel_key && !with_vlans)) {
        struct plain_key plain = plain_of(k);
        return plain_hash(&plain, hash_key);
    }
    uint64_t w[8];
    size_t n = 2;
    w[0] = (uint64_t)k->port[0] | (uint64_t)k->port[1] << 16;
    if (with_vlans)
        w[0] |= (uint64_t)k->vlan[0] << 32 | (uint64_t)k->vlan[1] << 48;
    w[1] = (uint64_t)k->icmp_id << 16 | (uint64_t)k->l4 << 8 | k->ip_ver;
    memcpy(&w[n], k->addr, sizeof k->addr);
    n += sizeof k->addr / 8;
    if (k->tunnel_key)
        w[n++] = k->tunnel_key;
    return (uint32_t)hash_bytes(hash_key, w, n * sizeof *w);
}

/* IP in IP: the outer addresses separate flows too, whatever their order. */
static uint64_t outer_key(const struct packet *p)
{
    struct addr outer[2] = { p->outer[0], p->outer[1] };
    if (addr_order(&outer[0], &outer[1]) > 0) {
        outer[0] = p->outer[1];
        outer[1] = p->outer[0];
    }
    return hash_bytes(&tunnel_hash_key, outer, sizeof outer);
}

static inline bool put_ip(struct flow_key *k, const struct packet *p)
{
    bool icmp = l4_is_icmp(p->l4);
    bool ports = p->has_ports && !icmp;
    uint16_t sport = ports ? p->sport : 0, dport = ports ? p->dport : 0;
    int order = addr_order(&p->src, &p->dst);
    bool src_is_low = order < 0 || (order == 0 && sport <= dport);
    k->addr[0] = src_is_low ? p->src : p->dst;
    k->addr[1] = src_is_low ? p->dst : p->src;
    k->port[0] = src_is_low ? sport : dport;
    k->port[1] = src_is_low ? dport : sport;
    k->icmp_id = icmp ? p->icmp_id : 0;
    return src_is_low;
}

/* Nobody forwards a packet from "this host" (0.0.0.0 and ::, RFC 1122 3.2.1.3, RFC 4291 2.5.2), so
 * its MAC address is the sender's, and the only thing that tells one such sender from another. */
static uint64_t nameless_key(const struct packet *p)
{
    return hash_bytes(&tunnel_hash_key, p->mac[0], sizeof p->mac[0]);
}

static bool put_macs(struct flow_key *k, const struct packet *p)
{
    bool src_is_low = memcmp(p->mac[0], p->mac[1], sizeof p->mac[0]) <= 0;
    memcpy(k->addr[!src_is_low].b, p->mac[0], sizeof p->mac[0]);
    memcpy(k->addr[src_is_low].b, p->mac[1], sizeof p->mac[1]);
    return src_is_low;
}

bool flow_key_of(struct flow_key *k, const struct packet *p, const struct hash_key *hash_key)
{
    *k = (struct flow_key){ .vlan = { p->n_vlan > 0 ? p->vlan[0] : FLOW_NO_VLAN,
                                      p->n_vlan > 1 ? p->vlan[1] : FLOW_NO_VLAN },
                            .tunnel_key = p->tunnel_key,
                            .ip_ver = p->ip_ver,
                            .l4 = p->l4 };
    bool src_is_low = p->ip_ver ? put_ip(k, p) : put_macs(k, p);
    if (p->outer_ver)
        k->tunnel_key += outer_key(p);
    if (UNLIKELY(addr_is_none(&p->src)) && p->has_mac && p->ip_ver)
        k->tunnel_key += nameless_key(p);
    k->hash = key_hash(k, hash_key, !k->ip_ver);
    return src_is_low;
}

static inline bool key_eq(const struct flow_key *a, const struct flow_key *b)
{
    _Static_assert(sizeof *a == 56, "no padding: a key is compared as words");
    uint64_t x[7], y[7], differs = 0;
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    for (unsigned i = 0; i < 7; i++)
        differs |= x[i] ^ y[i];
    return differs == 0;
}

struct flow *flowtable_find_plain(const struct flowtable *t, const struct plain_key *k)
{
    struct flow *flow = flowtable_at(t, *flowtable_bucket(t, k->hash));
    for (; flow; flow = flowtable_at(t, flow->hash_next)) {
        uint64_t differs = (flow->ip4_pair ^ k->ip4_pair) | (flow->port_pair ^ k->port_pair);
        if (!differs && flow->hash == k->hash && flow->l4 == k->l4 && !flow->is_wide)
            return flow;
    }
    return NULL;
}

static struct flow *find_in_chain(const struct flowtable *t, const struct flow_key *k)
{
    if (flow_key_is_plain(k)) {
        struct plain_key plain = plain_of(k);
        return flowtable_find_plain(t, &plain);
    }
    struct flow *flow = flowtable_at(t, *flowtable_bucket(t, k->hash));
    while (flow && !(flow->hash == k->hash && flow->is_wide && key_eq(flow->wide, k)))
        flow = flowtable_at(t, flow->hash_next);
    return flow;
}

/* k with the hash value of those that are too many for one chain. */
static struct flow_key key_apart(const struct flowtable *t, const struct flow_key *k)
{
    struct flow_key apart = *k;
    apart.hash = key_hash(k, &t->hash_key, true);
    return apart;
}

struct flow *flowtable_find(const struct flowtable *t, const struct flow_key *k)
{
    struct flow *flow = find_in_chain(t, k);
    if (flow || k->vlan[0] == FLOW_NO_VLAN || !k->ip_ver)
        return flow;
    struct flow_key apart = key_apart(t, k);
    return find_in_chain(t, &apart);
}

static bool is_sibling(const struct flow *flow, const struct flow_key *k)
{
    if (flow->hash != k->hash || flow->is_alone)
        return false;
    struct flow_key same_vlan = *k, own = flow_key(flow);
    memcpy(same_vlan.vlan, own.vlan, sizeof same_vlan.vlan);
    return key_eq(&own, &same_vlan);
}

/* Chains are newest first, also after they were divided. */
struct flow *flowtable_sibling(const struct flowtable *t, const struct flow_key *k,
                               const struct flow *after)
{
    uint32_t ref = after ? after->hash_next : *flowtable_bucket(t, k->hash);
    struct flow *flow = flowtable_at(t, ref);
    while (flow && !is_sibling(flow, k))
        flow = flowtable_at(t, flow->hash_next);
    return flow;
}

/* A flow without a VLAN is found by the common hash value only, so it keeps it. */
static void meet_siblings(struct flowtable *t, struct flow *flow, const struct flow_key *k)
{
    unsigned n = 0;
    struct flow *it = flowtable_sibling(t, k, NULL);
    for (; it; it = flowtable_sibling(t, k, it)) {
        it->has_siblings = 1;
        n++;
    }
    flow->has_siblings = n > 0 && n < FLOW_SIBLINGS_MAX;
    if (n < FLOW_SIBLINGS_MAX)
        return;
    if (flow->is_wide && k->vlan[0] != FLOW_NO_VLAN) {
        *flow->wide = key_apart(t, k);
        flow->hash = flow->wide->hash;
    } else {
        flow->is_alone = 1;
    }
}

/* How many divisions ahead the first flow of a chain is fetched: chains are divided in order, but
 * their flows lie anywhere. */
#define SPLIT_AHEAD 16

/* One bucket more: the chain that it shares with an earlier one is divided. */
static void split(struct flowtable *t)
{
    size_t half = (t->mask + 1) / 2, fresh = t->n_buckets;
    if (fresh == t->mask + 1) {
        half = fresh;
        t->mask = 2 * half - 1;
    }
    __builtin_prefetch(flowtable_at(t, t->bucket[fresh - half + SPLIT_AHEAD]));
    struct flow *it = flowtable_at(t, t->bucket[fresh - half]);
    uint32_t *tail[2] = { &t->bucket[fresh - half], &t->bucket[fresh] };
    for (; it; it = flowtable_at(t, it->hash_next)) {
        bool moves = (it->hash & t->mask) == fresh;
        *tail[moves] = slab_ref(t->space, it);
        tail[moves] = &it->hash_next;
    }
    *tail[0] = *tail[1] = 0;
    t->n_buckets++;
}

void flowtable_add(struct flowtable *t, struct flow *flow, const struct flow_key *k)
{
    for (int i = 0; i < 2 && t->n_buckets < 2 * t->n && t->n_buckets < t->max_buckets; i++)
        split(t);
    if (k->ip_ver)
        meet_siblings(t, flow, k);
    uint32_t *bucket = flowtable_bucket(t, flow->hash);
    flow->hash_next = *bucket;
    *bucket = slab_ref(t->space, flow);
    flow_list_append(&t->age, t->space, flow, AGE);
    t->n++;
}

void flowtable_remove(struct flowtable *t, struct flow *flow)
{
    uint32_t *at = flowtable_bucket(t, flow->hash), ref = slab_ref(t->space, flow);
    while (*at && *at != ref)
        at = &flowtable_at(t, *at)->hash_next;
    BUG_ON(!*at);
    *at = flow->hash_next;
    flow_list_remove(&t->age, t->space, flow, AGE);
    t->n--;
}

void flowtable_fetch_old(const struct flowtable *t)
{
    enum { CHAIN = 4, BUCKET = 8 }; /* so many flows later it will be read */
    const struct flow *it = flowtable_at(t, t->age.first);
    for (unsigned i = 0; i < BUCKET && it; i++, it = flowtable_at(t, it->age.next)) {
        if (i == CHAIN)
            __builtin_prefetch(flowtable_at(t, *flowtable_bucket(t, it->hash)));
    }
    if (it)
        __builtin_prefetch(flowtable_bucket(t, it->hash));
}

bool flow_is_proven(const struct flow *flow)
{
    uint64_t first = flow_packets(flow, FLOW_FIRST), back = flow_packets(flow, FLOW_BACK);
    bool both_on_vlans = flow->l4 == IPPROTO_N_TCP && flow->tcp_flags[0] && flow->tcp_flags[1];
    bool is_over = flow->closing || flow->end_reason;
    return !is_over && ((first && back) || both_on_vlans || first + back >= PROVEN_PACKETS);
}

struct flow *flowtable_victim(struct flowtable *t)
{
    struct flow *silent = NULL;
    for (unsigned i = 0; i < CHANCES; i++) {
        struct flow *oldest = flowtable_at(t, t->age.first);
        if (!oldest || !flow_is_proven(oldest))
            return oldest;
        silent = silent || oldest->is_recent ? silent : oldest;
        oldest->is_recent = 0;
        flow_list_remove(&t->age, t->space, oldest, AGE);
        flow_list_append(&t->age, t->space, oldest, AGE);
    }
    return silent ? silent : flowtable_at(t, t->age.first);
}
