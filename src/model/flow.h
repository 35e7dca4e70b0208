/* A flow: the packets of one 5-tuple (or of one MAC pair without IP), both directions. Owned by
 * exactly one worker; lives in its slab. */
#pragma once

#include "base/addr.h"
#include "base/list.h"
#include "model/packet.h"

/* Direction of a packet within its flow: FLOW_FIRST is that of the flow's first packet. */
enum flow_dir { FLOW_FIRST, FLOW_BACK };

/* Ordered, so that both directions are equal: addr[0]:port[0] is the smaller end. */
struct flow_key {
    struct addr addr[2];
    uint16_t port[2];
    uint16_t vlan[2];    /* 0xffff: no tag */
    uint64_t tunnel_key; /* struct packet's */
    uint8_t ip_ver, l4;
    uint8_t pad[2];
    uint16_t icmp_id; /* ICMP echo and its like; else 0 */
    uint16_t pad2;
};

enum flow_end_reason {
    FLOW_ALIVE,
    FLOW_END_FIN, /* both sides closed */
    FLOW_END_RST,
    FLOW_END_TIMEOUT, /* idle longer than flows.timeout */
    FLOW_END_REUSED,  /* a new connection on the same ports */
    FLOW_END_EVICTED, /* the table was full */
    FLOW_END_CAPTURE, /* the capture ended */
};

struct tcp_stream;
struct proto;

struct flow {
    struct flow_key key;
    struct flow *hash_next;
    struct list wheel;                    /* slot of the timer wheel */
    int64_t first_ns, last_ns, report_ns; /* report_ns: when the next periodic report is due */
    struct {
        uint64_t packets, bytes; /* bytes: wire length of the frames */
    } seen[2], reported[2];      /* by enum flow_dir; reported: what the last report said (delta) */
    struct addr outer[2]; /* IP in IP: outer source and destination, as of the first packet */
    uint8_t mac[2][6];    /* source and destination of the first packet */
    uint8_t outer_ver, n_vlan, has_mac;
    uint8_t first_is_low; /* the first packet was sent by key.addr[0]:key.port[0] */
    uint8_t icmp[2];      /* type and code of the first packet (of the first request, if any) */
    uint8_t tcp_flags[2]; /* all flags seen, by direction */
    uint8_t end_reason;   /* enum flow_end_reason */
    uint8_t tunnel;       /* enum tunnel_type */
    uint32_t tunnel_id;
    uint32_t serial; /* number of this flow in its worker, from 1: part of flow.id */

    const struct proto *proto; /* NULL until decided */
    void *state;               /* proto->state_size bytes, zeroed at first use */
    struct tcp_stream *tcp;    /* NULL unless followed */
    struct list pairs;         /* waiting requests of this flow, oldest first (proto/pair.c) */
    uint32_t n_pairs;
    uint8_t proto_gave_up;  /* no protocol will be looked for any more */
    uint8_t client_is_back; /* the client is the sender of direction FLOW_BACK */
};
