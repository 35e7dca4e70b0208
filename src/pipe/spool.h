/* A queue on disk between the pipe and its output: lines go to disk in groups, are read again as
 * the output has room, and go when it has them. The pipe's thread; only outlet.c calls it. */
#pragma once

#include "base/buf.h"
#include "model/counter.h"
#include "pipe/pipe.h"
#include "pipe/queue.h"

/* Waits that double from one failure to the next. */
struct again {
    bool failing;
    int64_t wait_ns, next_ns;
};

struct spool {
    const struct queue_conf *conf;
    const struct output *output;
    void *ctx; /* the output's */

    /* lines that are not on disk yet: back to back, and where each ends */
    uint8_t *text;
    size_t bytes, cap, *end;
    struct slice *line;
    unsigned n, max;
    struct again disk, feed;
    bool full, told_of_large;
    bool stays; /* the end is near: what is on disk stays there */

    /* lines that the output was given since the start; of them done with, from the first one on */
    uint64_t written, done;
    uint64_t first; /* the number of a line, less how many were written before it */
    bool have;      /* the next line: not written yet */
    uint64_t number;
    struct slice next;
    int64_t passed_ns;
};

void spool_init(struct spool *s, const struct queue_conf *conf, const struct output *output,
                void *ctx);
void spool_free(struct spool *s);

void spool_add(struct spool *s, struct slice line, struct counters *c);

/* When many lines wait (all: any), they go to disk; then the output gets what it has room for. */
MUST_CHECK err spool_work(struct spool *s, bool all, struct counters *c, struct why *w);
bool spool_is_busy(struct spool *s);
bool spool_has_room(const struct spool *s);
size_t spool_held(struct spool *s);
