/* Running a program on a message: rounds over its streams, stages in the order of their numbers,
 * first all conditions of a stage, then the actions of the rules that were true. */
#include "base/bug.h"
#include "pack/pattern.h"
#include "pack/program_private.h"

#define STREAMS_MAX 256 /* of one message */

struct program_run {
    const struct program *p;
    struct program_count *count;
    uint64_t *entered; /* how often each stage was, since its rules were counted last */
    uint64_t dropped, created, refused;
    struct pattern_room *room;
    struct program_metric *metric; /* PROGRAM_METRICS_MAX, once a rule counts */
    unsigned n_metrics;
    uint64_t metrics_refused;

    /* the message at hand */
    struct run run;
    const struct rule_env *env;
    const struct program_listener *listener;
    struct slice done[STREAMS_MAX]; /* streams whose pipelines have run */
    unsigned n_done;
    uint64_t stopped[PROGRAM_PIPELINES_MAX / 64]; /* a bit for each pipeline */
    uint16_t table_at[RUN_TABLES];                /* struct run */
    const struct program_step_rule *matched[STAGE_RULES_MAX];
    struct message_places *places;

    struct message *made[PROGRAM_CREATED_MAX]; /* in order; each is run in its turn */
    unsigned n_made;
};

/* ---- telling */

static void tell(const struct program_run *r, const struct program_event *e)
{
    if (UNLIKELY(r->listener))
        r->listener->tell(r->listener->ctx, e);
}

static struct program_event event(const struct program_run *r, enum program_step step)
{
    return (struct program_event){ .step = step, .m = r->run.m, .rule = PROGRAM_NO_RULE };
}

/* ---- one stage */

static inline void tell_stage(const struct program_run *r, const struct program_slot *at,
                              enum program_step step)
{
    if (LIKELY(!r->listener))
        return;
    struct program_event e = event(r, step);
    e.pipeline = at->pipeline->pipeline->name;
    e.stage = at->stage->stage->number;
    tell(r, &e);
}

static inline void tell_rule(const struct program_run *r, enum program_step step, uint32_t rule,
                             enum rule_answer answer)
{
    if (LIKELY(!r->listener))
        return;
    struct program_event e = event(r, step);
    e.rule = rule;
    e.answer = answer;
    tell(r, &e);
}

/* Graylog's words; a rule is known by its name and its place among all. */
static void add_error(struct program_run *r, const struct program_slot *at, uint32_t rule,
                      const char *what)
{
    struct message *m = r->run.m;
    struct slice name = r->p->rule[rule].rule->name, pipeline = at->pipeline->pipeline->name;
    size_t cap = name.n + pipeline.n + 128;
    struct buf b = buf_of(arena_alloc(m->mem, cap), cap);
    struct slice details = arena_dup(m->mem, slice_cstr(r->run.why));
    if (!b.p)
        return;
    buf_printf(&b, "Error evaluating %s for rule <%.*s/r%u> (pipeline <%.*s/p%u>)", what,
               (int)name.n, name.p, rule, (int)pipeline.n, pipeline.p, at->pipeline->source);
    message_add_error(m, buf_slice(&b), details);
}

static void tell_unresolved(const struct program_run *r, const struct program_slot *at, unsigned i)
{
    struct program_event e = event(r, PROGRAM_CONDITION);
    e.text = at->stage->stage->rule[i].name;
    tell(r, &e);
}

/* A rule whose field is not there is false without its condition being looked at. */
static inline enum rule_answer condition(struct program_run *r, const struct program_step_rule *one)
{
    const struct message *m = r->run.m;
    const struct rule_test *t = &one->test;
    if (one->need && !m->place[one->need])
        return RULE_FALSE;
    if (one->always)
        return RULE_TRUE;
    if (t->id && (t->kind == E_HAS_FIELD || !m->place[t->id]))
        return (m->place[t->id] != 0) != t->negated ? RULE_TRUE : RULE_FALSE;
    return rule_condition(&r->run, one->when);
}

/* The rest of the stage, from rule i on, is not asked: the stage has been counted as a whole. */
static void pass_over(struct program_run *r, const struct program_stage *stage, unsigned i)
{
    for (; i < stage->n; i++) {
        if (stage->rule[i].rule != PROGRAM_NO_RULE)
            r->count[stage->rule[i].rule].evaluated--;
    }
}

/* The conditions in order; those that were true are in r->matched. RULE_ERROR: one failed, the rest
 * was not asked. RULE_TRUE: all were true. */
static enum rule_answer conditions(struct program_run *r, const struct program_slot *at,
                                   unsigned *matched)
{
    const struct program_stage *stage = at->stage;
    unsigned n = stage->n;
    *matched = 0;
    r->entered[stage->at]++;
    for (unsigned i = 0; i < n; i++) {
        const struct program_step_rule *one = &stage->rule[i];
        if (UNLIKELY(one->rule == PROGRAM_NO_RULE)) {
            tell_unresolved(r, at, i);
            continue;
        }
        enum rule_answer answer = condition(r, one);
        tell_rule(r, PROGRAM_CONDITION, one->rule, answer);
        if (answer == RULE_FALSE)
            continue;
        if (UNLIKELY(answer == RULE_ERROR)) {
            r->count[one->rule].failed++;
            pass_over(r, stage, i + 1);
            add_error(r, at, one->rule, "condition");
            return RULE_ERROR;
        }
        r->count[one->rule].matched++;
        __builtin_prefetch(one->r->step);
        r->matched[(*matched)++] = one;
    }
    return *matched == n ? RULE_TRUE : RULE_FALSE;
}

/* After a condition that failed only the first statement of the first rule runs, and the rule is
 * taken for failed for the same reason: so the original does it. */
static void half_run(struct program_run *r, const struct program_slot *at, uint32_t rule)
{
    char why[sizeof r->run.why];
    memcpy(why, r->run.why, sizeof why);
    tell_rule(r, PROGRAM_RULE_BEGIN, rule, RULE_TRUE);
    if (rule_act_first(&r->run, r->p->rule[rule].rule))
        memcpy(r->run.why, why, sizeof why);
    r->count[rule].failed++;
    tell_rule(r, PROGRAM_RULE_END, rule, RULE_ERROR);
    add_error(r, at, rule, "action");
}

static void actions(struct program_run *r, const struct program_slot *at, unsigned matched)
{
    for (unsigned i = 0; i < matched; i++) {
        uint32_t rule = r->matched[i]->rule;
        tell_rule(r, PROGRAM_RULE_BEGIN, rule, RULE_TRUE);
        bool good = rule_act(&r->run, r->matched[i]->r);
        tell_rule(r, PROGRAM_RULE_END, rule, good ? RULE_TRUE : RULE_ERROR);
        if (good)
            continue;
        r->count[rule].failed++;
        add_error(r, at, rule, "action");
        return;
    }
}

static bool goes_on(enum stage_match match, enum rule_answer answer, const struct stage *s,
                    unsigned matched)
{
    switch (match) {
    case MATCH_ALL:
        return answer == RULE_TRUE;
    case MATCH_EITHER:
        return matched > 0 || s->n == 0;
    case MATCH_PASS:
        return true;
    }
    return true;
}

static void run_stage(struct program_run *r, const struct program_slot *at)
{
    unsigned matched;
    const struct stage *s = at->stage->stage;
    tell_stage(r, at, PROGRAM_ENTER);
    enum rule_answer answer = conditions(r, at, &matched);
    if (answer == RULE_ERROR && matched)
        half_run(r, at, r->matched[0]->rule);
    else if (answer != RULE_ERROR)
        actions(r, at, matched);
    bool on = goes_on(s->match, answer, s, matched);
    r->stopped[at->index / 64] |= (uint64_t)!on << at->index % 64;
    tell_stage(r, at, on ? PROGRAM_CONTINUE : PROGRAM_STOP);
    tell_stage(r, at, PROGRAM_EXIT);
}

/* ---- one round: the pipelines of some streams */

struct round {
    const struct program_stream *stream[STREAMS_MAX];
    unsigned at[STREAMS_MAX]; /* next slot of each */
    unsigned n;
};

static const struct program_stream *stream_of(const struct program *p, struct slice id)
{
    for (unsigned i = 0; i < p->n_streams; i++) {
        if (slice_eq(p->stream[i].id, id))
            return &p->stream[i];
    }
    return NULL;
}

static bool is_done(const struct program_run *r, struct slice id)
{
    for (unsigned i = 0; i < r->n_done; i++) {
        if (slice_eq(r->done[i], id))
            return true;
    }
    return false;
}

/* Streams that the message is in and whose pipelines have not run. False: it is in no new one. */
static bool collect(struct program_run *r, struct round *round)
{
    const struct message *m = r->run.m;
    unsigned before = r->n_done;
    round->n = 0;
    for (unsigned i = 0; i < m->n_streams && r->n_done < STREAMS_MAX; i++) {
        if (is_done(r, m->streams[i]))
            continue;
        r->done[r->n_done++] = m->streams[i];
        const struct program_stream *s = stream_of(r->p, m->streams[i]);
        round->at[round->n] = 0;
        if (s && s->n)
            round->stream[round->n++] = s;
    }
    return r->n_done > before;
}

static void tell_round(const struct program_run *r, const struct round *round)
{
    char text[4096];
    struct buf b = buf_of(text, sizeof text);
    struct program_event e = event(r, PROGRAM_ROUND);
    if (LIKELY(!r->listener))
        return;
    buf_lit(&b, "streams [");
    for (unsigned i = 0; i < round->n; i++)
        buf_printf(&b, "%s%.*s", i ? ", " : "", (int)round->stream[i]->id.n,
                   round->stream[i]->id.p);
    buf_lit(&b, "] pipelines [");
    bool listed[PROGRAM_PIPELINES_MAX] = { false };
    for (unsigned i = 0, k = 0; i < round->n; i++) {
        for (unsigned j = 0; j < round->stream[i]->n; j++) {
            uint16_t at = round->stream[i]->pipeline[j];
            struct slice name = r->p->pipeline[at].pipeline->name;
            if (!listed[at])
                buf_printf(&b, "%s%.*s", k++ ? ", " : "", (int)name.n, name.p);
            listed[at] = true;
        }
    }
    buf_u8(&b, ']');
    e.text = buf_slice(&b);
    tell(r, &e);
}

/* The next slot over all streams of the round; NULL at the end. */
static inline const struct program_slot *next_slot(struct round *round)
{
    if (LIKELY(round->n == 1)) {
        const struct program_stream *only = round->stream[0];
        return round->at[0] == only->n_slots ? NULL : &only->slot[round->at[0]++];
    }
    unsigned best = round->n;
    for (unsigned i = 0; i < round->n; i++) {
        const struct program_stream *s = round->stream[i];
        if (round->at[i] == s->n_slots)
            continue;
        if (best == round->n ||
            s->slot[round->at[i]].number < round->stream[best]->slot[round->at[best]].number)
            best = i;
    }
    return best == round->n ? NULL : &round->stream[best]->slot[round->at[best]++];
}

/* A pipeline that two streams have runs once. */
static bool came_before(const struct round *round, const struct program_slot *slot)
{
    for (unsigned i = 0; i < round->n; i++) {
        const struct program_stream *s = round->stream[i];
        for (unsigned k = 0; k < round->at[i]; k++) {
            const struct program_slot *old = &s->slot[k];
            if (old != slot && old->stage == slot->stage)
                return true;
        }
    }
    return false;
}

static inline bool is_stopped(const struct program_run *r, unsigned pipeline)
{
    return r->stopped[pipeline / 64] >> pipeline % 64 & 1;
}

static void run_round(struct program_run *r, struct round *round)
{
    const struct program_slot *slot;
    int32_t number = INT32_MIN;
    memset(r->stopped, 0, sizeof r->stopped);
    while ((slot = next_slot(round))) {
        if (slot->number != number && r->run.m->dropped)
            return;
        number = slot->number;
        if (!is_stopped(r, slot->index) && (round->n == 1 || !came_before(round, slot)))
            run_stage(r, slot);
    }
}

static void run_message(struct program_run *r, struct message *m)
{
    struct round round;
    r->run.env = r->env;
    r->run.m = m;
    r->run.mem = m->mem;
    r->run.program = r;
    r->run.table_at = r->table_at;
    r->n_done = 0;
    collect(r, &round);
    message_attach(m, r->places);
    do {
        tell_round(r, &round);
        run_round(r, &round);
    } while (!r->run.m->dropped && collect(r, &round));
    message_detach(m);
}

/* ---- all */

struct program_run *program_run_new(const struct program *p)
{
    struct program_run *r = xcalloc(1, sizeof *r);
    r->p = p;
    r->count = xcalloc(p->n_rules + 1, sizeof *r->count);
    r->entered = xcalloc(p->n_stages + 1, sizeof *r->entered);
    r->places = message_places_new(&p->names);
    r->room = pattern_room_new();
    return r;
}

void program_run_free(struct program_run *r)
{
    if (!r)
        return;
    pattern_room_free(r->room);
    xfree(r->count);
    xfree(r->entered);
    message_places_free(r->places);
    xfree(r->metric);
    xfree(r);
}

const struct program_metric *program_metric(const struct program_run *r, unsigned i)
{
    return i < r->n_metrics ? &r->metric[i] : NULL;
}

uint64_t program_metrics_refused(const struct program_run *r)
{
    return r->metrics_refused;
}

void program_metric_add(struct run *run, struct slice name, int64_t n)
{
    struct program_run *r = run->program;
    unsigned i = 0;
    if (!r)
        return;
    name = slice_first(name, PROGRAM_METRIC_BYTES - 1);
    if (!r->metric)
        r->metric = xcalloc(PROGRAM_METRICS_MAX, sizeof *r->metric);
    while (i < r->n_metrics && !slice_eq(slice_cstr(r->metric[i].name), name))
        i++;
    if (i == PROGRAM_METRICS_MAX) {
        r->metrics_refused++;
        return;
    }
    if (i == r->n_metrics && name.n)
        memcpy(r->metric[r->n_metrics].name, name.p, name.n);
    r->n_metrics += i == r->n_metrics;
    r->metric[i].value = (int64_t)((uint64_t)r->metric[i].value + (uint64_t)n);
}

bool program_take_created(struct run *run, struct message *m)
{
    struct program_run *r = run->program;
    if (!r)
        return false;
    if (r->n_made == PROGRAM_CREATED_MAX || m->mem->full) {
        r->refused++;
        return false;
    }
    r->made[r->n_made++] = m;
    r->created++;
    return true;
}

static void run_one(struct program_run *r, struct message *m, const struct program_sink *sink)
{
    if (!m->dropped)
        run_message(r, m);
    if (m->dropped)
        r->dropped++;
    else
        sink->take(sink->ctx, m);
}

void program_run(struct program_run *r, const struct rule_env *env, struct message *m,
                 const struct program_sink *sink, const struct program_listener *listener)
{
    r->env = env;
    r->listener = listener;
    r->n_made = 0;
    pattern_use_room(r->room);
    run_one(r, m, sink);
    for (unsigned i = 0; i < r->n_made; i++)
        run_one(r, r->made[i], sink);
    pattern_use_room(NULL);
}

/* A stage that was entered has asked all its rules, but for those of pass_over. */
static void count_stage(const struct program_run *r, const struct program_stage *stage)
{
    for (unsigned i = 0; i < stage->n; i++) {
        if (stage->rule[i].rule != PROGRAM_NO_RULE)
            r->count[stage->rule[i].rule].evaluated += r->entered[stage->at];
    }
    r->entered[stage->at] = 0;
}

const struct program_count *program_counts(const struct program_run *r)
{
    for (unsigned i = 0; i < r->p->n_pipelines; i++) {
        const struct program_pipeline *one = &r->p->pipeline[i];
        for (unsigned k = 0; k < one->pipeline->n; k++)
            count_stage(r, &one->stage[k]);
    }
    return r->count;
}

uint64_t program_dropped(const struct program_run *r)
{
    return r->dropped;
}

uint64_t program_created(const struct program_run *r)
{
    return r->created;
}

uint64_t program_refused(const struct program_run *r)
{
    return r->refused;
}
