/* Of each connection it holds a reference, and is called when bytes come. One is ended by shutting
 * its socket down: the server then finds it closed, as if the client had gone. */
#include "in/http_guard.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/bug.h"
#include "os/clock.h"

#define BUCKETS       1024
#define LOOKS         4 /* in the time that a request may take */
#define LOOK_MAX_NS   INT64_C(1000000000)
#define NS_PER_US     1000
#define US_PER_S      1000000
#define LONG_AGO      1
#define POINTER_SHIFT 6

struct connection {
    struct http_guard *guard;
    struct bufferevent *bev;
    struct connection *next;
    int64_t since_ns; /* it owes a request since then; 0: it does not */
    bool busy;        /* with a request that is not answered */
    bool fresh;       /* the server does not have it yet */
};

struct http_guard {
    struct http_guard_conf conf;
    struct event *look;
    struct connection *bucket[BUCKETS];
    unsigned n;
};

static struct connection **place(struct http_guard *g, const struct bufferevent *bev)
{
    struct connection **at = &g->bucket[((uintptr_t)bev >> POINTER_SHIFT) % BUCKETS];
    while (*at && (*at)->bev != bev)
        at = &(*at)->next;
    return at;
}

/* ---- bytes */

static void on_bytes(struct evbuffer *b, const struct evbuffer_cb_info *info, void *ctx)
{
    struct connection *c = ctx;
    (void)b;
    if (info->n_added && !c->since_ns && !c->busy)
        c->since_ns = clock_mono_ns();
}

/* ---- ends */

static void end(struct connection *c)
{
    evutil_socket_t fd = bufferevent_getfd(c->bev);
    c->since_ns = 0;
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
}

/* The server has let go of it: then nobody is called any more. */
static bool is_gone(const struct connection *c)
{
    bufferevent_data_cb on_read, on_write;
    bufferevent_event_cb on_event;
    void *ctx;
    bufferevent_getcb(c->bev, &on_read, &on_write, &on_event, &ctx);
    return !c->fresh && !on_read && !on_write && !on_event;
}

static void remove_one(struct http_guard *g, struct connection **at)
{
    struct connection *c = *at;
    *at = c->next;
    g->n--;
    evbuffer_remove_cb(bufferevent_get_input(c->bev), on_bytes, c);
    bufferevent_decref(c->bev);
    xfree(c);
}

static void remove_gone(struct http_guard *g, bool all)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (struct connection **at = &g->bucket[i]; *at;) {
            if (all || is_gone(*at))
                remove_one(g, at);
            else
                at = &(*at)->next;
        }
    }
}

static bool is_late(const struct connection *c, int64_t now)
{
    return c->since_ns && now - c->since_ns >= c->guard->conf.request_ns;
}

static void look(evutil_socket_t fd, short what, void *ctx)
{
    struct http_guard *g = ctx;
    int64_t now = clock_mono_ns();
    (void)fd, (void)what;
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (struct connection *c = g->bucket[i]; c; c = c->next) {
            c->fresh = false;
            if (!is_late(c, now))
                continue;
            counter_add(g->conf.counters, COUNTER_GELF_HTTP_SLOW, c->since_ns != LONG_AGO);
            end(c);
        }
    }
    remove_gone(g, false);
}

/* ---- births */

/* The one that owes its request for the longest time; NULL: none does. */
static struct connection *slowest(const struct http_guard *g)
{
    struct connection *found = NULL;
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct connection *c = g->bucket[i]; c; c = c->next)
            if (c->since_ns && (!found || c->since_ns < found->since_ns))
                found = c;
    return found;
}

static struct bufferevent *make_bare(const struct http_guard *g)
{
    if (!g->conf.tls)
        return bufferevent_socket_new(g->conf.base, -1, BEV_OPT_CLOSE_ON_FREE);
    return bufferevent_openssl_socket_new(g->conf.base, -1, SSL_new(g->conf.tls),
                                          BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
}

/* There is no room: the slowest goes, or this one when all others wait for an answer. */
static void make_room(struct http_guard *g, struct connection *c)
{
    if (g->n >= g->conf.max)
        remove_gone(g, false);
    if (g->n < g->conf.max)
        return;
    struct connection *other = slowest(g);
    counter_add(g->conf.counters, COUNTER_GELF_HTTP_CROWDED, 1);
    if (other)
        end(other);
    else
        c->since_ns = LONG_AGO;
}

struct bufferevent *http_guard_make(struct event_base *base, void *guard)
{
    struct http_guard *g = guard;
    struct connection *c = xcalloc(1, sizeof *c);
    (void)base;
    *c = (struct connection){
        .guard = g, .bev = make_bare(g), .since_ns = clock_mono_ns(), .fresh = true
    };
    xneed(c->bev, "memory for a connection");
    make_room(g, c);
    bufferevent_incref(c->bev);
    xneed(evbuffer_add_cb(bufferevent_get_input(c->bev), on_bytes, c), "memory for a connection");
    *place(g, c->bev) = c;
    g->n++;
    return c->bev;
}

static struct connection *find(struct http_guard *g, struct evhttp_request *r)
{
    struct evhttp_connection *c = evhttp_request_get_connection(r);
    return c ? *place(g, evhttp_connection_get_bufferevent(c)) : NULL;
}

void http_guard_taken(struct http_guard *g, struct evhttp_request *r)
{
    struct connection *c = find(g, r);
    if (!c)
        return;
    c->since_ns = 0;
    c->busy = true;
}

void http_guard_answered(struct http_guard *g, struct evhttp_request *r)
{
    struct connection *c = find(g, r);
    if (c)
        c->busy = false;
}

unsigned http_guard_count(const struct http_guard *g)
{
    return g->n;
}

/* ---- birth and end */

struct http_guard *http_guard_new(const struct http_guard_conf *conf)
{
    struct http_guard *g = xcalloc(1, sizeof *g);
    int64_t us = conf->request_ns / LOOKS;
    us = (us < LOOK_MAX_NS ? us : LOOK_MAX_NS) / NS_PER_US;
    const struct timeval t = { us / US_PER_S, us % US_PER_S };
    g->conf = *conf;
    g->look = event_new(conf->base, -1, EV_PERSIST, look, g);
    xneed(g->look && !event_add(g->look, &t), "memory for a timer");
    return g;
}

void http_guard_free(struct http_guard *g)
{
    if (!g)
        return;
    event_free(g->look);
    remove_gone(g, true);
    xfree(g);
}
