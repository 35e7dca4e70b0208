/* GELF over HTTP (graylog.md 2.4): POST /gelf. 202 comes when the message is durable, 503 when the
 * output did not take it. Parsing of HTTP is libevent's. */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "base/bug.h"
#include "in/gelf_put.h"
#include "in/http_guard.h"
#include "in/input.h"
#include "pipe/listener.h"
#include "pipe/servertls.h"

#define NAME        "inputs.gelf_http"
#define KIB         INT64_C(1024)
#define MIB         (1024 * KIB)
#define GIB         (1024 * MIB)
#define SECOND      INT64_C(1000000000)
#define DAY         (86400 * SECOND)
#define HEADERS_MAX 65536

struct http_conf {
    struct input_common common;
    bool enable_cors, enable_bulk;
    struct texts bind_address;
    int64_t port, recv_buffer_size, max_body, decompress_size_limit, idle_ns, max_requests,
        max_connections, request_ns;
    struct tls_conf tls;
    const char *override_source;
};

/* clang-format off */
static const struct option options[] = {
    INPUT_COMMON,
    OPT(http_conf, bind_address,          TEXTS,    "bind_address",          "any",     0, 0, 0, "Addresses to listen on; any is 0.0.0.0 and ::."),
    OPT(http_conf, port,                  INT,      "port",                  "12201",   0, 65535, 0, "Port to listen on; 0: any that is free."),
    OPT(http_conf, recv_buffer_size,      SIZE,     "recv_buffer_size",      "0",       0, GIB, 0, "Receive buffer of a connection in the kernel; 0: as the system sees fit."),
    OPT(http_conf, enable_cors,           BOOL,     "enable_cors",           "true",    0, 0, 0, "Let pages of other origins send messages."),
    OPT(http_conf, enable_bulk,           BOOL,     "enable_bulk_receiving", "false",   0, 0, 0, "A body may hold several messages, one a line."),
    OPT(http_conf, max_body,              SIZE,     "max_chunk_size",        "65536",   KIB, GIB, 0, "Largest body of a request."),
    OPT(http_conf, decompress_size_limit, SIZE,     "decompress_size_limit", "8388608", KIB, GIB, 0, "What a body may inflate to."),
    OPT(http_conf, idle_ns,               DURATION, "idle_writer_timeout",   "60s",     SECOND, DAY, 0, "A connection silent this long is closed."),
    OPT(http_conf, max_requests,          INT,      "max_requests",          "1024",    1, 1000000, 0, "Requests that wait for the output; more are answered with 503."),
    OPT(http_conf, max_connections,       INT,      "max_connections",       "1024",    1, 100000, 0, "Connections at a time; beyond it the slowest is closed."),
    OPT(http_conf, request_ns,            DURATION, "request_timeout",       "60s",     SECOND / 10, DAY, 0, "From the connection, or the first byte, to the whole request."),
    TLS_OPTIONS(http_conf),
    OPT(http_conf, override_source,       TEXT,     "override_source",       NULL,      0, 0, 0, "Replaces the source of every message."),
    INPUT_INERT("tcp_keepalive", "Silent connections are closed."),
    INPUT_INERT("number_worker_threads", "One thread serves all connections."),
    INPUT_INERT("charset_name", "Messages are UTF-8."),
    { 0 }
};
/* clang-format on */

struct http_input {
    const struct http_conf *conf;
    struct intake *intake;
    struct evhttp *http;
    struct http_guard *guard;
    struct gelf_put put;
    struct inflater *inflater;
    struct ssl_ctx_st *tls;
    struct chunk_pool pool;
    int64_t n; /* requests that wait */
};

/* A request whose messages are under way. */
struct waiting_request {
    struct client client;
    struct http_input *in;
    struct evhttp_request *request;
    struct message_origin origin;
    struct arena mem;
    struct slice rest; /* messages that are not in a batch yet */
    uint32_t lines;
    bool all_put, failed;
};

/* ---- answers */

static void allow_origin(const struct http_input *in, struct evhttp_request *request)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(request);
    const char *origin = evhttp_find_header(evhttp_request_get_input_headers(request), "Origin");
    if (!in->conf->enable_cors || !origin || !*origin)
        return;
    evhttp_add_header(out, "Access-Control-Allow-Origin", origin);
    evhttp_add_header(out, "Access-Control-Allow-Credentials", "true");
    evhttp_add_header(out, "Access-Control-Allow-Headers", "Authorization, Content-Type");
}

static void reply(const struct http_input *in, struct evhttp_request *request, int code,
                  const char *text)
{
    allow_origin(in, request);
    http_guard_answered(in->guard, request);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Length", "0");
    evhttp_send_reply(request, code, text, NULL);
}

static void end(struct waiting_request *r, int code, const char *text)
{
    struct http_input *in = r->in;
    clients_remove(intake_clients(in->intake), &r->client);
    arena_free(&r->mem);
    in->n--;
    reply(in, r->request, code, text);
    xfree(r);
}

static void end_when_answered(struct waiting_request *r)
{
    if (!r->all_put || r->client.unanswered)
        return;
    if (r->failed)
        end(r, HTTP_SERVUNAVAIL, "Service Unavailable");
    else
        end(r, 202, "Accepted");
}

/* ---- messages */

static struct slice first_line(const struct waiting_request *r)
{
    ptrdiff_t at = r->in->conf->enable_bulk ? slice_find(r->rest, '\n') : -1;
    return at < 0 ? r->rest : slice_first(r->rest, (size_t)at);
}

/* Puts messages into batches until there are no more, or no room. */
static void put_all(struct waiting_request *r)
{
    struct ticket t = { .window = 1 };
    bool bulk = r->in->conf->enable_bulk;
    while (!r->all_put) {
        struct slice line = first_line(r);
        bool blank = bulk && message_trim(line).n == 0;
        if (!blank && gelf_put(&r->in->put, line, &r->origin) == GELF_LATER) {
            intake_wait(r->in->intake, &r->client);
            return;
        }
        t.sequence = ++r->lines;
        if (!blank)
            intake_ticket(r->in->intake, &r->client, &t);
        r->rest = slice_after(r->rest, line.n + 1);
        r->all_put = r->rest.n == 0;
    }
    end_when_answered(r);
}

static void http_answered(struct client *c, uint64_t window, uint32_t sequence, bool durable)
{
    struct waiting_request *r = container_of(c, struct waiting_request, client);
    (void)window, (void)sequence;
    r->failed |= !durable;
    end_when_answered(r);
}

static void http_resume(struct client *c)
{
    put_all(container_of(c, struct waiting_request, client));
}

static void http_stop_client(struct client *c)
{
    (void)c; /* what is under way is answered; what waits for room is closed */
}

static void http_close(struct client *c)
{
    end(container_of(c, struct waiting_request, client), HTTP_SERVUNAVAIL, "Service Unavailable");
}

static const struct client_ops client_ops = {
    .answered = http_answered,
    .resume = http_resume,
    .stop = http_stop_client,
    .close = http_close,
};

/* ---- requests */

enum packing { PACKING_NONE, PACKING_ZLIB, PACKING_GZIP };

static enum packing packing_of(struct evhttp_request *request)
{
    struct slice s = slice_cstr(
        evhttp_find_header(evhttp_request_get_input_headers(request), "Content-Encoding"));
    if (slice_eq_nocase(s, SLICE("gzip")) || slice_eq_nocase(s, SLICE("x-gzip")))
        return PACKING_GZIP;
    return slice_eq_nocase(s, SLICE("deflate")) ? PACKING_ZLIB : PACKING_NONE;
}

static bool read_body(struct waiting_request *r)
{
    struct http_input *in = r->in;
    struct evbuffer *b = evhttp_request_get_input_buffer(r->request);
    size_t n = evbuffer_get_length(b);
    struct slice body = slice_of(n ? evbuffer_pullup(b, -1) : NULL, n);
    struct unpacking how = { &r->mem, (size_t)in->conf->decompress_size_limit, 0 };
    enum packing packing = packing_of(r->request);
    r->rest = body;
    return packing == PACKING_NONE ||
           deflate_unpack(in->inflater, packing == PACKING_GZIP ? DEFLATE_GZIP : DEFLATE_ZLIB, body,
                          &how, &r->rest) == DEFLATE_DONE;
}

static void find_origin(struct waiting_request *r)
{
    char *text = NULL;
    struct evhttp_connection *c = evhttp_request_get_connection(r->request);
    r->origin.input = NAME;
    if (c)
        evhttp_connection_get_peer(c, &text, &r->origin.port);
    if (!text || !addr_parse(slice_cstr(text), &r->origin.ip))
        r->origin.ip = (struct addr){ { 0 } };
}

static void take(struct http_input *in, struct evhttp_request *request)
{
    if (in->n >= in->conf->max_requests) {
        reply(in, request, HTTP_SERVUNAVAIL, "Service Unavailable");
        return;
    }
    struct waiting_request *r = xcalloc(1, sizeof *r);
    r->in = in;
    r->request = request;
    r->client.ops = &client_ops;
    arena_init(&r->mem, &in->pool, 0);
    clients_add(intake_clients(in->intake), &r->client);
    in->n++;
    find_origin(r);
    if (read_body(r))
        put_all(r);
    else
        end(r, HTTP_BADREQUEST, "Bad Request");
}

static void on_request(struct evhttp_request *request, void *ctx)
{
    struct http_input *in = ctx;
    enum evhttp_cmd_type method = evhttp_request_get_command(request);
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    http_guard_taken(in->guard, request);
    counter_add(intake_counters(in->intake), COUNTER_GELF_REQUESTS, 1);
    if (method == EVHTTP_REQ_OPTIONS)
        reply(in, request, HTTP_OK, "OK");
    else if (method != EVHTTP_REQ_POST)
        reply(in, request, HTTP_BADMETHOD, "Method Not Allowed");
    else if (!path || strcmp(path, "/gelf") != 0)
        reply(in, request, HTTP_NOTFOUND, "Not Found");
    else
        take(in, request);
}

/* ---- birth and end */

static void http_stop(void *ctx)
{
    struct http_input *in = ctx;
    (void)in; /* requests that still come are answered until the loop ends */
}

static void http_free(void *ctx)
{
    struct http_input *in = ctx;
    evhttp_free(in->http);
    http_guard_free(in->guard);
    tls_free(in->tls);
    gelf_reader_free(in->put.reader);
    inflater_free(in->inflater);
    chunk_pool_free(&in->pool);
    xfree(in);
}

static const struct input_ops input_ops = { http_stop, http_free };

static void set_up(struct http_input *in, struct sockets *s)
{
    const struct http_conf *conf = in->conf;
    struct timeval t = { conf->idle_ns / SECOND, 0 };
    const struct http_guard_conf guard = { .base = intake_base(in->intake),
                                           .tls = in->tls,
                                           .max = (unsigned)conf->max_connections,
                                           .request_ns = conf->request_ns,
                                           .counters = intake_counters(in->intake) };
    in->http = evhttp_new(intake_base(in->intake));
    xneed(in->http, "memory for an HTTP server");
    evhttp_set_max_body_size(in->http, conf->max_body);
    evhttp_set_max_headers_size(in->http, HEADERS_MAX);
    evhttp_set_timeout_tv(in->http, &t);
    evhttp_set_allowed_methods(in->http, 0xffff);
    evhttp_set_gencb(in->http, on_request, in);
    in->guard = http_guard_new(&guard);
    evhttp_set_bevcb(in->http, http_guard_make, in->guard);
    for (unsigned i = 0; i < s->n; i++)
        xneed(!evhttp_accept_socket(in->http, s->fd[i]), "memory for an HTTP server");
}

static err http_open(struct intake *intake, const void *given, uint16_t *port, struct why *w)
{
    const struct http_conf *conf = given;
    struct sockets sockets;
    struct http_input *in = xcalloc(1, sizeof *in);
    struct listen_conf listen = { .addresses = conf->bind_address,
                                  .port = conf->port,
                                  .receive_bytes = conf->recv_buffer_size };
    err rc = tls_new(&conf->tls, NAME, &in->tls, w);
    if (!rc)
        rc = listener_open(&listen, NAME, &sockets, w);
    if (rc) {
        tls_free(in->tls);
        xfree(in);
        return rc;
    }
    in->conf = conf;
    in->intake = intake;
    in->inflater = inflater_new();
    in->pool.max_bytes = (size_t)(conf->decompress_size_limit * 8);
    in->put = (struct gelf_put){ .intake = intake,
                                 .reader = gelf_reader_new((size_t)conf->decompress_size_limit),
                                 .override_source = slice_cstr(conf->override_source) };
    set_up(in, &sockets);
    intake_add(intake, &input_ops, in);
    *port = sockets.port;
    return ERR_OK;
}

const struct input input_gelf_http = {
    .name = "gelf_http",
    .doc = "GELF messages over HTTP: POST /gelf.",
    .options = options,
    .conf_size = sizeof(struct http_conf),
    .open = http_open,
};
