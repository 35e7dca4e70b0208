/* An accepted TCP connection, with or without TLS: bytes are read into one buffer of the loop, and
 * only what a frame still lacks is kept for the connection, so that an idle one costs nothing. What
 * all connections of a group keep comes from one budget. The loop's thread. */
#pragma once

#include "base/slab.h"
#include "in/client.h"
#include "in/complaint.h"
#include "model/counter.h"
#include "model/message.h"
#include "pipe/listener.h"

#define STREAM_READ_BYTES ((size_t)256 * 1024)
#define STREAM_OUT_BYTES  120

struct stream;
struct event_base;
struct intake;
struct ssl_ctx_st;
struct ssl_st;

struct stream_ops {
    size_t bytes; /* of the owner's struct, which begins with a struct stream */
    void (*begin)(struct stream *s);
    /* Takes whole frames from the front of `bytes` and gives how many bytes that were. *need is how
     * many must be there, counted from the first one not taken, before it is called again. It may
     * pause or close the stream. */
    size_t (*take)(struct stream *s, struct slice bytes, size_t *need);
    void (*tick)(struct stream *s, int64_t now_ns);
    bool (*is_busy)(const struct stream *s); /* answers are under way: it is not idle */
    void (*end)(struct stream *s);           /* it is closed: give up what the owner has */
};

/* What the connections of an input share. */
struct streams {
    const struct stream_ops *ops;
    const struct client_ops *client;
    void *owner; /* the input */
    struct intake *intake;
    const char *name;          /* of the input; static */
    struct ssl_ctx_st *tls;    /* NULL: none */
    int64_t idle_ns, frame_ns; /* 0: no limit */
    int64_t max;               /* connections */
    bool keepalive;
    struct sockets sockets;
    struct slab slab; /* what connections keep */
    struct event *accept[LISTENER_SOCKETS];
    struct event *retry; /* after accept ran out of descriptors */
    int64_t n;
    struct complaint crowded, slow, stuck, memory, tls_failed, accept_failed;
    uint8_t *scratch;
};

struct stream {
    struct client client;
    struct streams *group;
    struct message_origin origin;
    int fd;
    struct ssl_st *tls;
    struct event *read, *write;
    uint8_t *kept; /* bytes that were read and not taken */
    size_t kept_n, kept_cap, need;
    int64_t last_ns, frame_ns; /* of the last byte; since when a frame is not whole, 0: none is */
    unsigned in_use;
    bool paused, closed, stopping, starved, hungry, want_write;
    uint8_t out[STREAM_OUT_BYTES]; /* what the socket did not take yet */
    unsigned out_n;
};

struct tls_conf;

/* TLS and sockets of a group whose name is set. On failure nothing is open. */
MUST_CHECK err streams_open(struct streams *group, const struct tls_conf *tls,
                            const struct listen_conf *listen, struct why *w);

/* After streams_open, with group's members down to `sockets` set by the input. */
void streams_begin(struct streams *group, int64_t memory_bytes);
void streams_stop(struct streams *group); /* accepts no more */
void streams_free(struct streams *group); /* all connections are closed */

/* No more reading until stream_resume. */
void stream_pause(struct stream *s);

/* Goes on with what is kept, then with reading. May close it. */
void stream_resume(struct stream *s);

/* Sends a few bytes. A client that does not read its answers is closed. */
void stream_send(struct stream *s, struct slice bytes);

/* Ends it now. Memory goes when nobody works on it. */
void stream_close(struct stream *s);

/* For client_ops: end of the program. */
void stream_stop(struct client *c);
void stream_close_client(struct client *c);
void stream_tick(struct client *c, int64_t now_ns);
void stream_resume_client(struct client *c);

/* "192.0.2.1 port 4711" of the other side; in text, at least 64 bytes. */
const char *stream_peer(const struct stream *s, char *text);
