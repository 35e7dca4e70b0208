/* Fuzz target: frames through the decoder. Input: one byte of link type, then records of flags, a
 * length of two bytes, and a frame. Fragments and tunnels come from several frames of one input. */
#include "net/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* clang-format off */
static const uint16_t links[] = {
    LINK_ETHERNET, LINK_NULL, LINK_PPP, LINK_RAW, LINK_IEEE802_11, LINK_LOOP, LINK_LINUX_SLL,
    LINK_IEEE802_11_RADIOTAP, LINK_IPV4, LINK_IPV6, LINK_LINUX_SLL2, 999,
};
/* clang-format on */

static volatile uint8_t sink;

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static void visit(void *ctx, struct packet *p)
{
    (void)ctx;
    require(p->has_mac || p->n_vlan || p->ip_ver);
    require(p->n_vlan <= 2 && p->depth <= 8 && p->tunnel < TUNNEL_TYPES);
    require(p->ip_ver == 0 || p->ip_ver == 4 || p->ip_ver == 6);
    require(p->payload.n == 0 || (p->l4 != 0 && !p->is_fragment));
    require((p->depth == 0) == (p->tunnel == TUNNEL_NONE));
    for (size_t i = 0; i < p->payload.n; i++)
        sink ^= p->payload.p[i];
}

static void decode(struct decoder *d, uint16_t link_type, struct slice record, uint8_t flags)
{
    static int64_t now_ns;
    uint8_t *exact = malloc(record.n);
    if (record.n)
        memcpy(exact, record.p, record.n);
    struct packet p = { .frame = slice_of(exact, record.n), .link_type = link_type };
    p.wire_len = (uint32_t)record.n + (flags & 1 ? 1000 : 0);
    p.vlan_valid = flags & 2;
    now_ns += flags & 4 ? INT64_C(20000000000) : 1000;
    p.ts_ns = flags & 8 ? -now_ns : now_ns;
    decode_packet(d, &p, visit, NULL);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct counters counters;
    struct slice in = slice_of(data, n);
    if (n < 1)
        return 0;
    struct net_conf conf = { .defrag_bytes = 100000, .tunnels = UINT32_MAX };
    struct decoder *d = decoder_new(&conf, &counters);
    uint16_t link_type = links[data[0] % COUNT(links)];
    for (in = slice_after(in, 1); in.n >= 3;) {
        uint8_t flags = in.p[0];
        size_t length = (size_t)(in.p[1] << 8 | in.p[2]);
        in = slice_after(in, 3);
        decode(d, link_type, slice_first(in, length), flags);
        in = slice_after(in, length);
    }
    decoder_tick(d, INT64_MAX);
    decoder_free(d);
    return 0;
}
