/* A small HTTP server for numbers (http.enabled): GET alone, one answer a connection, no login, as
 * Packetbeat has it; so it listens on this machine unless told otherwise. One thread. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "web/http.h"

struct monitor_answer {
    int status; /* 200 at first */
    const char *type;
    struct buf *body;
};

struct monitor_conf {
    const char *host; /* a name or address, or unix:///path (mode 0740) */
    int64_t port;     /* 0: any that is free; not of a unix socket */
    /* On the server's thread, for GET and HEAD. A body that is full is given again with more room.
     */
    void (*answer)(void *ctx, const struct http_head *head, struct monitor_answer *a);
    void *ctx;
};

struct monitor;

/* Binds, before rights are given up. */
MUST_CHECK err monitor_open(struct monitor **out, const struct monitor_conf *conf, struct why *w);
MUST_CHECK err monitor_start(struct monitor *m, struct why *w); /* its thread */

/* "http://localhost:5066/" or "unix:///path" */
const char *monitor_address(const struct monitor *m);
void monitor_free(struct monitor *m); /* NULL is accepted */
