/* IPv4 (RFC 791), IPv6 (RFC 8200), AH (RFC 4302), and the headers of TCP, UDP, ICMP and SCTP.
 * Checksums are not verified: with offload they are not yet filled in when a frame is captured. */
#include "net/ip.h"

#include "net/defrag.h"
#include "net/tunnel.h"

/* Extension headers and other numbers of the next header field. */
enum {
    NEXT_HOP_BY_HOP = 0,
    NEXT_ROUTING = 43,
    NEXT_FRAGMENT = 44,
    NEXT_AH = 51,
    NEXT_DEST_OPTIONS = 60,
    NEXT_MOBILITY = 135,
    NEXT_HIP = 139,
    NEXT_SHIM6 = 140,
};

#define OPTION_JUMBO 0xc2 /* RFC 2675 */
#define OPTIONS_MAX  64   /* options of a hop-by-hop header that are looked at for it */

/* The layer of an IP protocol number. ESP and unknown ones are payload. */
static enum layer ip_next(struct decoder *d, uint8_t proto)
{
    struct packet *p = d->p;
    p->l4 = proto;
    switch (proto) {
    case IPPROTO_N_TCP:
        return LAYER_TCP;
    case IPPROTO_N_UDP:
        return LAYER_UDP;
    case IPPROTO_N_ICMP:
        return p->ip_ver == 4 ? LAYER_ICMP : LAYER_DONE;
    case IPPROTO_N_ICMPV6:
        return p->ip_ver == 6 ? LAYER_ICMP : LAYER_DONE;
    case IPPROTO_N_SCTP:
        return LAYER_SCTP;
    case IPPROTO_N_GRE:
        return LAYER_GRE;
    case IPPROTO_N_IPIP:
    case IPPROTO_N_IPV6:
        return LAYER_IPIP;
    case NEXT_AH:
        return LAYER_EXTENSION;
    case NEXT_HOP_BY_HOP:
    case NEXT_ROUTING:
    case NEXT_FRAGMENT:
    case NEXT_DEST_OPTIONS:
    case NEXT_MOBILITY:
    case NEXT_HIP:
    case NEXT_SHIM6:
        return p->ip_ver == 6 ? LAYER_EXTENSION : LAYER_DONE;
    default:
        TRACE(TRACE_IP, "protocol %u is not decoded", proto);
        return LAYER_DONE;
    }
}

/* A header within another of the same visit (IP in IP): the last two pairs are remembered. */
static void addresses_push(struct packet *p, uint8_t version)
{
    if (p->ip_ver) {
        p->outer_ver = p->ip_ver;
        p->outer[0] = p->src;
        p->outer[1] = p->dst;
    }
    p->ip_ver = version;
}

static enum layer fragment_add(struct decoder *d, struct fragment *f)
{
    struct slice whole;
    f->bytes = cur_rest(&d->c);
    f->cut = d->cut > 0;
    switch (defrag_add(d->defrag, d->p, f, &whole)) {
    case DEFRAG_WAIT:
        return LAYER_WAIT;
    case DEFRAG_REFUSED:
        d->p->is_fragment = true;
        d->p->l4 = f->proto;
        return LAYER_DONE;
    case DEFRAG_WHOLE:
        break;
    }
    d->c = cur_of(whole);
    return ip_next(d, f->proto);
}

static enum layer v4_fragment(struct decoder *d, uint16_t id, uint16_t place, uint8_t proto)
{
    struct fragment f = { .id = id, .offset = (place & 0x1fffU) * 8, .more = place & 0x2000 };
    f.proto = proto;
    return fragment_add(d, &f);
}

/* RFC 791 section 3.1: version and header length, service, total length, id, flags and offset, TTL,
 * protocol, checksum, source, destination, options. Total length 0 comes from segmentation offload:
 * the frame says the length. */
enum layer ip_v4(struct decoder *d)
{
    struct cursor c = d->c;
    uint8_t first = cur_u8(&c);
    cur_skip(&c, 1);
    uint16_t total = cur_u16be(&c), id = cur_u16be(&c), place = cur_u16be(&c);
    cur_skip(&c, 1);
    uint8_t proto = cur_u8(&c);
    cur_skip(&c, 2);
    struct slice src = cur_bytes(&c, 4), dst = cur_bytes(&c, 4);
    if (!cur_ok(&c))
        return LAYER_SHORT;
    size_t header = (first & 15U) * 4;
    if (first >> 4 != 4 || header < 20 || (total != 0 && total < header))
        return LAYER_BAD;
    if (total != 0)
        layer_bound(d, total);
    if (cur_left(&d->c) < header) /* within the options */
        return layer_has(d, header) ? LAYER_SHORT : LAYER_BAD;
    cur_skip(&d->c, header);

    struct packet *p = d->p;
    addresses_push(p, 4);
    p->src = addr_v4(src.p);
    p->dst = addr_v4(dst.p);
    TRACE(TRACE_IP, "ipv4: protocol %u, %zu bytes, %zu cut", proto, cur_left(&d->c), d->cut);
    if (LIKELY(!(place & 0x3fff))) /* neither more fragments nor an offset */
        return ip_next(d, proto);
    return v4_fragment(d, id, place, proto);
}

/* The jumbo payload option of a hop-by-hop header, which begins behind its two fixed bytes; 0 if
 * there is none. */
static uint32_t jumbo_length(struct cursor c)
{
    for (unsigned n = 0; n < OPTIONS_MAX && cur_left(&c) > 0; n++) {
        uint8_t type = cur_u8(&c);
        if (type == 0) /* Pad1 has no length */
            continue;
        uint8_t len = cur_u8(&c);
        if (type == OPTION_JUMBO && len == 4)
            return cur_u32be(&c);
        cur_skip(&c, len);
    }
    return 0;
}

/* Payload length 0 means a jumbo payload option (RFC 2675), or segmentation offload without one:
 * then the frame says the length. */
static void v6_bound(struct decoder *d, uint16_t length, uint8_t next)
{
    uint32_t n = length;
    if (length == 0 && next == NEXT_HOP_BY_HOP) {
        struct cursor c = d->c;
        cur_skip(&c, 1);
        size_t header = (cur_u8(&c) + 1U) * 8;
        n = jumbo_length(cur_of(slice_first(cur_rest(&c), header - 2)));
    }
    if (n != 0)
        layer_bound(d, n);
}

enum layer ip_v6(struct decoder *d)
{
    struct cursor c = d->c;
    uint8_t first = cur_u8(&c);
    cur_skip(&c, 3); /* class and flow label */
    uint16_t length = cur_u16be(&c);
    uint8_t next = cur_u8(&c);
    cur_skip(&c, 1);
    struct slice src = cur_bytes(&c, 16), dst = cur_bytes(&c, 16);
    if (!cur_ok(&c))
        return LAYER_SHORT;
    if (first >> 4 != 6)
        return LAYER_BAD;
    struct packet *p = d->p;
    addresses_push(p, 6);
    p->src = addr_v6(src.p);
    p->dst = addr_v6(dst.p);
    d->c = c;
    v6_bound(d, length, next);
    TRACE(TRACE_IP, "ipv6: next header %u, %zu bytes, %zu cut", next, cur_left(&d->c), d->cut);
    return ip_next(d, next);
}

enum layer ip_any(struct decoder *d)
{
    switch (cur_peek(&d->c) >> 4) {
    case 4:
        return LAYER_IPV4;
    case 6:
        return LAYER_IPV6;
    default:
        return cur_ok(&d->c) ? LAYER_BAD : LAYER_SHORT;
    }
}

/* RFC 8200 section 4.5. A header with offset 0 and no more fragments stands alone (RFC 6946). */
static enum layer v6_fragment(struct decoder *d)
{
    uint8_t next = cur_u8(&d->c);
    cur_skip(&d->c, 1);
    uint16_t place = cur_u16be(&d->c);
    uint32_t id = cur_u32be(&d->c);
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    if (!(place & 0xfff9))
        return ip_next(d, next);
    struct fragment f = { .id = id, .offset = place & 0xfff8U, .more = place & 1, .proto = next };
    return fragment_add(d, &f);
}

enum layer ip_extension(struct decoder *d)
{
    uint8_t number = d->p->l4;
    TRACE(TRACE_IP, "extension header %u", number);
    if (number == NEXT_FRAGMENT)
        return v6_fragment(d);
    uint8_t next = cur_u8(&d->c), length = cur_u8(&d->c);
    cur_skip(&d->c, (number == NEXT_AH ? (length + 2U) * 4 : (length + 1U) * 8) - 2);
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    return ip_next(d, next);
}

/* RFC 9293 section 3.1. Options that the capture cut off leave the ports known. */
enum layer ip_tcp(struct decoder *d)
{
    struct cursor c = d->c;
    uint16_t sport = cur_u16be(&c), dport = cur_u16be(&c);
    uint32_t seq = cur_u32be(&c), ack = cur_u32be(&c);
    uint8_t offset = cur_u8(&c), flags = cur_u8(&c);
    cur_skip(&c, 6); /* window, checksum, urgent pointer */
    if (!cur_ok(&c))
        return LAYER_SHORT;
    size_t header = (offset >> 4) * 4U;
    if (header < 20 || !layer_has(d, header))
        return LAYER_BAD;
    struct packet *p = d->p;
    p->has_ports = true;
    p->sport = sport;
    p->dport = dport;
    p->seq = seq;
    p->ack = ack;
    p->tcp_flags = flags;
    size_t there = cur_left(&d->c);
    if (there < header) {
        d->cut -= header - there;
        header = there;
    }
    cur_skip(&d->c, header);
    return LAYER_DONE;
}

/* RFC 768. Length 0 comes from segmentation offload or a jumbogram (RFC 2675 section 4). */
enum layer ip_udp(struct decoder *d)
{
    struct cursor c = d->c;
    uint16_t sport = cur_u16be(&c), dport = cur_u16be(&c), length = cur_u16be(&c);
    cur_skip(&c, 2); /* checksum */
    if (!cur_ok(&c))
        return LAYER_SHORT;
    if (length != 0 && length < 8)
        return LAYER_BAD;
    if (length != 0)
        layer_bound(d, length);
    struct packet *p = d->p;
    p->has_ports = true;
    p->sport = sport;
    p->dport = dport;
    cur_skip(&d->c, 8);
    return tunnel_udp(d);
}

/* Messages with an identifier and a sequence number behind the checksum: echo, timestamp,
 * information and mask requests and replies (RFC 792, 950; RFC 4443). */
static bool icmp_has_id(const struct packet *p)
{
    if (p->ip_ver == 6)
        return p->sport == 128 || p->sport == 129;
    return p->sport == 0 || p->sport == 8 || (p->sport >= 13 && p->sport <= 18);
}

/* Type, code, checksum, and four bytes that depend on the type. Messages of 4 to 7 bytes, which no
 * type has, still count in an ICMP flow. */
enum layer ip_icmp(struct decoder *d)
{
    struct packet *p = d->p;
    struct cursor c = d->c;
    uint8_t type = cur_u8(&c), code = cur_u8(&c);
    cur_skip(&c, 2);
    if (!cur_ok(&c))
        return LAYER_SHORT;
    p->sport = type;
    p->dport = code;
    uint16_t id = cur_u16be(&c), seq = cur_u16be(&c);
    if (!cur_ok(&c)) {
        counter_add(d->counters, COUNTER_DECODE_SHORT, 1);
        p->is_short = true;
        cur_skip(&d->c, cur_left(&d->c));
        return LAYER_DONE;
    }
    if (icmp_has_id(p)) {
        p->icmp_id = id;
        p->icmp_seq = seq;
    }
    d->c = c;
    return LAYER_DONE;
}

/* RFC 9260 section 3.1: ports, verification tag, checksum; the chunks are payload. */
enum layer ip_sctp(struct decoder *d)
{
    struct cursor c = d->c;
    uint16_t sport = cur_u16be(&c), dport = cur_u16be(&c);
    cur_skip(&c, 8);
    if (!cur_ok(&c))
        return LAYER_SHORT;
    d->p->has_ports = true;
    d->p->sport = sport;
    d->p->dport = dport;
    d->c = c;
    return LAYER_DONE;
}
