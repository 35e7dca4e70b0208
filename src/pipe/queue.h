/* Encoded events that wait for the output beyond the life of the program: what a pipe asks of a
 * queue on disk (queue.disk). app fills it; the pipe's thread calls it. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct queue_state {
    uint64_t events;    /* that wait or are under way: kept and not passed */
    uint64_t unread;    /* of them: `next` has not given them yet */
    uint64_t bytes;     /* of its files */
    uint64_t max_bytes; /* 0: no bound */
};

/* Numbers rise by one from line to line; those of lines that are lost are left out. */
struct queue {
    const char *where; /* for people */
    size_t line_bytes; /* of a line at most */
    void *ctx;

    /* Adds the first *n of the lines, durably, and sets *n: fewer, and ERR_LIMIT, when it is full;
     * none on any other failure. */
    err (*put)(void *ctx, const struct slice *lines, unsigned *n, struct why *w);

    /* The next line: true, valid until the next call. False: none yet, or *rc is set. */
    bool (*next)(void *ctx, uint64_t *number, struct slice *line, err *rc, struct why *w);

    /* `next` goes on with the first line that is not passed. */
    err (*rewind)(void *ctx, struct why *w);

    /* The output has all lines up to this one: they may go. */
    err (*pass)(void *ctx, uint64_t number, struct why *w);
    void (*state)(void *ctx, struct queue_state *out);
};

struct queue_conf {
    const struct queue *disk;        /* NULL: events wait in memory */
    int64_t flush_events, flush_ns;  /* in memory: how many the output waits for, and how long */
    int64_t read_ahead, write_ahead; /* on disk: events read at a time; events that wait for it */
    int64_t retry_ns, max_retry_ns;  /* after a failed write to disk */
};
