/* A flow: the packets of one 5-tuple (or of one MAC pair without IP), both directions. Owned by
 * exactly one worker; lives in its slab. */
#pragma once

#include "base/addr.h"
#include "base/list.h"
#include "model/packet.h"

/* Direction of a packet within its flow: FLOW_FIRST is that of the flow's first packet. */
enum flow_dir { FLOW_FIRST, FLOW_BACK };

#define FLOW_NO_VLAN 0xffff

/* Ordered, so that both directions are equal: addr[0]:port[0] is the smaller end. Without IP, addr
 * holds the MAC addresses. Compared as bytes: all of it is always set. */
struct flow_key {
    struct addr addr[2];
    uint16_t port[2];
    uint16_t vlan[2];    /* outer, inner; FLOW_NO_VLAN: no tag */
    uint64_t tunnel_key; /* struct packet's, with the outer addresses of IP in IP mixed in */
    uint8_t ip_ver, l4;
    uint16_t icmp_id; /* ICMP echo and its like; else 0 */
    uint32_t hash;    /* keyed, of all the above; of IP without the VLANs (net/flowtable.h) */
};

enum flow_end_reason {
    FLOW_ALIVE,
    FLOW_END_FIN, /* both sides closed */
    FLOW_END_RST,
    FLOW_END_TIMEOUT, /* idle longer than flows.timeout */
    FLOW_END_REUSED,  /* a new connection on the same ports */
    FLOW_END_EVICTED, /* the table was full, or memory was */
    FLOW_END_CAPTURE, /* the capture ended */
    FLOW_END_REASONS
};

/* Values of proto_id beside the protocols' own. */
enum {
    FLOW_PROTO_OPEN = 0xff, /* not decided yet */
    FLOW_PROTO_NONE = 0xfe, /* no protocol will be looked for any more */
};

struct tcp_stream; /* model/stream.h */

/* What few flows have: IP in IP, or delta reports. */
struct flow_extra {
    struct addr outer[2]; /* IP in IP: outer source and destination, as of the first packet */
    uint8_t outer_ver;    /* 4, 6; 0: none */
    struct {
        uint64_t packets, bytes;
    } reported[2]; /* delta reports: what has been reported, by enum flow_dir */
};

/* What flows have that a protocol may be found in, of TCP, in a tunnel, with packets out of their
 * time, or with extra. */
struct flow_more {
    struct tcp_stream *tcp; /* NULL unless followed */
    void *state;            /* proto's state_size bytes, zeroed at first use */
    struct list pairs;      /* waiting requests of this flow, oldest first (proto/pair.c) */
    uint32_t n_pairs;
    uint32_t serial;       /* of a connection: part of flow.id */
    uint32_t first_seq[2]; /* TCP: sequence number of the first byte that could come */
    int64_t first_ns;      /* the smallest time of its packets, while begins_behind */
    int64_t end_ns;        /* the largest, while is_behind */
    struct flow_extra *extra;
    uint32_t tunnel_id;
    uint8_t tunnel; /* enum tunnel_type */
};

/* A member of a list of flows: names of slab_ref (base/slab.h), 0 at its ends. */
struct flow_link {
    uint32_t next, prev;
};

/* Few bytes, as there may be millions. A packet of a flow without a protocol touches the first 64.
 * Plain flows are of IPv4, without VLAN and tunnel; the key of others lies apart. */
struct flow {
    uint32_t hash_next; /* slab_ref of the next flow of the bucket's chain */
    uint32_t hash;      /* of the key */
    union {
        uint8_t ip4[2][4]; /* the low end's address, the other's */
        uint64_t ip4_pair;
        struct flow_key *wide; /* with is_wide: the key */
    };
    union {
        uint16_t port[2]; /* the key's; ICMP's id is port[0] */
        uint32_t port_pair;
    };
    bool first_is_low : 1;  /* the first packet was sent by the key's low end */
    bool is_recent : 1;     /* had a packet since eviction last looked */
    bool is_behind : 1;     /* its last packet was older than last_ns: more->end_ns tells */
    bool begins_behind : 1; /* a packet was older than begin_ns: more->first_ns tells */
    bool is_wide : 1;       /* not plain */
    bool has_siblings : 1;  /* flows that differ in their VLAN only: net/flowtable.h */
    bool is_alone : 1;      /* is nobody's sibling: another connection has its ports */
    bool has_mac : 1;
    bool client_is_back : 1;  /* the client is the sender of direction FLOW_BACK */
    bool client_is_known : 1; /* by SYN, port or content, or the parser said so */
    bool has_connection : 1;  /* TCP: its port belongs to a protocol, so flow.id has a number */
    bool was_followed : 1;    /* TCP: a protocol has seen it; late copies may come */
    uint32_t closing : 3;     /* enum flow_end_reason: FIN or RST was seen, trailers may come */
    uint32_t end_reason : 3;  /* enum flow_end_reason: the final report was made */
    uint32_t probes : 4;      /* datagrams or segments looked at to find the protocol */
    uint32_t slot : 10;       /* of the timer wheel; 0: not armed */
    int64_t last_ns; /* the largest packet time of the capture at its last packet: for timers */
    /* by enum flow_dir: flow_packets, flow_bytes */
    uint64_t counted[2]; /* bytes of the frames on the wire; above, bits 32 and up of packets */
    uint32_t packets[2];
    uint8_t l4;       /* the key's */
    uint8_t proto_id; /* enum proto_id, or FLOW_PROTO_OPEN, _NONE */
    union {
        uint8_t tcp_flags[2]; /* all flags seen, by direction */
        uint8_t icmp[2];      /* type and code, as of the source's packets (community id) */
    };
    uint32_t due_tick; /* when the timer wheel will look at it: the lower bits of the tick */

    struct flow_link wheel; /* slot of the timer wheel */
    struct flow_link age;   /* the table's list, oldest first, for eviction */
    int64_t begin_ns;       /* the largest packet time when it began */
    uint32_t report_no;     /* of the next periodic report, from 1 */
    uint8_t mac[2][6];      /* source and destination of the first packet */
    struct flow_more *more; /* NULL for most */
};
_Static_assert(sizeof(struct flow) == 112, "no gaps");

#define FLOW_BYTES_BITS 54

static inline uint64_t flow_packets(const struct flow *flow, enum flow_dir dir)
{
    return flow->counted[dir] >> FLOW_BYTES_BITS << 32 | flow->packets[dir];
}

static inline uint64_t flow_bytes(const struct flow *flow, enum flow_dir dir)
{
    return flow->counted[dir] & (((uint64_t)1 << FLOW_BYTES_BITS) - 1);
}

static inline void flow_count(struct flow *flow, enum flow_dir dir, uint32_t packets,
                              uint64_t bytes)
{
    flow->packets[dir] += packets;
    flow->counted[dir] += bytes;
    if (UNLIKELY(flow->packets[dir] < packets))
        flow->counted[dir] += (uint64_t)1 << FLOW_BYTES_BITS;
}

/* The time of the flow's first and last packet, for its reports. */
static inline int64_t flow_first_ns(const struct flow *flow)
{
    return flow->begins_behind ? flow->more->first_ns : flow->begin_ns;
}

static inline int64_t flow_end_ns(const struct flow *flow)
{
    return flow->is_behind ? flow->more->end_ns : flow->last_ns;
}

static inline bool l4_is_icmp(uint8_t l4)
{
    return l4 == IPPROTO_N_ICMP || l4 == IPPROTO_N_ICMPV6;
}

static inline uint8_t flow_ip_ver(const struct flow *flow)
{
    return flow->is_wide ? flow->wide->ip_ver : 4;
}

static inline uint16_t flow_icmp_id(const struct flow *flow)
{
    return l4_is_icmp(flow->l4) ? flow->port[0] : 0;
}

static inline uint16_t flow_port(const struct flow *flow, bool high)
{
    return l4_is_icmp(flow->l4) ? 0 : flow->port[high];
}

static inline struct addr flow_addr(const struct flow *flow, bool high)
{
    return flow->is_wide ? flow->wide->addr[high] : addr_v4(flow->ip4[high]);
}

/* The whole key. */
static inline struct flow_key flow_key(const struct flow *flow)
{
    if (flow->is_wide)
        return *flow->wide;
    return (struct flow_key){ .addr = { addr_v4(flow->ip4[0]), addr_v4(flow->ip4[1]) },
                              .port = { flow_port(flow, 0), flow_port(flow, 1) },
                              .vlan = { FLOW_NO_VLAN, FLOW_NO_VLAN },
                              .ip_ver = 4,
                              .l4 = flow->l4,
                              .icmp_id = flow_icmp_id(flow),
                              .hash = flow->hash };
}

static inline bool flow_key_is_plain(const struct flow_key *k)
{
    return k->ip_ver == 4 && k->vlan[0] == FLOW_NO_VLAN && !k->tunnel_key;
}

/* Makes k the flow's key; wide: memory for it that lives as long as the flow, unless k is plain. */
static inline void flow_set_key(struct flow *flow, const struct flow_key *k, struct flow_key *wide)
{
    flow->hash = k->hash;
    flow->l4 = k->l4;
    flow->port[0] = l4_is_icmp(k->l4) ? k->icmp_id : k->port[0];
    flow->port[1] = l4_is_icmp(k->l4) ? 0 : k->port[1];
    flow->is_wide = !flow_key_is_plain(k);
    if (flow->is_wide) {
        *wide = *k;
        flow->wide = wide;
    } else {
        memcpy(flow->ip4[0], k->addr[0].b + 12, 4);
        memcpy(flow->ip4[1], k->addr[1].b + 12, 4);
    }
}
