/* A TCP connection that is followed for a protocol: what has come, what is missing, what the parser
 * has not consumed yet. Lives in the worker's slab, from the first payload to the flow's end. */
#pragma once

#include "base/list.h"
#include "base/slice.h"

/* Bytes held for one direction; p is slab memory of `cap` bytes, NULL when empty. */
struct stream_bytes {
    uint8_t *p;
    uint32_t n, cap;
};

/* Where in the buffer the bytes of a packet begin, and when it came. */
#define STREAM_MARKS 4
struct stream_mark {
    uint64_t at; /* offset in the stream */
    int64_t ts_ns;
};

struct flow;
struct held; /* net/reorder.h */

struct stream_half {
    uint32_t next;         /* sequence number expected next, once is_synced */
    uint32_t acked;        /* the highest acknowledgement of it that was seen, with has_ack */
    uint32_t need;         /* bytes that the parser waits for in the buffer; 0: any more */
    uint32_t n_held;       /* segments that wait, from `first` */
    uint32_t held_bytes;   /* their memory */
    uint8_t stuck_packets; /* packets of the flow since stuck_ns */
    uint8_t bad_in_row;    /* PARSE_BAD since the last good message */
    uint8_t n_marks;
    bool is_synced, has_ack;
    bool is_refused;            /* no probe knew its first bytes */
    bool is_ended;              /* the parser was told, or never will be */
    int64_t stuck_ns;           /* since when `first` waits without progress; 0: nothing waits */
    int64_t last_ns;            /* the largest packet time delivered */
    uint64_t at;                /* offset in the stream of buffer.p[0], or of what comes next */
    uint64_t skip;              /* bytes to pass without looking (proto_skip) */
    struct held *first, *last;  /* by sequence number, without overlaps */
    struct stream_bytes buffer; /* since the start of the first message not consumed */
    struct stream_bytes kept;   /* proto_keep */
    struct stream_mark mark[STREAM_MARKS];
};

struct tcp_stream {
    struct stream_half half[2]; /* by enum flow_dir */
    struct flow *flow;          /* whose it is */
    struct list age;            /* of all streams of the worker, oldest first */
    bool is_over;               /* PARSE_DONE, or given up: to be freed */
};
