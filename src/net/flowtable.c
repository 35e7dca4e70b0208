/* The flow table: keys that are equal for both directions, a chained hash that grows smoothly, and
 * the order of age for eviction. */
#include "net/flowtable.h"

#include "base/bug.h"
#include "base/pages.h"
#include "net/tunnel.h"

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

void flowtable_init(struct flowtable *t, const struct hash_key *key, size_t max_flows)
{
    size_t max_buckets = power_of_two(2 * max_flows);
    *t = (struct flowtable){ .n_buckets = MIN_BUCKETS,
                             .max_buckets = max_buckets,
                             .mask = 2 * MIN_BUCKETS - 1,
                             .max = max_flows ? max_flows : 1,
                             .hash_key = *key };
    t->bucket = xpages(max_buckets * sizeof *t->bucket, PAGES_HUGE_BYTES);
    list_init(&t->age);
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

static inline uint64_t low_half(const struct addr *a)
{
    uint64_t v;
    memcpy(&v, a->b + 8, 8);
    return v;
}

/* Only what differs is hashed: an IPv4 key is three words. Ports and VLANs are put together here
 * again, in a register: read back as one word, they would wait for the store buffer. */
static inline uint32_t key_hash(const struct flow_key *k, const struct hash_key *hash_key,
                                bool with_vlans)
{
    uint64_t w[8];
    size_t n = 2;
    w[0] = (uint64_t)k->port[0] | (uint64_t)k->port[1] << 16;
    if (with_vlans)
        w[0] |= (uint64_t)k->vlan[0] << 32 | (uint64_t)k->vlan[1] << 48;
    w[1] = (uint64_t)k->icmp_id << 16 | (uint64_t)k->l4 << 8 | k->ip_ver;
    if (k->ip_ver == 4) {
        w[n++] = (low_half(&k->addr[0]) >> 32) << 32 | low_half(&k->addr[1]) >> 32;
    } else {
        memcpy(&w[n], k->addr, sizeof k->addr);
        n += sizeof k->addr / 8;
    }
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
    bool icmp = p->l4 == IPPROTO_N_ICMP || p->l4 == IPPROTO_N_ICMPV6;
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

static inline struct flow *find_in_chain(const struct flowtable *t, const struct flow_key *k)
{
    struct flow *flow = *flowtable_bucket(t, k->hash);
    while (flow && !key_eq(&flow->key, k))
        flow = flow->hash_next;
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
    if (flow->key.hash != k->hash || flow->is_alone)
        return false;
    struct flow_key same_vlan = *k;
    memcpy(same_vlan.vlan, flow->key.vlan, sizeof same_vlan.vlan);
    return key_eq(&flow->key, &same_vlan);
}

/* Chains are newest first, also after they were divided. */
struct flow *flowtable_sibling(const struct flowtable *t, const struct flow_key *k,
                               const struct flow *after)
{
    struct flow *flow = after ? after->hash_next : *flowtable_bucket(t, k->hash);
    while (flow && !is_sibling(flow, k))
        flow = flow->hash_next;
    return flow;
}

static void meet_siblings(struct flowtable *t, struct flow *flow)
{
    unsigned n = 0;
    struct flow *it = flowtable_sibling(t, &flow->key, NULL);
    for (; it; it = flowtable_sibling(t, &flow->key, it)) {
        it->has_siblings = 1;
        n++;
    }
    flow->has_siblings = n > 0 && n < FLOW_SIBLINGS_MAX;
    if (n >= FLOW_SIBLINGS_MAX)
        flow->key = key_apart(t, &flow->key);
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
    __builtin_prefetch(t->bucket[fresh - half + SPLIT_AHEAD]);
    struct flow *it = t->bucket[fresh - half];
    struct flow **tail[2] = { &t->bucket[fresh - half], &t->bucket[fresh] };
    for (; it; it = it->hash_next) {
        bool moves = (it->key.hash & t->mask) == fresh;
        *tail[moves] = it;
        tail[moves] = &it->hash_next;
    }
    *tail[0] = *tail[1] = NULL;
    t->n_buckets++;
}

void flowtable_add(struct flowtable *t, struct flow *flow)
{
    for (int i = 0; i < 2 && t->n_buckets < 2 * t->n && t->n_buckets < t->max_buckets; i++)
        split(t);
    if (flow->key.ip_ver)
        meet_siblings(t, flow);
    struct flow **bucket = flowtable_bucket(t, flow->key.hash);
    flow->hash_next = *bucket;
    *bucket = flow;
    list_append(&t->age, &flow->age);
    t->n++;
}

void flowtable_remove(struct flowtable *t, struct flow *flow)
{
    struct flow **at = flowtable_bucket(t, flow->key.hash);
    while (*at && *at != flow)
        at = &(*at)->hash_next;
    BUG_ON(!*at);
    *at = flow->hash_next;
    list_remove(&flow->age);
    t->n--;
}

void flowtable_fetch_old(const struct flowtable *t)
{
    enum { CHAIN = 4, BUCKET = 8 }; /* so many flows later it will be read */
    const struct list *it = t->age.next;
    for (unsigned i = 0; i < BUCKET && it != &t->age; i++, it = it->next) {
        if (i == CHAIN) {
            uint32_t hash = container_of(it, struct flow, age)->key.hash;
            __builtin_prefetch(*flowtable_bucket(t, hash));
        }
    }
    if (it != &t->age)
        __builtin_prefetch(flowtable_bucket(t, container_of(it, struct flow, age)->key.hash));
}

bool flow_is_proven(const struct flow *flow)
{
    uint64_t first = flow->seen[FLOW_FIRST].packets, back = flow->seen[FLOW_BACK].packets;
    bool both_on_vlans = flow->key.l4 == IPPROTO_N_TCP && flow->tcp_flags[0] && flow->tcp_flags[1];
    bool is_over = flow->closing || flow->end_reason;
    return !is_over && ((first && back) || both_on_vlans || first + back >= PROVEN_PACKETS);
}

struct flow *flowtable_victim(struct flowtable *t)
{
    struct flow *silent = NULL;
    for (unsigned i = 0; i < CHANCES; i++) {
        struct list *oldest = list_first(&t->age);
        struct flow *flow = oldest ? container_of(oldest, struct flow, age) : NULL;
        if (!flow || !flow_is_proven(flow))
            return flow;
        silent = silent || flow->is_recent ? silent : flow;
        flow->is_recent = 0;
        list_remove(oldest);
        list_append(&t->age, oldest);
    }
    return silent ? silent : container_of(list_first(&t->age), struct flow, age);
}
