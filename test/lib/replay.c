/* A worker and the pipe in one, on the test's own thread. */
#include "lib/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "host/interfaces.h"
#include "pipe/pipe.h"
#include "proto/proto.h"

#define BATCH_FILL 32 /* events that gather before they are encoded */

static struct pipe *pipe; /* one for the process: it must be there before the schema is frozen */
static struct replay *flushing; /* whose events the pipe is writing */

static const struct event_json_conf json_conf = { .precision = TIME_NANO,
                                                  .beat = "packetbeat",
                                                  .version = "test" };

static void watch(const struct replay *r, bool inside)
{
    if (r->watch)
        r->watch(inside);
}

static err collect_open(void *ctx, const void *conf, struct why *w)
{
    (void)ctx, (void)conf, (void)w;
    return ERR_OK;
}

/* Every line is what the plain encoder makes of the event too, plan or not. */
static void check_line(const struct event *e, struct slice line)
{
    static struct value values[1024];
    static uint8_t text[1024 * 1024];
    struct event copy = *e;
    if (e->n > COUNT(values) || line.n > sizeof text / 2)
        return;
    copy.v = memcpy(values, e->v, e->n * sizeof *values);
    struct buf plain = buf_of(text, sizeof text);
    event_json(&copy, &json_conf, NULL, &plain);
    if (slice_eq(buf_slice(&plain), line))
        return;
    fprintf(stderr, "a plan wrote\n%.*s\ninstead of\n%.*s\n", (int)line.n, (const char *)line.p,
            (int)plain.n, (const char *)text);
    abort();
}

static err collect_write(void *ctx, const struct event *e, struct slice line, struct why *w)
{
    (void)ctx, (void)w;
    watch(flushing, false);
    check_line(e, line);
    if (flushing->out)
        lines_add(flushing->out, line);
    watch(flushing, true);
    return ERR_OK;
}

static err collect_flush(void *ctx, struct why *w)
{
    (void)ctx, (void)w;
    return ERR_OK;
}

static void collect_close(void *ctx)
{
    (void)ctx;
}

static const struct output collect = {
    .name = "collect",
    .doc = "Hands lines to the replay that is being flushed.",
    .ctx_size = 1,
    .open = collect_open,
    .write = collect_write,
    .flush = collect_flush,
    .close = collect_close,
};

/* Boot: the schema and the pipe. Nothing of it depends on the machine. */
static void boot(void)
{
    static const char *networks[] = { "private" };
    static struct interfaces none = { .read_ns = 1 };
    static struct pipe_conf conf = {
        .name = "sensor",
        .agent_id = "00000000-0000-4000-8000-000000000001",
        .ephemeral_id = "00000000-0000-4000-8000-000000000002",
        .version = "test",
        .internal_networks = { networks, 1 },
        .interfaces = &none,
        .output = &collect,
    };
    conf.json = json_conf;
    struct why why = { "" };
    if (pipe)
        return;
    proto_add_fields();
    if (pipe_new(&conf, &pipe, &why) != ERR_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(2);
    }
    schema_freeze();
}

static void flush(struct replay *r)
{
    struct why why = { "" };
    if (r->batch.arena.used_bytes > r->arena_peak)
        r->arena_peak = r->batch.arena.used_bytes;
    for (unsigned i = 0; r->hide && i < r->batch.n; i++)
        event_remove(r->batch.event[i], schema_find(slice_cstr(r->hide)));
    flushing = r;
    watch(r, true);
    err e = pipe_batch(pipe, &r->batch, r->counters, &why);
    watch(r, false);
    BUG_ON(e != ERR_OK);
    batch_reset(&r->batch);
}

static struct batch *sink_batch(void *ctx, int64_t now_ns)
{
    struct replay *r = ctx;
    (void)now_ns;
    if (r->batch.n >= BATCH_EVENTS) {
        watch(r, false);
        flush(r);
        watch(r, true);
    }
    return &r->batch;
}

static void sink_emit(void *ctx, struct event *e)
{
    struct replay *r = ctx;
    r->events++;
    if (r->batch.n < BATCH_EVENTS)
        r->batch.event[r->batch.n++] = e;
}

struct replay *replay_new(const struct replay_conf *conf, size_t batch_bytes)
{
    boot();
    struct replay *r = xcalloc(1, sizeof *r);
    r->counters = xcalloc(1, sizeof *r->counters);
    r->pool.max_bytes = SIZE_MAX;
    batch_init(&r->batch, &r->pool, batch_bytes, 0);
    struct net_sink sink = { sink_batch, sink_emit, r };
    r->net = net_new(&conf->net, &sink, r->counters);
    return r;
}

void replay_frame(struct replay *r, const struct frame *f)
{
    uint8_t *bytes = xmalloc(f->n + !f->n);
    memcpy(bytes, f->p, f->n);
    struct packet p = { .ts_ns = f->ts_ns + r->shift_ns,
                        .frame = slice_of(bytes, f->n),
                        .wire_len = f->wire_len,
                        .link_type = f->link_type,
                        .iface = f->iface,
                        .vlan_tci = f->vlan_tci,
                        .vlan_valid = f->vlan_valid,
                        .is_copy = r->is_copy,
                        .clock_ns = r->clock_ns };
    watch(r, true);
    net_packet(r->net, &p);
    watch(r, false);
    xfree(bytes);
    if (r->batch.n >= BATCH_FILL)
        flush(r);
}

void replay_feed(struct replay *r, const struct traffic *f)
{
    for (size_t i = 0; i < f->n; i++)
        replay_frame(r, &f->v[i]);
}

void replay_finish(struct replay *r)
{
    watch(r, true);
    net_finish(r->net);
    watch(r, false);
    flush(r);
}

uint64_t replay_losses(const struct replay *r)
{
    static const enum counter_id lost[] = { COUNTER_FLOW_REFUSED,   COUNTER_FLOW_EVICTED,
                                            COUNTER_TCP_GAPS,       COUNTER_TCP_BUFFER_REFUSED,
                                            COUNTER_DEFRAG_EVICTED, COUNTER_EVENTS_NO_MEMORY,
                                            COUNTER_SCRATCH_FULL };
    static const enum proto_counter of_proto[] = { PC_EVICTED, PC_NO_MEMORY };
    uint64_t sum = 0;
    for (unsigned i = 0; i < COUNT(lost); i++)
        sum += counter_get(r->counters, lost[i]);
    for (unsigned id = 0; id < PROTO_COUNT; id++)
        for (unsigned i = 0; i < COUNT(of_proto); i++)
            sum += atomic_load_explicit(&r->counters->proto[id][of_proto[i]], memory_order_relaxed);
    return sum;
}

void replay_free(struct replay *r)
{
    net_free(r->net);
    batch_free(&r->batch);
    chunk_pool_free(&r->pool);
    xfree(r->counters);
    xfree(r);
}

void replay_all(const struct replay_conf *conf, const struct traffic *f, struct lines *out)
{
    struct replay *r = replay_new(conf, REPLAY_BATCH_BYTES);
    r->out = out;
    replay_feed(r, f);
    replay_finish(r);
    replay_free(r);
}
