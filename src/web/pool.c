/* The pool of threads. */
#include "web/pool.h"

#include "base/bug.h"
#include "os/clock.h"

#define AGAIN_NS INT64_C(5000000)

static struct exchange *next_waiting(struct pool *p)
{
    struct list *first = list_first(&p->waiting);
    if (!first)
        return NULL;
    list_remove(first);
    p->n_waiting--;
    return container_of(first, struct exchange, queued);
}

/* The next to work on; NULL: the end. */
static struct exchange *wait_for_one(struct worker *w)
{
    struct pool *p = w->pool;
    struct exchange *x = NULL;
    pthread_mutex_lock(&p->queue);
    while (!p->stopping && !(x = next_waiting(p)))
        pthread_cond_wait(&p->more, &p->queue);
    w->now = x;
    p->n_running += x != NULL;
    pthread_mutex_unlock(&p->queue);
    return x;
}

static void hand_back(struct worker *w, struct exchange *x)
{
    struct pool *p = w->pool;
    pthread_mutex_lock(&p->queue);
    w->now = NULL;
    p->n_running--;
    list_append(&p->done, &x->queued);
    pthread_mutex_unlock(&p->queue);
    bell_ring_always(&p->bell);
}

static void work(void *ctx)
{
    struct worker *w = ctx;
    struct exchange *x;
    while ((x = wait_for_one(w))) {
        x->worker = w;
        if (atomic_load_explicit(&x->stop, memory_order_acquire) == STOP_NOT)
            x->work(x);
        hand_back(w, x);
    }
    if (w->pool->close)
        w->pool->close(w);
}

err pool_start(struct pool *p, unsigned threads, unsigned size, struct why *w)
{
    BUG_ON(threads == 0 || threads > POOL_THREADS_MAX);
    pthread_mutex_init(&p->queue, NULL);
    pthread_cond_init(&p->more, NULL);
    list_init(&p->waiting);
    list_init(&p->done);
    bell_init(&p->bell);
    p->size = size;
    for (unsigned i = 0; i < threads; i++) {
        p->worker[i].pool = p;
        if (thread_start(&p->worker[i].thread, "web query", work, &p->worker[i])) {
            pool_stop(p);
            return why_set(w, ERR_LIMIT, "web: cannot start a thread");
        }
        p->n_workers++;
    }
    return ERR_OK;
}

/* Ends what runs; a query that had not quite begun needs to be told again. */
static void end_running(struct pool *p)
{
    bool some = true;
    while (some) {
        pthread_mutex_lock(&p->queue);
        some = p->n_running > 0;
        for (unsigned i = 0; i < p->n_workers && some; i++)
            if (p->worker[i].now && p->interrupt)
                p->interrupt(&p->worker[i]);
        pthread_mutex_unlock(&p->queue);
        if (some)
            clock_sleep_until(clock_mono_ns() + AGAIN_NS);
    }
}

void pool_stop(struct pool *p)
{
    struct exchange *x;
    pthread_mutex_lock(&p->queue);
    p->stopping = true;
    while ((x = next_waiting(p))) {
        atomic_store_explicit(&x->stop, STOP_GONE, memory_order_release);
        list_append(&p->done, &x->queued);
    }
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->queue);
    end_running(p);
    for (unsigned i = 0; i < p->n_workers; i++)
        thread_join(&p->worker[i].thread);
    while ((x = pool_take(p)))
        exchange_free(x);
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->queue);
    bell_close(&p->bell);
}

bool pool_push(struct pool *p, struct exchange *x)
{
    pthread_mutex_lock(&p->queue);
    bool room = p->n_waiting < p->size;
    if (room) {
        list_append(&p->waiting, &x->queued);
        p->n_waiting++;
        pthread_cond_signal(&p->more);
    }
    pthread_mutex_unlock(&p->queue);
    return room;
}

struct exchange *pool_take(struct pool *p)
{
    pthread_mutex_lock(&p->queue);
    struct list *first = list_first(&p->done);
    if (first)
        list_remove(first);
    pthread_mutex_unlock(&p->queue);
    return first ? container_of(first, struct exchange, queued) : NULL;
}

void pool_cancel(struct pool *p, struct exchange *x, enum exchange_stop reason)
{
    pthread_mutex_lock(&p->queue);
    atomic_store_explicit(&x->stop, reason, memory_order_release);
    for (unsigned i = 0; i < p->n_workers; i++)
        if (p->worker[i].now == x && p->interrupt)
            p->interrupt(&p->worker[i]);
    pthread_mutex_unlock(&p->queue);
}

void pool_tick(struct pool *p)
{
    pthread_mutex_lock(&p->queue);
    for (unsigned i = 0; i < p->n_workers; i++) {
        struct exchange *x = p->worker[i].now;
        if (x && p->interrupt && atomic_load_explicit(&x->stop, memory_order_relaxed) != STOP_NOT)
            p->interrupt(&p->worker[i]);
    }
    pthread_mutex_unlock(&p->queue);
}

unsigned pool_used(struct pool *p)
{
    pthread_mutex_lock(&p->queue);
    unsigned n = p->n_waiting + p->n_running;
    pthread_mutex_unlock(&p->queue);
    return n;
}
