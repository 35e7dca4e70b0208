/* A request and its answer. It belongs to the loop's thread, and to a thread of the pool while that
 * works on it. */
#pragma once

#include <stdatomic.h>

#include "base/list.h"
#include "web/access.h"
#include "web/route.h"

/* Of an answer; pages that are never touched cost nothing. */
#define JSON_BYTES   ((size_t)16 << 20)
#define HEADER_BYTES 1024

struct conn;
struct web;
struct worker;

enum exchange_stop { STOP_NOT, STOP_GONE, STOP_LATE };

/* Who asks. */
struct who {
    enum access_need role;
    struct slice name; /* empty: nobody in particular */
    struct access_session *session;
    bool by_token, is_local; /* local: over the unix socket */
};

struct exchange {
    struct list queued;
    struct web *web;
    struct conn *conn; /* the loop's: NULL when its client is gone */
    struct addr ip;
    struct arena mem;
    struct http_head head;
    struct slice body;
    const struct route *route;
    struct slice id; /* what stands in the path for the part in capitals */
    struct who who;
    int64_t deadline_ns;
    atomic_int stop;       /* shared: enum exchange_stop, set by the loop, read by the pool */
    struct worker *worker; /* of the pool's thread */
    void (*work)(struct exchange *x);   /* to be done on the pool; NULL: nothing */
    void (*finish)(struct exchange *x); /* on the loop, after that; NULL */
    const struct access_user *logged_in;

    int status;
    const char *type;
    struct buf out;        /* memory is the exchange's */
    struct slice constant; /* or an answer that lives for ever */
    struct buf headers;
    uint8_t header_text[HEADER_BYTES];
    bool packed; /* out is gzip */
    bool live;   /* the connection goes on as a stream of events */
};

struct exchange *exchange_new(struct web *web, size_t max_bytes);
void exchange_free(struct exchange *x);

/* 200, and a buffer for JSON. When it is full at the end the answer is 500. */
struct buf *exchange_json(struct exchange *x);
struct buf *exchange_buffer(struct exchange *x, size_t bytes); /* the same, of so many bytes */

/* The answer is an error. */
void exchange_fail(struct exchange *x, int status, const char *fmt, ...) PRINTF(3);
/* The same, at a place in the text of a query: line from 1, column from 0. */
void exchange_fail_at(struct exchange *x, const char *text, unsigned line, unsigned column);

/* 400, 404, 500 or 503 by the kind of failure. */
void exchange_fail_why(struct exchange *x, err e, const struct why *w);

/* Adds a header line; name and value are ours. */
void exchange_header(struct exchange *x, const char *name, const char *value);

/* Reads the body as a JSON object; NULL and the answer is an error. */
const struct node *exchange_object(struct exchange *x);
