/* The fake protocols. */
#include "lib/fakeproto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"

#define MS 1000000

static char log_text[2][8192];
static unsigned log_at;
static struct buf out;

static void note(const char *fmt, ...) PRINTF(1);
static void note(const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!out.p)
        out = buf_of(log_text[log_at], sizeof log_text[0] - 1);
    if (out.n)
        buf_u8(&out, ' ');
    buf_cstr(&out, text);
}

const char *fake_log(void)
{
    if (!out.p)
        out = buf_of(log_text[log_at], sizeof log_text[0] - 1);
    const char *text = log_text[log_at];
    log_text[log_at][out.n] = 0;
    log_at = !log_at;
    out = buf_of(log_text[log_at], sizeof log_text[0] - 1);
    return text;
}

static char who(enum dir d)
{
    return d == DIR_CLIENT ? 'c' : 's';
}

static void note_message(const struct proto_ctx *x, struct slice text, enum dir d)
{
    long long start = x->start_ns / MS, now = x->now_ns / MS;
    if (start == now)
        note("%c:%.*s@%lld", who(d), (int)text.n, (const char *)text.p, now);
    else
        note("%c:%.*s@%lld-%lld", who(d), (int)text.n, (const char *)text.p, start, now);
}

static uint64_t number(struct slice s)
{
    uint64_t v = 0;
    return slice_to_u64(s, &v) ? v : 0;
}

static enum verdict parse_counted(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    struct cursor at = *c;
    struct slice head = cur_until(&at, ':');
    if (!cur_ok(&at))
        return PARSE_MORE;
    uint64_t n = number(slice_after(head, 1));
    if (n > cur_left(&at)) {
        x->need = head.n + 1 + n;
        return PARSE_MORE;
    }
    note_message(x, cur_bytes(&at, n), d);
    *c = at;
    return PARSE_OK;
}

static enum verdict lines_parse(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    if (*cur_rest(c).p == '#')
        return parse_counted(x, c, d);
    struct cursor at = *c;
    struct slice line = cur_line(&at);
    if (!cur_ok(&at))
        return PARSE_MORE;
    *c = at;
    switch (line.n ? line.p[0] : 0) {
    case '!':
        return PARSE_BAD;
    case '.':
        return PARSE_DONE;
    case '=':
        proto_skip(x, number(slice_after(line, 1)));
        break;
    case '+':
        proto_keep(x, d, slice_after(line, 1), 8);
        break;
    case '?':
        line = proto_kept(x, d);
        break;
    case '~':
        proto_set_client(x, d);
        return PARSE_OK;
    }
    note_message(x, line, d);
    return PARSE_OK;
}

static enum verdict lines_gap(struct proto_ctx *x, struct cursor *c, enum dir d, size_t missing)
{
    (void)x;
    struct slice left = cur_rest(c);
    note("%c:gap%zu[%.*s]", who(d), missing, (int)left.n, (const char *)left.p);
    return PARSE_OK;
}

static void lines_end(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    struct slice left = cur_rest(c);
    note("%c:end%u[%.*s]", who(d), x->closing, (int)left.n, (const char *)left.p);
}

static int lines_probe(struct slice first, enum dir d)
{
    if (first.p[0] == 'O' && first.n < 2)
        return PROBE_MORE;
    if (first.p[0] == '~')
        return 80;
    return first.p[0] == (d == DIR_CLIENT ? '>' : '<') ? 95 : 0;
}

static enum verdict other_parse(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    note("other");
    note_message(x, cur_rest(c), d);
    c->p = c->end;
    return PARSE_OK;
}

static int other_probe(struct slice first, enum dir d)
{
    (void)d;
    struct slice word = SLICE("OTHER");
    if (first.n < word.n)
        return slice_starts(word, first) ? PROBE_MORE : 0;
    return slice_starts(first, word) ? 100 : 0;
}

static enum verdict pings_parse(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    note("%c:ping%u/%u,%u,%u:%zu", who(d), x->icmp_type, x->icmp_code, x->icmp_id, x->icmp_seq,
         cur_left(c));
    return PARSE_OK;
}

static const struct proto lines = {
    .name = "lines",
    .l4 = L4_TCP | L4_UDP,
    .state_size = 24,
    .probe = lines_probe,
    .parse = lines_parse,
    .gap = lines_gap,
    .end = lines_end,
};
static const struct proto other = {
    .name = "other", .l4 = L4_TCP | L4_UDP, .probe = other_probe, .parse = other_parse
};
static const struct proto pings = { .name = "pings", .l4 = L4_ICMP, .parse = pings_parse };

const struct proto *const protos[PROTO_COUNT] = { &lines, &other, &pings };

void fake_conf(struct fake *f)
{
    static const struct proto_conf common = { .enabled = true,
                                              .detect = true,
                                              .transaction_timeout_ns = (int64_t)10000 * MS };
    f->lines = f->other = f->pings = common;
    f->lines.ports = (struct ports){ .v = { 7000 }, .n = 1 };
    f->other.ports = (struct ports){ .v = { 7001 }, .n = 1 };
    f->conf = (struct net_conf){ .flows_enabled = true,
                                 .timeout_ns = (int64_t)30000 * MS,
                                 .period_ns = (int64_t)10000 * MS,
                                 .max_flows = 1000,
                                 .memory_bytes = 8 << 20,
                                 .defrag_bytes = 1 << 20,
                                 .max_message = 4096,
                                 .reorder_bytes = 65536,
                                 .key = { 1, 2 },
                                 .proto_conf = { &f->lines, &f->other, &f->pings } };
}

void fake_begin(struct fake *f)
{
    memset(f, 0, sizeof *f);
    fake_conf(f);
    slab_init(&f->slab, (size_t)f->conf.memory_bytes);
    f->chunks.max_bytes = 1 << 20;
    arena_init(&f->scratch, &f->chunks, 0);
    f->env =
        (struct proto_env){ .slab = &f->slab, .scratch = &f->scratch, .counters = &f->counters };
    memcpy(f->env.conf, f->conf.proto_conf, sizeof f->env.conf);
    f->env.pairs = pair_table_new(&f->env, &f->conf.key, 64);
    dispatch_init(&f->dispatch, &f->conf, &f->env);
    fake_log();
}

void fake_end(struct fake *f)
{
    assert_int_equal(f->slab.used_bytes, 0);
    dispatch_free(&f->dispatch);
    pair_table_free(f->env.pairs);
    arena_free(&f->scratch);
    chunk_pool_free(&f->chunks);
    slab_destroy(&f->slab);
}
