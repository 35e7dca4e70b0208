/* One connection to a Lumberjack receiver: dials, sends windows, matches acknowledgements, and puts
 * back what a lost connection leaves unacknowledged. The thread of its post. */
#pragma once

#include <stdatomic.h>

#include "codec/deflate.h"
#include "model/counter.h"
#include "out/dial.h"
#include "out/pace.h"
#include "out/parcel.h"

#define LINK_WINDOWS_MAX 128 /* under way on one connection */

/* What all connections of an output share. */
struct post_conf {
    const struct endpoint *host;
    unsigned n_hosts;
    unsigned workers; /* connections to each host, when balancing */
    bool balance;     /* use all hosts at a time; else one, and another when it fails */
    unsigned window;  /* events at most in one */
    unsigned windows; /* under way on a connection, at least 1 */
    int level;        /* of compression; 0: none */
    int max_retries;  /* < 0: for ever */
    bool slow_start;
    int64_t ttl_ns;     /* a connection that old is closed when idle; 0: never */
    int64_t timeout_ns; /* without any answer */
    struct backoff backoff;
    struct dial_conf dial;
};

/* Loop thread only, but for the counters. */
struct post {
    const struct post_conf *conf;
    struct event_base *base;
    struct stretch_queue queue;
    struct deflater *deflater; /* NULL: level 0 */
    struct buf out;            /* a window as it travels */
    struct counters counters;
    void (*emptied)(struct post *p, struct parcel *parcel); /* all its events are done with */
    void (*passed)(struct post *p, unsigned events);        /* acknowledged or dropped */
    void (*pump)(struct post *p); /* a connection changed: it may take or need something */
};

enum link_state { LINK_IDLE, LINK_WAITING, LINK_DIALING, LINK_READY };

struct flight {
    struct stretch *stretch;
    uint32_t count, acked; /* events in the window; of them acknowledged */
    size_t bytes;          /* of the window as it travels */
};

struct link {
    struct post *post;
    enum link_state state;
    unsigned host; /* that it speaks to */
    bool roams;    /* may use any host */
    bool failing;  /* said in the log */
    struct dial *dial;
    struct bufferevent *bev;
    struct event *timer;
    struct flight flight[LINK_WINDOWS_MAX]; /* oldest first */
    unsigned n;
    size_t unwritten; /* when the timer was set */
    struct backoff backoff;
    struct slow_start slow;
    int64_t ready_ns;
};

void link_init(struct link *l, struct post *post, unsigned host, bool roams);

/* Closes it; what is under way goes back to the queue without another word. */
void link_free(struct link *l);

/* May a window be sent now? Closes a connection whose time to live is over. */
bool link_has_room(struct link *l);

/* Events that the next window may have. */
unsigned link_window(const struct link *l);
void link_send(struct link *l, struct stretch *s);

/* Begins to connect when it is idle. */
void link_connect(struct link *l);
