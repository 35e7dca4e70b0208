/* What an application protocol is, and all that its parser may use. A protocol is one file with one
 * `struct proto` at its bottom and one row in protocols.def; it knows neither sockets, threads,
 * configuration files nor how events are encoded. */
#pragma once

#include "base/bug.h"
#include "base/cursor.h"
#include "base/slab.h"
#include "base/table.h"
#include "base/trace.h"
#include "model/batch.h"
#include "model/counter.h"
#include "model/flow.h"
#include "model/option.h"

/* Sender of the bytes. The client is who opened the connection or asked first. */
enum dir { DIR_CLIENT, DIR_SERVER };

enum verdict {
    PARSE_OK,   /* whole messages were consumed; call again if bytes are left */
    PARSE_MORE, /* the cursor stands at the start of a message that is not whole; x->need tells */
    PARSE_BAD, /* not this protocol: the buffered bytes of this direction are dropped and counted */
    PARSE_DONE, /* nothing more to see on this connection (upgrade, encryption) */
};

enum proto_l4 { L4_TCP = 1, L4_UDP = 2, L4_ICMP = 4 };

/* Why a waiting request is given up (struct proto's orphan). */
enum orphan_reason {
    ORPHAN_TIMEOUT,  /* transaction_timeout passed in packet time */
    ORPHAN_REPLACED, /* another request with the same key came: the parser said so */
    ORPHAN_CLOSED,   /* the connection or flow ended */
    ORPHAN_CAPTURE,  /* the capture ended */
    ORPHAN_EVICTED,  /* a cap on waiting requests was reached */
};

/* Options that every protocol has (packetbeat-protocols.md 0.6). The first member of each
 * protocol's own conf struct; read from the table proto_common_options. */
struct proto_conf {
    bool enabled, send_request, send_response, keep_null;
    bool detect; /* recognise the protocol on any port by its content */
    int64_t transaction_timeout_ns;
    struct ports ports;
    const char *index, *interface;
    /* fields, tags, processors and fields_under_root are the pipe's: see pipe/ */
};
extern const struct option proto_common_options[];

struct proto_ctx;

struct proto {
    const char *name, *doc;
    unsigned l4;        /* enum proto_l4 bits */
    uint16_t ports[16]; /* the shipped configuration's; 0 ends */
    bool detect;        /* default of the detect option */
    size_t state_size;  /* per flow, zeroed; 0: none */
    struct field *fields;
    size_t n_fields;
    size_t conf_size;             /* its struct begins with struct proto_conf */
    const struct option *options; /* its own rows, beside proto_common_options; NULL: none */

    /* How surely `first` (the first bytes of direction d, maybe cut) is this protocol: 0 no, 100
     * certain, PROBE_MORE: cannot tell yet. Pure. NULL: never recognised by content. */
    int (*probe)(struct slice first, enum dir d);

    /* TCP: c spans everything since the start of the first message not yet consumed; the parser
     * consumes whole messages by moving c. UDP and ICMP: c is one datagram; PARSE_MORE counts as
     * PARSE_BAD. */
    enum verdict (*parse)(struct proto_ctx *x, struct cursor *c, enum dir d);

    /* TCP: `missing` bytes of direction d will never come. What was buffered before the hole is in
     * c (may be empty); what the parser does not consume is dropped. PARSE_OK: go on with what
     * comes after the hole; PARSE_DONE: give the connection up. NULL: buffered bytes are dropped,
     * go on. */
    enum verdict (*gap)(struct proto_ctx *x, struct cursor *c, enum dir d, size_t missing);

    /* Direction d has ended (FIN, RST, timeout, end of capture: x->closing); c holds what was left
     * unconsumed. Called once for each direction of a followed connection. Waiting requests are
     * given up by the framework afterwards, when both have ended. NULL: nothing to do. */
    void (*end)(struct proto_ctx *x, struct cursor *c, enum dir d);

    /* A request put aside with pair_add got no answer: emit it alone. It is freed afterwards. */
    void (*orphan)(struct proto_ctx *x, void *request, enum orphan_reason why);

    /* Boot: checks and prepares a loaded conf (lower-casing lists and the like).
     * NULL: nothing to do. */
    err (*prepare)(void *conf, const struct loading *l);
};

#define PROBE_MORE (-1)

/* One end of the traffic being parsed. */
struct proto_end {
    struct addr ip;
    uint16_t port;
};

/* What the worker gives every protocol; one a worker, shared by all its calls. */
struct proto_env {
    struct slab *slab;     /* flow lifetime */
    struct arena *scratch; /* reset after each packet */
    struct counters *counters;
    struct pair_table *pairs;
    int64_t now_ns;  /* the largest packet time seen: timers go by it; a packet may be older */
    int64_t loss_ns; /* now_ns when it was last seen that the kernel dropped packets; 0: never */
    /* Takes events: the batch to build in, and what to do when it is full. emit never fails: what
     * cannot be taken is counted. */
    struct batch *(*batch)(void *sink, int64_t now_ns);
    void (*emit)(void *sink, struct event *e);
    void *sink;
    const void *conf[COUNTER_PROTOS]; /* by enum proto_id; NULL: not enabled */
};

/* One call into a parser: who, when, with what configuration. Filled by the caller (net). */
struct proto_ctx {
    const struct proto *proto;
    uint8_t id; /* enum proto_id */
    const void *conf;
    void *state;      /* state_size bytes of this flow, or NULL */
    int64_t now_ns;   /* time of the packet that is being delivered */
    int64_t start_ns; /* time of the packet that brought the first byte at the cursor's start */
    struct proto_end end[2]; /* by enum dir: client, server */
    uint8_t l4;              /* enum proto_l4 bit */
    uint8_t ip_ver;
    uint8_t closing; /* enum flow_end_reason in end and orphan; else FLOW_ALIVE */
    bool had_loss;   /* in orphan: packets were dropped while the request waited */
    uint8_t icmp_type, icmp_code;
    uint16_t icmp_id, icmp_seq;
    uint32_t cut;   /* datagrams: bytes that were on the wire but not captured */
    size_t need;    /* PARSE_MORE: bytes wanted from the cursor's start; 0: any more */
    size_t skip;    /* set by proto_skip */
    uint8_t tunnel; /* enum tunnel_type the traffic was in */
    uint32_t tunnel_id;
    struct flow *flow;
    struct tcp_stream *tcp; /* for proto_keep and its like; NULL on datagrams */
    struct proto_env *env;
};

/* Fills x from the flow: who, with what configuration and state; times are the caller's. For net
 * and for calls that have no packet (orphan, end). id: enum proto_id. */
void proto_ctx_of_flow(struct proto_ctx *x, struct proto_env *env, struct flow *flow, unsigned id);

/* tunnel.type and tunnel.id, for tunnels whose inner traffic has events of its own (not IP in IP,
 * which shows as two addresses). type: enum tunnel_type. */
void proto_tunnel(struct event *e, uint8_t type, uint32_t id);
extern const char *const tunnel_names[TUNNEL_TYPES];

/* A new event of this protocol whose source is the sender of direction `from`: time, type, dataset,
 * source, destination, transport, network.type and protocol are set (packetbeat-protocols.md 0.3;
 * what depends on the finished event is added by the pipe). NULL when out of memory (counted). */
struct event *proto_event(struct proto_ctx *x, enum dir from, int64_t ts_ns);

/* Hands the event on. It may not be touched afterwards. */
void proto_emit(struct proto_ctx *x, struct event *e);

/* event.start, event.end (0: absent) and event.duration when both are there and in order. */
void proto_times(struct event *e, int64_t start_ns, int64_t end_ns);

/* source.bytes and destination.bytes; zero means absent. */
void proto_bytes(struct event *e, uint64_t source, uint64_t destination);

/* TCP: the next n bytes after what the parser has consumed (in gap: after the hole) are of no
 * interest. They are passed without being buffered, also when they come later; a hole inside them
 * is no gap (the parser is not told). Bytes already buffered are passed by the caller of parse. */
void proto_skip(struct proto_ctx *x, uint64_t n);

/* TCP: bytes of direction d to be kept beyond the call (a body that comes in pieces), at most max
 * in all; what is over is left out and false is returned. In stream memory; freed with the stream.
 */
bool proto_keep(struct proto_ctx *x, enum dir d, struct slice bytes, size_t max);
struct slice proto_kept(const struct proto_ctx *x, enum dir d); /* until the next keep or drop */
void proto_kept_drop(struct proto_ctx *x, enum dir d);

/* TCP: the bytes of direction d that its parser has not consumed yet, and when the first of them
 * came; for the parser of the other direction. Until the call ends. */
struct slice proto_waiting(const struct proto_ctx *x, enum dir d, int64_t *ts_ns);

/* The client is really the sender of direction d: swaps the roles of this flow from the next call
 * on, and x->end for this one. For captures that start in mid-stream. */
void proto_set_client(struct proto_ctx *x, enum dir d);

/* Requests that wait for their answer: proto/pair.h. */
#include "proto/pair.h"

/* The table of protocols, made from protocols.def: enum proto_id and descriptors. */
enum proto_id {
#define PROTO(name) PROTO_##name,
#include "proto/protocols.def"
#undef PROTO
    PROTO_COUNT
};
extern const struct proto *const protos[PROTO_COUNT];

/* By name, or NULL and PROTO_COUNT. */
const struct proto *proto_find(const char *name, unsigned *id);

/* Boot: adds the fields of all protocols to the schema. */
void proto_add_fields(void);

/* Boot: a conf for p in l->mem, filled with defaults, then from section (NULL: defaults only), and
 * prepared. */
MUST_CHECK err proto_load(const struct proto *p, const struct node *section,
                          const struct loading *l, void **conf);
