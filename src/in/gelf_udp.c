/* GELF over UDP (graylog.md 2.2). Nobody is told anything: when there is no room the kernel's
 * buffer fills, and then datagrams are lost there. */
#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "base/bug.h"
#include "in/gelf_chunks.h"
#include "in/gelf_put.h"
#include "in/input.h"
#include "os/clock.h"
#include "pipe/listener.h"

#define NAME     "inputs.gelf_udp"
#define KIB      INT64_C(1024)
#define MIB      (1024 * KIB)
#define GIB      (1024 * MIB)
#define DATAGRAM 65536
#define AT_ONCE  64

struct udp_conf {
    struct input_common common;
    struct texts bind_address;
    int64_t port, recv_buffer_size, decompress_size_limit, max_messages, memory;
    const char *override_source;
};

/* clang-format off */
static const struct option options[] = {
    INPUT_COMMON,
    OPT(udp_conf, bind_address,          TEXTS, "bind_address",          "any",     0, 0, 0, "Addresses to listen on; any is 0.0.0.0 and ::."),
    OPT(udp_conf, port,                  INT,   "port",                  "12201",   0, 65535, 0, "Port to listen on; 0: any that is free."),
    OPT(udp_conf, recv_buffer_size,      SIZE,  "recv_buffer_size",      "262144",  0, GIB, 0, "Receive buffer in the kernel."),
    OPT(udp_conf, decompress_size_limit, SIZE,  "decompress_size_limit", "8388608", KIB, GIB, 0, "What a message may inflate to."),
    OPT(udp_conf, max_messages,          INT,   "max_chunked_messages",  "4096",    1, 1000000, 0, "Messages in chunks that are not whole yet; the oldest goes."),
    OPT(udp_conf, memory,                SIZE,  "memory",                "64MiB",   MIB, 1024 * GIB, 0, "Memory for their chunks."),
    OPT(udp_conf, override_source,       TEXT,  "override_source",       NULL,      0, 0, 0, "Replaces the source of every message."),
    INPUT_INERT("number_worker_threads", "One thread serves all inputs."),
    INPUT_INERT("charset_name", "Messages are UTF-8."),
    { 0 }
};
/* clang-format on */

struct udp_input {
    struct client client; /* waits for room; has no tickets */
    struct gelf_put put;
    struct intake *intake;
    struct gelf_chunks *chunks;
    struct sockets sockets;
    struct event *read[LISTENER_SOCKETS];
    bool paused, stopped;
    uint8_t *datagram;
    struct slice kept; /* a whole message that waits for room: in datagram, or in chunks */
    struct message_origin origin;
};

static void pause_reading(struct udp_input *in)
{
    in->paused = true;
    for (unsigned i = 0; i < in->sockets.n; i++)
        event_del(in->read[i]);
    intake_wait(in->intake, &in->client);
}

static void put(struct udp_input *in, struct slice payload)
{
    in->kept = payload;
    if (gelf_put(&in->put, payload, &in->origin) == GELF_LATER)
        pause_reading(in);
    else
        in->kept = slice_of(NULL, 0);
}

/* Who sent it, for telling messages of the same id apart. */
static uint64_t sender_of(const struct message_origin *o)
{
    uint64_t a, b;
    memcpy(&a, o->ip.b, 8);
    memcpy(&b, o->ip.b + 8, 8);
    return (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) + o->port;
}

static void take(struct udp_input *in, struct slice datagram)
{
    struct slice whole = datagram;
    counter_add(intake_counters(in->intake), COUNTER_GELF_DATAGRAMS, 1);
    counter_add(intake_counters(in->intake), COUNTER_INTAKE_BYTES, datagram.n);
    if (slice_starts(datagram, SLICE("\x1e\x0f")) &&
        !gelf_chunks_add(in->chunks, datagram, sender_of(&in->origin), clock_mono_ns(), &whole))
        return;
    put(in, whole);
}

static void on_read(evutil_socket_t fd, short what, void *ctx)
{
    struct udp_input *in = ctx;
    (void)what;
    for (unsigned i = 0; i < AT_ONCE && !in->paused; i++) {
        struct sockaddr_storage sa;
        socklen_t length = sizeof sa;
        ssize_t n = recvfrom(fd, in->datagram, DATAGRAM, 0, (struct sockaddr *)&sa, &length);
        if (n < 0)
            return;
        listener_peer((struct sockaddr *)&sa, &in->origin.ip, &in->origin.port);
        take(in, slice_of(in->datagram, (size_t)n));
    }
}

/* ---- as a client of the intake */

static void udp_answered(struct client *c, uint64_t window, uint32_t sequence, bool durable)
{
    (void)c, (void)window, (void)sequence, (void)durable;
}

static void udp_resume(struct client *c)
{
    struct udp_input *in = container_of(c, struct udp_input, client);
    if (in->stopped)
        return;
    in->paused = false;
    if (in->kept.p)
        put(in, in->kept);
    for (unsigned i = 0; i < in->sockets.n && !in->paused; i++)
        event_add(in->read[i], NULL);
}

static void udp_tick(struct client *c, int64_t now_ns)
{
    struct udp_input *in = container_of(c, struct udp_input, client);
    if (!in->kept.p)
        gelf_chunks_expire(in->chunks, now_ns);
}

static void udp_stop_client(struct client *c)
{
    (void)c; /* the input stops itself */
}

static void udp_close(struct client *c)
{
    struct udp_input *in = container_of(c, struct udp_input, client);
    clients_remove(intake_clients(in->intake), c);
}

static const struct client_ops client_ops = {
    .answered = udp_answered,
    .resume = udp_resume,
    .tick = udp_tick,
    .stop = udp_stop_client,
    .close = udp_close,
};

static void udp_stop(void *ctx)
{
    struct udp_input *in = ctx;
    for (unsigned i = 0; i < in->sockets.n; i++)
        event_free(in->read[i]);
    listener_close(&in->sockets);
    in->stopped = true;
    if (in->kept.p)
        counter_add(intake_counters(in->intake), COUNTER_GELF_DROPPED, 1);
}

static void udp_free(void *ctx)
{
    struct udp_input *in = ctx;
    if (!in->stopped)
        udp_stop(in);
    gelf_chunks_free(in->chunks);
    gelf_reader_free(in->put.reader);
    xfree(in->datagram);
    xfree(in);
}

static const struct input_ops input_ops = { udp_stop, udp_free };

static err udp_open(struct intake *intake, const void *given, uint16_t *port, struct why *w)
{
    const struct udp_conf *conf = given;
    struct udp_input *in = xcalloc(1, sizeof *in);
    struct listen_conf listen = { .addresses = conf->bind_address,
                                  .port = conf->port,
                                  .receive_bytes = conf->recv_buffer_size,
                                  .datagrams = true };
    err rc = listener_open(&listen, NAME, &in->sockets, w);
    if (rc) {
        xfree(in);
        return rc;
    }
    in->intake = intake;
    in->client.ops = &client_ops;
    in->origin.input = NAME;
    in->datagram = xmalloc(DATAGRAM);
    in->chunks = gelf_chunks_new((unsigned)conf->max_messages, (size_t)conf->memory,
                                 intake_counters(intake));
    in->put = (struct gelf_put){ .intake = intake,
                                 .reader = gelf_reader_new((size_t)conf->decompress_size_limit),
                                 .override_source = slice_cstr(conf->override_source) };
    clients_add(intake_clients(intake), &in->client);
    for (unsigned i = 0; i < in->sockets.n; i++) {
        in->read[i] =
            event_new(intake_base(intake), in->sockets.fd[i], EV_READ | EV_PERSIST, on_read, in);
        xneed(in->read[i] && !event_add(in->read[i], NULL), "memory for a listener");
    }
    intake_add(intake, &input_ops, in);
    *port = in->sockets.port;
    return ERR_OK;
}

const struct input input_gelf_udp = {
    .name = "gelf_udp",
    .doc = "GELF messages over UDP, also compressed and in chunks.",
    .options = options,
    .conf_size = sizeof(struct udp_conf),
    .open = udp_open,
};
