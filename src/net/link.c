/* Link layers (https://www.tcpdump.org/linktypes.html): Ethernet, 802.1Q/ad, LLC/SNAP, MPLS, PPPoE,
 * PPP, BSD loopback, Linux cooked, 802.11 with and without radiotap. */
#include "net/link.h"

#define MPLS_LABELS_MAX    16
#define ETHERTYPE_MIN      1536 /* below, the field is a length (IEEE 802.3 section 3.2.6) */
#define RADIOTAP_WORDS_MAX 16

enum {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_ARP = 0x0806,
    ETHERTYPE_BRIDGING = 0x6558, /* transparent Ethernet bridging: a frame within */
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_MPLS_UPSTREAM = 0x8848,
    ETHERTYPE_PPPOE = 0x8864,
    ETHERTYPE_SERVICE_VLAN = 0x88a8,
    ETHERTYPE_OLD_QINQ = 0x9100,
};

enum layer link_ethertype(uint16_t type)
{
    switch (type) {
    case ETHERTYPE_IPV4:
        return LAYER_IPV4;
    case ETHERTYPE_IPV6:
        return LAYER_IPV6;
    case ETHERTYPE_VLAN:
    case ETHERTYPE_SERVICE_VLAN:
    case ETHERTYPE_OLD_QINQ:
        return LAYER_VLAN;
    case ETHERTYPE_MPLS:
    case ETHERTYPE_MPLS_UPSTREAM:
        return LAYER_MPLS;
    case ETHERTYPE_PPPOE:
        return LAYER_PPPOE;
    case ETHERTYPE_BRIDGING:
        return LAYER_ETHERNET;
    default:
        return LAYER_DONE;
    }
}

/* The type or length field of Ethernet and of a VLAN tag. */
static enum layer type_or_length(struct decoder *d, uint16_t type)
{
    if (LIKELY(type >= ETHERTYPE_MIN))
        return link_ethertype(type);
    layer_bound(d, type);
    return LAYER_LLC;
}

static void mac_set(struct packet *p, struct slice src, struct slice dst)
{
    memcpy(p->mac[0], src.p, 6);
    memcpy(p->mac[1], dst.p, 6);
    p->has_mac = true;
}

enum layer link_ethernet(struct decoder *d)
{
    struct cursor c = d->c;
    struct slice dst = cur_bytes(&c, 6), src = cur_bytes(&c, 6);
    uint16_t type = cur_u16be(&c);
    if (!cur_ok(&c))
        return LAYER_SHORT;
    mac_set(d->p, src, dst);
    d->c = c;
    TRACE(TRACE_LINK, "ethernet: type 0x%04x", type);
    return type_or_length(d, type);
}

/* Two tags are remembered; of more, the last two (as Packetbeat does). */
enum layer link_vlan(struct decoder *d)
{
    struct packet *p = d->p;
    uint16_t tci = cur_u16be(&d->c), type = cur_u16be(&d->c);
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    if (p->n_vlan == COUNT(p->vlan))
        p->vlan[0] = p->vlan[--p->n_vlan];
    p->vlan[p->n_vlan++] = tci & 0xfff;
    TRACE(TRACE_LINK, "vlan %u: type 0x%04x", tci & 0xfff, type);
    return type_or_length(d, type);
}

/* IEEE 802.2 LLC; SNAP with an EtherType (RFC 1042), or IP directly. */
enum layer link_llc(struct decoder *d)
{
    uint16_t sap = cur_u16be(&d->c);
    uint8_t control = cur_u8(&d->c);
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    if (sap == 0x0606 && control == 3)
        return LAYER_IPV4;
    if (sap != 0xaaaa || control != 3)
        return LAYER_DONE; /* spanning tree, NetBIOS, IS-IS, … */
    uint32_t oui = cur_u24be(&d->c);
    uint16_t type = cur_u16be(&d->c);
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    /* 00-00-F8 is the bridge tunnel encapsulation of 802.1H */
    return oui == 0 || oui == 0x0000f8 ? link_ethertype(type) : LAYER_DONE;
}

/* Whether c looks like an Ethernet header of something known behind `skip` bytes. */
static bool fits_ethernet(struct cursor c, size_t skip)
{
    cur_skip(&c, skip + 12);
    uint16_t type = cur_u16be(&c);
    return type == ETHERTYPE_ARP || link_ethertype(type) != LAYER_DONE;
}

/* A label stack (RFC 3032) does not say what it carries: 4 and 6 in the next four bits mean IP
 * (RFC 4928), 1 an associated channel (RFC 5586), 0 the control word of an Ethernet pseudowire
 * (RFC 4448) or, as all else, a pseudowire without it: then the EtherTypes decide. */
static enum layer mpls_payload(struct decoder *d)
{
    switch (cur_peek(&d->c) >> 4) {
    case 4:
        return LAYER_IPV4;
    case 6:
        return LAYER_IPV6;
    case 0:
        if (!fits_ethernet(d->c, 0) && fits_ethernet(d->c, 4))
            cur_skip(&d->c, 4);
        return LAYER_ETHERNET;
    case 1:
        return LAYER_DONE;
    default:
        return LAYER_ETHERNET;
    }
}

enum layer link_mpls(struct decoder *d)
{
    for (unsigned n = 0; n < MPLS_LABELS_MAX; n++) {
        uint32_t entry = cur_u32be(&d->c);
        if (!cur_ok(&d->c))
            return LAYER_SHORT;
        TRACE(TRACE_LINK, "mpls label %u", entry >> 12);
        if (entry >> 8 & 1) /* bottom of the stack */
            return mpls_payload(d);
    }
    return LAYER_BAD;
}

/* RFC 2516 section 4; only session data (code 0) carries PPP. */
enum layer link_pppoe(struct decoder *d)
{
    uint8_t version_type = cur_u8(&d->c), code = cur_u8(&d->c);
    uint16_t session = cur_u16be(&d->c), n = cur_u16be(&d->c);
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    if (version_type != 0x11 || code != 0)
        return LAYER_BAD;
    TRACE(TRACE_LINK, "pppoe session %u", session);
    layer_bound(d, n);
    return LAYER_PPP;
}

/* RFC 1661: the protocol field has one byte when its first is odd. */
enum layer link_ppp(struct decoder *d)
{
    uint16_t proto = cur_u8(&d->c);
    if (!(proto & 1))
        proto = (uint16_t)(proto << 8 | cur_u8(&d->c));
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    switch (proto) {
    case 0x0021:
        return LAYER_IPV4;
    case 0x0057:
        return LAYER_IPV6;
    case 0x0281:
    case 0x0283:
        return LAYER_MPLS;
    default:
        return LAYER_DONE; /* LCP, IPCP, compressed, … */
    }
}

/* Address and control may stand before the protocol field (HDLC framing, RFC 1662). */
static enum layer ppp_first(struct decoder *d)
{
    if (slice_starts(cur_rest(&d->c), SLICE("\xff\x03")))
        cur_skip(&d->c, 2);
    return LAYER_PPP;
}

/* The address family is in the byte order of the machine that captured (LOOP: big-endian), and
 * AF_INET6 differs between systems. */
static enum layer null_first(struct decoder *d)
{
    uint32_t family = cur_u32be(&d->c);
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    switch (family) {
    case 2:
        return LAYER_IPV4;
    case 10: /* Linux */
    case 24: /* NetBSD, OpenBSD */
    case 28: /* FreeBSD */
    case 30: /* macOS */
        return LAYER_IPV6;
    default:
        return LAYER_DONE;
    }
}

/* Both cooked headers name the protocol as an EtherType, but for LLC (4) and Novell frames (1).
 * Only one hardware address is there, so there are no MACs. */
static enum layer cooked_protocol(struct decoder *d, uint16_t type)
{
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    TRACE(TRACE_LINK, "linux cooked: type 0x%04x", type);
    return type == 4 ? LAYER_LLC : link_ethertype(type);
}

static enum layer sll_first(struct decoder *d)
{
    cur_skip(&d->c, 14); /* packet type, ARPHRD, address length and address */
    return cooked_protocol(d, cur_u16be(&d->c));
}

static enum layer sll2_first(struct decoder *d)
{
    uint16_t type = cur_u16be(&d->c);
    cur_skip(&d->c, 18); /* reserved, interface, ARPHRD, packet type, address length, address */
    return cooked_protocol(d, type);
}

enum {
    WIFI_TYPE = 0x000c, /* of frame control, little-endian */
    WIFI_DATA = 0x0008,
    WIFI_NO_DATA = 0x0040, /* null function and its like */
    WIFI_QOS = 0x0080,
    WIFI_TO_DS = 0x0100,
    WIFI_FROM_DS = 0x0200,
    WIFI_PROTECTED = 0x4000,
    WIFI_ORDER = 0x8000, /* with QoS: an HT control field follows */
};

/* The flags of what lies behind the 802.11 MAC header. */
struct wifi_body {
    bool has_llc; /* an unencrypted whole MSDU, or its first fragment */
    bool amsdu;   /* subframes, each with a header of its own */
};

/* IEEE 802.11-2020 section 9.2.4 and table 9-30 for the addresses. */
static enum layer wifi_header(struct decoder *d, struct wifi_body *body, size_t *n)
{
    size_t before = cur_left(&d->c);
    uint16_t control = cur_u16le(&d->c);
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    if ((control & 3) || (control & WIFI_TYPE) != WIFI_DATA)
        return LAYER_DONE; /* management and control frames */
    cur_skip(&d->c, 2);    /* duration */
    struct slice a1 = cur_bytes(&d->c, 6), a2 = cur_bytes(&d->c, 6), a3 = cur_bytes(&d->c, 6);
    uint16_t sequence = cur_u16le(&d->c), qos = 0;
    bool to = control & WIFI_TO_DS, from = control & WIFI_FROM_DS;
    struct slice a4 = to && from ? cur_bytes(&d->c, 6) : a3;
    if (control & WIFI_QOS)
        qos = cur_u16le(&d->c);
    if ((control & WIFI_QOS) && (control & WIFI_ORDER))
        cur_skip(&d->c, 4);
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    mac_set(d->p, from ? a4 : a2, to ? a3 : a1);
    *n = before - cur_left(&d->c);
    body->amsdu = qos & 0x80;
    body->has_llc = !(control & (WIFI_PROTECTED | WIFI_NO_DATA)) && (sequence & 15) == 0;
    return LAYER_LLC;
}

/* padded: the driver aligned the body to four bytes. Of an A-MSDU the first subframe is read. */
static enum layer wifi_first(struct decoder *d, bool padded)
{
    struct wifi_body body = { 0 };
    size_t n = 0;
    enum layer next = wifi_header(d, &body, &n);
    if (next != LAYER_LLC)
        return next;
    if (!body.has_llc)
        return LAYER_DONE;
    if (padded)
        cur_skip(&d->c, -n & 3);
    if (!body.amsdu)
        return LAYER_LLC;
    struct slice dst = cur_bytes(&d->c, 6), src = cur_bytes(&d->c, 6);
    uint16_t length = cur_u16be(&d->c);
    if (!cur_ok(&d->c))
        return LAYER_SHORT;
    mac_set(d->p, src, dst);
    layer_bound(d, length);
    return LAYER_LLC;
}

/* https://www.radiotap.org: a chain of presence words, then the fields, aligned. Of these only the
 * flags count here, and only the timestamp comes before them. */
static enum layer radiotap_first(struct decoder *d)
{
    struct cursor c = d->c;
    uint8_t version = cur_u8(&c), flags = 0;
    cur_skip(&c, 1);
    uint16_t length = cur_u16le(&c);
    uint32_t present = cur_u32le(&c), word = present;
    unsigned words = 1;
    for (; word >> 31 && words < RADIOTAP_WORDS_MAX; words++)
        word = cur_u32le(&c);
    if (present & 1) { /* a timestamp of 8 bytes, aligned to 8 */
        cur_skip(&c, words & 1 ? 0 : 4);
        cur_skip(&c, 8);
    }
    if (present & 2)
        flags = cur_u8(&c);
    cur_skip(&d->c, length);
    if (!cur_ok(&c) || !cur_ok(&d->c))
        return LAYER_SHORT;
    return version ? LAYER_BAD : wifi_first(d, flags & 0x20);
}

enum layer link_first(struct decoder *d)
{
    switch (d->p->link_type) {
    case LINK_ETHERNET:
        return LAYER_ETHERNET;
    case LINK_NULL:
    case LINK_LOOP:
        return null_first(d);
    case LINK_PPP:
        return ppp_first(d);
    case LINK_RAW:
        return LAYER_IP;
    case LINK_IPV4:
        return LAYER_IPV4;
    case LINK_IPV6:
        return LAYER_IPV6;
    case LINK_LINUX_SLL:
        return sll_first(d);
    case LINK_LINUX_SLL2:
        return sll2_first(d);
    case LINK_IEEE802_11:
        return wifi_first(d, false);
    case LINK_IEEE802_11_RADIOTAP:
        return radiotap_first(d);
    default:
        TRACE(TRACE_LINK, "link type %u is not decoded", d->p->link_type);
        counter_add(d->counters, COUNTER_DECODE_UNKNOWN_LINK, 1);
        return LAYER_DONE;
    }
}
