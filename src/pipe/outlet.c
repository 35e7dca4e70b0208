/* The last part of a pipe: directly to the output, or by way of a queue on disk. */
#include "pipe/outlet.h"

#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"
#include "pipe/spool.h"

struct outlet {
    const struct output *output;
    void *ctx;
    struct queue_conf conf;
    struct spool spool; /* with a queue on disk */
    bool failing, told_of_large, ending;
    bool lost; /* an event, since the last flush */
    int64_t waiting,
        since_ns; /* events that the output waits for others with; the first one's time */
};

/* ---- birth and end */

err outlet_open(struct outlet **out, const struct output *output, const void *conf,
                const struct queue_conf *queue, struct why *w)
{
    struct outlet *o = xcalloc(1, sizeof *o);
    *o = (struct outlet){ .output = output, .conf = *queue };
    o->ctx = xcalloc(1, output->ctx_size);
    err rc = output->open(o->ctx, conf, w);
    if (rc) {
        xfree(o->ctx);
        xfree(o);
        return rc;
    }
    if (queue->disk)
        spool_init(&o->spool, &o->conf, output, o->ctx);
    *out = o;
    return ERR_OK;
}

void outlet_close(struct outlet *o)
{
    if (!o)
        return;
    size_t held = outlet_held(o);
    if (held && o->conf.disk)
        log_warn("queue",
                 "%zu events were not acknowledged or not on disk; those on disk go out at "
                 "the next start",
                 held);
    else if (held)
        log_warn("output", "%s: %zu events were not acknowledged and are lost", o->output->name,
                 held);
    o->output->close(o->ctx);
    if (o->conf.disk)
        spool_free(&o->spool);
    xfree(o->ctx);
    xfree(o);
}

/* ---- what is said of failures */

static void note_state(struct outlet *o, err e, const struct why *w)
{
    const char *name = o->output->name;
    if (e && !o->failing)
        log_error("output", "%s: %s; events are lost until it works again", name, w->text);
    if (!e && o->failing)
        log_info("output", "%s: works again", name);
    o->failing = e != ERR_OK;
}

/* An event that the output can never take says nothing of the output. */
static void note_large(struct outlet *o, const struct why *w)
{
    if (!o->told_of_large)
        log_warn("output", "%s: %s; it is dropped, and so will others be (events.failed)",
                 o->output->name, w->text);
    o->told_of_large = true;
}

/* ---- the way through */

err outlet_write(struct outlet *o, const struct event *e, struct slice line, struct counters *c,
                 struct why *w)
{
    if (o->conf.disk) {
        spool_add(&o->spool, line, c);
        return ERR_OK;
    }
    err rc = o->output->write(o->ctx, e, line, w);
    counter_add(c, rc ? COUNTER_EVENTS_FAILED : COUNTER_EVENTS_WRITTEN, 1);
    if (!o->waiting++)
        o->since_ns = clock_mono_ns();
    if (rc == ERR_LIMIT)
        note_large(o, w);
    else if (rc && rc != ERR_END)
        note_state(o, rc, w);
    o->lost |= rc && rc != ERR_LIMIT;
    return rc == ERR_END ? rc : ERR_OK;
}

/* queue.mem.flush: enough events, or long enough. */
static bool is_due(const struct outlet *o)
{
    return o->ending || o->waiting >= o->conf.flush_events ||
           clock_mono_ns() - o->since_ns >= o->conf.flush_ns;
}

static err flush(struct outlet *o, struct why *w)
{
    if (!is_due(o))
        return ERR_OK;
    err rc = o->output->flush(o->ctx, w);
    if (rc == ERR_END)
        return rc;
    if (rc || (o->waiting && !o->lost))
        note_state(o, rc, w);
    o->waiting = 0;
    o->lost = false;
    return ERR_OK;
}

err outlet_flush(struct outlet *o, struct counters *c, struct why *w)
{
    return o->conf.disk ? spool_work(&o->spool, false, c, w) : flush(o, w);
}

err outlet_idle(struct outlet *o, struct counters *c, struct why *w)
{
    if (o->conf.disk)
        return spool_work(&o->spool, true, c, w);
    return o->waiting || o->output->holding ? flush(o, w) : ERR_OK;
}

bool outlet_is_busy(struct outlet *o)
{
    return o->conf.disk && spool_is_busy(&o->spool);
}

void outlet_end(struct outlet *o, bool stays)
{
    o->ending = true;
    o->spool.stays = stays;
}

/* ---- questions */

bool outlet_has_room(struct outlet *o)
{
    const struct holding *h = o->output->holding;
    if (o->conf.disk)
        return spool_has_room(&o->spool);
    return !h || h->has_room(o->ctx);
}

int outlet_wake_fd(struct outlet *o)
{
    const struct holding *h = o->output->holding;
    return h ? h->wake_fd(o->ctx) : -1;
}

size_t outlet_held(struct outlet *o)
{
    const struct holding *h = o->output->holding;
    if (o->conf.disk)
        return spool_held(&o->spool);
    return h ? h->held(o->ctx) : 0;
}

void outlet_state(struct outlet *o, struct queue_state *out)
{
    *out = (struct queue_state){ 0 };
    if (o->conf.disk)
        o->conf.disk->state(o->conf.disk->ctx, out);
}

const struct counters *outlet_counters(struct outlet *o)
{
    const struct holding *h = o->output->holding;
    return h ? h->counters(o->ctx) : NULL;
}
