/* Fuzz target: the segments of one connection, cut, shuffled, repeated and lost, into a parser that
 * knows what stands at each place of the stream. However it consumes, waits and skips: the bytes it
 * sees must be those, and places that it is not shown must have been announced as gaps.
 *
 * Input: choices (1 byte), window (1 byte), ISN of both directions (2 x 4), then records of 8
 * bytes: flags (1), place (2), acknowledged place (2), length (1), time in ms (1), cut and dice (1)
 */
#include "net/tcp.h"
#include "base/cursor.h"
#include "model/stream.h"
#include "net/reorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum input_choice { C_NO_SYN = 1, C_GARBAGE = 2, C_MAPPED = 4 };
enum record { R_BACK = 1, R_FIN = 2, R_RST = 4, R_NO_ACK = 8, R_TICK = 16, R_EMPTY = 32 };
#define PLACES 8192 /* of one direction */

static bool garbage;   /* bytes are not what they should be: nothing is checked */
static uint8_t dice;   /* decides what the parser does */
static bool too_large; /* the parser has asked for more than there may be: its gap comes at once */
static bool ended[2];  /* by enum dir */
static int64_t now_ns; /* of the last call in each direction */

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static uint8_t content(enum dir d, uint64_t place)
{
    uint64_t word = (place / 7 + 1) * 0x9e3779b97f4a7c15u;
    return (uint8_t)(word >> (8 * (place % 7))) ^ (uint8_t)d;
}

struct places {
    uint64_t at[2];
    bool known[2];
};

/* The place of the cursor's first byte; learnt from the stream at the first call. */
static uint64_t *place_of(struct proto_ctx *x, enum dir d)
{
    struct places *s = x->state;
    if (!s->known[d])
        s->at[d] = x->tcp->half[d == DIR_CLIENT ? 0 : 1].at;
    s->known[d] = true;
    require(!ended[d]);
    return &s->at[d];
}

static void check(struct proto_ctx *x, const struct cursor *c, enum dir d)
{
    struct slice bytes = cur_rest(c);
    uint64_t at = *place_of(x, d);
    for (size_t i = 0; i < bytes.n; i++)
        require(garbage || bytes.p[i] == content(d, at + i));
    require(x->start_ns <= x->now_ns || x->closing);
}

static enum verdict oracle_parse(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    require(!too_large);
    check(x, c, d);
    uint64_t *at = place_of(x, d);
    size_t left = cur_left(c), some = left < 5 ? left : 5;
    dice = (uint8_t)(dice * 5 + 1);
    switch (dice >> 4) {
    case 0:
        *at += left;
        return PARSE_BAD;
    case 1:
        return dice == 0x1f ? PARSE_DONE : PARSE_MORE;
    case 2:
        x->need = left + dice;
        return PARSE_MORE;
    case 3:
        too_large = dice & 1;
        x->need = too_large ? 5000 : left;
        return PARSE_MORE;
    case 4:
        proto_skip(x, dice * 3U);
        *at += dice * 3U;
        return PARSE_OK;
    case 5:
        cur_skip(c, some);
        proto_skip(x, 2);
        *at += some + 2;
        return PARSE_OK;
    case 6:
        proto_keep(x, d, cur_rest(c), 64);
        require(proto_kept(x, d).n <= 64);
        cur_skip(c, left);
        *at += left;
        return PARSE_OK;
    default:
        cur_skip(c, some);
        *at += some;
        return PARSE_OK;
    }
}

static enum verdict oracle_gap(struct proto_ctx *x, struct cursor *c, enum dir d, size_t missing)
{
    check(x, c, d);
    require(!too_large || missing == 5000 - cur_left(c));
    too_large = false;
    *place_of(x, d) += cur_left(c) + missing;
    return dice == 0xf7 ? PARSE_DONE : PARSE_OK;
}

static void oracle_end(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    check(x, c, d);
    ended[d] = true;
}

static int oracle_probe(struct slice first, enum dir d)
{
    (void)d;
    return first.n < 3 ? PROBE_MORE : dice & 1 ? 100 : 0;
}

static const struct proto oracle = {
    .name = "oracle",
    .l4 = L4_TCP,
    .state_size = sizeof(struct places),
    .probe = oracle_probe,
    .parse = oracle_parse,
    .gap = oracle_gap,
    .end = oracle_end,
};
static const struct proto absent = { .name = "absent" };
const struct proto *const protos[PROTO_COUNT] = { &oracle, [1 ... PROTO_COUNT - 1] = &absent };

struct world {
    struct proto_conf proto_conf;
    struct net_conf conf;
    struct proto_env env;
    struct slab slab;
    struct counters counters;
    struct dispatch dispatch;
    struct flow flow;
    struct flow_more more;
    uint32_t isn[2];
};

static void world_init(struct world *w, struct cursor *c)
{
    uint8_t choices = cur_u8(c);
    garbage = choices & C_GARBAGE;
    dice = cur_u8(c);
    w->proto_conf = (struct proto_conf){ .enabled = true, .detect = true };
    if (choices & C_MAPPED)
        w->proto_conf.ports = (struct ports){ .v = { 80 }, .n = 1 };
    w->conf = (struct net_conf){ .max_message = 4096,
                                 .reorder_bytes = dice * 64,
                                 .proto_conf = { &w->proto_conf } };
    slab_init(&w->slab, 100000);
    w->env = (struct proto_env){ .slab = &w->slab,
                                 .counters = &w->counters,
                                 .conf = { &w->proto_conf } };
    w->env.pairs = pair_table_new(&w->env, &(struct hash_key){ 1, 2 }, 8);
    dispatch_init(&w->dispatch, &w->conf, &w->env);
    struct flow_key key = { .ip_ver = 4,
                            .l4 = IPPROTO_N_TCP,
                            .port = { 40000, 80 },
                            .vlan = { FLOW_NO_VLAN, FLOW_NO_VLAN } };
    w->flow = (struct flow){ .first_is_low = 1, .proto_id = FLOW_PROTO_OPEN, .more = &w->more };
    flow_set_key(&w->flow, &key, NULL);
    list_init(&w->more.pairs);
    for (unsigned d = 0; d < 2; d++) {
        w->isn[d] = cur_u32be(c);
        if (choices & C_NO_SYN)
            continue;
        struct packet syn = { .seq = w->isn[d] - 1, .tcp_flags = TCP_SYN | (d ? TCP_ACK : 0) };
        tcp_note(&w->flow, &syn, (enum flow_dir)d);
    }
    if (choices & C_NO_SYN)
        garbage = true; /* no place is known */
}

static void check_half(const struct stream_half *half, size_t max_bytes)
{
    size_t n = 0, bytes = 0;
    const struct held *last = NULL;
    for (const struct held *h = half->first; h; h = h->next, n++) {
        require(!last ||
                (int32_t)(h->s.seq - last->s.seq) >= (int32_t)segment_wire_bytes(&last->s));
        bytes += slab_class_bytes(h->slab_bytes);
        last = h;
    }
    require(half->last == last && half->n_held == n && half->held_bytes == bytes);
    require(bytes <= max_bytes && n <= REORDER_SEGMENTS);
    require(half->buffer.n <= 4096 && half->buffer.n <= half->buffer.cap);
    require(!half->skip || !half->buffer.n);
}

static void one_packet(struct world *w, struct cursor *c)
{
    uint8_t flags = cur_u8(c);
    uint16_t place = cur_u16be(c) % PLACES, acked = cur_u16be(c) % PLACES;
    uint8_t length = cur_u8(c);
    now_ns += (int64_t)cur_u8(c) * (flags & R_TICK ? 100000000 : 1000000);
    uint8_t last = cur_u8(c);
    enum flow_dir dir = flags & R_BACK ? FLOW_BACK : FLOW_FIRST;
    dice ^= last;
    if (flags & R_EMPTY)
        length = 0;
    uint32_t cut = last % 16 == 0 ? last / 16 : 0;
    uint8_t *bytes = malloc(length);
    for (unsigned i = 0; i < length; i++)
        bytes[i] = garbage ? last : content(dir == FLOW_BACK ? DIR_SERVER : DIR_CLIENT, place + i);
    struct packet p = { .ts_ns = now_ns,
                        .ip_ver = 4,
                        .l4 = IPPROTO_N_TCP,
                        .has_ports = true,
                        .payload = slice_of(bytes, length),
                        .cut = cut,
                        .seq = w->isn[dir] + place,
                        .ack = w->isn[!dir] + acked };
    p.tcp_flags = (uint8_t)((flags & R_NO_ACK ? 0 : TCP_ACK) | (flags & R_FIN ? TCP_FIN : 0) |
                            (flags & R_RST ? TCP_RST : 0));
    if (flags & R_TICK)
        tcp_tick(&w->dispatch, &w->flow, now_ns);
    tcp_is_stray_reset(&w->flow, &p, dir);
    tcp_note(&w->flow, &p, dir);
    tcp_packet(&w->dispatch, &w->flow, &p, dir, now_ns);
    free(bytes);
    for (unsigned i = 0; i < 2 && w->more.tcp; i++)
        check_half(&w->more.tcp->half[i], (size_t)w->conf.reorder_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    ended[0] = ended[1] = too_large = false;
    now_ns = 1;
    struct cursor c = cur_of(slice_of(data, n));
    world_init(&w, &c);
    while (cur_left(&c) >= 8)
        one_packet(&w, &c);
    tcp_end(&w.dispatch, &w.flow, FLOW_END_CAPTURE, now_ns);
    require(w.slab.used_bytes == 0);
    pair_table_free(w.env.pairs);
    dispatch_free(&w.dispatch);
    slab_destroy(&w.slab);
    return 0;
}
