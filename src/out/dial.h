/* From "host:port" to a connection that is ready for bytes: name lookup, TCP, SOCKS 5, TLS. On an
 * event loop, one thread, within a time limit. */
#pragma once

#include <event2/bufferevent.h>

#include "out/endpoint.h"
#include "out/socks5.h"
#include "out/tls.h"

struct dial_conf {
    int64_t timeout_ns;              /* for all steps together */
    const struct socks5_conf *proxy; /* NULL: none */
    bool local_resolver;             /* look names up here although the proxy could */
    struct tls_client *tls;          /* NULL: none */
};

struct dial;

/* Called once, from the loop, unless dial_cancel comes first: a connection that is the receiver's
 * (bufferevent_free closes it), or NULL and the reason. */
typedef void dial_done(void *ctx, struct bufferevent *bev, const struct why *w);

/* conf and to must stay until done; done is never called from within dial_start. */
struct dial *dial_start(struct event_base *base, const struct dial_conf *conf,
                        const struct endpoint *to, dial_done *done, void *ctx);

/* Ends it without calling done. NULL is accepted. */
void dial_cancel(struct dial *d);

/* Why a bufferevent's connection ended, in words. */
void dial_explain(struct bufferevent *bev, short what, struct why *w);
