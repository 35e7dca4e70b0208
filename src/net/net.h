/* One worker's packet path: frame -> packets -> flows -> streams -> protocols -> events. */
#pragma once

#include "base/err.h"
#include "base/hash.h"
#include "model/counter.h"
#include "model/option.h"
#include "model/packet.h"

struct net;
struct batch;
struct event;

struct net_conf {
    /* packetbeat.flows (packetbeat-core.md 2.4) */
    bool flows_enabled; /* false: the table is kept, no flow events are made */
    int64_t timeout_ns; /* idle time after which a flow ends */
    int64_t period_ns;  /* <= 0: final reports only */
    bool delta_reports; /* enable_delta_flow_reports */
    bool keep_null;
    /* our own limits */
    int64_t max_flows;     /* flow.max: the least recently used is ended early beyond it */
    int64_t memory_bytes;  /* cap of all of: flows, streams, pairs, protocol states */
    int64_t scratch_bytes; /* cap of what unpacking one message takes; 0: 64 MiB */
    int64_t defrag_bytes;  /* cap of incomplete datagrams */
    int64_t max_message;   /* largest message a TCP parser may ask to see whole */
    int64_t reorder_bytes; /* out-of-order bytes kept for one direction of a stream */
    uint32_t tunnels;      /* bit (1 << enum tunnel_type): open it */
    struct hash_key key;
    const void *proto_conf[COUNTER_PROTOS]; /* by enum proto_id; NULL: not enabled */
};

/* Where events go. `batch` gives the batch to build the next event in (never NULL); `emit` takes a
 * finished one that was built there. Both are called on the worker's thread. */
struct net_sink {
    struct batch *(*batch)(void *ctx, int64_t now_ns);
    void (*emit)(void *ctx, struct event *e);
    void *ctx;
};

/* All tables for one worker. conf must outlive it. Exits without memory (boot). */
struct net *net_new(const struct net_conf *conf, const struct net_sink *sink,
                    struct counters *counters);

/* Boot: of the flows only those of share `index` of n are this net's own (net/share.h); frames may
 * then belong to others too. */
void net_take_share(struct net *net, unsigned index, unsigned n);

/* One frame, in order of time. The packet's frame is borrowed for the call only; p is scratch for
 * the decoder. Timers run first, up to p->ts_ns, or p->clock_ns when that is later. */
void net_packet(struct net *net, struct packet *p);

/* A packet to come: fetches what will be read for it. For each packet, in order, NET_AHEAD before
 * its net_packet (fewer at the ends of an array). May do nothing. */
#define NET_AHEAD 16
void net_prefetch(struct net *net, const struct packet *p);

/* Live capture without packets: lets time pass up to now_ns. */
void net_tick(struct net *net, int64_t now_ns);

/* The kernel has dropped packets of this net since the last look: requests that wait now may have
 * lost their answers, and their events say so. */
void net_note_loss(struct net *net);

/* The capture has ended: reports everything that is still open, oldest first, and empties the
 * tables. */
void net_finish(struct net *net);

/* The same traffic, or older, comes once more and shall be new: net_finish, then time begins again.
 */
void net_restart(struct net *net);
void net_free(struct net *net);

/* What the tables hold now. */
struct net_stock {
    size_t flows, bytes;
};
struct net_stock net_stock(const struct net *net);

/* Bytes of table memory that a flow without a protocol takes at most: for tests and documentation.
 */
size_t net_flow_bytes(void);
