/* Connections: accepted under caps, read one request at a time, each state with a deadline, so that
 * nobody holds one open by being slow. The loop's thread. */
#pragma once

#include "web/web_private.h"

enum conn_state {
    CONN_HEAD, /* the head of a request is read (or none has begun) */
    CONN_BODY,
    CONN_WORK, /* the pool works on it */
    CONN_SEND, /* the answer is sent */
    CONN_LIVE, /* events are sent for as long as it is there */
    CONN_LAST, /* no more is sent; what still comes is thrown away */
};

struct bufferevent;

struct conn {
    struct list all;
    struct web *web;
    struct bufferevent *bev;
    struct addr ip;
    bool is_local, is_tls, keep_alive, fresh; /* fresh: no byte of the next request has come */
    enum conn_state state;
    int64_t deadline_ns;
    size_t scanned; /* bytes of the head that were looked at */
    struct exchange *x;
    uint64_t live_sent; /* of the last event: see live.c */
    int64_t live_ns;
};

/* A socket that was accepted; it is closed at once when there are too many. */
void conn_accept(struct web *web, int fd, const struct addr *ip, bool is_local);

/* What the pool is done with, on its way to the client. Frees x when there is none any more. */
void conn_answer(struct exchange *x);

/* Closes what is past its deadline. */
void conns_tick(struct web *web, int64_t now_ns);
void conn_close(struct conn *c);

/* Sends bytes to a live connection. False: it does not read them and is closed. */
bool conn_send_live(struct conn *c, struct slice bytes);
