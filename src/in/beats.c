/* Connections of Beats. A window's events go into the open batch one by one; each batch carries one
 * ticket for what it holds of a window, and its answer is what the client is told. */
#include "base/bug.h"
#include "codec/lumberjack.h"
#include "in/beats_message.h"
#include "in/input.h"
#include "in/stream.h"
#include "os/clock.h"
#include "pipe/servertls.h"

#define NAME       "inputs.beats"
#define KIB        INT64_C(1024)
#define MIB        (1024 * KIB)
#define GIB        (1024 * MIB)
#define SECOND     INT64_C(1000000000)
#define DAY        (86400 * SECOND)
#define PACKED_MAX (INT64_C(24) * MIB - KIB) /* what a slab gives in one piece */

struct beats_input_conf {
    struct input_common common;
    bool tcp_keepalive, no_beats_prefix;
    struct texts bind_address;
    int64_t port, recv_buffer_size;
    struct tls_conf tls;
    const char *override_source;
    int64_t max_connections, idle_timeout_ns, frame_timeout_ns, keepalive_ns;
    int64_t max_window, max_frame, max_packed, max_inflated, memory, inflated_memory;
};

/* clang-format off */
static const struct option options[] = {
    INPUT_COMMON,
    OPT(beats_input_conf, bind_address,     TEXTS,    "bind_address",     "any", 0, 0, 0, "Addresses to listen on; any is 0.0.0.0 and ::."),
    OPT(beats_input_conf, port,             INT,      "port",             "5044",       0, 65535, 0, "Port to listen on; 0: any that is free."),
    OPT(beats_input_conf, recv_buffer_size, SIZE,     "recv_buffer_size", "0",          0, GIB, 0, "Receive buffer of a connection in the kernel; 0: as the system sees fit."),
    OPT(beats_input_conf, tcp_keepalive,    BOOL,     "tcp_keepalive",    "false",      0, 0, 0, "Have the kernel probe idle connections."),
    TLS_OPTIONS(beats_input_conf),
    OPT(beats_input_conf, no_beats_prefix,  BOOL,     "no_beats_prefix",  "false",      0, 0, 0, "Field names without the name of the Beat in front."),
    OPT(beats_input_conf, override_source,  TEXT,     "override_source",  NULL,         0, 0, 0, "Replaces the source of every message."),
    OPT(beats_input_conf, max_connections,  INT,      "max_connections",  "10000",      1, 1000000, 0, "Connections at a time; more are closed at once."),
    OPT(beats_input_conf, idle_timeout_ns,  DURATION, "idle_timeout",     "10m",        0, DAY, 0, "A connection silent this long is closed unless it waits for us; 0: never."),
    OPT(beats_input_conf, frame_timeout_ns, DURATION, "frame_timeout",    "60s",        0, DAY, 0, "Time for a frame (and 1 s each 16 KiB) or handshake to be whole; 0: none."),
    OPT(beats_input_conf, keepalive_ns,     DURATION, "ack_keepalive",    "3s",         100000000, DAY, 0, "How often an ACK of 0 tells a waiting client to go on waiting."),
    OPT(beats_input_conf, max_window,       INT,      "max_window",       "65536",      1, 16777216, 0, "Events that a window may announce."),
    OPT(beats_input_conf, max_frame,        SIZE,     "max_frame",        "16MiB",      KIB, PACKED_MAX, 0, "Largest event on the wire."),
    OPT(beats_input_conf, max_packed,       SIZE,     "max_packed",       "16MiB",      KIB, PACKED_MAX, 0, "Largest compressed frame on the wire."),
    OPT(beats_input_conf, max_inflated,     SIZE,     "max_inflated",     "64MiB",      KIB, GIB, 0, "What a compressed frame may inflate to."),
    OPT(beats_input_conf, memory,           SIZE,     "memory",           "256MiB",     MIB, 1024 * GIB, 0, "Memory for frames that are not whole yet, of all connections."),
    OPT(beats_input_conf, inflated_memory,  SIZE,     "inflated_memory",  "256MiB",     MIB, 1024 * GIB, 0, "Memory for inflated frames of all connections; who needs more waits."),
    INPUT_INERT("number_worker_threads", "One thread serves all connections."),
    INPUT_INERT("charset_name", "Events are UTF-8."),
    { 0 }
};
/* clang-format on */

struct beats_input {
    struct streams streams;
    const struct beats_input_conf *conf;
    struct lumberjack_limits limits;
    struct inflater *inflater;
    struct chunk_pool pool; /* for inflated frames */
    struct beats_reader *reader;
    struct complaint fault[LUMBERJACK_FAULT_COUNT], document;
};

struct beats_connection {
    struct stream s;
    struct lumberjack lj;
    struct lumberjack_item item;
    bool has_item;   /* it waits for room; lives in lj's memory */
    bool failed;     /* a batch of it was not taken: nothing is acknowledged any more */
    uint64_t window; /* number of the present one */
    uint8_t version; /* '1' or '2': of the answers */
    int64_t told_ns; /* when the last ACK was sent, or the first event taken since all was told */
};

static const enum counter_id fault_counters[LUMBERJACK_FAULT_COUNT] = {
    [LUMBERJACK_VERSION] = COUNTER_BEATS_VERSION, [LUMBERJACK_TYPE] = COUNTER_BEATS_TYPE,
    [LUMBERJACK_WINDOW] = COUNTER_BEATS_WINDOW,   [LUMBERJACK_LENGTH] = COUNTER_BEATS_LENGTH,
    [LUMBERJACK_PAIRS] = COUNTER_BEATS_PAIRS,     [LUMBERJACK_ITEM] = COUNTER_BEATS_ITEM,
    [LUMBERJACK_DEFLATE] = COUNTER_BEATS_DEFLATE, [LUMBERJACK_INFLATED] = COUNTER_BEATS_INFLATED,
    [LUMBERJACK_CUT] = COUNTER_BEATS_CUT,         [LUMBERJACK_DEPTH] = COUNTER_BEATS_DEPTH,
};

static struct beats_connection *connection_of(struct stream *s)
{
    return container_of(s, struct beats_connection, s);
}

static struct beats_input *input_of(const struct beats_connection *c)
{
    return c->s.group->owner;
}

static struct counters *counters_of(const struct beats_connection *c)
{
    return intake_counters(c->s.group->intake);
}

/* ---- answers */

static void send_ack(struct beats_connection *c, uint32_t sequence, enum counter_id id)
{
    uint8_t bytes[LUMBERJACK_ACK_BYTES];
    struct buf b = buf_of(bytes, sizeof bytes);
    lumberjack_put_ack(&b, c->version, sequence);
    counter_add(counters_of(c), id, 1);
    c->told_ns = clock_mono_ns();
    stream_send(&c->s, buf_slice(&b));
}

static void beats_answered(struct client *client, uint64_t window, uint32_t sequence, bool durable)
{
    struct beats_connection *c = connection_of(container_of(client, struct stream, client));
    (void)window;
    if (c->failed)
        return;
    c->failed = !durable;
    if (durable)
        send_ack(c, sequence, COUNTER_INTAKE_ACKS);
    else
        stream_close(&c->s); /* the client keeps its events and comes again, here or elsewhere */
}

static bool is_waiting(const struct beats_connection *c)
{
    return c->s.client.unanswered || c->s.paused;
}

static void beats_tick(struct stream *s, int64_t now_ns)
{
    struct beats_connection *c = connection_of(s);
    if (is_waiting(c) && c->version && now_ns - c->told_ns >= input_of(c)->conf->keepalive_ns)
        send_ack(c, 0, COUNTER_INTAKE_KEEPALIVES);
}

static bool beats_is_busy(const struct stream *s)
{
    return is_waiting(container_of(s, const struct beats_connection, s));
}

/* ---- events */

enum taking {
    TAKEN,
    TAKE_LATER,
};

static void refuse(struct beats_connection *c, enum beats_result r, bool stored)
{
    struct beats_input *in = input_of(c);
    char peer[64];
    struct refusal refusal = { .origin = &c->s.origin,
                               .reason = stored ? "field names that are not accepted were left out"
                                                : beats_result_text(r),
                               .document = c->item.payload,
                               .stored = stored };
    intake_refuse(c->s.group->intake, &refusal);
    complain(&in->document, clock_mono_ns(), NAME ": an event of %s: %s", stream_peer(&c->s, peer),
             refusal.reason);
}

static void put_message(struct beats_connection *c, struct message *m)
{
    if (m->refused)
        refuse(c, BEATS_MESSAGE, true);
    if (message_is_complete(m))
        intake_put(c->s.group->intake, m, &c->s.origin);
}

/* Reads the document into the open batch, or into an empty one when it does not fit. */
static enum taking read_event(struct beats_connection *c, uint32_t *messages)
{
    struct intake *in = c->s.group->intake;
    struct message *m = NULL;
    enum beats_result r;
    *messages = 0;
    for (;;) {
        struct arena *mem = intake_room(in);
        if (!mem)
            return TAKE_LATER;
        r = beats_message(input_of(c)->reader, c->item.payload, mem, &m);
        if (r != BEATS_NO_MEMORY || !intake_renew(in))
            break;
    }
    if (r == BEATS_MESSAGE)
        put_message(c, m);
    else if (r == BEATS_INCOMPLETE)
        counter_add(counters_of(c), COUNTER_INTAKE_INCOMPLETE, 1);
    else
        refuse(c, r, false);
    *messages = r == BEATS_MESSAGE;
    return TAKEN;
}

static enum taking take_event(struct beats_connection *c)
{
    struct ticket t = { .window = c->window, .sequence = c->item.sequence };
    if (read_event(c, &t.messages) == TAKE_LATER)
        return TAKE_LATER;
    c->version = c->item.version;
    if (!c->s.client.unanswered)
        c->told_ns = clock_mono_ns();
    intake_ticket(c->s.group->intake, &c->s.client, &t);
    return TAKEN;
}

/* ---- frames */

static void wait_for_room(struct beats_connection *c)
{
    if (!c->s.client.unanswered && !c->s.paused)
        c->told_ns = clock_mono_ns();
    stream_pause(&c->s);
    intake_wait(c->s.group->intake, &c->s.client);
}

static void at_fault(struct beats_connection *c)
{
    char peer[64];
    enum lumberjack_fault f = c->item.fault;
    counter_add(counters_of(c), fault_counters[f], 1);
    complain(&input_of(c)->fault[f], clock_mono_ns(), NAME ": %s is closed: %s",
             stream_peer(&c->s, peer), lumberjack_fault_text(f));
    stream_close(&c->s);
}

/* Without memory for a frame: another connection will give some back, unless there is none. */
static void wait_or_give_up(struct beats_connection *c)
{
    struct beats_input *in = input_of(c);
    chunk_pool_free(&in->pool); /* what nobody holds */
    if (in->pool.taken_bytes) {
        wait_for_room(c);
        return;
    }
    c->item.fault = LUMBERJACK_INFLATED;
    at_fault(c);
}

static bool is_inside(struct slice outer, struct slice s)
{
    return s.p >= outer.p && s.p < outer.p + outer.n;
}

/* An event without room: one that stands in the bytes of the stream is read again later, one that
 * has been inflated or rewritten stays where it is. */
static void put_off(struct beats_connection *c, struct slice bytes, struct cursor *at,
                    const struct cursor *before)
{
    c->has_item = !is_inside(bytes, c->item.payload);
    if (!c->has_item)
        *at = *before;
    wait_for_room(c);
}

/* One step over the bytes; false when nothing more can be done with them. */
static bool step(struct beats_connection *c, struct slice bytes, struct cursor *at, size_t *need)
{
    struct cursor before = *at;
    enum lumberjack_what what = LUMBERJACK_PAYLOAD;
    if (!c->has_item)
        what = lumberjack_next(&c->lj, at, &c->item);
    switch (what) {
    case LUMBERJACK_PAYLOAD:
        if (take_event(c) == TAKEN) {
            c->has_item = false;
            return true;
        }
        put_off(c, bytes, at, &before);
        return false;
    case LUMBERJACK_ANNOUNCED:
        c->window++;
        c->version = c->item.version;
        return true;
    case LUMBERJACK_MORE:
        *need = c->item.need;
        return false;
    case LUMBERJACK_BUSY:
        wait_or_give_up(c);
        return false;
    case LUMBERJACK_BAD:
        at_fault(c);
        return false;
    }
    return false;
}

static size_t beats_take(struct stream *s, struct slice bytes, size_t *need)
{
    struct beats_connection *c = connection_of(s);
    struct cursor at = cur_of(bytes);
    while (!c->failed && step(c, bytes, &at, need))
        ;
    return bytes.n - cur_left(&at);
}

/* ---- birth and end */

static void beats_begin(struct stream *s)
{
    struct beats_connection *c = connection_of(s);
    struct beats_input *in = input_of(c);
    lumberjack_init(&c->lj, &in->limits, in->inflater, &in->pool);
}

static void beats_end(struct stream *s)
{
    lumberjack_free(&connection_of(s)->lj);
}

static const struct stream_ops stream_ops = {
    .bytes = sizeof(struct beats_connection),
    .begin = beats_begin,
    .take = beats_take,
    .tick = beats_tick,
    .is_busy = beats_is_busy,
    .end = beats_end,
};

static const struct client_ops client_ops = {
    .answered = beats_answered,
    .resume = stream_resume_client,
    .tick = stream_tick,
    .stop = stream_stop,
    .close = stream_close_client,
};

static void beats_stop(void *ctx)
{
    struct beats_input *in = ctx;
    streams_stop(&in->streams);
}

static void beats_free(void *ctx)
{
    struct beats_input *in = ctx;
    streams_free(&in->streams);
    beats_reader_free(in->reader);
    inflater_free(in->inflater);
    chunk_pool_free(&in->pool);
    xfree(in);
}

static const struct input_ops input_ops = { beats_stop, beats_free };

static void set_limits(struct beats_input *in, const struct beats_input_conf *conf)
{
    in->limits = (struct lumberjack_limits){ .window = (uint32_t)conf->max_window,
                                             .frame_bytes = (uint32_t)conf->max_frame,
                                             .packed_bytes = (uint32_t)conf->max_packed,
                                             .inflated_bytes = (size_t)conf->max_inflated };
    lumberjack_limits_default(&in->limits);
    in->pool.max_bytes = (size_t)conf->inflated_memory;
}

/* What one connection may need at once: a frame is inflated into buffers that double, and a D frame
 * is rewritten as JSON. With less it could wait for room that never comes. */
static err check_memory(const struct beats_input_conf *conf, struct why *w)
{
    int64_t least = 2 * conf->max_inflated + 6 * conf->max_frame + MIB;
    if (conf->inflated_memory >= least)
        return ERR_OK;
    return why_set(w, ERR_CONFIG,
                   NAME ".inflated_memory: %lld MiB are too little for one connection: give it at "
                        "least %lld MiB (2 max_inflated + 6 max_frame + 1 MiB), or lower those",
                   (long long)(conf->inflated_memory / MIB), (long long)((least + MIB - 1) / MIB));
}

static err beats_open(struct intake *intake, const void *given, uint16_t *port, struct why *w)
{
    const struct beats_input_conf *conf = given;
    struct beats_input *in = xcalloc(1, sizeof *in);
    struct listen_conf listen = { .addresses = conf->bind_address,
                                  .port = conf->port,
                                  .receive_bytes = conf->recv_buffer_size };
    struct beats_conf reader = { conf->no_beats_prefix, slice_cstr(conf->override_source) };
    in->conf = conf;
    err rc = check_memory(conf, w);
    in->streams = (struct streams){ .ops = &stream_ops,
                                    .client = &client_ops,
                                    .owner = in,
                                    .intake = intake,
                                    .name = NAME,
                                    .idle_ns = conf->idle_timeout_ns,
                                    .frame_ns = conf->frame_timeout_ns,
                                    .max = conf->max_connections,
                                    .keepalive = conf->tcp_keepalive };
    if (!rc)
        rc = streams_open(&in->streams, &conf->tls, &listen, w);
    if (rc) {
        xfree(in);
        return rc;
    }
    set_limits(in, conf);
    in->inflater = inflater_new();
    in->reader = beats_reader_new(&reader);
    streams_begin(&in->streams, conf->memory);
    intake_add(intake, &input_ops, in);
    *port = in->streams.sockets.port;
    return ERR_OK;
}

const struct input input_beats = {
    .name = "beats",
    .doc = "Events of Beats: Lumberjack versions 1 and 2 over TCP.",
    .options = options,
    .conf_size = sizeof(struct beats_input_conf),
    .open = beats_open,
};
