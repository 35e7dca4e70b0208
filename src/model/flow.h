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

/* What only some flows have. */
struct flow_extra {
    struct addr outer[2]; /* IP in IP: outer source and destination, as of the first packet */
    uint8_t outer_ver;    /* 4, 6; 0: none */
    struct {
        uint64_t packets, bytes;
    } reported[2]; /* delta reports: what has been reported, by enum flow_dir */
};

/* The first 128 bytes are what every packet touches. */
struct flow {
    struct flow_key key;
    struct flow *hash_next;
    int64_t last_ns; /* the largest packet time of the capture at its last packet: for timers */
    int64_t due_ns;  /* when the timer wheel will look at it (or earlier than need be) */
    struct {
        uint64_t packets, bytes; /* bytes: wire length of the frames */
    } seen[2];                   /* by enum flow_dir */
    struct tcp_stream *tcp;      /* NULL unless followed */
    uint8_t first_is_low;        /* the first packet was sent by key.addr[0]:key.port[0] */
    uint8_t is_recent : 1;       /* had a packet since eviction last looked */
    uint8_t is_behind : 1;       /* its last packet was older than last_ns: end_ns tells */
    uint8_t has_siblings : 1;    /* flows that differ in their VLAN only: net/flowtable.h */
    uint8_t is_alone : 1;        /* is nobody's sibling: another connection has its ports */
    uint8_t tcp_flags[2];        /* all flags seen, by direction */
    uint8_t proto_id;            /* enum proto_id, or FLOW_PROTO_OPEN, _NONE */
    uint8_t client_is_back;      /* the client is the sender of direction FLOW_BACK */
    uint8_t client_is_known;     /* by SYN, port or content, or the parser said so */
    uint8_t closing;             /* enum flow_end_reason: FIN or RST was seen, trailers may come */

    int64_t first_ns, report_ns; /* report_ns: when the next periodic report is due */
    int64_t end_ns;              /* the largest time of its packets, while is_behind */
    struct list wheel;           /* slot of the timer wheel */
    struct list age;             /* the table's list, oldest first, for eviction */
    struct list pairs;           /* waiting requests of this flow, oldest first (proto/pair.c) */
    uint32_t n_pairs;
    uint32_t serial;          /* of a connection: part of flow.id; others: number in the worker */
    void *state;              /* proto's state_size bytes, zeroed at first use */
    struct flow_extra *extra; /* NULL for most */
    uint8_t mac[2][6];        /* source and destination of the first packet */
    uint32_t tunnel_id;
    uint32_t first_seq[2]; /* TCP: sequence number of the first byte that could come */
    uint8_t icmp[2];       /* type and code, as of the source's packets (community id) */
    uint8_t n_vlan, has_mac;
    uint8_t probes;          /* datagrams or segments looked at to find the protocol */
    uint8_t end_reason;      /* enum flow_end_reason: the final report was made */
    uint8_t tunnel;          /* enum tunnel_type */
    bool has_connection : 1; /* TCP: its port belongs to a protocol, so flow.id has a number */
    bool was_followed : 1;   /* TCP: a protocol has seen it; late copies may come */
};

/* The time of the flow's last packet, for its reports. */
static inline int64_t flow_end_ns(const struct flow *flow)
{
    return flow->is_behind ? flow->end_ns : flow->last_ns;
}
