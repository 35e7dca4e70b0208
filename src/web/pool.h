/* Threads that answer what may block: queries, the state, password hashes. A bounded queue; the
 * answers come back to the loop, which is woken by a bell. */
#pragma once

#include "os/bell.h"
#include "os/thread.h"
#include "web/exchange.h"

#define POOL_THREADS_MAX 64

struct deflater;
struct query_session;
struct state;

/* What a thread of the pool has for itself. */
struct worker {
    struct pool *pool;
    struct thread thread;
    struct state *state;           /* NULL: not opened yet */
    struct exchange *now;          /* what it works on; under pool.queue */
    struct query_session *session; /* NULL: not opened yet; set under pool.queue */
    struct deflater *deflater;     /* NULL: not needed yet */
};

struct pool {
    pthread_mutex_t queue;
    pthread_cond_t more;
    struct list waiting, done; /* of exchanges; under queue */
    unsigned n_waiting, n_running, size, n_workers;
    bool stopping;
    struct bell bell; /* rings when something is done */
    struct worker worker[POOL_THREADS_MAX];
    void (*interrupt)(struct worker *w); /* ends the statement that w runs; NULL: nothing can */
    void (*close)(struct worker *w);     /* on its thread, at the end */
};

MUST_CHECK err pool_start(struct pool *p, unsigned threads, unsigned size, struct why *w);

/* What waits is dropped (it comes back as done), what runs is interrupted; all threads end. */
void pool_stop(struct pool *p);

/* The loop: x->work is called on a thread of the pool. False: the queue is full. */
bool pool_push(struct pool *p, struct exchange *x);

/* The loop: the next that is done; NULL. */
struct exchange *pool_take(struct pool *p);

/* The loop: x is not wanted any more, or is late; it comes back as done. */
void pool_cancel(struct pool *p, struct exchange *x, enum exchange_stop reason);

/* The loop, now and then: who has been cancelled is told once more, lest it had just begun. */
void pool_tick(struct pool *p);
unsigned pool_used(struct pool *p);
