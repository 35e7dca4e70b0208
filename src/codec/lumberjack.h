/* Lumberjack frames both ways, versions 1 and 2 (graylog.md 1.1): what Beats speak to Logstash,
 * Graylog and us. Pure: bytes in, items out; who reads, acknowledges and closes is elsewhere. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "codec/deflate.h"

#define LUMBERJACK_ACK_BYTES  6
#define LUMBERJACK_DEPTH_MAX  4  /* compressed frames inside compressed frames */
#define LUMBERJACK_HEAD_BYTES 10 /* of a J frame */

/* Every breach ends the connection. Zero members are given these defaults by lumberjack_init. */
struct lumberjack_limits {
    uint32_t window;       /* events a W frame may announce: 65,536 */
    uint32_t frame_bytes;  /* of a J or D frame: 16 MiB */
    uint32_t packed_bytes; /* of a C frame as it travels: 32 MiB */
    uint32_t pairs;        /* in a D frame: 1,024 */
    uint32_t item_bytes;   /* key or value of a D frame: 1 MiB */
    size_t inflated_bytes; /* of one C frame with all that is nested in it: 64 MiB */
    uint32_t ratio;        /* of inflated to packed bytes, beyond the first MiB: 256; deflate itself
                              reaches 1,032 */
};

#define LUMBERJACK_FAULTS(X)                                                                       \
    X(NONE, "no fault")                                                                            \
    X(VERSION, "unknown protocol version")                                                         \
    X(TYPE, "unknown frame type")                                                                  \
    X(WINDOW, "window too large")                                                                  \
    X(LENGTH, "frame too long")                                                                    \
    X(PAIRS, "too many pairs in a data frame")                                                     \
    X(ITEM, "key or value too long")                                                               \
    X(DEFLATE, "compressed frame is damaged")                                                      \
    X(INFLATED, "compressed frame inflates to too much")                                           \
    X(CUT, "compressed frame ends inside a frame")                                                 \
    X(DEPTH, "compressed frames nested too deep")

enum lumberjack_fault {
#define LUMBERJACK_ENUM(id, text) LUMBERJACK_##id,
    LUMBERJACK_FAULTS(LUMBERJACK_ENUM)
#undef LUMBERJACK_ENUM
        LUMBERJACK_FAULT_COUNT
};

/* The text of the list; never NULL. */
const char *lumberjack_fault_text(enum lumberjack_fault f);

enum lumberjack_what {
    LUMBERJACK_MORE,      /* `need` bytes must be there from the cursor on; nothing was taken */
    LUMBERJACK_ANNOUNCED, /* a W frame: `window` and a new numbering */
    LUMBERJACK_PAYLOAD,   /* an event: `payload`, `sequence` */
    LUMBERJACK_BAD,       /* `fault`: close; the decoder gives nothing more */
    LUMBERJACK_BUSY,      /* no memory now: nothing was taken. Try again when other readers have
                             given theirs back; if there is none that holds any, close */
};

struct lumberjack_item {
    struct slice payload; /* JSON text as it came (a D frame as an object of texts); lives until the
                             next call, or in the caller's bytes */
    uint32_t sequence;
    uint32_t window; /* the window it belongs to; 0 before the first */
    uint8_t version; /* '1' or '2': the answer's version */
    size_t need;
    enum lumberjack_fault fault;
};

struct lumberjack_nest;

/* One connection's reader. A C frame is inflated and checked whole before anything of it is given:
 * a fault inside it yields none of its events (Graylog acknowledges some of them, graylog.md 1.5).
 */
struct lumberjack {
    const struct lumberjack_limits *limits;
    struct inflater *inflater;                /* shared by all readers of a thread */
    struct arena mem;                         /* what has been inflated; empty between C frames */
    struct arena text;                        /* the last D frame as JSON */
    struct lumberjack_nest *nest, **nest_end; /* inner C frames, in order, still to be entered */
    struct cursor open[LUMBERJACK_DEPTH_MAX]; /* places inside C frames */
    unsigned depth;
    size_t inflated_bytes, inflated_max; /* of the outer C frame with all inside it */
    unsigned guess;                      /* how many times larger the last C frame became */
    uint32_t window;
    uint8_t version;
    enum lumberjack_fault fault;
};

/* Fills the zero members of l with the defaults. */
void lumberjack_limits_default(struct lumberjack_limits *l);

/* limits, inflater and pool are the caller's and live longer. The pool's max_bytes bounds what all
 * its readers may hold inflated at a time. */
void lumberjack_init(struct lumberjack *l, const struct lumberjack_limits *limits,
                     struct inflater *inflater, struct chunk_pool *pool);
void lumberjack_free(struct lumberjack *l);

/* The next item of what stands at c (bytes received so far, in one piece), which is moved behind
 * whole frames. While events of a C frame are still to be given c is not touched. */
enum lumberjack_what lumberjack_next(struct lumberjack *l, struct cursor *c,
                                     struct lumberjack_item *item);

/* True when events of a C frame are still to be given: bytes received later must wait. */
bool lumberjack_is_inside(const struct lumberjack *l);

/* Writing, version 2. */
void lumberjack_put_window(struct buf *out, uint32_t count);
void lumberjack_put_json(struct buf *out, uint32_t sequence, struct slice json);

/* J frames as one C frame; false when out has no room (deflate_bound(frames.n) + 6 suffice). */
bool lumberjack_put_compressed(struct buf *out, struct slice frames, struct deflater *d);

void lumberjack_put_ack(struct buf *out, uint8_t version, uint32_t sequence);

/* A client's reading of answers: true and *sequence for a whole ACK frame of either version at c,
 * which is passed. *bad when something else stands there. */
bool lumberjack_take_ack(struct cursor *c, uint32_t *sequence, bool *bad);
