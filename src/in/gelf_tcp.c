/* GELF over TCP or TLS (graylog.md 2.3): messages end with a null byte, or with a line end. There
 * is no acknowledgement in this protocol. */
#include "base/bug.h"
#include "in/gelf_put.h"
#include "in/input.h"
#include "in/stream.h"
#include "os/clock.h"
#include "pipe/servertls.h"

#define NAME        "inputs.gelf_tcp"
#define KIB         INT64_C(1024)
#define MIB         (1024 * KIB)
#define GIB         (1024 * MIB)
#define SECOND      INT64_C(1000000000)
#define DAY         (86400 * SECOND)
#define MESSAGE_MAX (INT64_C(20) * MIB)

struct tcp_conf {
    struct input_common common;
    bool tcp_keepalive, use_null_delimiter;
    struct texts bind_address;
    int64_t port, recv_buffer_size, max_message_size, max_connections, idle_timeout_ns,
        frame_timeout_ns, memory;
    struct tls_conf tls;
    const char *override_source;
};

/* clang-format off */
static const struct option options[] = {
    INPUT_COMMON,
    OPT(tcp_conf, bind_address,       TEXTS,    "bind_address",       "any",     0, 0, 0, "Addresses to listen on; any is 0.0.0.0 and ::."),
    OPT(tcp_conf, port,               INT,      "port",               "12201",   0, 65535, 0, "Port to listen on; 0: any that is free."),
    OPT(tcp_conf, recv_buffer_size,   SIZE,     "recv_buffer_size",   "0",       0, GIB, 0, "Receive buffer of a connection in the kernel; 0: as the system sees fit."),
    OPT(tcp_conf, tcp_keepalive,      BOOL,     "tcp_keepalive",      "false",   0, 0, 0, "Have the kernel probe idle connections."),
    OPT(tcp_conf, use_null_delimiter, BOOL,     "use_null_delimiter", "true",    0, 0, 0, "Messages end with a null byte; false: with a line end."),
    OPT(tcp_conf, max_message_size,   SIZE,     "max_message_size",   "2097152", KIB, MESSAGE_MAX, 0, "Largest message; a longer one ends its connection."),
    TLS_OPTIONS(tcp_conf),
    OPT(tcp_conf, override_source,    TEXT,     "override_source",    NULL,      0, 0, 0, "Replaces the source of every message."),
    OPT(tcp_conf, max_connections,    INT,      "max_connections",    "10000",   1, 1000000, 0, "Connections at a time; more are closed at once."),
    OPT(tcp_conf, idle_timeout_ns,    DURATION, "idle_timeout",       "1h",      0, DAY, 0, "A connection silent this long is closed; 0: never."),
    OPT(tcp_conf, frame_timeout_ns,   DURATION, "frame_timeout",      "60s",     0, DAY, 0, "Time for a message or handshake to be whole; 0: none."),
    OPT(tcp_conf, memory,             SIZE,     "memory",             "256MiB",  MIB, 1024 * GIB, 0, "Memory for messages that are not whole yet, of all connections."),
    INPUT_INERT("number_worker_threads", "One thread serves all connections."),
    INPUT_INERT("charset_name", "Messages are UTF-8."),
    { 0 }
};
/* clang-format on */

struct tcp_input {
    struct streams streams;
    const struct tcp_conf *conf;
    struct gelf_put put;
    struct complaint too_large;
};

struct tcp_connection {
    struct stream s;
    size_t searched; /* bytes of the unfinished message without an end in them */
};

static void close_long(struct stream *s)
{
    struct tcp_input *in = s->group->owner;
    char peer[64];
    counter_add(intake_counters(s->group->intake), COUNTER_GELF_TOO_LARGE, 1);
    complain(&in->too_large, clock_mono_ns(),
             NAME ": a message of %s is larger than max_message_size: closed",
             stream_peer(s, peer));
    stream_close(s);
}

/* The next message without its end; false when it is not whole. */
static bool next_message(struct tcp_connection *c, struct slice rest, uint8_t end,
                         struct slice *out)
{
    ptrdiff_t at = slice_find(slice_after(rest, c->searched), end);
    if (at < 0) {
        c->searched = rest.n;
        return false;
    }
    *out = slice_first(rest, c->searched + (size_t)at);
    return true;
}

static bool is_blank(struct slice s)
{
    return message_trim(s).n == 0;
}

static size_t tcp_take(struct stream *s, struct slice bytes, size_t *need)
{
    struct tcp_connection *c = container_of(s, struct tcp_connection, s);
    struct tcp_input *in = s->group->owner;
    struct slice rest = bytes, message;
    uint8_t end = in->conf->use_null_delimiter ? 0 : '\n';
    while (next_message(c, rest, end, &message)) {
        if (message.n > (size_t)in->conf->max_message_size)
            break;
        if (!is_blank(message) && gelf_put(&in->put, message, &s->origin) == GELF_LATER) {
            stream_pause(s);
            intake_wait(s->group->intake, &s->client);
            break;
        }
        rest = slice_after(rest, message.n + 1);
        c->searched = 0;
    }
    if (!s->paused && rest.n > (size_t)in->conf->max_message_size)
        close_long(s);
    *need = rest.n + 1;
    return bytes.n - rest.n;
}

static void tcp_begin(struct stream *s)
{
    (void)s;
}

static bool tcp_is_busy(const struct stream *s)
{
    (void)s;
    return false;
}

static const struct stream_ops stream_ops = {
    .bytes = sizeof(struct tcp_connection),
    .begin = tcp_begin,
    .take = tcp_take,
    .is_busy = tcp_is_busy,
    .end = tcp_begin,
};

static void tcp_answered(struct client *c, uint64_t window, uint32_t sequence, bool durable)
{
    (void)c, (void)window, (void)sequence, (void)durable;
}

static const struct client_ops client_ops = {
    .answered = tcp_answered,
    .resume = stream_resume_client,
    .tick = stream_tick,
    .stop = stream_stop,
    .close = stream_close_client,
};

static void tcp_stop(void *ctx)
{
    struct tcp_input *in = ctx;
    streams_stop(&in->streams);
}

static void tcp_free(void *ctx)
{
    struct tcp_input *in = ctx;
    streams_free(&in->streams);
    gelf_reader_free(in->put.reader);
    xfree(in);
}

static const struct input_ops input_ops = { tcp_stop, tcp_free };

static err tcp_open(struct intake *intake, const void *given, uint16_t *port, struct why *w)
{
    const struct tcp_conf *conf = given;
    struct tcp_input *in = xcalloc(1, sizeof *in);
    struct listen_conf listen = { .addresses = conf->bind_address,
                                  .port = conf->port,
                                  .receive_bytes = conf->recv_buffer_size };
    in->conf = conf;
    in->streams = (struct streams){ .ops = &stream_ops,
                                    .client = &client_ops,
                                    .owner = in,
                                    .intake = intake,
                                    .name = NAME,
                                    .idle_ns = conf->idle_timeout_ns,
                                    .frame_ns = conf->frame_timeout_ns,
                                    .max = conf->max_connections,
                                    .keepalive = conf->tcp_keepalive };
    err rc = streams_open(&in->streams, &conf->tls, &listen, w);
    if (rc) {
        xfree(in);
        return rc;
    }
    in->put = (struct gelf_put){ .intake = intake,
                                 .reader = gelf_reader_new((size_t)conf->max_message_size),
                                 .override_source = slice_cstr(conf->override_source) };
    streams_begin(&in->streams, conf->memory);
    intake_add(intake, &input_ops, in);
    *port = in->streams.sockets.port;
    return ERR_OK;
}

const struct input input_gelf_tcp = {
    .name = "gelf_tcp",
    .doc = "GELF messages over TCP.",
    .options = options,
    .conf_size = sizeof(struct tcp_conf),
    .open = tcp_open,
};
