/* The pipe: common fields, the configuration's tags, fields and processors, encoding, the output.
 * Order: packetbeat-protocols.md section 18. */
#include "pipe/pipe.h"

#include "base/bug.h"
#include "base/log.h"
#include "base/trace.h"
#include "model/event_plan.h"
#include "os/clock.h"
#include "pipe/common.h"
#include "pipe/format.h"
#include "pipe/glance.h"
#include "pipe/literal.h"
#include "pipe/outlet.h"
#include "pipe/processes.h"

#define LINE_START_BYTES   ((size_t)64 * 1024)
#define LINE_MAX_BYTES     ((size_t)128 * 1024 * 1024)
#define SCRATCH_MAX_BYTES  ((size_t)256 * 1024 * 1024)
#define ADDRESS_REFRESH_NS (60 * (int64_t)1000000000)
#define ECS_VERSION_TEXT   "8.0.0"
#define AGENT_TYPE         "packetbeat"

/* What the configuration gives to events of one source. */
struct source {
    struct literals fields;
    struct slice *tags;
    unsigned n_tags;
    const struct processors *processors; /* NULL: none */
    const char *index;                   /* NULL: none */
};

struct builtin {
    const struct field *field;
    struct value v;
};

struct pipe {
    struct pipe_conf conf;
    struct arena boot;    /* what lives as long as the pipe */
    struct arena scratch; /* what is added to one event */
    struct chunk_pool pool;
    struct common common;
    struct interfaces own_interfaces;
    struct source source[256];
    struct builtin builtin[8];
    unsigned n_builtins;
    struct format *format; /* NULL: JSON */
    struct event_plans *plans;
    struct buf line;
    size_t line_max;
    struct outlet *outlet; /* NULL: another pipe has it */
    bool bound;
};

/* ---- boot ---- */

static const char *lower_dup(struct arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = arena_alloc(a, n);
    for (size_t i = 0; copy && i < n; i++)
        copy[i] = (char)ascii_lower((uint8_t)s[i]);
    return copy;
}

static err no_memory(const struct loading *l)
{
    return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
}

static err add_tags(struct source *s, const struct texts *tags)
{
    for (unsigned i = 0; i < tags->n; i++)
        s->tags[s->n_tags++] = slice_cstr(tags->v[i]);
    return ERR_OK;
}

/* Global tags stand before the source's; of fields with equal names the source's stands. */
static err prepare_source(struct pipe *p, unsigned id, const struct loading *l)
{
    const struct event_meta *global = &p->conf.global, *own = &p->conf.source[id];
    struct source *s = &p->source[id];
    s->processors = own->processors;
    s->tags = arena_alloc(l->mem, (global->tags.n + own->tags.n) * sizeof *s->tags);
    s->index = own->index ? lower_dup(l->mem, own->index) : NULL;
    if (!s->tags || (own->index && !s->index))
        return no_memory(l);
    add_tags(s, &global->tags);
    add_tags(s, &own->tags);
    err e = literals_add(global->fields, global->fields_under_root ? "" : "fields", l, &s->fields);
    return e ? e : literals_add(own->fields, own->fields_under_root ? "" : "fields", l, &s->fields);
}

static void add_builtin(struct pipe *p, enum ecs_id field, const char *text)
{
    struct slice s = slice_cstr(text);
    if (s.n)
        p->builtin[p->n_builtins++] =
            (struct builtin){ &ecs[field],
                              { .field = 0xffff, .type = VT_STR, .p = s.p, .n = (uint32_t)s.n } };
}

static void prepare_builtins(struct pipe *p)
{
    add_builtin(p, ECS_ECS_VERSION, ECS_VERSION_TEXT);
    add_builtin(p, ECS_HOST_NAME, p->conf.name);
    add_builtin(p, ECS_AGENT_TYPE, AGENT_TYPE);
    add_builtin(p, ECS_AGENT_NAME, p->conf.name);
    add_builtin(p, ECS_AGENT_ID, p->conf.agent_id);
    add_builtin(p, ECS_AGENT_EPHEMERAL_ID, p->conf.ephemeral_id);
    add_builtin(p, ECS_AGENT_VERSION, p->conf.version);
}

static err prepare(struct pipe *p, const struct loading *l)
{
    for (unsigned i = 0; i < COUNT(p->source); i++) {
        err e = prepare_source(p, i, l);
        if (e)
            return e;
    }
    prepare_builtins(p);
    struct loading networks = { "packetbeat.interfaces.internal_networks", l->mem, l->why };
    err e = networks_load(&p->conf.internal_networks, &networks, &p->common.internal);
    if (!e && p->conf.format)
        e = format_load(p->conf.format, l, &p->format);
    return e;
}

static void prepare_interfaces(struct pipe *p)
{
    p->common.interfaces = p->conf.interfaces;
    if (p->common.interfaces)
        return;
    p->own_interfaces.refresh_ns = ADDRESS_REFRESH_NS;
    interfaces_read(&p->own_interfaces);
    p->common.interfaces = &p->own_interfaces;
}

static err open_output(struct pipe *p, struct why *w)
{
    if (!p->conf.output->write)
        return why_set(w, ERR_UNSUPPORTED,
                       "output.%s is for messages that serve receives, not for events of a sensor "
                       "(mend: output.file, or output.logstash to a receiver)",
                       p->conf.output->name);
    return outlet_open(&p->outlet, p->conf.output, p->conf.output_conf, &p->conf.queue, w);
}

err pipe_new(const struct pipe_conf *conf, struct pipe **out, struct why *w)
{
    BUG_ON(!conf->output);
    struct pipe *p = xcalloc(1, sizeof *p);
    p->conf = *conf;
    p->pool.max_bytes = conf->memory_bytes ? conf->memory_bytes / 2 : SCRATCH_MAX_BYTES;
    p->line_max = conf->memory_bytes ? conf->memory_bytes / 2 : LINE_MAX_BYTES;
    arena_init(&p->boot, NULL, 0);
    arena_init(&p->scratch, &p->pool, 0);
    p->plans = event_plans_new(&conf->json);
    p->line = buf_of(xmalloc(LINE_START_BYTES), LINE_START_BYTES);
    struct loading l = { "", &p->boot, w };
    err e = prepare(p, &l);
    if (!e) {
        prepare_interfaces(p);
        e = conf->unopened ? ERR_OK : open_output(p, w);
    }
    *out = p;
    if (e) {
        pipe_free(p);
        *out = NULL;
    }
    return e;
}

void pipe_free(struct pipe *p)
{
    if (!p)
        return;
    outlet_close(p->outlet);
    processors_close(p->conf.global.processors);
    for (unsigned i = 0; i < COUNT(p->conf.source); i++)
        processors_close(p->conf.source[i].processors);
    common_free(&p->common);
    event_plans_free(p->plans);
    xfree(p->line.p);
    arena_free(&p->scratch);
    chunk_pool_free(&p->pool);
    arena_free(&p->boot);
    xfree(p);
}

/* ---- one event ---- */

static void set_tags(const struct source *s, struct event *e)
{
    if (!s->n_tags)
        return;
    const struct value *old = event_get(e, &ecs[ECS_TAGS]);
    struct value v = { .type = VT_STRS, .n = s->n_tags, .p = s->tags };
    if (!old) {
        event_put_const(e, &ecs[ECS_TAGS], &v);
        return;
    }
    if (old->type == VT_STRS) {
        struct slice *list = arena_alloc(e->mem, (old->n + s->n_tags) * sizeof *list);
        if (!list) {
            e->lost = true;
            return;
        }
        memcpy(list, old->p, old->n * sizeof *list);
        memcpy(list + old->n, s->tags, s->n_tags * sizeof *list);
        v.p = list;
        v.n += old->n;
    }
    event_put(e, &ecs[ECS_TAGS], &v);
}

/* They do not overwrite; looking is needed only where something may have set them. */
static void set_builtins(const struct pipe *p, const struct source *s, struct event *e)
{
    bool look = s->fields.n || s->processors;
    for (unsigned i = 0; i < p->n_builtins; i++) {
        const struct builtin *b = &p->builtin[i];
        if (!look || !event_get(e, b->field))
            event_put_const(e, b->field, &b->v);
    }
}

/* True when the event is to be written; else it was dropped and counted. */
static bool process(struct pipe *p, struct event *e, struct counters *counters)
{
    const struct source *s = &p->source[e->source];
    enum common_verdict verdict = common_fill(&p->common, e);
    if (verdict == COMMON_INVALID) {
        counter_add(counters, COUNTER_EVENTS_INVALID, 1);
        return false;
    }
    if (p->conf.procs)
        processes_fill(p->conf.procs, p->common.interfaces, e, counters);
    bool goes_on = verdict != COMMON_OUTGOING || !p->conf.ignore_outgoing;
    if (goes_on) {
        set_tags(s, e);
        literals_set(&s->fields, e);
        goes_on = !s->processors || processors_run(s->processors, e, counters);
    }
    if (goes_on) {
        set_builtins(p, s, e);
        const struct processors *global = p->conf.global.processors;
        goes_on = (!global || processors_run(global, e, counters)) && !p->conf.dry_run;
    }
    if (!goes_on)
        counter_add(counters, COUNTER_EVENTS_FILTERED, 1);
    else if (e->lost)
        counter_add(counters, COUNTER_EVENTS_NO_MEMORY, 1);
    return goes_on && !e->lost;
}

/* True when the line is whole. Room is made once for the largest event so far. */
static bool encode(struct pipe *p, struct event *e)
{
    for (;;) {
        bool whole = true;
        p->line.n = 0;
        p->line.full = false;
        if (p->format)
            whole = format_write(p->format, e, &p->line);
        else
            event_plans_json(p->plans, e, p->source[e->source].index, &p->line);
        if (!p->line.full)
            return whole && !e->lost;
        if (p->line.cap * 2 > p->line_max)
            return false;
        p->line.cap *= 2;
        p->line.p = xrealloc(p->line.p, p->line.cap);
    }
}

static err deliver(struct pipe *p, struct event *e, struct counters *counters, struct why *w)
{
    if (!encode(p, e)) {
        counter_add(counters, COUNTER_EVENTS_FAILED, 1);
        return ERR_OK;
    }
    return outlet_write(p->outlet, e, buf_slice(&p->line), counters, w);
}

static void bind(struct pipe *p)
{
    BUG_ON(!schema_is_frozen());
    common_bind(&p->common);
    p->bound = true;
}

err pipe_batch(struct pipe *p, struct batch *b, struct counters *counters, struct why *w)
{
    struct why own;
    if (!w)
        w = &own;
    if (UNLIKELY(!p->bound))
        bind(p);
    interfaces_refresh(p->common.interfaces);
    int64_t now_ns = p->conf.glance ? clock_mono_ns() : 0;
    for (unsigned i = 0; i < b->n; i++) {
        struct event *e = b->event[i];
        e->mem = &p->scratch; /* the batch's chunks are another thread's */
        bool goes_on = process(p, e, counters);
        if (goes_on && p->conf.glance)
            glance_event(p->conf.glance, e, now_ns);
        err rc = goes_on ? deliver(p, e, counters, w) : ERR_OK;
        arena_reset(&p->scratch);
        if (rc)
            return rc;
    }
    return outlet_flush(p->outlet, counters, w);
}

/* ---- the output, and what stands before it */

err pipe_idle(struct pipe *p, struct counters *counters, struct why *w)
{
    return outlet_idle(p->outlet, counters, w);
}

bool pipe_is_busy(struct pipe *p)
{
    return outlet_is_busy(p->outlet);
}

void pipe_end(struct pipe *p, bool stays)
{
    outlet_end(p->outlet, stays);
}

bool pipe_has_room(struct pipe *p)
{
    return outlet_has_room(p->outlet);
}

int pipe_wake_fd(struct pipe *p)
{
    return outlet_wake_fd(p->outlet);
}

size_t pipe_held(struct pipe *p)
{
    return outlet_held(p->outlet);
}

void pipe_queue_state(struct pipe *p, struct queue_state *out)
{
    outlet_state(p->outlet, out);
}

const struct counters *pipe_output_counters(struct pipe *p)
{
    return outlet_counters(p->outlet);
}

void pipe_take_output(struct pipe *to, struct pipe *from)
{
    BUG_ON(to->outlet || !from->outlet || to->conf.output != from->conf.output);
    to->outlet = from->outlet;
    from->outlet = NULL;
}
