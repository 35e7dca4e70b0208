/* Bytes in order are parsed where they lie in the packet; only what the parser leaves is copied.
 * Until the protocol is known, the first bytes are kept for the probes. */
#include "net/deliver.h"

#include "model/stream.h"
#include "net/streambuf.h"

#define BAD_IN_ROW_MAX   8    /* PARSE_BAD without a good message: the stream is given up */
#define PROBE_BYTES      4096 /* of one direction, kept for the probes at most */
#define PROBE_ROUNDS_MAX 8    /* segments that no probe knew */

static struct stream_half *half_of(const struct delivery *to)
{
    return &to->flow->more->tcp->half[to->dir];
}

static struct slab *slab_of(const struct delivery *to)
{
    return to->d->env->slab;
}

static void drop_buffer(const struct delivery *to)
{
    streambuf_consume(slab_of(to), half_of(to), half_of(to)->buffer.n);
    half_of(to)->need = 0;
}

static const char *const verdict_names[] = {
    [PARSE_OK] = "ok", [PARSE_MORE] = "more", [PARSE_BAD] = "bad", [PARSE_DONE] = "done"
};

static void ctx_of(const struct delivery *to, struct proto_ctx *x, int64_t start_ns)
{
    proto_ctx_of_flow(x, to->d->env, to->flow, to->flow->proto_id);
    x->now_ns = to->now_ns;
    x->start_ns = start_ns;
}

/* A message that can never be whole: the parser is told that its rest is missing, which is then
 * passed; so the next message is met again. */
static void pass_too_large(const struct delivery *to, struct cursor *c, size_t need)
{
    size_t left = cur_left(c);
    TRACE(TRACE_PROTO, "message of %zu bytes is too large", need);
    counter_add(to->d->env->counters, COUNTER_TCP_BUFFER_REFUSED, 1);
    struct proto_ctx x;
    ctx_of(to, &x, to->now_ns);
    if (x.proto->gap &&
        x.proto->gap(&x, c, dispatch_dir(to->flow, to->dir), need - left) == PARSE_DONE)
        to->flow->more->tcp->is_over = true;
    c->p = c->end;
    c->bad = false;
    half_of(to)->skip = need - left;
}

static void bad_bytes(const struct delivery *to, struct cursor *c)
{
    struct stream_half *half = half_of(to);
    counter_proto(to->d->env->counters, to->flow->proto_id, PC_BAD);
    c->p = c->end;
    c->bad = false;
    if (++half->bad_in_row < BAD_IN_ROW_MAX)
        return;
    counter_add(to->d->env->counters, COUNTER_TCP_BAD_STREAMS, 1);
    TRACE(TRACE_PROTO, "given up: too many bad messages");
    to->flow->more->tcp->is_over = true;
}

/* Moves the cursor over what the parser asked to skip; the rest is passed later. */
static void take_skip(struct stream_half *half, struct cursor *c, size_t skip)
{
    size_t left = cur_left(c);
    size_t now = skip < left ? skip : left;
    c->p += now;
    half->skip = skip - now;
}

/* One call of the parser. True when it shall be called again. */
static bool parse_once(const struct delivery *to, struct cursor *c, int64_t start_ns)
{
    struct stream_half *half = half_of(to);
    struct proto_ctx x;
    ctx_of(to, &x, start_ns);
    const uint8_t *before = c->p;
    enum verdict verdict = x.proto->parse(&x, c, dispatch_dir(to->flow, to->dir));
    c->bad = false;
    BUG_ON(c->p < before || c->p > c->end);
    TRACE(TRACE_PROTO, "%s: %s, %zu bytes taken, %zu left, skip %zu", x.proto->name,
          verdict_names[verdict], (size_t)(c->p - before), cur_left(c), x.skip);
    switch (verdict) {
    case PARSE_OK:
        take_skip(half, c, x.skip);
        if (c->p == before && !x.skip)
            return false; /* nothing was taken: more must come before it is asked again */
        half->bad_in_row = 0;
        counter_proto(to->d->env->counters, x.id, PC_MESSAGES);
        return cur_left(c) > 0;
    case PARSE_MORE:
        half->need = 0;
        if (x.need > (size_t)to->d->conf->max_message)
            pass_too_large(to, c, x.need);
        else
            half->need = (uint32_t)x.need;
        return false;
    case PARSE_BAD:
        bad_bytes(to, c);
        return false;
    case PARSE_DONE:
        to->flow->more->tcp->is_over = true;
        return false;
    }
    return false;
}

/* Bytes straight from a packet, nothing being buffered. */
static void parse_packet(const struct delivery *to, struct slice bytes)
{
    struct stream_half *half = half_of(to);
    struct cursor c = cur_of(bytes);
    while (parse_once(to, &c, to->now_ns) && !to->flow->more->tcp->is_over)
        ;
    struct slice rest = cur_rest(&c);
    half->at += bytes.n - rest.n;
    if (to->flow->more->tcp->is_over || !rest.n)
        return;
    if (!streambuf_append(slab_of(to), half, rest, to->now_ns, half->need)) {
        counter_add(to->d->env->counters, COUNTER_TCP_BUFFER_REFUSED, 1);
        deliver_gap(to, rest.n);
    }
}

static void parse_buffer(const struct delivery *to)
{
    struct stream_half *half = half_of(to);
    struct slice bytes = streambuf_bytes(half);
    struct cursor c = cur_of(bytes);
    bool again = true;
    while (again && !to->flow->more->tcp->is_over)
        again = parse_once(to, &c, streambuf_time(half, half->at + (uint64_t)(c.p - bytes.p)));
    streambuf_consume(slab_of(to), half, (size_t)(c.p - bytes.p));
}

/* Behind what is buffered. */
static void parse_more(const struct delivery *to, struct slice bytes)
{
    struct stream_half *half = half_of(to);
    bool fits = half->buffer.n + bytes.n <= (size_t)to->d->conf->max_message;
    if (!fits || !streambuf_append(slab_of(to), half, bytes, to->now_ns, half->need)) {
        counter_add(to->d->env->counters, COUNTER_TCP_BUFFER_REFUSED, 1);
        TRACE(TRACE_TCP, "buffer of %u bytes cannot take %zu more", half->buffer.n, bytes.n);
        deliver_gap(to, bytes.n);
        return;
    }
    if (half->buffer.n < half->need)
        return;
    half->need = 0;
    parse_buffer(to);
}

/* The other direction's bytes waited for the protocol to become known. */
static void parse_waiting(const struct delivery *to)
{
    struct delivery other = *to;
    other.dir = (enum flow_dir) !to->dir;
    if (half_of(&other)->last_ns > other.now_ns)
        other.now_ns = half_of(&other)->last_ns;
    if (half_of(&other)->buffer.n)
        parse_buffer(&other);
}

/* Bytes while the protocol is open: true when it is known now and they are all in the buffer. */
static bool find_protocol(const struct delivery *to, struct slice bytes)
{
    struct stream_half *half = half_of(to);
    struct flow *flow = to->flow;
    enum choice choice = CHOICE_NONE;
    if (streambuf_append(slab_of(to), half, bytes, to->now_ns, 0))
        choice = dispatch_choose(to->d, flow, streambuf_bytes(half), to->dir,
                                 half->buffer.n < PROBE_BYTES);
    else
        counter_add(to->d->env->counters, COUNTER_TCP_BUFFER_REFUSED, 1);
    if (choice == CHOICE_MADE) {
        counter_add(to->d->env->counters, COUNTER_TCP_STREAMS, 1);
        return true;
    }
    if (choice == CHOICE_MORE)
        return false;
    drop_buffer(to);
    half->is_refused = true;
    flow->probes++;
    bool both = flow->more->tcp->half[0].is_refused && flow->more->tcp->half[1].is_refused;
    if (both || flow->probes >= PROBE_ROUNDS_MAX) {
        TRACE(TRACE_PROTO, "no protocol knows this connection");
        flow->more->tcp->is_over = true;
    }
    return false;
}

void deliver_bytes(const struct delivery *to, struct slice bytes)
{
    struct stream_half *half = half_of(to);
    if (half->skip) {
        size_t n = half->skip < bytes.n ? (size_t)half->skip : bytes.n;
        half->skip -= n;
        half->at += n;
        bytes = slice_after(bytes, n);
    }
    if (!bytes.n || to->flow->more->tcp->is_over)
        return;
    if (to->flow->proto_id == FLOW_PROTO_OPEN) {
        if (!find_protocol(to, bytes))
            return;
        parse_waiting(to);
        if (!to->flow->more->tcp->is_over)
            parse_buffer(to);
    } else if (half->buffer.n) {
        parse_more(to, bytes);
    } else {
        parse_packet(to, bytes);
    }
}

/* What is buffered is shown to the parser with the gap; what it does not take is dropped. */
static void show_gap(const struct delivery *to, size_t missing)
{
    struct stream_half *half = half_of(to);
    struct slice bytes = streambuf_bytes(half);
    struct cursor c = cur_of(bytes);
    struct proto_ctx x;
    ctx_of(to, &x, bytes.n ? streambuf_time(half, half->at) : to->now_ns);
    counter_proto(to->d->env->counters, x.id, PC_GAPS);
    if (x.proto->gap &&
        x.proto->gap(&x, &c, dispatch_dir(to->flow, to->dir), missing) == PARSE_DONE)
        to->flow->more->tcp->is_over = true;
    half->skip = x.skip;
}

void deliver_gap(const struct delivery *to, size_t missing)
{
    struct stream_half *half = half_of(to);
    size_t passed = half->skip < missing ? (size_t)half->skip : missing;
    half->skip -= passed;
    half->at += passed;
    missing -= passed;
    TRACE(TRACE_TCP, "gap of %zu bytes, %zu of them to be skipped", missing + passed, passed);
    if (!missing)
        return;
    counter_add(to->d->env->counters, COUNTER_TCP_GAPS, 1);
    counter_add(to->d->env->counters, COUNTER_TCP_GAP_BYTES, missing);
    if (to->flow->proto_id < FLOW_PROTO_NONE)
        show_gap(to, missing);
    drop_buffer(to);
    half->at += missing;
}

void deliver_end(const struct delivery *to, enum flow_end_reason reason)
{
    struct stream_half *half = half_of(to);
    if (half->is_ended)
        return;
    half->is_ended = true;
    TRACE(TRACE_TCP, "direction %u ended", to->dir);
    if (to->flow->proto_id < FLOW_PROTO_NONE && !to->flow->more->tcp->is_over) {
        struct slice bytes = streambuf_bytes(half);
        struct cursor c = cur_of(bytes);
        struct proto_ctx x;
        ctx_of(to, &x, bytes.n ? streambuf_time(half, half->at) : to->now_ns);
        x.closing = (uint8_t)reason;
        if (x.proto->end)
            x.proto->end(&x, &c, dispatch_dir(to->flow, to->dir));
    }
    drop_buffer(to);
}
