/* The HTTP server inside `serve`: the API and the dashboard (docs/web.md). It has a thread for its
 * loop and a few for queries; nothing of it touches the path of messages. */
#pragma once

#include "model/counter.h"
#include "pipe/board.h"
#include "pipe/servertls.h"

#define WEB_SOCKET_NAME "wirelume.sock"

struct web_conf {
    bool enabled;
    struct texts host;
    int64_t port;
    struct tls_conf tls;
    struct texts users, tokens, names;
    int64_t idle_ns, life_ns; /* of sessions */
    int64_t connections, connections_of_address, max_body, head_ns, body_ns, quiet_ns;
    int64_t threads, queue, query_ns, live_clients;
};
extern const struct option web_options[];

struct packs_conf;
struct store;

/* A queue that others have, to be shown. */
struct web_queue {
    const char *name; /* NULL: none */
    void *ctx;
    unsigned (*used)(void *ctx); /* any thread */
    unsigned size;
};

/* An input that listens, to be shown. */
struct web_input {
    const char *name;    /* below `inputs.` */
    const char *address; /* the first that it was told: "any", "127.0.0.1" */
    unsigned port;
    bool tls;
};

#define WEB_INPUTS 16
struct web_inputs {
    struct web_input v[WEB_INPUTS];
    unsigned n;
};

struct packs;

/* The packs in force: they stay as they are while look runs, on the caller's thread. */
struct web_rules {
    void *ctx;
    void (*use)(void *ctx, void (*look)(void *arg, const struct packs *p), void *arg); /* or NULL */
};

/* What others know. All of it outlives the server. */
struct web_sources {
    const char *version;
    const char *folder; /* of the state, the indices and the socket */
    const struct counters *counters[4];
    unsigned n_counters;
    struct web_queue queue;
    struct web_inputs inputs;
    struct board *board;
    struct store *store;            /* NULL: messages go elsewhere, and nothing can be asked */
    const struct packs_conf *packs; /* NULL: none */
    struct web_rules rules;
};

struct web;

/* Binds, before rights are given up. A mistake of the configuration is ERR_CONFIG; an address that
 * cannot be had is ERR_IO or ERR_RIGHTS. */
MUST_CHECK err web_open(struct web **out, const struct web_conf *conf,
                        const struct web_sources *sources, struct why *w);

/* Starts its threads. */
MUST_CHECK err web_start(struct web *web, struct why *w);

/* "http://127.0.0.1:8514/" */
const char *web_address(const struct web *web);

/* Ends its threads and closes everything; NULL is accepted. */
void web_free(struct web *web);
