/* Tunnels: IP in IP (RFC 2003, 2473, 4213), GRE (RFC 2784, 2890), NVGRE (RFC 7637), ERSPAN I to III
 * (draft-foschiano-erspan), VXLAN (RFC 7348), GENEVE (RFC 8926), GTP-U (3GPP TS 29.281), Teredo
 * (RFC 4380). A header that is not certainly the tunnel's leaves the packet as it is. */
#include "net/tunnel.h"

#include "net/link.h"

#define GTPU_EXTENSIONS_MAX 16

enum { PORT_VXLAN = 4789, PORT_VXLAN_LINUX = 8472, PORT_GENEVE = 6081 };
enum { PORT_GTPU = 2152, PORT_TEREDO = 3544 };
enum { GRE_ERSPAN = 0x88be, GRE_ERSPAN_III = 0x22eb };
enum { GRE_CHECKSUM = 0x8000, GRE_ROUTING = 0x4000, GRE_KEY = 0x2000, GRE_SEQUENCE = 0x1000 };

const struct hash_key tunnel_hash_key = { 0x776972656c756d65, 0x74756e6e656c7321 };

/* What a tunnel header said. */
struct opening {
    enum tunnel_type type;
    uint32_t id;
    enum layer inner;     /* LAYER_DONE: nothing that can be opened */
    struct cursor behind; /* at the inner header */
};

/* Equal for both directions: the addresses are ordered. GTP-U's id is left out, since each end
 * chooses the one that it wants to receive. */
static uint64_t tunnel_key(const struct decoder *d, enum tunnel_type type, uint32_t id)
{
    const struct packet *p = d->p;
    bool swap = memcmp(&p->src, &p->dst, sizeof p->src) > 0;
    struct {
        struct addr low, high;
        uint64_t around;
        uint32_t type, id;
    } k = { swap ? p->dst : p->src, swap ? p->src : p->dst, p->tunnel_key, type, id };
    if (type == TUNNEL_GTPU)
        k.id = 0;
    uint64_t key = hash_bytes(&tunnel_hash_key, &k, sizeof k);
    return key ? key : 1; /* 0 means outside of tunnels */
}

static bool tunnel_allowed(struct decoder *d, enum tunnel_type type)
{
    if (!(d->conf->tunnels >> type & 1)) {
        TRACE(TRACE_IP, "tunnel type %u stays closed", type);
        return false;
    }
    if (d->p->depth >= TUNNEL_DEPTH_MAX) {
        TRACE(TRACE_IP, "tunnel type %u is too deep", type);
        counter_add(d->counters, COUNTER_DECODE_TOO_DEEP, 1);
        return false;
    }
    return true;
}

static void tunnel_mark(struct decoder *d, enum tunnel_type type, uint32_t id)
{
    struct packet *p = d->p;
    p->tunnel_key = tunnel_key(d, type, id);
    p->tunnel = (uint8_t)type;
    p->tunnel_id = id;
    p->depth++;
    counter_add(d->counters, COUNTER_DECODE_TUNNELS, 1);
    TRACE(TRACE_IP, "tunnel type %u, id %u, depth %u", type, id, p->depth);
}

/* The outer packet has its visit, then the inner one begins. The bytes of outer fragments stay, as
 * they carried it, but the inner packet is one. */
static enum layer tunnel_open(struct decoder *d, const struct opening *o)
{
    if (!cur_ok(&o->behind) || o->inner == LAYER_DONE || !tunnel_allowed(d, o->type))
        return LAYER_DONE;
    layer_visit(d);
    uint32_t frag_bytes = d->p->frag_bytes;
    tunnel_mark(d, o->type, o->id);
    layer_clear(d->p);
    d->p->frag_bytes = frag_bytes;
    d->c = o->behind;
    return o->inner;
}

/* By the IP version at c; LAYER_DONE when it is none. */
static enum layer ip_inside(const struct cursor *c)
{
    struct cursor look = *c;
    uint8_t version = cur_peek(&look) >> 4;
    return version == 4 ? LAYER_IPV4 : version == 6 ? LAYER_IPV6 : LAYER_DONE;
}

enum layer tunnel_ipip(struct decoder *d)
{
    static const enum tunnel_type types[2][2] = { { TUNNEL_IPIP, TUNNEL_6IN4 },
                                                  { TUNNEL_4IN6, TUNNEL_6IN6 } };
    bool inner6 = d->p->l4 == IPPROTO_N_IPV6;
    enum tunnel_type type = types[d->p->ip_ver == 6][inner6];
    if (ip_inside(&d->c) != (inner6 ? LAYER_IPV6 : LAYER_IPV4))
        return cur_left(&d->c) ? LAYER_BAD : LAYER_SHORT;
    if (!tunnel_allowed(d, type))
        return LAYER_DONE;
    tunnel_mark(d, type, 0);
    return inner6 ? LAYER_IPV6 : LAYER_IPV4;
}

/* Type I has no header and no sequence number in GRE; type II has a header of 8 bytes, III of 12
 * and a subheader of 8 if its last bit is set. Their ids are session ids. */
static void erspan_read(struct opening *o, uint16_t proto, bool has_sequence)
{
    struct cursor *c = &o->behind;
    o->type = TUNNEL_ERSPAN;
    o->inner = LAYER_ETHERNET;
    o->id = 0;
    if (proto == GRE_ERSPAN && !has_sequence)
        return;
    uint8_t version = cur_u8(c) >> 4;
    cur_skip(c, 1);
    o->id = cur_u16be(c) & 0x3ff;
    if (proto == GRE_ERSPAN) {
        cur_skip(c, 4);
        if (version != 1)
            o->inner = LAYER_DONE;
        return;
    }
    cur_skip(c, 6);
    uint16_t last = cur_u16be(c);
    if (last & 1)
        cur_skip(c, 8);
    uint8_t frame_type = last >> 10 & 31; /* 0 Ethernet, 2 IP */
    if (frame_type == 2)
        o->inner = ip_inside(c);
    else if (frame_type != 0)
        o->inner = LAYER_DONE;
    if (version != 2)
        o->inner = LAYER_DONE;
}

/* NVGRE is GRE with a key over Ethernet whose upper 24 bits name the network; networks below 0x1000
 * are reserved (RFC 7637 section 3.3), so a small key is plain GRE. */
static bool is_nvgre(uint16_t flags, uint32_t key, enum layer inner)
{
    const uint16_t kind = GRE_CHECKSUM | GRE_KEY | GRE_SEQUENCE;
    return inner == LAYER_ETHERNET && (flags & kind) == GRE_KEY && key >> 8 >= 0x1000;
}

/* Version 1 (PPTP, RFC 2637) and source routing (RFC 1701, obsolete) are not opened. */
enum layer tunnel_gre(struct decoder *d)
{
    struct opening o = { .type = TUNNEL_GRE, .behind = d->c };
    struct cursor *c = &o.behind;
    uint16_t flags = cur_u16be(c), proto = cur_u16be(c);
    if ((flags & 7) != 0 || (flags & GRE_ROUTING))
        return LAYER_DONE;
    if (flags & GRE_CHECKSUM)
        cur_skip(c, 4);
    if (flags & GRE_KEY)
        o.id = cur_u32be(c);
    if (flags & GRE_SEQUENCE)
        cur_skip(c, 4);
    o.inner = link_ethertype(proto);
    if (proto == GRE_ERSPAN || proto == GRE_ERSPAN_III) {
        erspan_read(&o, proto, flags & GRE_SEQUENCE);
    } else if (is_nvgre(flags, o.id, o.inner) && (d->conf->tunnels >> TUNNEL_NVGRE & 1)) {
        o.type = TUNNEL_NVGRE;
        o.id >>= 8;
    }
    return tunnel_open(d, &o);
}

/* Flags with the I bit, or also the G bit of group policy (whose id then stands in the reserved
 * bytes); VNI; a reserved byte. What must be zero is checked: the port may be another's. */
static enum layer vxlan_open(struct decoder *d)
{
    struct opening o = { .type = TUNNEL_VXLAN, .inner = LAYER_ETHERNET, .behind = d->c };
    uint8_t flags = cur_u8(&o.behind);
    uint32_t reserved = cur_u24be(&o.behind);
    o.id = cur_u24be(&o.behind);
    uint8_t last = cur_u8(&o.behind);
    if ((flags & 0x7f) != 8 || last != 0 || (!(flags & 0x80) && reserved != 0))
        return LAYER_DONE;
    return tunnel_open(d, &o);
}

static enum layer geneve_open(struct decoder *d)
{
    struct opening o = { .type = TUNNEL_GENEVE, .behind = d->c };
    uint8_t first = cur_u8(&o.behind), flags = cur_u8(&o.behind);
    o.inner = link_ethertype(cur_u16be(&o.behind));
    o.id = cur_u24be(&o.behind);
    uint8_t last = cur_u8(&o.behind);
    cur_skip(&o.behind, (first & 0x3fU) * 4); /* options */
    if (first >> 6 != 0 || (flags & 0x3f) || last != 0)
        return LAYER_DONE;
    return tunnel_open(d, &o);
}

/* Version 1, protocol type GTP, message G-PDU. Any of the flags E, S, PN adds four bytes, the last
 * of which begins a chain of extension headers. */
static enum layer gtpu_open(struct decoder *d)
{
    struct opening o = { .type = TUNNEL_GTPU, .behind = d->c };
    struct cursor *c = &o.behind;
    uint8_t flags = cur_u8(c), message = cur_u8(c);
    cur_skip(c, 2); /* length: the datagram's says it too */
    o.id = cur_u32be(c);
    if (flags >> 4 != 3 || message != 255)
        return LAYER_DONE;
    uint8_t next = 0;
    if (flags & 7) {
        cur_skip(c, 3);
        next = cur_u8(c);
    }
    for (unsigned n = 0; (flags & 4) && next && n < GTPU_EXTENSIONS_MAX && cur_ok(c); n++) {
        uint8_t length = cur_u8(c);
        if (length == 0)
            return LAYER_DONE;
        cur_skip(c, length * 4U - 2);
        next = cur_u8(c);
    }
    o.inner = ip_inside(c);
    return tunnel_open(d, &o);
}

/* Authentication and origin indication (RFC 4380 section 5.1.1) may stand before the IPv6 header.
 */
static void teredo_indications(struct cursor *c)
{
    if (slice_starts(cur_rest(c), SLICE("\0\1"))) {
        cur_skip(c, 2);
        size_t n = cur_u8(c);
        n += cur_u8(c);
        cur_skip(c, n + 9); /* client id and value; nonce and confirmation */
    }
    if (slice_starts(cur_rest(c), SLICE("\0\0")))
        cur_skip(c, 8);
}

/* 2001::/32, or the link-local and multicast addresses of router solicitation. */
static bool is_teredo_address(struct slice a)
{
    return slice_starts(a, SLICE("\x20\1\0\0")) || slice_starts(a, SLICE("\xfe\x80")) ||
           slice_starts(a, SLICE("\xff\2"));
}

/* Nothing in it says Teredo, so the IPv6 header must fit: version, length, an address. */
static enum layer teredo_open(struct decoder *d)
{
    struct opening o = { .type = TUNNEL_TEREDO, .inner = LAYER_IPV6, .behind = d->c };
    teredo_indications(&o.behind);
    struct cursor look = o.behind;
    uint8_t version = cur_u8(&look) >> 4;
    cur_skip(&look, 3);
    uint16_t length = cur_u16be(&look);
    cur_skip(&look, 2);
    struct slice src = cur_bytes(&look, 16), dst = cur_bytes(&look, 16);
    if (!cur_ok(&look) || version != 6 || length > cur_left(&look) + d->cut)
        return LAYER_DONE;
    if (!is_teredo_address(src) && !is_teredo_address(dst))
        return LAYER_DONE;
    return tunnel_open(d, &o);
}

bool tunnel_has_port(uint16_t port)
{
    return port == PORT_VXLAN || port == PORT_VXLAN_LINUX || port == PORT_GENEVE ||
           port == PORT_GTPU || port == PORT_TEREDO;
}

enum layer tunnel_udp(struct decoder *d)
{
    const struct packet *p = d->p;
    switch (p->dport) {
    case PORT_VXLAN:
    case PORT_VXLAN_LINUX:
        return vxlan_open(d);
    case PORT_GENEVE:
        return geneve_open(d);
    case PORT_GTPU:
        return gtpu_open(d);
    default:
        return p->dport == PORT_TEREDO || p->sport == PORT_TEREDO ? teredo_open(d) : LAYER_DONE;
    }
}
