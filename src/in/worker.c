/* A worker's loop: captures -> packets -> net -> events in batches -> the pipe's ring. */
#include "in/worker.h"

#include <poll.h>
#include <stdatomic.h>

#include "base/bug.h"
#include "base/ring.h"
#include "base/trace.h"
#include "os/bell.h"
#include "os/clock.h"

#define READ_PACKETS 64 /* at a time */
#define WAIT_MS      100
#define NS_PER_MS    INT64_C(1000000)
/* How far the clock runs behind while nothing comes: what the kernel still holds back of the past
 * must not find the tables ahead of it. */
#define TICK_BEHIND_NS (250 * NS_PER_MS)
#define STATS_NS       (1000 * NS_PER_MS)
/* The kernel hands a block over after 100 ms at most: two waits without a packet mean none is left.
 */
#define DRAIN_IDLE 2
#define DRAIN_NS   (2000 * NS_PER_MS)

struct worker {
    struct worker_conf conf;
    struct capture *capture[WORKER_CAPTURES];
    unsigned n_captures, index;
    bool over[WORKER_CAPTURES];
    struct gauges gauges;
    unsigned pass; /* of a file that is played several times */
    bool live, realtime;
    int64_t waited_ns; /* for the pipe, in all */
    struct net *net;
    struct counters counters;

    struct chunk_pool pool;
    struct batch *batch; /* conf.batches of them, then the one for what is dropped */
    struct batch *open;  /* the next event is built here */
    struct batch *dropping;
    struct ring ready, back; /* to the pipe; from it */
    struct batch **idle;     /* n_idle of them, empty */
    unsigned n_idle;
    struct bell pipe_bell, worker_bell;
    atomic_bool stop, ended; /* shared: set by any thread; set by the worker */

    int64_t last_ns[WORKER_CAPTURES]; /* time of each one's last packet */
    int64_t stats_ns;                 /* when stock was taken */
    struct packet packet[READ_PACKETS];
};

/* ---- batches */

/* What the pipe has given back: its memory serves others at once. */
static bool take_back(struct worker *w)
{
    struct batch *b = ring_pop(&w->back);
    if (!b)
        return false;
    batch_reset(b);
    w->idle[w->n_idle++] = b;
    return true;
}

/* Files: waits for one that the pipe gives back. */
static void wait_for_batch(struct worker *w)
{
    struct pollfd ready = { .fd = w->worker_bell.fd, .events = POLLIN };
    int64_t since_ns = clock_mono_ns();
    for (;;) {
        bell_sleep_soon(&w->worker_bell);
        if (take_back(w))
            break;
        poll(&ready, 1, WAIT_MS);
    }
    w->waited_ns += clock_mono_ns() - since_ns;
}

/* There is an empty batch, and memory to fill it and the one for what is dropped; or no batch is
 * under way that could give any back. */
static bool has_room(const struct worker *w)
{
    if (w->n_idle == w->conf.batches - 1)
        return true;
    return w->n_idle && chunk_pool_room(&w->pool) >= 2 * w->conf.batch_bytes;
}

/* An empty batch; NULL when there is no room and the capture is live. */
static struct batch *batch_fresh(struct worker *w)
{
    while (take_back(w))
        ;
    while (!has_room(w)) {
        if (w->live)
            return NULL;
        wait_for_batch(w);
    }
    return w->idle[--w->n_idle];
}

/* Hands the open batch over and opens another one. Live and none is free: the open one stays. */
static bool seal(struct worker *w)
{
    struct batch *fresh = batch_fresh(w);
    if (!fresh)
        return false;
    BUG_ON(!ring_push(&w->ready, w->open));
    bell_ring(&w->pipe_bell);
    w->open = fresh;
    return true;
}

static bool batch_is_full(const struct worker *w, const struct batch *b)
{
    return b->n == BATCH_EVENTS || b->arena.full || b->arena.used_bytes > w->conf.batch_bytes / 2;
}

/* net_sink.batch: events are finished one after the other, so a batch may be sealed here. */
static struct batch *sink_batch(void *ctx, int64_t now_ns)
{
    struct worker *w = ctx;
    if (batch_is_full(w, w->open) && !seal(w)) {
        batch_reset(w->dropping);
        return w->dropping;
    }
    if (w->open->n == 0)
        w->open->first_ns = now_ns;
    return w->open;
}

/* net_sink.emit */
static void sink_emit(void *ctx, struct event *e)
{
    struct worker *w = ctx;
    counter_add(&w->counters, COUNTER_EVENTS_EMITTED, 1);
    if (e->mem == &w->dropping->arena) {
        counter_add(&w->counters, COUNTER_EVENTS_QUEUE_FULL, 1);
        return;
    }
    BUG_ON(e->mem != &w->open->arena || w->open->n == BATCH_EVENTS);
    w->open->event[w->open->n++] = e;
}

/* Between packets: events do not wait longer than flush_ns for others to join them. */
static void flush_due(struct worker *w, int64_t now_ns)
{
    if (w->open->n && now_ns - w->open->first_ns >= w->conf.flush_ns)
        seal(w);
}

/* ---- packets */

static void count_packets(struct worker *w, int64_t *last_ns, unsigned n)
{
    const struct packet *p = w->packet;
    uint64_t bytes = 0, truncated = 0, backwards = 0, copies = 0;
    for (unsigned i = 0; i < n; i++) {
        if (p[i].is_copy) {
            copies++;
            continue;
        }
        bytes += p[i].frame.n;
        truncated += p[i].wire_len > p[i].frame.n + (p[i].vlan_valid ? 4 : 0);
        backwards += p[i].ts_ns < *last_ns && !p[i].clock_ns; /* else who shared them counts */
        *last_ns = p[i].ts_ns;
    }
    counter_add(&w->counters, COUNTER_CAPTURE_PACKETS, n - copies);
    counter_add(&w->counters, COUNTER_CAPTURE_BYTES, bytes);
    counter_add(&w->counters, COUNTER_CAPTURE_TRUNCATED, truncated);
    counter_add(&w->counters, COUNTER_CAPTURE_TIME_BACKWARDS, backwards);
}

static void work(struct worker *w, unsigned n)
{
    struct packet *p = w->packet;
    for (unsigned i = 0; i < n && i < NET_AHEAD; i++)
        net_prefetch(w->net, &p[i]);
    for (unsigned i = 0; i < n; i++) {
        if (i + NET_AHEAD < n)
            net_prefetch(w->net, &p[i + NET_AHEAD]);
        TRACE(TRACE_IN, "packet at %lld ns, link type %u, %zu of %u bytes", (long long)p[i].ts_ns,
              p[i].link_type, p[i].frame.n, p[i].wire_len);
        int64_t ts_ns = p[i].ts_ns;
        net_packet(w->net, &p[i]);
        flush_due(w, ts_ns);
    }
}

static err dump(struct worker *w, unsigned n, struct why *why)
{
    err e = ERR_OK;
    for (unsigned i = 0; e == ERR_OK && i < n && w->conf.dump; i++)
        e = capture_dump_write(w->conf.dump, &w->packet[i], why);
    return e;
}

static void set(_Atomic uint64_t *v, uint64_t to)
{
    atomic_store_explicit(v, to, memory_order_relaxed);
}

/* The kernel's drops are counted, and what stands where is written down. */
static void take_stock(struct worker *w)
{
    struct gauges *g = &w->gauges;
    for (unsigned i = 0; i < w->n_captures; i++) {
        struct capture_stats s;
        w->capture[i]->ops->stats(w->capture[i], &s);
        uint64_t before = atomic_load_explicit(&g->capture[i].drops, memory_order_relaxed);
        counter_add(&w->counters, COUNTER_CAPTURE_KERNEL_DROPS, s.drops - before);
        if (s.drops > before)
            net_note_loss(w->net);
        set(&g->capture[i].packets, s.packets);
        set(&g->capture[i].drops, s.drops);
    }
    struct net_stock stock = net_stock(w->net);
    set(&g->flows, stock.flows);
    set(&g->table_bytes, stock.bytes);
}

/* Live: what does not come with packets. */
static void pass_time(struct worker *w, bool idle)
{
    int64_t now_ns = clock_real_ns();
    if (idle) {
        net_tick(w->net, now_ns - TICK_BEHIND_NS);
        flush_due(w, now_ns);
    }
    if (now_ns - w->stats_ns >= STATS_NS || now_ns < w->stats_ns) {
        w->stats_ns = now_ns;
        take_stock(w);
    }
}

/* ---- the loop */

/* Several captures do not wait for each other: all wait here, for any of them. */
static void wait_for_packets(const struct worker *w)
{
    struct pollfd ready[WORKER_CAPTURES];
    for (unsigned i = 0; i < w->n_captures; i++)
        ready[i] = (struct pollfd){ .fd = w->over[i] ? -1 : w->capture[i]->fd, .events = POLLIN };
    if (w->n_captures > 1)
        poll(ready, w->n_captures, WAIT_MS);
}

/* What comes for other workers lets time pass here too. */
static void catch_up(struct worker *w, unsigned i)
{
    if (w->capture[i]->passed_ns)
        net_tick(w->net, w->capture[i]->passed_ns);
}

/* -l: each repetition starts as new; what it shows is no late copy of the one before. */
static void begin_pass(struct worker *w, unsigned i)
{
    if (w->capture[i]->pass == w->pass)
        return;
    w->pass = w->capture[i]->pass;
    w->last_ns[i] = 0;
    catch_up(w, i);
    net_restart(w->net);
}

/* Reads each capture once. *got counts the packets, *open the captures that have not ended. */
static err round_of_reads(struct worker *w, unsigned *got, unsigned *open, struct why *why)
{
    *got = *open = 0;
    for (unsigned i = 0; i < w->n_captures; i++) {
        if (w->over[i])
            continue;
        int n = w->capture[i]->ops->read(w->capture[i], w->packet, READ_PACKETS, why);
        if (n == CAPTURE_FAILED)
            return ERR_IO;
        w->over[i] = n == CAPTURE_END;
        *open += !w->over[i];
        if (n <= 0)
            continue;
        *got += (unsigned)n;
        err e = dump(w, (unsigned)n, why);
        if (e != ERR_OK)
            return e;
        begin_pass(w, i);
        count_packets(w, &w->last_ns[i], (unsigned)n);
        work(w, (unsigned)n);
    }
    return ERR_OK;
}

/* Whether a live capture may still hold packets from before that time. */
static bool is_behind(const struct worker *w, int64_t time_ns)
{
    for (unsigned i = 0; i < w->n_captures; i++)
        if (!w->over[i] && w->last_ns[i] < time_ns)
            return true;
    return false;
}

/* The end was asked for: what the kernel had taken by then is still read, and files are left. None
 * of it is lost by waiting, so its events wait for the pipe, for as long as that takes. */
static err drain(struct worker *w, struct why *why)
{
    int64_t stopped_ns = clock_real_ns(), since_ns = clock_mono_ns();
    unsigned got, open, idle = 0;
    err e = ERR_OK;
    w->live = false;
    w->waited_ns = 0;
    for (unsigned i = 0; i < w->n_captures; i++)
        w->over[i] |= !w->capture[i]->live;
    while (idle < DRAIN_IDLE && is_behind(w, stopped_ns) &&
           clock_mono_ns() - since_ns < DRAIN_NS + w->waited_ns) {
        e = round_of_reads(w, &got, &open, why);
        if (e != ERR_OK)
            break;
        idle = got ? 0 : idle + 1;
        if (got == 0 && open)
            wait_for_packets(w);
    }
    return e;
}

static err run(struct worker *w, struct why *why)
{
    err e = ERR_OK;
    unsigned got, open = 1;
    while (open && !atomic_load_explicit(&w->stop, memory_order_relaxed)) {
        e = round_of_reads(w, &got, &open, why);
        if (e == ERR_OK && got == 0 && w->conf.dump)
            e = capture_dump_flush(w->conf.dump, why);
        if (e != ERR_OK)
            break;
        if (w->realtime)
            pass_time(w, got == 0);
        else if (got == 0 && w->open->n)
            seal(w); /* a pipe has paused: what is known goes on its way */
        if (got == 0 && open)
            wait_for_packets(w);
    }
    return e == ERR_OK && open ? drain(w, why) : e;
}

err worker_run(struct worker *w, struct why *why)
{
    err e = run(w, why);
    take_stock(w);
    w->live = false; /* nothing can be missed any more: what is still open may wait for the pipe */
    for (unsigned i = 0; i < w->n_captures; i++)
        catch_up(w, i);
    net_finish(w->net);
    if (w->open->n) {
        BUG_ON(!ring_push(&w->ready, w->open));
        w->open = NULL;
    }
    atomic_store_explicit(&w->ended, true, memory_order_release);
    bell_ring_always(&w->pipe_bell);
    return e;
}

/* ---- the other side */

void worker_stop(struct worker *w)
{
    atomic_store_explicit(&w->stop, true, memory_order_relaxed);
}

struct batch *worker_take(struct worker *w)
{
    struct batch *b = ring_pop(&w->ready);
    if (b || worker_is_drained(w))
        return b;
    bell_sleep_soon(&w->pipe_bell);
    b = ring_pop(&w->ready);
    if (!b && atomic_load_explicit(&w->ended, memory_order_acquire))
        bell_ring_always(&w->pipe_bell); /* it ended while the bell was being reset */
    return b;
}

void worker_give_back(struct worker *w, struct batch *b)
{
    BUG_ON(!ring_push(&w->back, b));
    bell_ring(&w->worker_bell);
}

bool worker_is_drained(const struct worker *w)
{
    return atomic_load_explicit(&w->ended, memory_order_acquire) && ring_count(&w->ready) == 0;
}

int worker_ready_fd(const struct worker *w)
{
    return w->pipe_bell.fd;
}

struct counters *worker_counters(struct worker *w)
{
    return &w->counters;
}

const struct counters *worker_counted(const struct worker *w)
{
    return &w->counters;
}

const struct gauges *worker_gauges(const struct worker *w)
{
    return &w->gauges;
}

unsigned worker_waiting(const struct worker *w)
{
    return (unsigned)ring_count(&w->ready);
}

/* ---- birth and end */

static void take_captures(struct worker *w, struct capture *const *captures, unsigned n)
{
    BUG_ON(n > WORKER_CAPTURES);
    w->n_captures = n;
    for (unsigned i = 0; i < n; i++) {
        w->capture[i] = captures[i];
        w->capture[i]->no_wait = n > 1;
        w->live = w->live || captures[i]->live;
        w->realtime = w->realtime || captures[i]->realtime;
    }
}

static void make_batches(struct worker *w)
{
    unsigned n = w->conf.batches;
    BUG_ON(n < 2);
    size_t most = (n + 1) * (w->conf.batch_bytes + 2 * ARENA_CHUNK_BYTES);
    w->pool.max_bytes = w->conf.pool_bytes ? w->conf.pool_bytes : most;
    w->idle = xcalloc(n, sizeof(struct batch *));
    w->batch = xcalloc(n + 1, sizeof(*w->batch));
    ring_init(&w->ready, n + 1);
    ring_init(&w->back, n + 1);
    for (unsigned i = 0; i <= n; i++)
        batch_init(&w->batch[i], &w->pool, w->conf.batch_bytes, w->index);
    w->open = &w->batch[0];
    for (unsigned i = 1; i < n; i++)
        w->idle[w->n_idle++] = &w->batch[i];
    w->dropping = &w->batch[n];
}

struct worker *worker_new(const struct worker_conf *conf, struct capture *const *captures,
                          unsigned n, unsigned index)
{
    struct worker *w = xcalloc(1, sizeof(*w));
    w->conf = *conf;
    w->index = index;
    take_captures(w, captures, n);
    make_batches(w);
    bell_init(&w->pipe_bell);
    bell_init(&w->worker_bell);
    const struct net_sink sink = { .batch = sink_batch, .emit = sink_emit, .ctx = w };
    w->net = net_new(conf->net, &sink, &w->counters);
    net_take_share(w->net, index, conf->shares);
    return w;
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    net_free(w->net);
    for (unsigned i = 0; i <= w->conf.batches; i++)
        batch_free(&w->batch[i]);
    chunk_pool_free(&w->pool);
    xfree(w->batch);
    xfree(w->idle);
    ring_free(&w->ready);
    ring_free(&w->back);
    bell_close(&w->pipe_bell);
    bell_close(&w->worker_bell);
    xfree(w);
}
