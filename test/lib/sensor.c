/* The program's path on one thread (see sensor.h). */
#include "lib/sensor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "net/decode.h"
#include "proto/proto.h"

#define SECOND INT64_C(1000000000)

static void fail(const struct why *w)
{
    fprintf(stderr, "%s\n", w->text);
    exit(1);
}

static err count_open(void *ctx, const void *conf, struct why *w)
{
    (void)conf, (void)w;
    memset(ctx, 0, sizeof(uint64_t));
    return ERR_OK;
}

static uint64_t line_bytes;

static err count_write(void *ctx, const struct event *e, struct slice line, struct why *w)
{
    (void)ctx, (void)e, (void)w;
    line_bytes += line.n + 1;
    return ERR_OK;
}

static err count_flush(void *ctx, struct why *w)
{
    (void)ctx, (void)w;
    return ERR_OK;
}

static void count_close(void *ctx)
{
    (void)ctx;
}

/* Takes lines and keeps their number of bytes. */
static const struct output count_output = { .name = "count",
                                            .doc = "Counts bytes.",
                                            .ctx_size = sizeof(uint64_t),
                                            .open = count_open,
                                            .write = count_write,
                                            .flush = count_flush,
                                            .close = count_close };

static void flush_batch(struct sensor *s)
{
    struct why w;
    s->events += s->batch.n;
    if (s->pipe && pipe_batch(s->pipe, &s->batch, &s->counters, &w) != ERR_OK)
        fail(&w);
    batch_reset(&s->batch);
}

static struct batch *give_batch(void *ctx, int64_t now_ns)
{
    struct sensor *s = ctx;
    if (s->batch.n == BATCH_EVENTS)
        flush_batch(s);
    if (s->batch.n == 0)
        s->batch.first_ns = now_ns;
    return &s->batch;
}

static void take_event(void *ctx, struct event *e)
{
    struct batch *b = &((struct sensor *)ctx)->batch;
    BUG_ON(b->n == BATCH_EVENTS);
    b->event[b->n++] = e;
}

static void visit(void *ctx, struct packet *p)
{
    (void)ctx, (void)p;
}

static const char *const names[] = {
#define PROTO(name) #name,
#include "proto/protocols.def"
#undef PROTO
};

static void load_protocols(struct sensor *s, const struct loading *l)
{
    for (unsigned i = 0; i < COUNT(names); i++) {
        unsigned id;
        const struct proto *p = proto_find(names[i], &id);
        void *conf;
        if (proto_load(p, NULL, l, &conf) != ERR_OK)
            fail(l->why);
        s->net_conf.proto_conf[id] = s->conf.protocols ? conf : NULL;
    }
}

static void open_pipe(struct sensor *s, struct why *w)
{
    struct pipe_conf conf = { .name = "bench",
                              .agent_id = "0f0e0d0c-0b0a-4908-8706-050403020100",
                              .ephemeral_id = "00010203-0405-4607-8809-0a0b0c0d0e0f",
                              .version = "8.13.0",
                              .json = { .beat = "packetbeat", .version = "8.13.0" },
                              .output = &count_output };
    if (pipe_new(&conf, &s->pipe, w) != ERR_OK)
        fail(w);
}

/* The defaults of the program's options (app/options.c). */
static void set_limits(struct net_conf *c)
{
    c->timeout_ns = 30 * SECOND;
    c->period_ns = 10 * SECOND;
    c->max_flows = 1000000;
    c->memory_bytes = INT64_C(1) << 30;
    c->defrag_bytes = 32 << 20;
    c->max_message = 16 << 20;
    c->reorder_bytes = 1 << 20;
    c->tunnels = ~0u;
    c->key = (struct hash_key){ 1, 2 };
}

static void open_capture(struct sensor *s, const char *path)
{
    struct capture_file_conf file = { .paths = &path, .n_paths = 1 };
    struct why w;
    if (capture_open_files(&file, &s->capture, &w) != ERR_OK)
        fail(&w);
}

void sensor_open(struct sensor *s, const struct sensor_conf *conf, const char *path)
{
    struct why w;
    memset(s, 0, sizeof *s);
    s->conf = *conf;
    line_bytes = 0;
    s->chunks.max_bytes = (size_t)64 << 20;
    arena_init(&s->boot, NULL, 0);
    batch_init(&s->batch, &s->chunks, 0, 0);
    schema_reset();
    proto_add_fields();
    load_protocols(s, &(struct loading){ "bench", &s->boot, &w });
    if (conf->stage == SENSOR_PIPE)
        open_pipe(s, &w);
    schema_freeze();
    set_limits(&s->net_conf);
    s->net_conf.flows_enabled = conf->flows;
    struct net_sink sink = { give_batch, take_event, s };
    if (conf->stage == SENSOR_DECODE)
        s->decoder = decoder_new(&s->net_conf, &s->counters);
    if (conf->stage >= SENSOR_NET)
        s->net = net_new(&s->net_conf, &sink, &s->counters);
    open_capture(s, path);
}

void sensor_next(struct sensor *s, const char *path, int64_t later_ns)
{
    s->capture->ops->close(s->capture);
    open_capture(s, path);
    s->later_ns = later_ns;
}

static void take(struct sensor *s, unsigned n)
{
    s->packets += n;
    for (unsigned i = 0; i < n; i++)
        s->packet[i].ts_ns += s->later_ns;
    if (n)
        s->last_ns = s->packet[n - 1].ts_ns;
    for (unsigned i = 0; s->decoder && i < n; i++)
        decode_packet(s->decoder, &s->packet[i], visit, s);
    for (unsigned i = 0; s->net && i < n && i < NET_AHEAD; i++)
        net_prefetch(s->net, &s->packet[i]);
    for (unsigned i = 0; s->net && i < n; i++) {
        if (i + NET_AHEAD < n)
            net_prefetch(s->net, &s->packet[i + NET_AHEAD]);
        net_packet(s->net, &s->packet[i]);
    }
}

bool sensor_run(struct sensor *s, uint64_t max)
{
    const uint64_t start = s->packets;
    struct why w;
    int n = 0;
    while ((max == 0 || s->packets - start < max) &&
           (n = s->capture->ops->read(s->capture, s->packet, COUNT(s->packet), &w)) >= 0)
        take(s, (unsigned)n);
    if (n == CAPTURE_FAILED)
        fail(&w);
    return n >= 0;
}

void sensor_finish(struct sensor *s)
{
    if (s->net)
        net_finish(s->net);
    flush_batch(s);
    s->bytes = line_bytes;
}

void sensor_close(struct sensor *s)
{
    s->capture->ops->close(s->capture);
    net_free(s->net);
    decoder_free(s->decoder);
    pipe_free(s->pipe);
    batch_free(&s->batch);
    chunk_pool_free(&s->chunks);
    arena_free(&s->boot);
    schema_reset();
}
