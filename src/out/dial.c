/* Connecting, step by step, each with its own callback. Every address of a name is tried. */
#include "out/dial.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/bug.h"
#include "os/lookup.h"

#define NS_PER_S    INT64_C(1000000000)
#define SOCKS_BYTES 1024

struct dial {
    struct event_base *base;
    const struct dial_conf *conf;
    const struct endpoint *to;
    dial_done *done;
    void *ctx;
    struct lookup *lookup;
    struct event *looked_up, *timer;
    struct addrinfo *found, *next; /* addresses; the next one to try */
    struct bufferevent *bev;
    struct socks5 socks;
    char digits[NI_MAXHOST]; /* for the proxy, when names are looked up here */
    bool tls_running;
    struct why why; /* of the last failure */
};

static void connect_next(struct dial *d);
static void start_tls(struct dial *d);

/* Names go to the proxy as they are, unless they are to be looked up here. */
static bool proxy_resolves(const struct dial *d)
{
    return d->conf->proxy && !d->conf->local_resolver;
}

static void dial_free(struct dial *d)
{
    if (d->lookup) {
        event_free(d->looked_up);
        lookup_cancel(d->lookup);
    }
    if (d->found)
        freeaddrinfo(d->found);
    if (d->bev)
        bufferevent_free(d->bev);
    event_free(d->timer);
    xfree(d);
}

static void finish(struct dial *d, struct bufferevent *bev)
{
    dial_done *done = d->done;
    void *ctx = d->ctx;
    struct why why = d->why;
    d->bev = NULL;
    dial_free(d);
    done(ctx, bev, &why);
}

static void fail(struct dial *d)
{
    struct bufferevent *bev = d->bev;
    d->bev = NULL;
    if (bev)
        bufferevent_free(bev);
    finish(d, NULL);
}

static void fail_with(struct dial *d, const char *text)
{
    err e = why_set(&d->why, ERR_IO, "%s", text);
    (void)e;
    fail(d);
}

void dial_cancel(struct dial *d)
{
    if (d)
        dial_free(d);
}

void dial_explain(struct bufferevent *bev, short what, struct why *w)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    unsigned long code = ssl ? bufferevent_get_openssl_error(bev) : 0;
    int number = EVUTIL_SOCKET_ERROR();
    err e = ERR_OK;
    if (code || (ssl && SSL_get_verify_result(ssl) != X509_V_OK))
        tls_explain(ssl, code, w);
    else if (what & BEV_EVENT_EOF || number == 0)
        e = why_set(w, ERR_IO, "the receiver closed the connection");
    else
        e = why_set(w, ERR_IO, "%s", strerror(number));
    (void)e;
}

static void on_timeout(evutil_socket_t fd, short what, void *ctx)
{
    struct dial *d = ctx;
    (void)fd, (void)what;
    fail_with(d, d->lookup        ? "no answer from the name service in time"
                 : d->tls_running ? "no TLS handshake in time"
                                  : "no connection in time");
}

/* ---- TLS */

static void on_tls(struct bufferevent *bev, short what, void *ctx)
{
    struct dial *d = ctx;
    if (!(what & BEV_EVENT_CONNECTED)) {
        dial_explain(bev, what, &d->why);
        fail(d);
        return;
    }
    if (tls_client_check(d->conf->tls, bufferevent_openssl_get_ssl(bev), &d->why))
        fail(d);
    else
        finish(d, bev);
}

/* The socket changes hands from the plain bufferevent to one that speaks TLS. */
static void start_tls(struct dial *d)
{
    SSL *ssl = tls_client_connect(d->conf->tls, d->to->host);
    evutil_socket_t fd = bufferevent_getfd(d->bev);
    if (!ssl) {
        fail_with(d, "TLS: no memory");
        return;
    }
    bufferevent_setfd(d->bev, -1);
    bufferevent_free(d->bev);
    d->tls_running = true;
    d->bev = bufferevent_openssl_socket_new(d->base, fd, ssl, BUFFEREVENT_SSL_CONNECTING,
                                            BEV_OPT_CLOSE_ON_FREE);
    if (!d->bev) {
        SSL_free(ssl);
        evutil_closesocket(fd);
        fail_with(d, "TLS: no memory");
        return;
    }
    bufferevent_setcb(d->bev, NULL, NULL, on_tls, d);
    bufferevent_enable(d->bev, EV_READ | EV_WRITE);
}

static void connected(struct dial *d)
{
    if (d->conf->tls)
        start_tls(d);
    else
        finish(d, d->bev);
}

/* ---- SOCKS 5 */

static void on_socks_bytes(struct bufferevent *bev, void *ctx)
{
    struct dial *d = ctx;
    uint8_t text[SOCKS_BYTES];
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t n = evbuffer_get_length(in);
    struct cursor c = cur_of(slice_of(n ? evbuffer_pullup(in, -1) : NULL, n));
    struct buf out = buf_of(text, sizeof text);
    if (socks5_read(&d->socks, &c, &out, &d->why)) {
        fail(d);
        return;
    }
    size_t taken = n - cur_left(&c);
    evbuffer_drain(in, taken);
    if (out.n)
        bufferevent_write(bev, text, out.n);
    if (d->socks.step == SOCKS5_DONE)
        connected(d);
    else if (taken && evbuffer_get_length(in))
        on_socks_bytes(bev, d); /* at most once a step */
}

static void on_socks_event(struct bufferevent *bev, short what, void *ctx)
{
    struct dial *d = ctx;
    dial_explain(bev, what, &d->why);
    fail(d);
}

static void start_socks(struct dial *d)
{
    uint8_t text[SOCKS_BYTES];
    struct buf out = buf_of(text, sizeof text);
    d->socks = (struct socks5){ .conf = d->conf->proxy, .host = d->to->host, .port = d->to->port };
    if (d->digits[0])
        d->socks.host = d->digits;
    socks5_begin(&d->socks, &out);
    bufferevent_setcb(d->bev, on_socks_bytes, NULL, on_socks_event, d);
    bufferevent_enable(d->bev, EV_READ | EV_WRITE);
    bufferevent_write(d->bev, text, out.n);
}

/* ---- TCP */

static void on_connected(struct bufferevent *bev, short what, void *ctx)
{
    struct dial *d = ctx;
    int one = 1;
    if (!(what & BEV_EVENT_CONNECTED)) {
        dial_explain(bev, what, &d->why);
        bufferevent_free(bev);
        d->bev = NULL;
        connect_next(d);
        return;
    }
    setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(bufferevent_getfd(bev), SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    if (d->conf->proxy)
        start_socks(d);
    else
        connected(d);
}

/* Tries the next address, or gives up with the reason of the last. */
static void connect_next(struct dial *d)
{
    while (d->next) {
        struct addrinfo *a = d->next;
        d->next = a->ai_next;
        d->bev =
            bufferevent_socket_new(d->base, -1, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
        if (!d->bev)
            break;
        bufferevent_setcb(d->bev, NULL, NULL, on_connected, d);
        if (bufferevent_socket_connect(d->bev, a->ai_addr, (int)a->ai_addrlen) == 0)
            return;
        dial_explain(d->bev, BEV_EVENT_ERROR, &d->why);
        bufferevent_free(d->bev);
        d->bev = NULL;
    }
    fail(d);
}

/* ---- names */

/* The name of the receiver is known now; the proxy's still has to be. */
static bool keep_digits(struct dial *d)
{
    return getnameinfo(d->found->ai_addr, d->found->ai_addrlen, d->digits, sizeof d->digits, NULL,
                       0, NI_NUMERICHOST) == 0;
}

static void look_up(struct dial *d, const char *host, const char *port);

static void found(struct dial *d)
{
    if (d->conf->proxy && !proxy_resolves(d) && !d->digits[0]) {
        bool good = keep_digits(d);
        freeaddrinfo(d->found);
        d->found = NULL;
        if (good)
            look_up(d, d->conf->proxy->host, d->conf->proxy->port);
        else
            fail_with(d, "the address cannot be written in digits");
        return;
    }
    d->next = d->found;
    connect_next(d);
}

static void on_looked_up(evutil_socket_t fd, short what, void *ctx)
{
    struct dial *d = ctx;
    (void)fd, (void)what;
    event_free(d->looked_up);
    d->found = lookup_take(d->lookup, &d->why);
    d->lookup = NULL;
    if (d->found)
        found(d);
    else
        fail(d);
}

static void look_up(struct dial *d, const char *host, const char *port)
{
    d->found = lookup_digits(host, port);
    if (d->found) {
        found(d);
        return;
    }
    d->lookup = lookup_start(host, port);
    if (!d->lookup) {
        fail_with(d, "no thread can be started to look the name up");
        return;
    }
    d->looked_up = event_new(d->base, lookup_fd(d->lookup), EV_READ, on_looked_up, d);
    BUG_ON(!d->looked_up);
    event_add(d->looked_up, NULL);
}

static void begin(evutil_socket_t fd, short what, void *ctx)
{
    struct dial *d = ctx;
    struct timeval limit = { d->conf->timeout_ns / NS_PER_S,
                             d->conf->timeout_ns % NS_PER_S / 1000 };
    (void)fd, (void)what;
    event_assign(d->timer, d->base, -1, 0, on_timeout, d);
    event_add(d->timer, &limit);
    if (proxy_resolves(d))
        look_up(d, d->conf->proxy->host, d->conf->proxy->port);
    else
        look_up(d, d->to->host, d->to->port);
}

struct dial *dial_start(struct event_base *base, const struct dial_conf *conf,
                        const struct endpoint *to, dial_done *done, void *ctx)
{
    static const struct timeval at_once = { 0, 0 };
    struct dial *d = xcalloc(1, sizeof *d);
    d->base = base;
    d->conf = conf;
    d->to = to;
    d->done = done;
    d->ctx = ctx;
    d->timer = event_new(base, -1, 0, begin, d);
    xneed(d->timer, "memory for a connection");
    event_add(d->timer, &at_once);
    return d;
}
