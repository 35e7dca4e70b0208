/* What the files of the server share. */
#pragma once

#include "pipe/listener.h"
#include "web/health.h"
#include "web/limiter.h"
#include "web/pool.h"
#include "web/web.h"

#define HEAD_MAX   ((size_t)16 * 1024) /* bytes of a request's head */
#define PATH_BYTES 4096

struct event;
struct event_base;
struct ssl_ctx_st;

struct web {
    struct web_conf conf;
    struct web_sources sources;
    struct access access;
    struct ssl_ctx_st *tls; /* NULL: none */
    struct sockets sockets;
    int local; /* the unix socket; -1: none */
    char local_path[PATH_BYTES], address[256];

    /* the loop's */
    struct event_base *base;
    struct event *accept[LISTENER_SOCKETS], *accept_local, *pool_done, *stop, *tick, *second;
    struct thread loop;
    struct bell stop_bell;
    struct list conns;   /* of struct conn */
    atomic_uint n_conns; /* shared: written by the loop, read by any */
    unsigned n_live;
    bool resting; /* out of descriptors: nothing is accepted until the next tick */
    struct limiter limiter;
    struct counters *counters;
    int64_t next_note_ns; /* refused connections: a line in the log now and then */

    struct pool pool;
    struct health health;
    int64_t started_ns;
};

static inline void web_count(struct web *web, enum counter_id id)
{
    counter_add(web->counters, id, 1);
}
