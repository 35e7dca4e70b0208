/* Plans: the text between the values of events that have the same fields. Made by letting the
 * encoder write an event into the plan's text while its values are noted instead of written. */
#include "model/event_plan.h"

#include "base/bug.h"
#include "codec/json.h"
#include "model/event_writer.h"

#define WAYS       4 /* places that a plan may have */
#define SETS       (PLANS / WAYS)
#define TEXT_BYTES 4096
#define TEXT_SLACK 32 /* bytes behind a text that may be read */
#define TAKEN_MAX  (PLAN_VALUES + 1)

/* A value as two words: field, type, flags and n; what it holds. */
typedef uint64_t words __attribute__((vector_size(16)));
_Static_assert(sizeof(struct value) == sizeof(words), "values are compared as words");

/* What an event's value must be, in the bits of the mask: a VF_CONST value all of it. */
struct wanted {
    words value, mask;
};

enum { STEP_STAMP = 0xfe, STEP_ROOT = 0xff }; /* else enum value_type */

/* Text, then a value. */
struct step {
    uint16_t text_bytes;
    uint8_t kind;
    uint8_t value; /* place in the event as it comes */
};
_Static_assert(PLAN_VALUES <= UINT8_MAX + 1, "places fit");

struct plan {
    uint64_t signature;
    uint64_t used; /* when it was last; 0: never made */
    const char *raw_index;
    bool keep_null;
    uint16_t n_values, n_steps;
    uint16_t text_bytes; /* with what stands behind the last step */
    struct wanted wanted[PLAN_VALUES];
    struct step step[TAKEN_MAX];
    uint8_t text[TEXT_BYTES + TEXT_SLACK];
};

struct set {
    struct plan plan[WAYS];
    uint64_t missed; /* signature of the last event that had no plan here */
};

struct event_plans {
    struct event_json_conf conf;
    uint64_t uses, by_plan;
    struct set set[SETS];
};

/* What the encoder fills while it writes an event for a plan. */
struct recorder {
    struct plan *plan;
    const struct event *sorted;
    const uint16_t *order; /* place in the event as it came, by place in the sorted one */
    size_t text_done;      /* bytes of text before this step */
    bool failed;
};

struct event_plans *event_plans_new(const struct event_json_conf *conf)
{
    struct event_plans *p = xcalloc(1, sizeof *p);
    p->conf = *conf;
    return p;
}

void event_plans_free(struct event_plans *p)
{
    xfree(p);
}

uint64_t event_plans_used(const struct event_plans *p)
{
    return p->by_plan;
}

/* ---- making a plan */

static void end_step(struct recorder *r, const struct buf *text, uint8_t kind, unsigned value)
{
    struct plan *plan = r->plan;
    if (plan->n_steps == TAKEN_MAX) {
        r->failed = true;
        return;
    }
    plan->step[plan->n_steps++] = (struct step){ .text_bytes = (uint16_t)(text->n - r->text_done),
                                                 .kind = kind,
                                                 .value = (uint8_t)value };
    r->text_done = text->n;
}

/* Addresses and times need no escapes: their quotes are text. */
static bool is_quoted(uint8_t kind)
{
    return kind == STEP_STAMP || kind == VT_IP || kind == VT_TIME;
}

static void record(struct writer *w, uint8_t kind, unsigned value)
{
    bool quoted = is_quoted(kind);
    if (quoted)
        buf_u8(w->out, '"');
    end_step(w->recorder, w->out, kind, value);
    if (quoted)
        buf_u8(w->out, '"');
}

void event_record(struct writer *w, const struct value *v)
{
    struct recorder *r = w->recorder;
    if (!v)
        record(w, STEP_STAMP, 0);
    else if (v->flags & VF_CONST)
        event_write_value(w, v, 0);
    else
        record(w, v->flags & VF_ROOT ? STEP_ROOT : v->type, r->order[v - r->sorted->v]);
}

static bool is_const(const struct value *v)
{
    return v->flags & VF_CONST;
}

static void want(struct plan *plan, const struct event *e)
{
    static const struct value head = { .field = 0xffff, .type = 0xff, .flags = 0xff };
    for (unsigned i = 0; i < e->n; i++) {
        struct wanted *to = &plan->wanted[i];
        memcpy(&to->value, &e->v[i], sizeof to->value);
        memcpy(&to->mask, &head, sizeof to->mask);
        if (is_const(&e->v[i]))
            to->mask = (words){ UINT64_MAX, UINT64_MAX };
    }
    plan->n_values = (uint16_t)e->n;
    plan->keep_null = e->keep_null;
}

/* False, and the plan is none, when it has not the room. */
static bool make_plan(struct plan *plan, const struct event_json_conf *conf, struct event *e,
                      const char *raw_index)
{
    uint16_t order[PLAN_VALUES];
    struct value values[PLAN_VALUES];
    struct event sorted = *e;
    sorted.v = values;
    sorted.n = event_order(e, order);
    for (unsigned i = 0; i < sorted.n; i++)
        values[i] = e->v[order[i]];
    struct buf text = buf_of(plan->text, TEXT_BYTES);
    struct recorder r = { .plan = plan, .sorted = &sorted, .order = order };
    struct writer w = { .out = &text, .conf = conf, .paths = schema_paths(), .recorder = &r };
    plan->n_steps = 0;
    event_write(&w, &sorted, raw_index);
    want(plan, e);
    plan->raw_index = raw_index;
    plan->text_bytes = (uint16_t)text.n;
    return !r.failed && !text.full;
}

/* ---- finding it */

/* Spreads events over the plans; the plan is compared whole. */
static uint64_t signature_of(const struct event *e)
{
    uint64_t h = e->n;
    for (unsigned i = 0; i < e->n; i++) {
        uint32_t head;
        memcpy(&head, &e->v[i], sizeof head);
        uint64_t held = is_const(&e->v[i]) ? (uint64_t)(uintptr_t)e->v[i].p : 0;
        h = (h << 7 | h >> 57) ^ head ^ held << 4;
    }
    h *= 0x9e3779b97f4a7c15;
    return h ^ h >> 32;
}

static bool fits(const struct plan *plan, const struct event *e, const char *raw_index)
{
    if (plan->n_values != e->n || plan->raw_index != raw_index || plan->keep_null != e->keep_null)
        return false;
    words differ = { 0 };
    for (unsigned i = 0; i < e->n; i++) {
        words v;
        memcpy(&v, &e->v[i], sizeof v);
        differ |= (v ^ plan->wanted[i].value) & plan->wanted[i].mask;
    }
    return !(differ[0] | differ[1]);
}

static struct plan *find(struct set *set, uint64_t signature, const struct event *e,
                         const char *raw_index)
{
    for (unsigned i = 0; i < WAYS; i++) {
        struct plan *plan = &set->plan[i];
        if (plan->signature == signature && plan->used && fits(plan, e, raw_index))
            return plan;
    }
    return NULL;
}

static struct plan *oldest(struct set *set)
{
    struct plan *best = &set->plan[0];
    for (unsigned i = 1; i < WAYS; i++)
        if (set->plan[i].used < best->used)
            best = &set->plan[i];
    return best;
}

/* The plan for the event, or NULL: fields that come for the first time get none, so that traffic
 * which is always different does not make plans all the time. */
static struct plan *plan_for(struct event_plans *p, struct event *e, const char *raw_index)
{
    uint64_t signature = signature_of(e);
    struct set *set = &p->set[signature % SETS];
    struct plan *plan = find(set, signature, e, raw_index);
    if (plan)
        return plan;
    bool again = set->missed == signature;
    set->missed = signature;
    if (!again)
        return NULL;
    plan = oldest(set);
    plan->used = 0;
    plan->signature = signature;
    return make_plan(plan, &p->conf, e, raw_index) ? plan : NULL;
}

/* ---- writing by it */

/* In one go, mostly more than there is. */
static inline void put_text(struct buf *out, const uint8_t *text, size_t n)
{
    uint8_t *to = buf_room(out, n + TEXT_SLACK);
    if (UNLIKELY(!to))
        return;
    memcpy(to, text, TEXT_SLACK);
    if (UNLIKELY(n > TEXT_SLACK))
        memcpy(to + TEXT_SLACK, text + TEXT_SLACK, n - TEXT_SLACK);
    out->n += n;
}

static inline void put_int(struct buf *out, int64_t i)
{
    if ((uint64_t)i < 10)
        buf_u8(out, (uint8_t)('0' + i));
    else
        buf_int(out, i);
}

static inline void put_value(struct writer *w, uint8_t kind, const struct event *e,
                             const struct value *v)
{
    switch (kind) {
    case VT_STR:
        json_string(w->out, slice_of(v->p, v->n), w->conf->escape_html);
        break;
    case VT_INT:
        put_int(w->out, v->i);
        break;
    case VT_BOOL:
        event_write_bool(w->out, v->i);
        break;
    case VT_IP:
        buf_addr(w->out, v->p);
        break;
    case VT_TIME:
        buf_time(w->out, v->i, w->conf->precision);
        break;
    case STEP_STAMP:
        buf_time(w->out, e->ts_ns, w->conf->precision);
        break;
    case STEP_ROOT:
        w->comma = true; /* the time stands before */
        event_write_members(w, v->p, 1);
        break;
    default:
        event_write_value(w, v, 1);
    }
}

static void write_by(const struct plan *plan, const struct event_json_conf *conf,
                     const struct event *e, struct buf *out)
{
    struct writer w = { .out = out, .conf = conf };
    const uint8_t *text = plan->text;
    for (unsigned i = 0; i < plan->n_steps; i++) {
        const struct step *s = &plan->step[i];
        put_text(out, text, s->text_bytes);
        text += s->text_bytes;
        put_value(&w, s->kind, e, &e->v[s->value]);
    }
    put_text(out, text, (size_t)(plan->text + plan->text_bytes - text));
}

void event_plans_json(struct event_plans *p, struct event *e, const char *raw_index,
                      struct buf *out)
{
    bool may = !p->conf.pretty && e->n <= PLAN_VALUES;
    struct plan *plan = may ? plan_for(p, e, raw_index) : NULL;
    if (!plan) {
        event_json(e, &p->conf, raw_index, out);
        return;
    }
    plan->used = ++p->uses;
    p->by_plan++;
    write_by(plan, &p->conf, e, out);
}
