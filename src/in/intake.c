/* The loop that all inputs of the receiver share, and the two rings to the pipe. Each batch has a
 * pool of chunks of its own: it changes threads with its arena. */
#include "in/intake.h"

#include <event2/event.h>
#include <stdatomic.h>

#include "base/bug.h"
#include "base/log.h"
#include "base/ring.h"
#include "os/bell.h"
#include "os/clock.h"

#define INPUTS_MAX  16
#define TICK_NS     INT64_C(100000000)
#define NS_PER_US   1000
#define LINGER_NS   INT64_C(2000000000) /* at the end: for answers that are still being sent */
#define CLOSE_TICKS 2

struct slot {
    struct message_batch b;
    struct chunk_pool pool;
    uint64_t number;
};

struct added_input {
    const struct input_ops *ops;
    void *ctx;
};

struct intake {
    struct intake_conf conf;
    struct event_base *base;
    struct event *answers, *tick, *flush;
    struct clients clients;
    struct added_input input[INPUTS_MAX];
    unsigned n_inputs;
    struct counters counters;

    struct slot *slot;
    struct slot *open;       /* NULL: all are under way */
    struct slot **idle;      /* stack of those that are free */
    unsigned n_idle, n_away; /* away: sealed and not given back */
    uint64_t batches;        /* numbers given out */
    struct ring ready, back;
    struct bell pipe_bell, loop_bell;
    atomic_bool stop, ended; /* shared: set by any thread; set by the loop */
    bool stopping, dead_failed;
    unsigned closing;
};

/* ---- batches */

static bool is_empty(const struct slot *s)
{
    return s->b.n == 0 && s->b.n_tickets == 0;
}

static bool is_full(const struct intake *in, const struct slot *s)
{
    return s->b.n == MESSAGE_BATCH_MAX || s->b.n_tickets == MESSAGE_BATCH_TICKETS ||
           s->b.arena.full || s->b.arena.used_bytes > in->conf.batch_bytes / 2;
}

static void open_one(struct intake *in)
{
    if (in->open || !in->n_idle)
        return;
    struct slot *s = in->idle[--in->n_idle];
    arena_reset(&s->b.arena);
    s->b.n = s->b.n_tickets = 0;
    s->b.answer = ANSWER_NONE;
    s->number = ++in->batches;
    in->open = s;
}

static void seal(struct intake *in)
{
    if (in->conf.dead && !deadletter_sync(in->conf.dead))
        in->dead_failed = true;
    evtimer_del(in->flush);
    BUG_ON(!ring_push(&in->ready, in->open));
    in->n_away++;
    in->open = NULL;
    bell_ring(&in->pipe_bell);
    open_one(in);
}

/* While the pipe works on other batches this one fills up: one sync for many. */
static void seal_if_idle(struct intake *in)
{
    if (in->open && !is_empty(in->open) && in->n_away == 0)
        seal(in);
}

static void on_flush(evutil_socket_t fd, short what, void *ctx)
{
    struct intake *in = ctx;
    (void)fd, (void)what;
    if (in->open && !is_empty(in->open))
        seal(in);
}

static void flush_soon(struct intake *in)
{
    int64_t ns = in->n_away ? in->conf.flush_ns : 0;
    struct timeval t = { ns / 1000000000, ns % 1000000000 / NS_PER_US };
    if (!evtimer_pending(in->flush, NULL))
        evtimer_add(in->flush, &t);
}

struct arena *intake_room(struct intake *in)
{
    if (in->open && is_full(in, in->open))
        seal(in);
    return in->open ? &in->open->b.arena : NULL;
}

bool intake_renew(struct intake *in)
{
    if (in->open && is_empty(in->open)) {
        arena_reset(&in->open->b.arena);
        return false;
    }
    if (in->open)
        seal(in);
    return true;
}

void intake_wait(struct intake *in, struct client *c)
{
    counter_add(&in->counters, COUNTER_INTAKE_WAITS, 1);
    clients_wait(&in->clients, c);
}

void intake_put(struct intake *in, struct message *m, const struct message_origin *origin)
{
    struct message_batch *b = &in->open->b;
    BUG_ON(b->n == MESSAGE_BATCH_MAX || m->mem != &b->arena);
    m->origin = *origin;
    m->receive_ns = clock_real_ns();
    b->message[b->n++] = m;
    counter_add(&in->counters, COUNTER_INTAKE_MESSAGES, 1);
    flush_soon(in);
}

void intake_ticket(struct intake *in, struct client *c, const struct ticket *t)
{
    struct message_batch *b = &in->open->b;
    struct ticket *last = &b->ticket[c->ticket];
    if (c->batch == in->open->number && last->window == t->window) {
        last->sequence = t->sequence;
        last->messages += t->messages;
        return;
    }
    BUG_ON(b->n_tickets == MESSAGE_BATCH_TICKETS);
    c->batch = in->open->number;
    c->ticket = b->n_tickets;
    c->unanswered++;
    b->ticket[b->n_tickets] = *t;
    b->ticket[b->n_tickets++].connection = c->number;
    flush_soon(in);
}

void intake_refuse(struct intake *in, const struct refusal *r)
{
    counter_add(&in->counters, r->stored ? COUNTER_INTAKE_FIELDS_REFUSED : COUNTER_INTAKE_REFUSED,
                1);
    if (in->conf.dead && !deadletter_add(in->conf.dead, r))
        counter_add(&in->counters, COUNTER_INTAKE_DEAD_FAILED, 1);
}

/* ---- answers */

static void answer(struct intake *in, const struct slot *s)
{
    bool durable = s->b.answer == ANSWER_DURABLE;
    BUG_ON(s->b.answer == ANSWER_NONE);
    if (!durable)
        counter_add(&in->counters, COUNTER_INTAKE_NOT_TAKEN, s->b.n);
    for (unsigned i = 0; i < s->b.n_tickets; i++) {
        const struct ticket *t = &s->b.ticket[i];
        struct client *c = clients_find(&in->clients, t->connection);
        if (!c)
            continue;
        c->unanswered--;
        c->ops->answered(c, t->window, t->sequence, durable);
    }
}

static void resume_waiting(struct intake *in)
{
    struct client *c;
    while (!in->stopping && intake_room(in) && (c = clients_next_waiting(&in->clients)))
        c->ops->resume(c);
}

static void begin_stop(struct intake *in);
static void go_on_closing(struct intake *in);

static void on_bell(evutil_socket_t fd, short what, void *ctx)
{
    struct intake *in = ctx;
    struct slot *s;
    (void)fd, (void)what;
    bell_sleep_soon(&in->loop_bell);
    while ((s = ring_pop(&in->back))) {
        in->n_away--;
        in->idle[in->n_idle++] = s;
        answer(in, s);
    }
    open_one(in);
    resume_waiting(in);
    seal_if_idle(in);
    if (atomic_load_explicit(&in->stop, memory_order_acquire) && !in->stopping)
        begin_stop(in);
    if (in->stopping)
        go_on_closing(in);
}

/* ---- time, end */

static void tick_one(struct client *c, void *ctx)
{
    if (c->ops->tick)
        c->ops->tick(c, *(const int64_t *)ctx);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
    struct intake *in = ctx;
    int64_t now_ns = clock_mono_ns();
    (void)fd, (void)what;
    clients_each(&in->clients, tick_one, &now_ns);
    resume_waiting(in); /* those that wait for memory */
    if (in->stopping)
        go_on_closing(in);
}

static void stop_one(struct client *c, void *ctx)
{
    (void)ctx;
    c->ops->stop(c);
}

static void close_one(struct client *c, void *ctx)
{
    (void)ctx;
    c->ops->close(c);
}

static void begin_stop(struct intake *in)
{
    in->stopping = true;
    for (unsigned i = 0; i < in->n_inputs; i++)
        in->input[i].ops->stop(in->input[i].ctx);
    clients_each(&in->clients, stop_one, NULL);
    if (in->open && !is_empty(in->open))
        seal(in);
}

/* All is answered: clients are closed, and inputs that answer by themselves get a moment. */
static void go_on_closing(struct intake *in)
{
    if (in->n_away || ++in->closing < CLOSE_TICKS)
        return;
    clients_each(&in->clients, close_one, NULL);
    event_base_loopbreak(in->base);
}

static err add_events(struct intake *in, struct why *w)
{
    struct timeval t = { 0, TICK_NS / NS_PER_US };
    if (event_add(in->answers, NULL) || event_add(in->tick, &t))
        return why_set(w, ERR_IO, "the loop of the inputs cannot begin");
    bell_sleep_soon(&in->loop_bell);
    if (atomic_load_explicit(&in->stop, memory_order_acquire) || ring_count(&in->back))
        bell_ring_always(&in->loop_bell);
    return ERR_OK;
}

err intake_run(struct intake *in, struct why *w)
{
    err rc = add_events(in, w);
    if (!rc && event_base_dispatch(in->base) < 0)
        rc = why_set(w, ERR_IO, "the loop of the inputs failed");
    atomic_store_explicit(&in->ended, true, memory_order_release);
    bell_ring_always(&in->pipe_bell);
    return rc;
}

void intake_stop(struct intake *in)
{
    atomic_store_explicit(&in->stop, true, memory_order_release);
    bell_ring_always(&in->loop_bell);
}

/* ---- the pipe's side */

struct message_batch *intake_take(struct intake *in)
{
    struct slot *s = ring_pop(&in->ready);
    if (!s && !intake_is_drained(in)) {
        bell_sleep_soon(&in->pipe_bell);
        s = ring_pop(&in->ready);
        if (!s && atomic_load_explicit(&in->ended, memory_order_acquire))
            bell_ring_always(&in->pipe_bell); /* it ended while the bell was being reset */
    }
    return s ? &s->b : NULL;
}

void intake_give_back(struct intake *in, struct message_batch *b)
{
    BUG_ON(!ring_push(&in->back, container_of(b, struct slot, b)));
    bell_ring(&in->loop_bell);
}

bool intake_is_drained(const struct intake *in)
{
    return atomic_load_explicit(&in->ended, memory_order_acquire) && ring_count(&in->ready) == 0;
}

unsigned intake_waiting(const struct intake *in)
{
    return (unsigned)ring_count(&in->ready);
}

int intake_ready_fd(const struct intake *in)
{
    return in->pipe_bell.fd;
}

/* ---- birth and end */

struct counters *intake_counters(struct intake *in)
{
    return &in->counters;
}

struct event_base *intake_base(struct intake *in)
{
    return in->base;
}

struct clients *intake_clients(struct intake *in)
{
    return &in->clients;
}

void intake_add(struct intake *in, const struct input_ops *ops, void *ctx)
{
    BUG_ON(in->n_inputs == INPUTS_MAX);
    in->input[in->n_inputs++] = (struct added_input){ ops, ctx };
}

static void make_batches(struct intake *in)
{
    unsigned n = in->conf.batches;
    BUG_ON(n < 2);
    in->slot = xcalloc(n, sizeof *in->slot);
    in->idle = xcalloc(n, sizeof(struct slot *));
    ring_init(&in->ready, n);
    ring_init(&in->back, n);
    for (unsigned i = 0; i < n; i++) {
        struct slot *s = &in->slot[i];
        s->pool.max_bytes = in->conf.batch_bytes + 2 * ARENA_CHUNK_BYTES;
        arena_init(&s->b.arena, &s->pool, in->conf.batch_bytes);
        in->idle[in->n_idle++] = s;
    }
    open_one(in);
}

struct intake *intake_new(const struct intake_conf *conf)
{
    struct intake *in = xcalloc(1, sizeof *in);
    in->conf = *conf;
    in->base = event_base_new();
    xneed(in->base, "event loop for an input");
    bell_init(&in->pipe_bell);
    bell_init(&in->loop_bell);
    clients_init(&in->clients);
    make_batches(in);
    in->answers = event_new(in->base, in->loop_bell.fd, EV_READ | EV_PERSIST, on_bell, in);
    in->tick = event_new(in->base, -1, EV_PERSIST, on_tick, in);
    in->flush = evtimer_new(in->base, on_flush, in);
    xneed(in->answers && in->tick && in->flush, "memory for an input");
    return in;
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    clients_each(&in->clients, close_one, NULL);
    for (unsigned i = 0; i < in->n_inputs; i++)
        in->input[i].ops->free(in->input[i].ctx);
    event_free(in->answers);
    event_free(in->tick);
    event_free(in->flush);
    event_base_free(in->base);
    for (unsigned i = 0; i < in->conf.batches; i++) {
        arena_free(&in->slot[i].b.arena);
        chunk_pool_free(&in->slot[i].pool);
    }
    clients_free(&in->clients);
    ring_free(&in->ready);
    ring_free(&in->back);
    bell_close(&in->pipe_bell);
    bell_close(&in->loop_bell);
    xfree(in->idle);
    xfree(in->slot);
    xfree(in);
}
