/* A captured frame and what the decoder found in it. */
#pragma once

#include "base/addr.h"
#include "base/slice.h"

/* Link types are libpcap's LINKTYPE_ values (https://www.tcpdump.org/linktypes.html). */
enum link_type {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_PPP = 9,
    LINK_RAW = 101,
    LINK_IEEE802_11 = 105,
    LINK_LOOP = 108,
    LINK_LINUX_SLL = 113,
    LINK_IEEE802_11_RADIOTAP = 127,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_LINUX_SLL2 = 276,
};

/* IP protocol numbers that the code names. */
enum ip_proto {
    IPPROTO_N_ICMP = 1,
    IPPROTO_N_IPIP = 4,
    IPPROTO_N_TCP = 6,
    IPPROTO_N_UDP = 17,
    IPPROTO_N_IPV6 = 41,
    IPPROTO_N_GRE = 47,
    IPPROTO_N_ICMPV6 = 58,
    IPPROTO_N_SCTP = 132,
};

enum tunnel_type {
    TUNNEL_NONE,
    TUNNEL_IPIP, /* IPv4 in IPv4 (RFC 2003) */
    TUNNEL_6IN4, /* RFC 4213 */
    TUNNEL_4IN6, /* RFC 2473 */
    TUNNEL_6IN6,
    TUNNEL_GRE, /* RFC 2784, 2890 */
    TUNNEL_NVGRE,
    TUNNEL_ERSPAN, /* types I to III */
    TUNNEL_VXLAN,  /* RFC 7348 */
    TUNNEL_GENEVE, /* RFC 8926 */
    TUNNEL_GTPU,   /* 3GPP TS 29.281 */
    TUNNEL_TEREDO, /* RFC 4380 */
    TUNNEL_TYPES
};

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

/* One frame as a capture gives it. `frame` is borrowed until the capture's next read. */
struct packet {
    int64_t ts_ns;      /* capture time, ns since 1970 UTC; the only clock a parser sees */
    struct slice frame; /* captured bytes */
    uint32_t wire_len;  /* bytes on the wire, >= frame.n */
    uint16_t link_type; /* enum link_type of this frame */
    uint16_t iface;     /* index of the interface it came from, from 0 */
    uint16_t vlan_tci;  /* tag that the kernel took off the frame (wire_len counts it still) */
    bool vlan_valid;
    bool is_copy;     /* another worker has the frame too, and counts it */
    int64_t clock_ns; /* the capture's largest time so far, where others get a part of it; or 0 */

    /* filled by the decoder, for the headers met last (inner ones overwrite outer ones) */
    bool has_mac;
    uint8_t mac[2][6]; /* source, destination */
    uint8_t n_vlan;    /* 0 to 2 */
    uint16_t vlan[2];  /* outer, inner: VLAN ids */
    uint8_t ip_ver;    /* 4, 6; 0: no IP */
    uint8_t l4;        /* IP protocol number of the payload; 0: none known */
    bool has_ports;
    bool is_short;         /* ICMP without its whole header: counts, but tells nothing */
    bool is_fragment;      /* of a datagram that is not whole (yet): has no payload */
    uint32_t frag_packets; /* earlier fragments of the datagram that this packet made whole, */
    uint32_t frag_bytes;   /* and their bytes on the wire: a flow counts them with this packet */
    struct addr src, dst;  /* innermost IP pair */
    uint8_t outer_ver;     /* 4, 6: an IP header around it (IP in IP), else 0 */
    struct addr outer[2];  /* its source and destination */
    uint16_t sport, dport; /* ICMP: type and code */
    struct slice payload;  /* after the L4 header; may point into reassembly memory */
    uint32_t cut;          /* payload bytes that were on the wire but not captured */
    uint32_t seq, ack;     /* TCP */
    uint8_t tcp_flags;     /* enum tcp_flag */
    uint16_t icmp_id, icmp_seq;
    uint8_t tunnel;      /* enum tunnel_type of the innermost tunnel that was opened */
    uint8_t depth;       /* tunnels opened so far */
    uint32_t tunnel_id;  /* VNI, TEID, GRE key, session id; 0 if none */
    uint64_t tunnel_key; /* separates equal inner addresses of different tunnels; 0 outside */
};

/* What a capture fills, and nothing else; the frame's bytes stay where they are. */
static inline void packet_capture_copy(struct packet *to, const struct packet *from)
{
    to->ts_ns = from->ts_ns;
    to->frame = from->frame;
    to->wire_len = from->wire_len;
    to->link_type = from->link_type;
    to->iface = from->iface;
    to->vlan_tci = from->vlan_tci;
    to->vlan_valid = from->vlan_valid;
    to->is_copy = from->is_copy;
    to->clock_ns = from->clock_ns;
}
