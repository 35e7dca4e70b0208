/* Lines to disk, from disk to the output, and away when it has them. */
#include "pipe/spool.h"

#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"

#define START_BYTES ((size_t)256 * 1024)
#define GROUP_BYTES ((size_t)8 * 1024 * 1024) /* beyond this lines go to disk, however few */
#define PASS_NS     INT64_C(20000000)         /* between two notes of how far the output came */
#define NS_PER_MS   1000000

void spool_init(struct spool *s, const struct queue_conf *conf, const struct output *output,
                void *ctx)
{
    *s = (struct spool){ .conf = conf, .output = output, .ctx = ctx, .cap = START_BYTES };
    s->max = (unsigned)conf->write_ahead + BATCH_EVENTS;
    s->text = xmalloc(s->cap);
    s->end = xcalloc(s->max, sizeof *s->end);
    s->line = xcalloc(s->max, sizeof *s->line);
}

void spool_free(struct spool *s)
{
    xfree(s->text);
    xfree(s->end);
    xfree(s->line);
    *s = (struct spool){ 0 };
}

/* ---- trying again */

static bool is_due(const struct again *a)
{
    return !a->failing || clock_mono_ns() >= a->next_ns;
}

/* True when it is the first failure of several. */
static bool again_fails(struct again *a, const struct queue_conf *conf)
{
    bool first = !a->failing;
    a->wait_ns = first ? conf->retry_ns : 2 * a->wait_ns;
    if (a->wait_ns > conf->max_retry_ns)
        a->wait_ns = conf->max_retry_ns;
    a->failing = true;
    a->next_ns = clock_mono_ns() + a->wait_ns;
    return first;
}

static bool again_works(struct again *a)
{
    bool was = a->failing;
    a->failing = false;
    return was;
}

/* ---- to disk */

static void say_large(struct spool *s, const char *name, const char *text)
{
    if (!s->told_of_large)
        log_warn("queue", "%s: %s; it is dropped, and so will others be (events.failed)", name,
                 text);
    s->told_of_large = true;
}

void spool_add(struct spool *s, struct slice line, struct counters *c)
{
    if (line.n > s->conf->disk->line_bytes) {
        struct why w;
        (void)why_set(&w, ERR_LIMIT, "an event of %zu bytes is larger than the %zu of the queue",
                      line.n, s->conf->disk->line_bytes);
        counter_add(c, COUNTER_EVENTS_FAILED, 1);
        say_large(s, s->conf->disk->where, w.text);
        return;
    }
    BUG_ON(s->n == s->max); /* spool_has_room was asked */
    while (s->bytes + line.n > s->cap) {
        s->cap *= 2;
        s->text = xrealloc(s->text, s->cap);
    }
    memcpy(s->text + s->bytes, line.p, line.n);
    s->bytes += line.n;
    s->end[s->n++] = s->bytes;
}

/* The first n lines are on disk. */
static void forget(struct spool *s, unsigned n)
{
    if (!n)
        return;
    size_t bytes = s->end[n - 1];
    memmove(s->text, s->text + bytes, s->bytes - bytes);
    s->bytes -= bytes;
    s->n -= n;
    for (unsigned i = 0; i < s->n; i++)
        s->end[i] = s->end[i + n] - bytes;
}

static void say_disk(struct spool *s, err rc, const struct why *w, struct counters *c)
{
    const char *where = s->conf->disk->where;
    bool first = again_fails(&s->disk, s->conf);
    if (rc == ERR_LIMIT) {
        if (!s->full)
            log_warn("queue",
                     "%s: it is full: live capture drops events now (events.queue_full), "
                     "files wait (mend: queue.disk.max_size, or an output that works)",
                     where);
        counter_add(c, COUNTER_QUEUE_FULL, !s->full);
        s->full = true;
        return;
    }
    counter_add(c, COUNTER_QUEUE_ERRORS, 1);
    if (first)
        log_error("queue",
                  "%s; events wait in memory, then live capture drops them "
                  "(events.queue_full); tried again",
                  w->text);
}

static void put(struct spool *s, struct counters *c)
{
    struct why w;
    unsigned n = s->n;
    if (!n || !is_due(&s->disk))
        return;
    for (unsigned i = 0; i < n; i++) {
        size_t at = i ? s->end[i - 1] : 0;
        s->line[i] = slice_of(s->text + at, s->end[i] - at);
    }
    err rc = s->conf->disk->put(s->conf->disk->ctx, s->line, &n, &w);
    counter_add(c, COUNTER_QUEUE_ADDED, n);
    forget(s, n);
    if (rc) {
        say_disk(s, rc, &w, c);
    } else if (again_works(&s->disk)) {
        log_info("queue", "%s: events are taken again", s->conf->disk->where);
        s->full = false;
    }
}

/* ---- to the output */

static void say_feed(struct spool *s, const struct why *w)
{
    if (again_fails(&s->feed, s->conf))
        log_error("output", "%s: %s; events wait in the queue until it works again",
                  s->output->name, w->text);
}

static bool has_room(const struct spool *s)
{
    const struct holding *h = s->output->holding;
    return !h || h->has_room(s->ctx);
}

/* The output has all lines up to this one. */
static bool note(struct spool *s, uint64_t number)
{
    struct why w;
    err rc = s->conf->disk->pass(s->conf->disk->ctx, number, &w);
    if (rc)
        say_feed(s, &w);
    else if (s->full)
        s->disk.next_ns = 0; /* there may be room */
    return !rc;
}

/* Noted on disk now and then, and when nothing is under way. */
static void pass(struct spool *s, uint64_t done)
{
    int64_t now_ns = clock_mono_ns();
    if (done == s->done || (done < s->written && now_ns - s->passed_ns < PASS_NS))
        return;
    if (!note(s, s->first + done - 1))
        return;
    s->done = done;
    s->passed_ns = now_ns;
}

/* Puts everything that is not done with before the output once more. */
static void take_back(struct spool *s)
{
    struct why w;
    s->written = s->done;
    s->have = false;
    if (s->conf->disk->rewind(s->conf->disk->ctx, &w))
        say_feed(s, &w);
}

/* A line that the output can never take, when all before it are done with. */
static void skip(struct spool *s, struct counters *c, const struct why *w)
{
    say_large(s, s->output->name, w->text);
    counter_add(c, COUNTER_EVENTS_FAILED, 1);
    s->have = false;
    s->first = s->number + 1 - s->written;
    note(s, s->number);
}

/* The next line is there and may be written: numbers that are missing are waited for. */
static bool take_next(struct spool *s, err *rc, struct why *w)
{
    if (!s->have)
        s->have = s->conf->disk->next(s->conf->disk->ctx, &s->number, &s->next, rc, w);
    if (!s->have || s->number == s->first + s->written)
        return s->have;
    if (s->done < s->written)
        return false;
    s->first = s->number - s->written;
    return true;
}

/* Gives the output what it has room for, at most twice as much as may have come meanwhile: less,
 * and the queue would grow beside an idle output; more, and a backlog would keep the pipe from its
 * work. One sync of the output is for all of it. */
static err give(struct spool *s, unsigned *given, struct counters *c, struct why *w)
{
    unsigned most = (unsigned)(s->conf->read_ahead + 2 * s->conf->write_ahead);
    err rc = ERR_OK;
    while (*given < most && has_room(s) && take_next(s, &rc, w)) {
        rc = s->output->write(s->ctx, NULL, s->next, w);
        if (rc == ERR_LIMIT && s->done < s->written)
            return ERR_OK;
        if (rc == ERR_LIMIT) {
            skip(s, c, w);
            rc = ERR_OK;
            continue;
        }
        if (rc)
            return rc;
        s->written++;
        s->have = false;
        ++*given;
    }
    return rc;
}

/* Everything given is where the output can promise it. */
static err settle(struct spool *s, struct why *w)
{
    err rc = s->output->flush(s->ctx, w);
    if (!rc && s->output->sync)
        rc = s->output->sync(s->ctx, w);
    return rc;
}

static err feed(struct spool *s, struct counters *c, struct why *w)
{
    const struct holding *h = s->output->holding;
    unsigned given = 0;
    err rc = ERR_OK;
    if (!is_due(&s->feed))
        return ERR_OK;
    if (!s->stays)
        rc = give(s, &given, c, w);
    if (!rc && (h || given))
        rc = settle(s, w);
    if (rc == ERR_END)
        return rc;
    if (rc) {
        say_feed(s, w);
        if (!h)
            take_back(s);
        return ERR_OK;
    }
    if (again_works(&s->feed))
        log_info("output", "%s: works again", s->output->name);
    counter_add(c, COUNTER_EVENTS_WRITTEN, given);
    pass(s, h ? h->done(s->ctx) : s->written);
    return ERR_OK;
}

err spool_work(struct spool *s, bool all, struct counters *c, struct why *w)
{
    (void)has_room(s); /* which resets what wakes us */
    if (!all && s->n < (unsigned)s->conf->write_ahead && s->bytes < GROUP_BYTES)
        return ERR_OK; /* more may come at once: one write for all */
    put(s, c);
    return feed(s, c, w);
}

/* ---- questions */

static uint64_t unread(struct spool *s)
{
    struct queue_state state;
    s->conf->disk->state(s->conf->disk->ctx, &state);
    return state.unread + s->have;
}

bool spool_is_busy(struct spool *s)
{
    bool blocked = s->have && s->number != s->first + s->written && s->done < s->written;
    return !s->stays && !blocked && is_due(&s->feed) && has_room(s) && unread(s) > 0;
}

bool spool_has_room(const struct spool *s)
{
    return s->n + BATCH_EVENTS <= s->max && s->bytes < GROUP_BYTES;
}

/* At the end of a capture all of it; when a signal came, what is not on disk or under way. */
size_t spool_held(struct spool *s)
{
    return s->n + (s->written - s->done) + (s->stays ? 0 : unread(s));
}
