/* Connections of libevent's HTTP server: how many there may be, and how long a request may take to
 * come. It knows neither, and a client that sends a byte now and then would stay for ever. The
 * thread of the loop. */
#pragma once

#include "base/attr.h"
#include "model/counter.h"

struct bufferevent;
struct event_base;
struct evhttp_request;
struct ssl_ctx_st;
struct http_guard;

struct http_guard_conf {
    struct event_base *base;
    struct ssl_ctx_st *tls; /* NULL: none */
    unsigned max;           /* connections; another one takes the place of the slowest */
    int64_t request_ns;     /* from the connection, or the first byte, to the whole request */
    struct counters *counters;
};

struct http_guard *http_guard_new(const struct http_guard_conf *conf);

/* For evhttp_set_bevcb: the next connection. */
struct bufferevent *http_guard_make(struct event_base *base, void *guard);

/* A request is whole; it is answered: the next may come. */
void http_guard_taken(struct http_guard *g, struct evhttp_request *r);
void http_guard_answered(struct http_guard *g, struct evhttp_request *r);

/* Connections there are. */
unsigned http_guard_count(const struct http_guard *g);

/* After evhttp_free. NULL is accepted. */
void http_guard_free(struct http_guard *g);
