/* One protocol, from packets to JSON: built for each row of protocols.def with -DFUZZ_PROTO=name.
 * The input is one byte of choices, then records, each one packet:
 *   flags (1 byte), [gap (2), with F_GAP], length (2, big endian), bytes (as many as there are)
 * tools/seed writes this form from captures. */
#include "proto/proto.h"
#include "base/buf.h"
#include "base/bug.h"
#include "lib/craft.h"
#include "lib/replay.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b)  JOIN2(a, b)
#define ID          JOIN(PROTO_, FUZZ_PROTO)
#define QUOTE2(a)   #a
#define QUOTE(a)    QUOTE2(a)

enum choice { C_UDP = 1, C_IPV6 = 2, C_EVERYTHING = 4, C_OTHER_PORT = 8, C_NO_SYN = 16 };
enum record_flag {
    F_SERVER = 1, /* sent by the server */
    F_GAP = 2,    /* bytes are missing before it */
    F_WAIT = 4,   /* 11 s pass before it */
    F_FIN = 8,
    F_RST = 16,
    F_LATE = 32, /* changes places with the packet before it */
    F_CUT = 64,  /* the capture cut it: there were 100 bytes more on the wire */
};
#define RECORDS_MAX 400
#define INPUT_NS    ((int64_t)100000 * 1000000000) /* time that passes from input to input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct proto *proto(void)
{
    unsigned id;
    return proto_find(QUOTE(FUZZ_PROTO), &id);
}

/* "dns: { key: true, … }" for every boolean option. */
static void all_on(struct buf *b)
{
    buf_printf(b, "%s: { send_request: true, send_response: true, keep_null: true", proto()->name);
    for (const struct option *o = proto()->options; o && o->key; o++)
        if (o->type == OPT_BOOL)
            buf_printf(b, ", %s: true", o->key);
    buf_lit(b, " }\n");
}

static void load(struct replay_conf *conf, bool everything)
{
    char text[4096];
    struct buf b = buf_of(text, sizeof text);
    buf_lit(&b, "flows: { enabled: true }\nlimits: { memory: 16MiB, flows: 100 }\n");
    if (everything)
        all_on(&b);
    BUG_ON(b.full);
    replay_conf_text(conf, buf_slice(&b), "fuzz");
    for (unsigned id = 0; id < PROTO_COUNT; id++)
        if (id != ID)
            conf->net.proto_conf[id] = NULL;
}

/* The replay for the input's choices. Each input runs later than all before it; before time runs
 * out a new one is made. */
static struct replay *replay_for(bool everything)
{
    static struct replay_conf conf[2];
    static struct replay *replays[2]; /* plain; with all options that are yes or no on */
    struct replay *r = replays[everything];
    if (!conf[everything].mem.head)
        load(&conf[everything], everything);
    if (r && r->shift_ns > INPUT_NS * 50000) {
        replay_free(r);
        r = NULL;
    }
    if (!r)
        r = replay_new(&conf[everything], REPLAY_BATCH_BYTES);
    r->shift_ns += INPUT_NS;
    replays[everything] = r;
    return r;
}

static struct craft talk(uint8_t choice)
{
    uint16_t port = proto()->ports[0];
    return craft_start(choice & C_IPV6 ? 6 : 4, 40000, choice & C_OTHER_PORT ? 7777 : port);
}

static uint8_t l4_of(uint8_t choice, uint8_t ip_ver)
{
    unsigned l4 = proto()->l4;
    if (l4 & L4_ICMP)
        return ip_ver == 6 ? IPPROTO_N_ICMPV6 : IPPROTO_N_ICMP;
    if ((l4 & L4_UDP) && (!(l4 & L4_TCP) || choice & C_UDP))
        return IPPROTO_N_UDP;
    return IPPROTO_N_TCP;
}

static void put_record(struct traffic *f, struct craft *c, uint8_t l4, struct cursor *in)
{
    uint8_t flags = cur_u8(in);
    enum craft_from from = flags & F_SERVER ? CRAFT_SERVER : CRAFT_CLIENT;
    if (flags & F_GAP)
        c->seq[from] += cur_u16be(in);
    if (flags & F_WAIT)
        c->ts_ns += (int64_t)11 * 1000000000;
    size_t n = cur_u16be(in);
    struct slice bytes = cur_bytes(in, n < cur_left(in) ? n : cur_left(in));
    uint8_t tcp = TCP_ACK | (flags & F_FIN ? TCP_FIN : 0) | (flags & F_RST ? TCP_RST : 0);
    struct frame *made = l4 == IPPROTO_N_TCP   ? craft_tcp(f, c, from, tcp, bytes)
                         : l4 == IPPROTO_N_UDP ? craft_udp(f, c, from, bytes)
                                               : craft_ip(f, c, from, l4, bytes);
    if (flags & F_CUT)
        made->wire_len += 100;
    if ((flags & F_LATE) && f->n > 1) {
        struct frame last = f->v[f->n - 1];
        f->v[f->n - 1] = f->v[f->n - 2];
        f->v[f->n - 2] = last;
        int64_t ts_ns = f->v[f->n - 1].ts_ns;
        f->v[f->n - 1].ts_ns = last.ts_ns;
        f->v[f->n - 2].ts_ns = ts_ns;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct cursor in = cur_of(slice_of(data, n));
    uint8_t choice = cur_u8(&in);
    struct craft c = talk(choice);
    uint8_t l4 = l4_of(choice, c.ip_ver);
    struct traffic f = { 0 };
    if (l4 == IPPROTO_N_TCP && !(choice & C_NO_SYN))
        craft_handshake(&f, &c);
    for (unsigned i = 0; i < RECORDS_MAX && cur_left(&in) > 2; i++)
        put_record(&f, &c, l4, &in);
    struct replay *r = replay_for(choice & C_EVERYTHING);
    replay_feed(r, &f);
    replay_finish(r);
    traffic_free(&f);
    return 0;
}
