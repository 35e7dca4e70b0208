/* Fuzz target: a capture file (classic pcap, little-endian) frame by frame through the decoder, so
 * that fragments, tunnels and time play together, and the golden captures are seeds. */
#include "net/decode.h"
#include "base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

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

/* The frame lies in memory of its exact size. */
static void decode(struct decoder *d, struct packet p, struct slice frame)
{
    uint8_t *exact = malloc(frame.n);
    if (frame.n)
        memcpy(exact, frame.p, frame.n);
    p.frame = slice_of(exact, frame.n);
    if (p.wire_len < frame.n)
        p.wire_len = (uint32_t)frame.n;
    decode_packet(d, &p, visit, NULL);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct counters counters;
    struct net_conf conf = { .defrag_bytes = 100000, .tunnels = UINT32_MAX };
    struct decoder *d = decoder_new(&conf, &counters);
    struct cursor c = cur_of(slice_of(data, n));
    cur_skip(&c, 20);
    uint16_t link_type = (uint16_t)cur_u32le(&c);
    while (cur_left(&c) >= 16) {
        struct packet p = { .link_type = link_type };
        p.ts_ns = cur_u32le(&c) * INT64_C(1000000000);
        uint32_t us = cur_u32le(&c), length = cur_u32le(&c);
        p.vlan_valid = us >= 1000000; /* no file has such a time */
        p.wire_len = cur_u32le(&c);
        decode(d, p, cur_bytes(&c, length < cur_left(&c) ? length : cur_left(&c)));
    }
    decoder_tick(d, INT64_MAX);
    decoder_free(d);
    return 0;
}
