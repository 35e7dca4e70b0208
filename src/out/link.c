/* A connection as Packetbeat's Logstash client keeps it (packetbeat-core.md 3.6, 3.10). */
#include "out/link.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/util.h>

#include "base/bug.h"
#include "base/log.h"
#include "codec/lumberjack.h"
#include "os/clock.h"

#define NS_PER_S  INT64_C(1000000000)
#define READ_HIGH 65536 /* bytes of answers that may wait */

static uint32_t random_u32(void)
{
    uint32_t v;
    evutil_secure_rng_get_bytes(&v, sizeof v);
    return v;
}

static const char *name_of_host(const struct link *l)
{
    return l->post->conf->host[l->host].shown;
}

static void set_timer(struct link *l, int64_t ns)
{
    struct timeval t = { ns / NS_PER_S, ns % NS_PER_S / 1000 };
    event_add(l->timer, &t);
}

/* ---- what becomes of events */

static void pass(struct link *l, struct stretch *s, unsigned n)
{
    struct parcel *p = s->parcel;
    bool empty = stretch_pass(s, n);
    l->post->passed(l->post, n);
    if (empty)
        l->post->emptied(l->post, p);
}

static void drop(struct link *l, struct stretch *s)
{
    unsigned n = stretch_count(s);
    counter_add(&l->post->counters, COUNTER_OUTPUT_DROPPED, n);
    pass(l, s, n);
    stretch_done(&l->post->queue, s);
}

/* The receiver failed at the first window; those behind it only shared its connection. */
static bool is_given_up(const struct link *l, unsigned i)
{
    const struct flight *f = &l->flight[i];
    int max = l->post->conf->max_retries;
    if (i == 0)
        f->stretch->failures++;
    return i == 0 && max >= 0 && f->stretch->failures > (unsigned)max;
}

/* What is not acknowledged goes back, in order; the last `unwritten` bytes of it never left. True
 * when some of it was given up. */
static bool put_back(struct link *l, size_t unwritten)
{
    bool dropped = false;
    while (l->n) {
        struct flight *f = &l->flight[--l->n];
        struct stretch *s = f->stretch;
        s->sent |= unwritten < f->bytes;
        unwritten -= unwritten < f->bytes ? unwritten : f->bytes;
        if (is_given_up(l, l->n)) {
            drop(l, s);
            dropped = true;
            continue;
        }
        counter_add(&l->post->counters, COUNTER_OUTPUT_RETRIED, stretch_count(s));
        stretch_queue_again(&l->post->queue, s);
    }
    return dropped;
}

/* ---- the end of a connection */

static void hang_up(struct link *l)
{
    dial_cancel(l->dial);
    if (l->bev)
        bufferevent_free(l->bev);
    l->dial = NULL;
    l->bev = NULL;
    l->state = LINK_IDLE;
    event_del(l->timer);
}

/* Another host than the present one, when there is one. */
static unsigned other_host(const struct link *l)
{
    unsigned n = l->post->conf->n_hosts;
    if (!l->roams || n < 2)
        return l->host;
    return (l->host + 1 + random_u32() % (n - 1)) % n;
}

static void say_failure(struct link *l, const char *why, bool dropped)
{
    if (!l->failing)
        log_warn("output", "logstash: %s: %s; events wait, trying again", name_of_host(l), why);
    else
        log_debug("output", "logstash: %s: %s", name_of_host(l), why);
    if (dropped)
        log_warn("output", "logstash: %s: a window failed %d times and is dropped (max_retries)",
                 name_of_host(l), l->post->conf->max_retries + 1);
    l->failing = true;
}

static void fail(struct link *l, const char *why)
{
    size_t unwritten = l->bev ? evbuffer_get_length(bufferevent_get_output(l->bev)) : 0;
    hang_up(l);
    counter_add(&l->post->counters, COUNTER_OUTPUT_ERRORS, 1);
    say_failure(l, why, put_back(l, unwritten));
    slow_start_shrink(&l->slow);
    l->host = other_host(l);
    l->state = LINK_WAITING;
    set_timer(l, backoff_wait(&l->backoff, random_u32()));
    l->post->pump(l->post);
}

/* ---- acknowledgements */

static void note_success(struct link *l)
{
    backoff_reset(&l->backoff);
    if (l->failing)
        log_info("output", "logstash: %s: works again", name_of_host(l));
    l->failing = false;
}

static void window_done(struct link *l)
{
    stretch_done(&l->post->queue, l->flight[0].stretch);
    l->n--;
    memmove(l->flight, l->flight + 1, l->n * sizeof l->flight[0]);
    slow_start_grow(&l->slow);
}

/* False: the receiver acknowledged what it was not sent. */
static bool take_ack(struct link *l, uint32_t sequence)
{
    struct flight *f = &l->flight[0];
    if (l->n == 0 || sequence > f->count)
        return sequence == 0;
    if (sequence <= f->acked)
        return true; /* it is alive, and at work */
    unsigned n = sequence - f->acked;
    counter_add(&l->post->counters, COUNTER_OUTPUT_ACKED, n);
    f->acked = sequence;
    f->stretch->failures = 0;
    pass(l, f->stretch, n);
    note_success(l);
    if (f->acked == f->count)
        window_done(l);
    return true;
}

static void rearm(struct link *l)
{
    l->unwritten = evbuffer_get_length(bufferevent_get_output(l->bev));
    if (l->n)
        set_timer(l, l->post->conf->timeout_ns);
    else
        event_del(l->timer);
}

static void on_read(struct bufferevent *bev, void *ctx)
{
    struct link *l = ctx;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t n = evbuffer_get_length(in);
    struct cursor c = cur_of(slice_of(n ? evbuffer_pullup(in, -1) : NULL, n));
    uint32_t sequence;
    bool bad = false, good = true;
    while (good && lumberjack_take_ack(&c, &sequence, &bad))
        good = take_ack(l, sequence);
    evbuffer_drain(in, n - cur_left(&c));
    if (bad || !good) {
        fail(l, bad ? "the receiver does not answer with Lumberjack acknowledgements"
                    : "the receiver acknowledges more than it was sent");
        return;
    }
    rearm(l);
    l->post->pump(l->post);
}

/* Nothing was under way: no failure, it is connected again when there is something to send. */
static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    struct link *l = ctx;
    struct why why;
    dial_explain(bev, what, &why);
    if (l->n) {
        fail(l, why.text);
        return;
    }
    hang_up(l);
    l->post->pump(l->post);
}

/* ---- connecting */

static void dialed(void *ctx, struct bufferevent *bev, const struct why *w)
{
    struct link *l = ctx;
    l->dial = NULL;
    if (!bev) {
        fail(l, w->text);
        return;
    }
    l->bev = bev;
    l->state = LINK_READY;
    l->ready_ns = clock_mono_ns();
    slow_start_begin(&l->slow, l->post->conf->window);
    if (!l->post->conf->slow_start)
        l->slow.size = 0;
    bufferevent_setcb(bev, on_read, NULL, on_event, l);
    bufferevent_setwatermark(bev, EV_READ, 0, READ_HIGH);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
    counter_add(&l->post->counters, COUNTER_OUTPUT_CONNECTED, 1);
    l->post->pump(l->post);
}

void link_connect(struct link *l)
{
    const struct post_conf *c = l->post->conf;
    if (l->state != LINK_IDLE)
        return;
    l->state = LINK_DIALING;
    l->dial = dial_start(l->post->base, &c->dial, &c->host[l->host], dialed, l);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct link *l = ctx;
    (void)fd, (void)what;
    if (l->state == LINK_WAITING) {
        l->state = LINK_IDLE;
        l->post->pump(l->post);
        return;
    }
    size_t unwritten = evbuffer_get_length(bufferevent_get_output(l->bev));
    if (unwritten < l->unwritten)
        rearm(l); /* slow, but on its way */
    else
        fail(l, "no acknowledgement in time");
}

/* ---- sending */

bool link_has_room(struct link *l)
{
    const struct post_conf *c = l->post->conf;
    if (l->state != LINK_READY)
        return false;
    if (c->ttl_ns && l->n == 0 && clock_mono_ns() - l->ready_ns >= c->ttl_ns)
        hang_up(l);
    return l->state == LINK_READY && l->n < c->windows;
}

unsigned link_window(const struct link *l)
{
    return slow_start_size(&l->slow);
}

static void make_room(struct buf *b, size_t bytes)
{
    b->n = 0;
    b->full = false;
    if (b->cap >= bytes)
        return;
    b->cap = bytes;
    b->p = xrealloc(b->p, b->cap);
}

/* W and C, or W and all J frames (packetbeat-core.md 3.6). */
static void encode(struct post *p, const struct stretch *s)
{
    struct slice frames = stretch_frames(s);
    make_room(&p->out,
              2 * LUMBERJACK_ACK_BYTES + (p->deflater ? deflate_bound(frames.n) : frames.n));
    lumberjack_put_window(&p->out, stretch_count(s));
    if (p->deflater)
        BUG_ON(!lumberjack_put_compressed(&p->out, frames, p->deflater));
    else
        buf_add(&p->out, frames);
    BUG_ON(p->out.full);
}

void link_send(struct link *l, struct stretch *s)
{
    struct post *p = l->post;
    BUG_ON(l->n >= p->conf->windows || l->state != LINK_READY);
    encode(p, s);
    l->flight[l->n++] = (struct flight){ s, stretch_count(s), 0, p->out.n };
    if (s->sent)
        counter_add(&p->counters, COUNTER_OUTPUT_DUPLICATES, stretch_count(s));
    bufferevent_write(l->bev, p->out.p, p->out.n);
    counter_add(&p->counters, COUNTER_OUTPUT_BATCHES, 1);
    counter_add(&p->counters, COUNTER_OUTPUT_BYTES, p->out.n);
    if (l->n == 1)
        rearm(l);
}

void link_init(struct link *l, struct post *post, unsigned host, bool roams)
{
    BUG_ON(post->conf->windows > LINK_WINDOWS_MAX);
    *l = (struct link){ .post = post, .host = host, .roams = roams };
    l->backoff = post->conf->backoff;
    if (roams)
        l->host = random_u32() % post->conf->n_hosts;
    l->timer = event_new(post->base, -1, 0, on_timer, l);
    xneed(l->timer, "memory for a connection");
}

void link_free(struct link *l)
{
    hang_up(l);
    while (l->n)
        stretch_queue_again(&l->post->queue, l->flight[--l->n].stretch);
    event_free(l->timer);
}
