/* Stream rules. Values are compared as Java's text of them, as Graylog does. */
#include "pack/stream_rules.h"

#include <stdlib.h>

#include "base/log.h"
#include "pack/eval.h"
#include "pack/pattern.h"

#define FAULTS_MAX   3
#define NUMBER_BYTES 64

struct matcher {
    const struct stream_rule *rule;
    const struct pattern *pattern; /* REGEX */
    double number;                 /* GREATER, SMALLER */
    bool usable;
};

struct router {
    const struct stream_def *def;
    struct matcher *v; /* in the order that Graylog asks them */
    unsigned n, faults;
};

struct stream_rules {
    struct router *v;
    unsigned n;
    struct slice default_id;
};

enum matched { MATCH_NO, MATCH_YES, MATCH_FAULT };

/* ---- making */

/* Java's Double.parseDouble, but for hexadecimal numbers. */
static bool to_number(struct slice s, double *out)
{
    char text[NUMBER_BYTES], *end;
    s = message_trim(s);
    if (!s.n || s.n >= sizeof text)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool last = i > 0 && i + 1 == s.n;
        if (!s.p[i] || (!strchr("0123456789+-.eE", s.p[i]) && !(last && strchr("dDfF", s.p[i]))))
            return false;
    }
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    *out = strtod(text, &end);
    return end != text && (*end == '\0' || strchr("dDfF", *end));
}

static const struct pattern *make_pattern(const struct stream_rule *r, struct arena *a,
                                          struct why *w)
{
    static const char dot_all[] = "(?s)";
    size_t n = sizeof dot_all - 1;
    uint8_t *text = arena_alloc(a, n + r->value.n);
    if (!text)
        return NULL;
    memcpy(text, dot_all, n);
    if (r->value.n)
        memcpy(text + n, r->value.p, r->value.n);
    return pattern_make(a, slice_of(text, n + r->value.n), w);
}

static void prepare(struct matcher *m, const struct stream_def *d, struct arena *a)
{
    struct why w = { "the value is no number" };
    const struct stream_rule *r = m->rule;
    switch (r->type) {
    case STREAM_RULE_REGEX:
        m->pattern = make_pattern(r, a, &w);
        m->usable = m->pattern != NULL;
        break;
    case STREAM_RULE_GREATER:
    case STREAM_RULE_SMALLER:
        m->usable = to_number(r->value, &m->number);
        break;
    default:
        m->usable = r->type >= STREAM_RULE_EXACT && r->type <= STREAM_RULE_INPUT;
        why_set(&w, ERR_CONFIG, "there is no type %d", r->type);
    }
    if (!m->usable)
        log_warn("streams", "stream \"%s\": its rule on %.*s never matches: %s", d->title,
                 (int)r->field.n, r->field.p, w.text);
}

static int turn(int type)
{
    static const int order[] = { STREAM_RULE_ALWAYS,   STREAM_RULE_PRESENCE, STREAM_RULE_EXACT,
                                 STREAM_RULE_INPUT,    STREAM_RULE_GREATER,  STREAM_RULE_SMALLER,
                                 STREAM_RULE_CONTAINS, STREAM_RULE_REGEX };
    int at = 0;
    while (at < (int)COUNT(order) && order[at] != type)
        at++;
    return at;
}

static bool add_router(struct stream_rules *r, const struct stream_def *d, struct arena *a)
{
    struct router *to = &r->v[r->n];
    *to = (struct router){ .def = d, .v = arena_zalloc(a, d->n_rules * sizeof *to->v) };
    if (!to->v)
        return false;
    for (int place = 0; place <= STREAM_RULE_INPUT; place++)
        for (unsigned i = 0; i < d->n_rules; i++)
            if (turn(d->rule[i].type) == place) {
                to->v[to->n] = (struct matcher){ .rule = &d->rule[i] };
                prepare(&to->v[to->n++], d, a);
            }
    r->n++;
    return true;
}

struct stream_rules *stream_rules_make(const struct stream_def *v, unsigned n, struct arena *a)
{
    struct stream_rules *r = arena_zalloc(a, sizeof *r);
    if (!r)
        return NULL;
    r->v = arena_zalloc(a, n * sizeof *r->v);
    for (unsigned i = 0; r->v && i < n; i++) {
        if (v[i].is_default)
            r->default_id = slice_cstr(v[i].id);
        else if (!v[i].paused && v[i].n_rules && !add_router(r, &v[i], a))
            return NULL;
    }
    return r->v ? r : NULL;
}

/* ---- matching */

static bool compare(const struct matcher *m, const struct rule_value *v, struct slice text)
{
    double d;
    if (v->kind == K_DOUBLE || v->kind == K_FLOAT)
        d = v->d;
    else if (!to_number(text, &d))
        return false;
    bool yes = m->rule->type == STREAM_RULE_GREATER ? d > m->number : d < m->number;
    return yes != m->rule->inverted;
}

/* Of a field that is there. */
static enum matched ask(const struct matcher *m, const struct rule_value *v, struct message *msg)
{
    struct pattern_match places;
    enum pattern_result result;
    struct slice text = value_to_text(v, msg->mem);
    bool yes = false;
    switch (m->rule->type) {
    case STREAM_RULE_GREATER:
    case STREAM_RULE_SMALLER:
        return compare(m, v, text) ? MATCH_YES : MATCH_NO;
    case STREAM_RULE_PRESENCE:
        yes = v->kind != K_STRING || message_trim(text).n > 0;
        break;
    case STREAM_RULE_CONTAINS:
        yes = slice_search(text, m->rule->value) >= 0;
        break;
    case STREAM_RULE_REGEX:
        result = pattern_find(m->pattern, text, 0, msg->mem, &places);
        if (result == PATTERN_LIMIT)
            return MATCH_FAULT;
        yes = result == PATTERN_YES;
        break;
    default: /* EXACT, INPUT */
        yes = slice_eq(message_trim(text), m->rule->value);
    }
    return yes != m->rule->inverted ? MATCH_YES : MATCH_NO;
}

static enum matched match(const struct matcher *m, struct message *msg)
{
    struct run run = { .m = msg, .mem = msg->mem };
    struct slice name = m->rule->field;
    struct rule_value v;
    int type = m->rule->type;
    if (!m->usable)
        return MATCH_NO;
    if (type == STREAM_RULE_ALWAYS)
        return m->rule->inverted ? MATCH_NO : MATCH_YES;
    if (type == STREAM_RULE_INPUT)
        name = SLICE("gl2_source_input");
    v = run_field(&run, msg, name);
    if (v.kind == K_NULL && type == STREAM_RULE_INPUT && msg->origin.input)
        v = rule_string(slice_cstr(msg->origin.input));
    if (v.kind != K_NULL)
        return ask(m, &v, msg);
    bool numbers = type == STREAM_RULE_GREATER || type == STREAM_RULE_SMALLER;
    return !numbers && m->rule->inverted ? MATCH_YES : MATCH_NO;
}

/* AND: the first that does not match decides; OR: the first that does. */
static enum matched match_all(const struct router *r, struct message *m)
{
    enum matched decisive = r->def->match_any ? MATCH_YES : MATCH_NO;
    for (unsigned i = 0; i < r->n; i++) {
        enum matched answer = match(&r->v[i], m);
        if (answer == decisive || answer == MATCH_FAULT)
            return answer;
    }
    return r->def->match_any ? MATCH_NO : MATCH_YES;
}

static void fault(struct router *r)
{
    if (++r->faults == FAULTS_MAX)
        log_error("streams",
                  "stream \"%s\" is off until the next start: a pattern of its rules took too long "
                  "%d times (mend: a simpler pattern)",
                  r->def->title, FAULTS_MAX);
}

void stream_rules_run(struct stream_rules *r, struct message *m)
{
    for (unsigned i = 0; i < r->n; i++) {
        struct router *to = &r->v[i];
        if (to->faults >= FAULTS_MAX)
            continue;
        enum matched answer = match_all(to, m);
        if (answer == MATCH_FAULT)
            fault(to);
        if (answer != MATCH_YES)
            continue;
        message_stream(m, slice_cstr(to->def->id));
        if (to->def->remove_from_default)
            message_unstream(m, r->default_id);
    }
}

unsigned stream_rules_disabled(const struct stream_rules *r)
{
    unsigned n = 0;
    for (unsigned i = 0; i < r->n; i++)
        n += r->v[i].faults >= FAULTS_MAX;
    return n;
}
