/* A TCP connection that is followed for a protocol: what has come, what is missing, what the parser
 * has not consumed yet. Lives in the worker's slab, from the first payload to the flow's end. */
#pragma once

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

struct segment; /* net/reorder.h */

struct stream_half {
    uint32_t next;       /* sequence number expected next, once is_synced */
    uint32_t acked;      /* the highest acknowledgement that the other side sent, with has_ack */
    uint32_t n_segments; /* out of order, in `first` */
    uint32_t bad_in_row; /* PARSE_BAD since the last good message */
    uint64_t at;         /* offset in the stream of buffer.p[0], or of what comes next */
    uint64_t skip;       /* bytes to pass without looking (proto_skip) */
    size_t need;         /* bytes that the parser waits for in the buffer; 0: any more */
    size_t held_bytes;   /* memory of the out-of-order segments */
    int64_t last_ns;     /* the largest packet time delivered */
    struct segment *first, *last; /* out of order, by sequence number, without overlaps */
    struct stream_bytes buffer;   /* since the start of the first message not consumed */
    struct stream_bytes kept;     /* proto_keep */
    struct stream_mark mark[STREAM_MARKS];
    uint8_t n_marks;
    bool is_synced, has_ack;
    bool is_refused; /* no probe knew its first bytes */
    bool is_ended;   /* the parser was told */
};

struct tcp_stream {
    struct stream_half half[2]; /* by enum flow_dir */
    int64_t stuck_ns;           /* packet time since when bytes wait for others; 0: none do */
    uint32_t stuck_packets;     /* packets of the flow since then */
    bool is_over;               /* PARSE_DONE, or given up: to be freed */
};
