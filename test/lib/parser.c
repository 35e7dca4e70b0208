/* A parser without a network (see parser.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "lib/parser.h"
#include "model/event_json.h"
#include "model/stream.h"

#define TEXTS    4
#define TEXT_MAX (1 << 20)

static char texts[TEXTS][TEXT_MAX];
static unsigned next_text;

static struct batch *give_batch(void *sink, int64_t now_ns)
{
    (void)now_ns;
    return &((struct parser *)sink)->batch;
}

static void take_event(void *sink, struct event *e)
{
    struct parser *p = sink;
    if (p->n < PARSER_EVENTS)
        p->event[p->n] = e;
    p->n++;
}

void parser_set_key(struct parser *p, const struct flow_key *key)
{
    flow_set_key(&p->flow, key, &p->wide);
}

static void open_flow(struct parser *p)
{
    static const uint8_t client[4] = { 10, 0, 0, 1 }, server[4] = { 10, 0, 0, 2 };
    static const uint8_t number[] = {
        [L4_TCP] = IPPROTO_N_TCP, [L4_UDP] = IPPROTO_N_UDP, [L4_ICMP] = IPPROTO_N_ICMP
    };
    struct flow_key key = { .addr = { addr_v4(client), addr_v4(server) },
                            .port = { 40000, p->proto->ports[0] },
                            .vlan = { FLOW_NO_VLAN, FLOW_NO_VLAN },
                            .ip_ver = 4,
                            .l4 = number[p->l4] };
    parser_set_key(p, &key);
    p->flow.more = &p->more;
    p->flow.first_is_low = 1;
    if (p->l4 == L4_TCP)
        p->flow.tcp_flags[FLOW_FIRST] = TCP_SYN;
    list_init(&p->more.pairs);
    p->more.state = p->proto->state_size ? slab_alloc(&p->slab, p->proto->state_size) : NULL;
}

void parser_open(struct parser *p, const char *proto, enum proto_l4 l4)
{
    struct why why;
    memset(p, 0, sizeof *p);
    p->proto = proto_find(proto, &p->id);
    p->l4 = (uint8_t)l4;
    assert_non_null(p->proto);
    schema_reset();
    proto_add_fields();
    schema_freeze();
    slab_init(&p->slab, (size_t)64 << 20);
    arena_init(&p->boot, NULL, 0);
    arena_init(&p->scratch, NULL, 0);
    batch_init(&p->batch, NULL, 0, 0);
    struct loading l = { .prefix = "test", .mem = &p->boot, .why = &why };
    assert_int_equal(proto_load(p->proto, NULL, &l, &p->conf), ERR_OK);
    p->env = (struct proto_env){ .slab = &p->slab,
                                 .scratch = &p->scratch,
                                 .counters = &p->counters,
                                 .batch = give_batch,
                                 .emit = take_event,
                                 .sink = p };
    p->env.conf[p->id] = p->conf;
    p->env.pairs = pair_table_new(&p->env, &(struct hash_key){ 1, 2 }, 1 << 16);
    open_flow(p);
}

void parser_close(struct parser *p)
{
    pair_table_free(p->env.pairs);
    slab_destroy(&p->slab);
    batch_free(&p->batch);
    arena_free(&p->scratch);
    arena_free(&p->boot);
}

static struct proto_ctx context(struct parser *p, int64_t now_ns, int64_t start_ns)
{
    struct proto_ctx x;
    arena_reset(&p->scratch);
    proto_ctx_of_flow(&x, &p->env, &p->flow, p->id);
    x.now_ns = now_ns;
    x.start_ns = start_ns;
    x.icmp_type = p->icmp_type;
    x.icmp_code = p->icmp_code;
    x.icmp_seq = p->icmp_seq;
    x.cut = p->cut;
    return x;
}

/* Takes the first n bytes of a half away. */
static void consume(struct parser *p, enum dir d, size_t n)
{
    memmove(p->half[d].bytes, p->half[d].bytes + n, p->half[d].n - n);
    p->half[d].n -= n;
}

static void append(struct parser *p, enum dir d, struct slice bytes)
{
    size_t skip = p->half[d].skip < bytes.n ? p->half[d].skip : bytes.n;
    p->half[d].skip -= skip;
    bytes = slice_after(bytes, skip);
    assert_true(p->half[d].n + bytes.n <= sizeof p->half[d].bytes);
    if (bytes.n)
        memcpy(p->half[d].bytes + p->half[d].n, bytes.p, bytes.n);
    p->half[d].n += bytes.n;
}

/* What waits in both directions, for proto_waiting: borrowed, so without a capacity. */
static void show_waiting(struct parser *p)
{
    for (unsigned d = 0; d < 2 && p->more.tcp; d++) {
        struct stream_half *half = &p->more.tcp->half[d == DIR_SERVER];
        half->buffer = (struct stream_bytes){ p->half[d].bytes, (uint32_t)p->half[d].n, 0 };
        half->mark[0].ts_ns = p->half[d].start_ns;
        half->n_marks = p->half[d].n > 0;
    }
}

static enum verdict feed_stream(struct parser *p, enum dir d, int64_t ts_ns, struct slice bytes)
{
    enum verdict v = PARSE_OK;
    if (p->half[d].n == 0)
        p->half[d].start_ns = ts_ns;
    append(p, d, bytes);
    while (v == PARSE_OK && p->half[d].n) {
        struct proto_ctx x = context(p, ts_ns, p->half[d].start_ns);
        struct cursor c = cur_of(slice_of(p->half[d].bytes, p->half[d].n));
        show_waiting(p);
        v = p->proto->parse(&x, &c, d);
        size_t used = p->half[d].n - cur_left(&c);
        assert_true(v != PARSE_MORE || (used == 0 && !c.bad));
        consume(p, d, v == PARSE_BAD ? p->half[d].n : used);
        p->half[d].skip = x.skip;
        if (used)
            p->half[d].start_ns = ts_ns;
    }
    return v;
}

enum verdict parser_feed(struct parser *p, enum dir d, int64_t ts_ns, struct slice bytes)
{
    if (p->l4 == L4_TCP)
        return feed_stream(p, d, ts_ns, bytes);
    struct proto_ctx x = context(p, ts_ns, ts_ns);
    struct cursor c = cur_of(bytes);
    return p->proto->parse(&x, &c, d);
}

enum verdict parser_gap(struct parser *p, enum dir d, size_t missing)
{
    struct proto_ctx x = context(p, 1, 1);
    struct cursor c = cur_of(slice_of(p->half[d].bytes, p->half[d].n));
    enum verdict v = p->proto->gap ? p->proto->gap(&x, &c, d, missing) : PARSE_OK;
    p->half[d].n = 0;
    p->half[d].skip = x.skip;
    return v;
}

void parser_end(struct parser *p, enum dir d)
{
    struct proto_ctx x = context(p, 1, 1);
    struct cursor c = cur_of(slice_of(p->half[d].bytes, p->half[d].n));
    x.closing = FLOW_END_FIN;
    if (p->proto->end)
        p->proto->end(&x, &c, d);
    p->half[d].n = 0;
}

void parser_expire(struct parser *p, int64_t now_ns)
{
    pair_expire(p->env.pairs, now_ns);
}

void parser_flow_end(struct parser *p, enum orphan_reason why)
{
    pair_flow_end(p->env.pairs, &p->flow, why, 1);
}

static const char *keep_text(struct slice s)
{
    char *text = texts[next_text++ % TEXTS];
    assert_true(s.n < TEXT_MAX);
    if (s.n)
        memcpy(text, s.p, s.n);
    text[s.n] = 0;
    return text;
}

const char *parser_text(struct parser *p, unsigned event, const char *field)
{
    assert_true(event < p->n && event < PARSER_EVENTS);
    const struct field *f = schema_find(slice_cstr(field));
    assert_non_null(f);
    const struct value *v = event_get(p->event[event], f);
    return keep_text(v ? value_text(v, &p->scratch) : SLICE(""));
}

const char *parser_json(struct parser *p, unsigned event)
{
    static const struct event_json_conf conf = { .beat = "packetbeat", .version = "8.12.0" };
    char *text = texts[next_text++ % TEXTS];
    struct buf out = buf_of(text, TEXT_MAX - 1);
    assert_true(event < p->n && event < PARSER_EVENTS);
    event_json(p->event[event], &conf, NULL, &out);
    assert_false(out.full);
    text[out.n] = 0;
    return text;
}
