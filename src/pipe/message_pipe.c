/* Messages as lines (group commit: many batches, one sync). */
#include "pipe/message_pipe.h"

#include <stdio.h>

#include "base/bug.h"
#include "base/log.h"
#include "base/random.h"
#include "model/message_json.h"

#define LINE_BYTES  ((size_t)128 * 1024 * 1024) /* pages that are never touched cost nothing */
#define SPARE_BYTES ((size_t)4 * 1024 * 1024)
#define ULID_TEXT   26
#define ULID_RANDOM 10
#define NS_PER_MS   1000000
#define TICK_NS     INT64_C(1000000000)

struct message_pipe {
    struct message_pipe_conf conf;
    struct buf line;
    uint8_t random[ULID_RANDOM]; /* counts up from a random start: no two are alike */
    uint64_t dropped;
    bool unsynced; /* losses were kept since the last sync */
    int64_t ticked_ns;
    void *ctx;
};

static void next_random(uint8_t r[ULID_RANDOM])
{
    for (unsigned i = ULID_RANDOM; i-- > 0 && ++r[i] == 0;)
        ;
}

err message_pipe_new(const struct message_pipe_conf *conf, struct message_pipe **out, struct why *w)
{
    struct message_pipe *p = xcalloc(1, sizeof *p);
    p->conf = *conf;
    p->ctx = xcalloc(1, conf->output->ctx_size + 1);
    BUG_ON(!conf->output->sync);
    random_bytes(p->random, sizeof p->random);
    err rc = conf->output->open(p->ctx, conf->output_conf, w);
    if (!rc && (rc = conf->output->sync(p->ctx, w)))
        conf->output->close(p->ctx);
    if (rc) {
        xfree(p->ctx);
        xfree(p);
        return rc;
    }
    p->line = buf_of(xmalloc(LINE_BYTES), LINE_BYTES);
    *out = p;
    return ERR_OK;
}

/* A batch that is full to the brim has no memory left for names as they are written. */
static bool make_with_spare(struct message *m, const struct message_form *form, struct buf *line)
{
    size_t bound = m->mem->max_bytes;
    m->mem->max_bytes = bound ? m->mem->used_bytes + SPARE_BYTES : 0;
    m->lost = false;
    buf_reset(line);
    bool ok = message_json(m, form, line);
    m->mem->max_bytes = bound;
    return ok;
}

/* False: it is too large to be a line, however often it is tried. */
static bool make_line(struct message_pipe *p, struct message *m)
{
    uint8_t id[ULID_TEXT] = { 0 }; /* filled below; form holds its address */
    int64_t now_ms = m->receive_ns / NS_PER_MS;
    struct message_form form = { .now_ms = now_ms,
                                 .message_id = slice_of(id, sizeof id),
                                 .node_id = slice_cstr(p->conf.node_id),
                                 .id = slice_of(id, sizeof id) };
    next_random(p->random);
    message_ulid(id, now_ms, p->random);
    buf_reset(&p->line);
    bool ok =
        message_json(m, &form, &p->line) || (!p->line.full && make_with_spare(m, &form, &p->line));
    size_t most = p->conf.output->line_bytes;
    return ok && (!most || p->line.n <= most);
}

/* What will never be written. The line is what make_line made of it. */
static void drop(struct message_pipe *p, const struct message *m, const char *why,
                 struct counters *counters)
{
    char reason[160];
    const struct message_losses *losses = &p->conf.losses;
    snprintf(reason, sizeof reason, "%s (%lld bytes of names and values)", why,
             (long long)message_size(m));
    struct message_loss loss = { m, reason, buf_slice(&p->line) };
    bool kept = losses->keep && losses->keep(losses->ctx, &loss);
    p->unsynced |= kept;
    counter_add(counters, COUNTER_EVENTS_FAILED, 1);
    if (p->dropped++ == 0)
        log_error("output",
                  "a message was not written: %s; %s; more of them are only counted "
                  "(events.failed)",
                  reason, kept ? "it is in the dead letters" : "it is lost");
}

/* ---- meaning */

struct taking {
    struct message_pipe *p;
    struct message_batch *b;
    struct counters *counters;
    unsigned
        left; /* messages of the input that have not been taken yet, the present one included */
    const struct message *present;
};

/* Room for one more, with a place kept for each message of the input that is still to come. */
static bool has_room(struct taking *t, const struct message *m)
{
    struct message_result *r = &t->b->result;
    if (m == t->present || r->n + t->left < r->cap)
        return true;
    struct message **larger = arena_alloc(&t->b->arena, 2 * r->cap * sizeof(struct message *));
    if (!larger)
        return false;
    memcpy(larger, r->v, r->n * sizeof(struct message *));
    r->v = larger;
    r->cap *= 2;
    return true;
}

static void take(void *ctx, struct message *m)
{
    struct taking *t = ctx;
    struct message_result *r = &t->b->result;
    if (!has_room(t, m)) {
        (void)make_line(t->p, m); /* as far as it goes */
        drop(t->p, m, "no memory for a further message of its batch (intake.batch)", t->counters);
        return;
    }
    if (m == t->present) {
        t->left--;
        t->present = NULL;
    }
    r->v[r->n++] = m;
}

/* What rules may not use up: writing a message needs a little of its memory too. */
static size_t keep_back(struct arena *a)
{
    size_t kept = a->max_bytes / 8;
    a->max_bytes -= kept;
    return kept;
}

/* What did not fit into a message while it was processed is missing, but the message is not. */
static void mend_lost(struct message_result *r)
{
    for (unsigned i = 0; i < r->n; i++) {
        struct message *m = r->v[i];
        if (!m->lost)
            continue;
        message_add_error(m, SLICE("The message could not be processed completely"),
                          SLICE("The memory of its batch is used up (intake.batch)"));
        m->lost = false;
    }
}

static void process(struct message_pipe *p, struct message_batch *b, struct counters *counters)
{
    const struct message_stage *stage = p->conf.stage;
    struct message_result *r = &b->result;
    struct taking t = { p, b, counters, b->n, NULL };
    const struct message_sink sink = { &t, take };
    r->made = true;
    r->n = 0;
    r->cap = 2 * b->n + 2;
    r->v = stage ? arena_alloc(&b->arena, r->cap * sizeof(struct message *)) : NULL;
    if (!r->v) { /* nothing is done to them rather than losing them */
        r->v = b->message;
        r->n = b->n;
        return;
    }
    size_t kept = keep_back(&b->arena);
    r->use = stage->begin(stage->ctx);
    for (unsigned i = 0; i < b->n; i++) {
        t.present = b->message[i];
        stage->process(stage->ctx, r->use, b->message[i], &sink);
        t.left -= t.present != NULL; /* it was dropped */
    }
    b->arena.max_bytes += kept;
    b->arena.full = false;
    mend_lost(r);
}

void message_pipe_done(struct message_pipe *p, struct message_batch *b)
{
    if (p->conf.stage && b->result.use)
        p->conf.stage->end(p->conf.stage->ctx, b->result.use);
    b->result = (struct message_result){ 0 };
}

/* ---- writing */

static err write_line(struct message_pipe *p, const struct message *m, struct why *w)
{
    const struct output *o = p->conf.output;
    return o->write_message ? o->write_message(p->ctx, m, buf_slice(&p->line), w)
                            : o->write(p->ctx, NULL, buf_slice(&p->line), w);
}

static err write_batch(struct message_pipe *p, struct message_batch *b, struct counters *counters,
                       uint64_t *written, struct why *w)
{
    err rc = ERR_OK;
    if (!b->result.made)
        process(p, b, counters);
    for (unsigned i = 0; i < b->result.n && !rc; i++) {
        struct message *m = b->result.v[i];
        if (!m)
            continue;
        if (make_line(p, m)) {
            rc = write_line(p, m, w);
            ++*written;
        } else {
            drop(p, m, "too large to be written as a line", counters);
            b->result.v[i] = NULL; /* once, however often the batch is written */
        }
    }
    return rc;
}

err message_pipe_write(struct message_pipe *p, struct message_batch *const *b, unsigned n,
                       struct counters *counters, struct why *w)
{
    uint64_t messages = 0;
    err rc = ERR_OK;
    for (unsigned i = 0; i < n && !rc; i++)
        rc = write_batch(p, b[i], counters, &messages, w);
    if (p->unsynced)
        p->conf.losses.sync(p->conf.losses.ctx);
    p->unsynced = false;
    if (!rc)
        rc = p->conf.output->sync(p->ctx, w);
    if (!rc)
        counter_add(counters, COUNTER_EVENTS_WRITTEN, messages);
    return rc;
}

const struct counters *message_pipe_counters(struct message_pipe *p)
{
    return p->conf.output->counters ? p->conf.output->counters(p->ctx) : NULL;
}

void *message_pipe_output(struct message_pipe *p)
{
    return p->ctx;
}

void message_pipe_tick(struct message_pipe *p, int64_t now_ns)
{
    bool due = now_ns - p->ticked_ns >= TICK_NS || now_ns < p->ticked_ns; /* the clock was set */
    if (!p->conf.output->tick || !due)
        return;
    p->ticked_ns = now_ns;
    p->conf.output->tick(p->ctx, now_ns);
}

void message_pipe_free(struct message_pipe *p)
{
    if (!p)
        return;
    p->conf.output->close(p->ctx);
    xfree(p->line.p);
    xfree(p->ctx);
    xfree(p);
}
