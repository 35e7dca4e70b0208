/* A worker: reads captures, runs their packets through its net, hands sealed batches to the pipe
 * over a ring, and never waits for it when the capture is live. */
#pragma once

#include "in/capture.h"
#include "model/batch.h"
#include "net/net.h"

struct worker_conf {
    const struct net_conf *net;
    unsigned batches;   /* batches of this worker: bounds what may wait for the pipe; at least 2 */
    size_t batch_bytes; /* memory cap of one batch; one event may always take half of it */
    size_t pool_bytes;  /* of all batches; 0: as many as there are, each as large as it may be */
    int64_t flush_ns;   /* a batch with events is sealed at the latest after this packet time */
    struct capture_dump *dump; /* --dump; NULL */
    unsigned shares;           /* of the flows its captures show, only those of share `index` of so
                                * many are its own (in/spread.h); 0: all */
};

struct worker;

#define WORKER_CAPTURES 64 /* at most, of one worker */

/* What stands where in a worker. shared: written by its thread about once a second and at its end,
 * read by any, relaxed. Beside it stand its counters, which are always exact. */
struct gauges {
    struct {
        _Atomic uint64_t packets, drops; /* taken from it; dropped by the kernel before */
    } capture[WORKER_CAPTURES];          /* in the order of worker_new */
    _Atomic uint64_t flows;              /* in the table */
    _Atomic uint64_t table_bytes;        /* of flows, streams and what waits for answers */
};

/* The captures (n of them, read in turn; several live ones, or one merged file capture) stay the
 * caller's. Exits without memory (boot). */
struct worker *worker_new(const struct worker_conf *conf, struct capture *const *captures,
                          unsigned n, unsigned index);

/* Runs until the captures end, fail or worker_stop; then reports what is open and seals the last
 * batch. On the calling thread. Files: waits for the pipe when all batches are under way; live:
 * drops events and counts them (events.queue_full). A live capture that fails ends the run; w
 * says why. */
MUST_CHECK err worker_run(struct worker *w, struct why *why);

/* Any thread, also a signal handler: ask it to end soon. */
void worker_stop(struct worker *w);

/* The pipe's side: sealed batches in order; NULL when there is none now, and only then is
 * worker_ready_fd sure to become readable with the next one. */
struct batch *worker_take(struct worker *w);

/* The pipe's side: gives a batch back (reset by the worker). */
void worker_give_back(struct worker *w, struct batch *b);

/* True when worker_run has ended and all batches were taken. */
bool worker_is_drained(const struct worker *w);

/* File descriptor (eventfd) that becomes readable when batches are ready or the worker has ended.
 * worker_take resets it. */
int worker_ready_fd(const struct worker *w);

struct counters *worker_counters(struct worker *w);
const struct counters *worker_counted(const struct worker *w); /* any thread: to read */

/* Any thread. */
const struct gauges *worker_gauges(const struct worker *w);
unsigned worker_waiting(const struct worker *w); /* batches that the pipe has not taken yet */

/* After the thread of worker_run has ended and all batches were given back or forgotten. */
void worker_free(struct worker *w);
