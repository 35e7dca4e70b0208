/* Health: GET /api/v1/health. */
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "codec/json.h"
#include "os/clock.h"
#include "store/state_json.h"
#include "store/store.h"
#include "web/answers.h"
#include "web/handlers.h"
#include "web/sample.h"
#include "web/web_private.h"

#define NS_PER_MS INT64_C(1000000)
#define SECOND_NS INT64_C(1000000000)
#define STEP_NS   (10 * SECOND_NS)
#define DISK_LOW  20 /* a note when less than a 20th is free */

static uint64_t counter_sum(const struct web *web, unsigned id)
{
    uint64_t sum = counter_get(web->counters, id);
    for (unsigned i = 0; i < web->sources.n_counters; i++)
        sum += counter_get(web->sources.counters[i], id);
    return sum;
}

struct health_sums health_sums_of(const struct web *web)
{
    static const enum counter_id lost[] = { COUNTER_GELF_DROPPED, COUNTER_INTAKE_INCOMPLETE,
                                            COUNTER_INTAKE_REFUSED, COUNTER_EVENTS_FAILED,
                                            COUNTER_GELF_TOO_LARGE };
    struct health_sums s = { counter_sum(web, COUNTER_INTAKE_MESSAGES),
                             counter_sum(web, COUNTER_EVENTS_WRITTEN), 0 };
    for (size_t i = 0; i < COUNT(lost); i++)
        s.dropped += counter_sum(web, lost[i]);
    return s;
}

/* ---- the last hour */

void health_tick(struct web *web, int64_t now_ns)
{
    struct health *h = &web->health;
    if (now_ns < h->due_ns)
        return;
    struct health_sums s = health_sums_of(web);
    struct health_point p = { clock_real_ns() / NS_PER_MS,
                              { s.received - h->before.received, s.stored - h->before.stored,
                                s.dropped - h->before.dropped } };
    pthread_mutex_lock(&h->points);
    if (h->due_ns) {
        h->point[h->next] = p;
        h->next = (h->next + 1) % HEALTH_POINTS;
        h->n += h->n < HEALTH_POINTS;
    }
    pthread_mutex_unlock(&h->points);
    h->before = s;
    h->due_ns = now_ns + STEP_NS;
}

static void put_history(struct buf *b, struct health *h)
{
    state_json_key(b, "history");
    buf_u8(b, '[');
    pthread_mutex_lock(&h->points);
    for (unsigned i = 0; i < h->n; i++) {
        const struct health_point *p =
            &h->point[(h->next + HEALTH_POINTS - h->n + i) % HEALTH_POINTS];
        buf_printf(b, "%s{\"t\":%lld,\"received\":%llu,\"stored\":%llu,\"dropped\":%llu}",
                   i ? "," : "", (long long)p->t_ms, (unsigned long long)p->n.received,
                   (unsigned long long)p->n.stored, (unsigned long long)p->n.dropped);
    }
    pthread_mutex_unlock(&h->points);
    buf_u8(b, ']');
}

/* ---- parts */

static void put_counters(struct buf *b, const struct web *web)
{
    state_json_key(b, "counters");
    buf_u8(b, '{');
    for (unsigned i = 0; i < COUNTER_COUNT; i++) {
        uint64_t v = counter_sum(web, i);
        if (v)
            state_json_int(b, counter_rows[i].name, (int64_t)v);
    }
    buf_u8(b, '}');
}

/* What they mean, of those that are not zero. */
static void put_meanings(struct buf *b, const struct web *web)
{
    state_json_key(b, "meanings");
    buf_u8(b, '{');
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        if (counter_sum(web, i))
            state_json_text(b, counter_rows[i].name, counter_rows[i].doc);
    buf_u8(b, '}');
}

static void put_memory(struct buf *b)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) == 0)
        state_json_int(b, "memory_bytes", (int64_t)u.ru_maxrss * 1024);
}

static void put_queue(struct buf *b, const char *name, unsigned used, int64_t size)
{
    buf_cstr(b, b->p[b->n - 1] == '[' ? "{" : ",{");
    state_json_text(b, "name", name);
    state_json_int(b, "used", used);
    state_json_int(b, "size", size);
    buf_u8(b, '}');
}

static void put_queues(struct buf *b, struct web *web)
{
    const struct web_queue *q = &web->sources.queue;
    state_json_key(b, "queues");
    buf_u8(b, '[');
    if (q->name)
        put_queue(b, q->name, q->used(q->ctx), q->size);
    put_queue(b, "queries", pool_used(&web->pool), web->conf.queue + web->conf.threads);
    put_queue(b, "connections", atomic_load_explicit(&web->n_conns, memory_order_relaxed),
              web->conf.connections);
    buf_u8(b, ']');
}

static void put_inputs(struct buf *b, const struct web_inputs *inputs)
{
    state_json_key(b, "inputs");
    buf_u8(b, '[');
    for (unsigned i = 0; i < inputs->n; i++) {
        const struct web_input *in = &inputs->v[i];
        buf_cstr(b, i ? ",{" : "{");
        state_json_text(b, "name", in->name);
        state_json_text(b, "address", in->address);
        state_json_int(b, "port", in->port);
        state_json_bool(b, "tls", in->tls);
        buf_u8(b, '}');
    }
    buf_u8(b, ']');
}

struct disk {
    int64_t size, left, used;
};

/* Bytes of all indices: what the store takes. */
static err measure(struct exchange *x, struct disk *d, struct why *w)
{
    struct statvfs v;
    struct index_sets sets;
    struct index_rows rows;
    struct state *st;
    *d = (struct disk){ 0 };
    if (statvfs(x->web->sources.folder, &v) == 0) {
        d->size = (int64_t)v.f_blocks * (int64_t)v.f_frsize;
        d->left = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
    }
    err rc = answers_state(x, &st, w);
    if (!rc)
        rc = state_index_sets(st, &x->mem, &sets, w);
    for (unsigned i = 0; !rc && i < sets.n; i++) {
        rc = state_indices(st, sets.v[i].id, &x->mem, &rows, w);
        if (!rc)
            d->used += index_totals_of(&rows).bytes;
    }
    return rc;
}

static void put_disk(struct buf *b, const struct web *web, const struct disk *d)
{
    state_json_key(b, "disk");
    buf_u8(b, '{');
    state_json_text(b, "path", web->sources.folder);
    state_json_int(b, "free_bytes", d->left);
    state_json_int(b, "size_bytes", d->size);
    state_json_int(b, "used_bytes", d->used);
    buf_u8(b, '}');
}

static void put_journal(struct buf *b, const struct web *web)
{
    struct store_status s;
    state_json_key(b, "journal");
    if (!web->sources.store) {
        buf_lit(b, "null");
        return;
    }
    store_status_of(web->sources.store, &s);
    buf_u8(b, '{');
    state_json_int(b, "bytes", (int64_t)s.journal_bytes);
    state_json_int(b, "size", (int64_t)s.journal_max);
    state_json_int(b, "unsealed_records", (int64_t)s.unsealed);
    buf_u8(b, '}');
}

static void put_note(void *ctx, const char *text)
{
    struct buf *b = ctx;
    buf_cstr(b, b->n && b->p[b->n - 1] == '[' ? "" : ",");
    json_string(b, slice_cstr(text), false);
}

/* What is worth a line when it has happened at all since the start. */
static const struct {
    enum counter_id id;
    const char *text;
} worries[] = {
    { COUNTER_EVENTS_FAILED, "messages could not be written (mend: wirelume dead-letter list)" },
    { COUNTER_INTAKE_DEAD_FAILED, "documents could not be kept as dead letters (mend: see the log, "
                                  "dead_letter.path)" },
    { COUNTER_GELF_DROPPED,
      "GELF messages over UDP were dropped, since the pipe had no room (mend: "
      "intake.batches, or GELF over TCP)" },
    { COUNTER_STORE_LOST, "messages of damaged places of the journal are lost (see the log)" },
    { COUNTER_STORE_DAMAGED,
      "files of indices cannot be opened and are not searched (the log names "
      "them; mend: put back a copy)" },
    { COUNTER_PACK_RELOADS_REFUSED, "times changed packs were not taken because of a mistake in "
                                    "them (mend: wirelume pack check)" },
};

static void put_worries(struct buf *b, const struct web *web)
{
    struct why w;
    for (size_t i = 0; i < COUNT(worries); i++) {
        uint64_t n = counter_sum(web, worries[i].id);
        if (!n)
            continue;
        (void)why_set(&w, ERR_LIMIT, "%llu %s", (unsigned long long)n, worries[i].text);
        put_note(b, w.text);
    }
}

static void put_store_note(struct buf *b, const struct web *web)
{
    struct store_status s = { .fails = false };
    if (web->sources.store)
        store_status_of(web->sources.store, &s);
    if (s.fails)
        put_note(b,
                 "messages cannot be moved from the journal into the store at the moment, and it "
                 "is tried again all the time (the log says why)");
}

static void put_notes(struct buf *b, const struct web *web, const struct disk *d, const char *wrong)
{
    struct why w;
    state_json_key(b, "notes");
    buf_u8(b, '[');
    if (wrong)
        put_note(b, wrong);
    if (d->size && d->left < d->size / DISK_LOW) {
        (void)why_set(&w, ERR_LIMIT,
                      "%s: %lld MiB are free (mend: less retention: wirelume index-set set, or a "
                      "larger disk)",
                      web->sources.folder, (long long)(d->left >> 20));
        put_note(b, w.text);
    }
    board_notes(web->sources.board, put_note, b);
    put_worries(b, web);
    put_store_note(b, web);
    buf_u8(b, ']');
}

void health_show(struct exchange *x)
{
    struct web *web = x->web;
    struct disk d;
    struct why w;
    err rc = measure(x, &d, &w);
    struct buf *b = exchange_json(x);
    buf_u8(b, '{');
    state_json_text(b, "version", web->sources.version);
    state_json_int(b, "uptime_s", (clock_mono_ns() - web->started_ns) / SECOND_NS);
    put_memory(b);
    put_counters(b, web);
    put_meanings(b, web);
    put_queues(b, web);
    put_inputs(b, &web->sources.inputs);
    put_disk(b, web, &d);
    put_journal(b, web);
    state_json_bool(b, "sample", sample_is_there(web->sources.folder));
    put_notes(b, web, &d, rc ? w.text : NULL);
    put_history(b, &web->health);
    buf_u8(b, '}');
}
