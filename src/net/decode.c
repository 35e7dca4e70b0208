/* The way of one frame through its layers (packetbeat-core.md 5.3). No recursion: each layer's step
 * says which layer follows. */
#include "net/decode.h"

#include "base/bug.h"
#include "net/defrag.h"
#include "net/ip.h"
#include "net/layer.h"
#include "net/link.h"
#include "net/plain.h"
#include "net/tunnel.h"

#define VLAN_TAG_BYTES 4

/* Layers in a frame. Real ones have up to 20 (8 tunnels); this bounds what a hostile one costs. */
#define STEPS_MAX 64

typedef enum layer layer_step(struct decoder *d);

/* clang-format off */
static layer_step *const steps[] = {
    [LAYER_ETHERNET]  = link_ethernet,
    [LAYER_VLAN]      = link_vlan,
    [LAYER_LLC]       = link_llc,
    [LAYER_MPLS]      = link_mpls,
    [LAYER_PPPOE]     = link_pppoe,
    [LAYER_PPP]       = link_ppp,
    [LAYER_IP]        = ip_any,
    [LAYER_IPV4]      = ip_v4,
    [LAYER_IPV6]      = ip_v6,
    [LAYER_EXTENSION] = ip_extension,
    [LAYER_IPIP]      = tunnel_ipip,
    [LAYER_GRE]       = tunnel_gre,
    [LAYER_TCP]       = ip_tcp,
    [LAYER_UDP]       = ip_udp,
    [LAYER_ICMP]      = ip_icmp,
    [LAYER_SCTP]      = ip_sctp,
};
/* clang-format on */
_Static_assert(COUNT(steps) == LAYER_COUNT, "each layer has a step");

struct decoder *decoder_new(const struct net_conf *conf, struct counters *counters)
{
    struct decoder *d = xcalloc(1, sizeof *d);
    d->conf = conf;
    d->counters = d->own = counters;
    d->defrag = defrag_new(conf, counters);
    return d;
}

void decoder_free(struct decoder *d)
{
    if (!d)
        return;
    defrag_free(d->defrag);
    xfree(d);
}

void decoder_tick(struct decoder *d, int64_t now_ns)
{
    defrag_begin(d->defrag, now_ns);
}

void decoder_leave_overdue(struct decoder *d)
{
    defrag_count_overdue_in(d->defrag, &d->uncounted);
}

void layer_clear(struct packet *p)
{
    /* In two parts: gcc makes vector stores of each, but a slow `rep stos` of the whole. */
    const size_t from = offsetof(struct packet, has_mac), to = offsetof(struct packet, tunnel);
    memset((uint8_t *)p + from, 0, 64);
    memset((uint8_t *)p + from + 64, 0, to - from - 64);
}

void layer_visit(struct decoder *d)
{
    struct packet *p = d->p;
    if (!p->has_mac && p->n_vlan == 0 && p->ip_ver == 0)
        return;
    if (p->l4 && !p->is_fragment) {
        p->payload = cur_rest(&d->c);
        p->cut = (uint32_t)d->cut;
    }
    d->visit(d->ctx, p);
}

/* Of a plain frame whose packet is whole, does what the steps of both headers do, in one; for all
 * others nothing. */
static enum layer plain(struct decoder *d)
{
    struct packet *p = d->p;
    struct cursor c = d->c;
    struct slice head = cur_bytes(&c, PLAIN_BYTES);
    if (!cur_ok(&c) || trace_on)
        return LAYER_ETHERNET;
    uint8_t h[PLAIN_BYTES];
    memcpy(h, head.p, sizeof h);
    size_t total = (size_t)(h[16] << 8 | h[17]);
    uint8_t l4 = plain_l4(h);
    if (!l4 || total < 20 || total - 20 > cur_left(&c))
        return LAYER_ETHERNET;
    memcpy(p->mac[1], h, 6);
    memcpy(p->mac[0], h + 6, 6);
    p->has_mac = true;
    p->ip_ver = 4;
    p->l4 = l4;
    p->src = addr_v4(h + 26);
    p->dst = addr_v4(h + 30);
    d->c = cur_of(slice_first(cur_rest(&c), total - 20));
    d->cut = 0;
    return l4 == IPPROTO_N_UDP ? LAYER_UDP : LAYER_TCP;
}

static void decode_end(struct decoder *d, enum layer at)
{
    struct packet *p = d->p;
    if (at == LAYER_WAIT)
        return;
    if (at != LAYER_DONE) {
        TRACE(TRACE_LINK, "broken off: %s header", at == LAYER_SHORT ? "short" : "bad");
        counter_add(d->counters, at == LAYER_SHORT ? COUNTER_DECODE_SHORT : COUNTER_DECODE_BAD, 1);
        p->l4 = 0;
    } else if (p->ip_ver == 0 && p->depth == 0) {
        counter_add(d->counters, COUNTER_DECODE_NOT_IP, 1);
    }
    layer_visit(d);
}

static void count_in(struct decoder *d, struct counters *counters)
{
    d->counters = counters;
    defrag_count_in(d->defrag, counters);
}

const struct touched *decoder_datagrams(const struct decoder *d)
{
    return defrag_touched(d->defrag);
}

void decode_packet(struct decoder *d, struct packet *p, decode_visit *visit, void *ctx)
{
    BUG_ON(p->wire_len < p->frame.n);
    layer_clear(p);
    p->tunnel = p->depth = 0;
    p->tunnel_id = 0;
    p->tunnel_key = 0;
    if (p->vlan_valid)
        p->vlan[p->n_vlan++] = p->vlan_tci & 0xfff;
    if (UNLIKELY(p->is_copy != (d->counters != d->own)))
        count_in(d, p->is_copy ? &d->uncounted : d->own);
    d->p = p;
    d->c = cur_of(p->frame);
    d->cut = p->wire_len - p->frame.n;
    if (p->vlan_valid && d->cut >= VLAN_TAG_BYTES)
        d->cut -= VLAN_TAG_BYTES; /* on the wire, taken off before the capture */
    d->visit = visit;
    d->ctx = ctx;
    defrag_begin(d->defrag, p->ts_ns);

    enum layer at = LIKELY(p->link_type == LINK_ETHERNET) ? plain(d) : link_first(d);
    for (unsigned n = 0; at > LAYER_BAD; n++)
        at = n < STEPS_MAX ? steps[at](d) : LAYER_BAD;
    decode_end(d, at);
}
