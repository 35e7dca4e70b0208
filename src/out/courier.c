/* The loop of an output whose receivers acknowledge: parcels in over a ring, empty ones back. */
#include "out/courier.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/ring.h"
#include "codec/lumberjack.h"
#include "os/thread.h"
#include "out/order.h"

#define PARCEL_EVENTS 2048 /* at least, unless windows are larger */
#define SPARE_PARCELS 2    /* beside those that can be under way: one is filled, one waits */
#define EXTRA_PARCELS 64   /* made when somebody adds without asking for room */
#define LINKS_MAX     256
#define WAIT_MS       100

struct courier {
    struct post post; /* loop thread */
    struct order order;
    struct thread thread;
    struct link *link;
    unsigned n_links, turn, parcel_events;

    /* feeding thread */
    struct parcel *open;
    unsigned n_parcels; /* made so far */
    unsigned most_parcels;
    size_t added;

    /* shared: rings of parcels; bells (eventfd): to the loop, to the feeder */
    struct ring full, empty;
    int loop_bell, wake_fd;
    struct event *on_bell;
    _Atomic size_t passed; /* shared: written by the loop */
    _Atomic uint64_t done; /* shared: the same, in order */
    atomic_bool hungry;    /* shared: nothing waits to be sent; set by the loop */
    atomic_bool growing;   /* shared: an open parcel has events; set by the feeder */
    atomic_bool stop;      /* shared: set by the feeder */
};

static void bell_ring(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    BUG_ON(n < 0 && errno != EAGAIN);
}

static void bell_reset(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    BUG_ON(n < 0 && errno != EAGAIN);
}

/* ---- the loop's thread */

static struct courier *courier_of(struct post *p)
{
    return container_of(p, struct courier, post);
}

static void emptied(struct post *p, struct parcel *parcel)
{
    struct courier *c = courier_of(p);
    order_emptied(&c->order, parcel);
    atomic_store_explicit(&c->done, order_done(&c->order), memory_order_release);
    parcel_reset(parcel);
    BUG_ON(!ring_push(&c->empty, parcel));
    bell_ring(c->wake_fd);
}

static void passed(struct post *p, unsigned events)
{
    struct courier *c = courier_of(p);
    atomic_fetch_add_explicit(&c->passed, events, memory_order_release);
    atomic_store_explicit(&c->done, order_done(&c->order), memory_order_release);
}

/* The connection with the fewest windows under way; of several each in turn. */
static struct link *best_link(struct courier *c)
{
    struct link *best = NULL;
    for (unsigned i = 0; i < c->n_links; i++) {
        struct link *l = &c->link[(c->turn + i) % c->n_links];
        if (link_has_room(l) && (!best || l->n < best->n))
            best = l;
    }
    c->turn++;
    return best;
}

/* Both sides set their flag, then look at the other's: one of them sees both. */
static void say_hungry(struct courier *c)
{
    atomic_store(&c->hungry, true);
    if (atomic_load(&c->growing))
        bell_ring(c->wake_fd);
}

/* What a receiver failed at comes in halves: in the end only what it cannot take is given up. */
static unsigned next_window(const struct courier *c, const struct link *l)
{
    unsigned failures = c->post.queue.first->failures;
    unsigned n = failures < 31 ? link_window(l) >> failures : 0;
    return n ? n : 1;
}

static void pump(struct post *p)
{
    struct courier *c = courier_of(p);
    struct link *l;
    while (p->queue.first && (l = best_link(c)))
        link_send(l, stretch_queue_take(&p->queue, next_window(c, l)));
    for (unsigned i = 0; p->queue.first && i < c->n_links; i++)
        link_connect(&c->link[i]);
    if (!p->queue.first)
        say_hungry(c);
}

static void on_bell(evutil_socket_t fd, short what, void *ctx)
{
    struct courier *c = ctx;
    struct parcel *parcel;
    (void)what;
    bell_reset(fd);
    if (atomic_load_explicit(&c->stop, memory_order_acquire)) {
        event_base_loopbreak(c->post.base);
        return;
    }
    while ((parcel = ring_pop(&c->full))) {
        order_add(&c->order, parcel);
        stretch_queue_add(&c->post.queue, parcel);
    }
    pump(&c->post);
}

static void run(void *ctx)
{
    struct courier *c = ctx;
    event_base_dispatch(c->post.base);
}

/* ---- the feeding thread */

static void seal(struct courier *c)
{
    atomic_store(&c->hungry, false);
    atomic_store(&c->growing, false);
    BUG_ON(!ring_push(&c->full, c->open));
    c->open = NULL;
    bell_ring(c->loop_bell);
}

/* A parcel to fill. More than may be needed are made only when somebody asks for no room. */
static struct parcel *next_parcel(struct courier *c)
{
    struct parcel *p;
    while (!(p = ring_pop(&c->empty))) {
        if (c->n_parcels < c->most_parcels + EXTRA_PARCELS) {
            c->n_parcels++;
            return parcel_new(c->parcel_events);
        }
        struct pollfd wait = { .fd = c->wake_fd, .events = POLLIN };
        poll(&wait, 1, WAIT_MS);
        bell_reset(c->wake_fd);
    }
    return p;
}

/* Those beyond what was planned go again. */
static void drop_extra(struct courier *c)
{
    while (c->n_parcels > c->most_parcels) {
        struct parcel *p = ring_pop(&c->empty);
        if (!p)
            return;
        parcel_free(p);
        c->n_parcels--;
    }
}

void courier_add(struct courier *c, struct slice json)
{
    if (!c->open)
        c->open = next_parcel(c);
    parcel_add(c->open, json);
    c->added++;
    if (parcel_is_full(c->open))
        seal(c);
}

void courier_flush(struct courier *c)
{
    if (!c->open || c->open->count == 0)
        return;
    atomic_store(&c->growing, true);
    if (atomic_load(&c->hungry))
        seal(c);
}

bool courier_has_room(struct courier *c)
{
    bell_reset(c->wake_fd);
    drop_extra(c);
    return c->open || c->n_parcels < c->most_parcels || ring_count(&c->empty) > 0;
}

int courier_wake_fd(const struct courier *c)
{
    return c->wake_fd;
}

size_t courier_held(struct courier *c)
{
    bell_reset(c->wake_fd);
    return c->added - atomic_load_explicit(&c->passed, memory_order_acquire);
}

uint64_t courier_done(const struct courier *c)
{
    return atomic_load_explicit(&c->done, memory_order_acquire);
}

const struct counters *courier_counters(const struct courier *c)
{
    return &c->post.counters;
}

/* ---- birth and end */

static void make_links(struct courier *c, const struct post_conf *conf)
{
    unsigned n = conf->balance ? conf->n_hosts * conf->workers : 1;
    c->n_links = n < LINKS_MAX ? n : LINKS_MAX;
    c->link = xcalloc(c->n_links, sizeof *c->link);
    for (unsigned i = 0; i < c->n_links; i++)
        link_init(&c->link[i], &c->post, i % conf->n_hosts, !conf->balance);
}

static void make_parcels(struct courier *c, const struct post_conf *conf)
{
    unsigned many = conf->window < PARCEL_EVENTS ? PARCEL_EVENTS / conf->window : 1;
    unsigned under_way = c->n_links * conf->windows;
    c->parcel_events = conf->window * many;
    c->most_parcels = (under_way + many - 1) / many + SPARE_PARCELS;
    ring_init(&c->full, c->most_parcels + EXTRA_PARCELS);
    ring_init(&c->empty, c->most_parcels + EXTRA_PARCELS);
    order_init(&c->order, c->most_parcels + EXTRA_PARCELS);
}

err courier_new(const struct post_conf *conf, struct courier **out, struct why *w)
{
    struct courier *c = xcalloc(1, sizeof *c);
    *out = c;
    c->post = (struct post){ .conf = conf, .emptied = emptied, .passed = passed, .pump = pump };
    c->post.base = event_base_new();
    xneed(c->post.base, "event loop for an output");
    if (conf->level)
        c->post.deflater = deflater_new(conf->level);
    make_links(c, conf);
    make_parcels(c, conf);
    atomic_init(&c->hungry, true);
    c->loop_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    c->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    xneed(c->loop_bell >= 0 && c->wake_fd >= 0,
          "descriptor to wake a thread with (mend: LimitNOFILE)");
    c->on_bell = event_new(c->post.base, c->loop_bell, EV_READ | EV_PERSIST, on_bell, c);
    xneed(c->on_bell, "memory for an output");
    event_add(c->on_bell, NULL);
    err e = thread_start(&c->thread, "logstash", run, c);
    if (!e)
        return ERR_OK;
    courier_free(c);
    *out = NULL;
    return why_set(w, e, "output.logstash: cannot start a thread");
}

/* What still waits anywhere; the links have put theirs back. */
static void free_parcels(struct courier *c)
{
    struct parcel *p;
    struct stretch *s;
    while ((s = stretch_queue_take(&c->post.queue, UINT32_MAX))) {
        p = s->parcel;
        if (stretch_pass(s, stretch_count(s)))
            parcel_free(p);
        stretch_done(&c->post.queue, s);
    }
    while ((p = ring_pop(&c->full)) || (p = ring_pop(&c->empty)))
        parcel_free(p);
    parcel_free(c->open);
    stretch_queue_free(&c->post.queue);
}

size_t courier_free(struct courier *c)
{
    if (!c)
        return 0;
    size_t held;
    atomic_store_explicit(&c->stop, true, memory_order_release);
    bell_ring(c->loop_bell);
    thread_join(&c->thread);
    held = courier_held(c);
    for (unsigned i = 0; i < c->n_links; i++)
        link_free(&c->link[i]);
    free_parcels(c);
    event_free(c->on_bell);
    event_base_free(c->post.base);
    deflater_free(c->post.deflater);
    xfree(c->post.out.p);
    xfree(c->link);
    ring_free(&c->full);
    ring_free(&c->empty);
    order_free(&c->order);
    close(c->loop_bell);
    close(c->wake_fd);
    xfree(c);
    return held;
}
