/* One that fails ends all: half a capture would look like a whole one. */
#include "app/crew.h"

#include <poll.h>
#include <stdio.h>

#include "base/bug.h"
#include "in/pick.h"
#include "in/spread.h"
#include "os/thread.h"

struct seat {
    struct crew *crew;
    struct worker *worker;
    struct capture *files, *pick; /* read by each for itself: its own reader, its part; NULL */
    unsigned n_captures, interface[WORKER_CAPTURES]; /* that its captures are of */
    struct thread thread;
    err err; /* written by its thread, read after joining it */
    struct why why;
};

struct crew {
    struct spread *spread; /* NULL: nothing to share out */
    struct seat reader;    /* its worker is NULL */
    unsigned turn, n;
    struct seat seat[];
};

static void worker_main(void *ctx)
{
    struct seat *seat = ctx;
    seat->err = worker_run(seat->worker, &seat->why);
    if (seat->err)
        crew_stop(seat->crew);
}

static void reader_main(void *ctx)
{
    struct seat *seat = ctx;
    seat->err = spread_run(seat->crew->spread, &seat->why);
}

/* The capture of interface k that worker i has; NULL. */
static struct capture *capture_of(const struct crew *c, const struct crew_conf *conf, unsigned i,
                                  unsigned k)
{
    if (c->seat[i].pick)
        return c->seat[i].pick;
    return c->spread ? spread_part(c->spread, i) : conf->captures[i * conf->n_captures + k];
}

static void fill_seat(struct crew *c, const struct crew_conf *conf, unsigned i)
{
    struct seat *seat = &c->seat[i];
    struct worker_conf w = conf->worker;
    struct capture *own[WORKER_CAPTURES];
    w.shares = c->spread || c->seat[i].pick ? c->n : 0;
    for (unsigned k = 0; k < conf->n_captures; k++) {
        struct capture *capture = capture_of(c, conf, i, k);
        if (!capture)
            continue;
        seat->interface[seat->n_captures] = k;
        own[seat->n_captures++] = capture;
    }
    seat->crew = c;
    seat->worker = worker_new(&w, own, seat->n_captures, i);
}

static void close_picks(struct crew *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        struct seat *seat = &c->seat[i];
        if (seat->pick)
            seat->pick->ops->close(seat->pick);
        if (seat->files)
            seat->files->ops->close(seat->files);
        seat->pick = seat->files = NULL;
    }
}

/* Each worker reads the files for itself; false where they can be read only once. */
static bool open_picks(struct crew *c, const struct crew_conf *conf)
{
    struct why ignored;
    for (unsigned i = 0; i < c->n; i++) {
        struct seat *seat = &c->seat[i];
        if (i && capture_open_again(conf->captures[0], &seat->files, &ignored)) {
            close_picks(c);
            return false;
        }
        struct capture *from = i ? seat->files : conf->captures[0];
        seat->pick = pick_new(from, i, c->n, conf->worker.net);
    }
    return true;
}

struct crew *crew_new(const struct crew_conf *conf)
{
    BUG_ON(conf->n == 0 || conf->n > CREW_MAX || conf->n_captures == 0);
    struct crew *c = xcalloc(1, sizeof *c + conf->n * sizeof c->seat[0]);
    c->n = conf->n;
    bool shared = c->n > 1 && conf->n_captures == 1 && !conf->captures[0]->live;
    if (shared && !open_picks(c, conf))
        c->spread = spread_new(conf->captures[0], c->n, conf->worker.net);
    c->reader.crew = c;
    for (unsigned i = 0; i < c->n; i++)
        fill_seat(c, conf, i);
    return c;
}

static err start(struct seat *seat, const char *name, void (*run)(void *ctx), struct why *w)
{
    if (thread_start(&seat->thread, name, run, seat) == ERR_OK)
        return ERR_OK;
    return why_set(w, ERR_LIMIT, "cannot start a thread: the system has no more of them");
}

err crew_start(struct crew *c, struct why *w)
{
    err rc = ERR_OK;
    for (unsigned i = 0; i < c->n && !rc; i++) {
        char name[24];
        snprintf(name, sizeof name, "worker-%u", i);
        rc = start(&c->seat[i], name, worker_main, w);
    }
    return !rc && c->spread ? start(&c->reader, "reader", reader_main, w) : rc;
}

void crew_stop(struct crew *c)
{
    for (unsigned i = 0; i < c->n; i++)
        worker_stop(c->seat[i].worker);
    if (c->spread)
        spread_stop(c->spread);
}

/* All are asked before there is nothing, so that each one's descriptor tells of the next. */
struct batch *crew_take(struct crew *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        struct batch *b = worker_take(c->seat[c->turn++ % c->n].worker);
        if (b)
            return b;
    }
    return NULL;
}

void crew_give_back(struct crew *c, struct batch *b)
{
    BUG_ON(b->owner >= c->n);
    worker_give_back(c->seat[b->owner].worker, b);
}

bool crew_is_drained(const struct crew *c)
{
    for (unsigned i = 0; i < c->n; i++)
        if (!worker_is_drained(c->seat[i].worker))
            return false;
    return true;
}

unsigned crew_fds(const struct crew *c, struct pollfd *out)
{
    for (unsigned i = 0; i < c->n; i++)
        out[i] = (struct pollfd){ .fd = worker_ready_fd(c->seat[i].worker), .events = POLLIN };
    return c->n;
}

static err join(struct seat *seat, err before, struct why *w)
{
    thread_join(&seat->thread);
    if (before || !seat->err)
        return before;
    *w = seat->why;
    return seat->err;
}

err crew_join(struct crew *c, struct why *w)
{
    err rc = join(&c->reader, ERR_OK, w);
    for (unsigned i = 0; i < c->n; i++)
        rc = join(&c->seat[i], rc, w);
    return rc;
}

unsigned crew_size(const struct crew *c)
{
    return c->n;
}

const struct worker *crew_worker(const struct crew *c, unsigned i)
{
    return c->seat[i].worker;
}

void crew_interface(const struct crew *c, unsigned i, uint64_t *packets, uint64_t *drops)
{
    *packets = *drops = 0;
    for (unsigned s = 0; s < c->n; s++) {
        const struct gauges *g = worker_gauges(c->seat[s].worker);
        for (unsigned k = 0; k < c->seat[s].n_captures; k++) {
            if (c->seat[s].interface[k] != i)
                continue;
            *packets += atomic_load_explicit(&g->capture[k].packets, memory_order_relaxed);
            *drops += atomic_load_explicit(&g->capture[k].drops, memory_order_relaxed);
        }
    }
}

void crew_tally(const struct crew *c, struct tally *t)
{
    for (unsigned i = 0; i < c->n; i++)
        tally_add(t, worker_counted(c->seat[i].worker));
    if (c->spread)
        tally_add(t, spread_counters(c->spread));
    if (c->seat[0].pick)
        tally_add(t, pick_counters(c->seat[0].pick));
}

void crew_free(struct crew *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < c->n; i++)
        worker_free(c->seat[i].worker);
    spread_free(c->spread);
    close_picks(c);
    xfree(c);
}
