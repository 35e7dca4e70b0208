/* Running a compiled rule on a message (graylog.md 4.7): one walk over the tree. */
#include "pack/eval.h"

#include <math.h>
#include <stdarg.h>

#include "model/civil.h"
#include "pack/datepattern.h"
#include "pack/dates.h"
#include "pack/function.h"
#include "pack/lexer.h"

void run_fail(struct run *run, const char *fmt, ...)
{
    va_list ap;
    if (run->failed)
        return;
    run->failed = true;
    va_start(ap, fmt);
    vsnprintf(run->why, sizeof run->why, fmt, ap);
    va_end(ap);
}

/* Says where it failed, once: in the innermost call, or in what stands around all calls. */
static void locate(struct run *run, const struct expr *e)
{
    char why[sizeof run->why];
    if (run->located)
        return;
    run->located = true;
    snprintf(why, sizeof why, "%s", run->why);
    if (e->kind == E_CALL)
        snprintf(run->why, sizeof run->why,
                 "In call to function '%s' at %u:%u an exception was thrown: %.150s", e->fn->name,
                 e->line, e->col, why);
    else
        snprintf(run->why, sizeof run->why, "At %u:%u an exception was thrown: %.180s", e->line,
                 e->col, why);
}

static struct rule_value fail(struct run *run, const char *why)
{
    run_fail(run, "%s", why);
    return rule_null();
}

struct rule_value run_field(struct run *run, struct message *m, struct slice name)
{
    if (slice_eq(name, SLICE("message")))
        return m->has_message ? rule_string(m->message) : rule_null();
    if (slice_eq(name, SLICE("source")))
        return m->has_source ? rule_string(m->source) : rule_null();
    if (slice_eq(name, SLICE("timestamp"))) {
        if (m->ts_text.n)
            return rule_string(m->ts_text);
        return m->has_ts ? (struct rule_value){ .kind = K_DATE, .i = m->ts_ms } : rule_null();
    }
    return value_read(message_get(m, name), run->mem);
}

/* Of the members that Java's class of dates has, those that a rule may want; Graylog takes their
 * names with capitals or with underscores. */
static bool is_part(struct slice name, const char *part)
{
    size_t i = 0;
    for (; i < name.n && *part; i++) {
        if (name.p[i] == '_' && i + 1 < name.n)
            i++;
        if (name.p[i] != (uint8_t)*part && (name.p[i] ^ 0x20) != (uint8_t)*part)
            return false;
        part++;
    }
    return i == name.n && !*part;
}

static struct rule_value date_part(const struct rule_value *v, struct slice name)
{
    int64_t local = v->i + zone_offset(v->n, v->i);
    struct civil t = civil_of_ms(local);
    struct date_place place = datepattern_place(local);
    int64_t second = t.hour * 3600 + t.minute * 60 + t.second;
    const struct {
        const char *name;
        int64_t v;
    } parts[] = {
        { "year", t.year },
        { "monthOfYear", t.month },
        { "dayOfMonth", t.day },
        { "hourOfDay", t.hour },
        { "minuteOfHour", t.minute },
        { "secondOfMinute", t.second },
        { "millisOfSecond", t.ms },
        { "dayOfWeek", place.day },
        { "dayOfYear", place.day_of_year },
        { "weekOfWeekyear", place.week },
        { "weekyear", place.week_year },
        { "minuteOfDay", second / 60 },
        { "secondOfDay", second },
        { "millisOfDay", second * 1000 + t.ms },
    };
    if (slice_eq(name, SLICE("millis")))
        return rule_long(v->i);
    if (slice_eq(name, SLICE("zone")))
        return rule_string(zone_name(v->n));
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (is_part(name, parts[i].name))
            return (struct rule_value){ .kind = K_INT, .i = parts[i].v };
    }
    return rule_null();
}

static struct rule_value period_part(const struct rule_period *p, struct slice name)
{
    const struct {
        struct slice name;
        int32_t v;
    } parts[] = {
        { SLICE("years"), p->years },     { SLICE("months"), p->months },
        { SLICE("weeks"), p->weeks },     { SLICE("days"), p->days },
        { SLICE("hours"), p->hours },     { SLICE("minutes"), p->minutes },
        { SLICE("seconds"), p->seconds }, { SLICE("millis"), p->millis },
    };
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (slice_eq(name, parts[i].name))
            return (struct rule_value){ .kind = K_INT, .i = parts[i].v };
    }
    return rule_null();
}

static struct rule_value field(struct run *run, const struct expr *e)
{
    struct rule_value a = eval(run, e->a);
    struct slice name = e->field;
    if (e->b->kind != E_NAME) {
        struct rule_value b = eval(run, e->b);
        name = value_to_text(&b, run->mem);
    }
    if (a.kind == K_MESSAGE)
        return run_field(run, (struct message *)(uintptr_t)a.p, name);
    if (a.kind == K_DATE)
        return date_part(&a, name);
    if (a.kind == K_PERIOD)
        return period_part(a.p, name);
    if (a.fixed == VALUE_JSON)
        return rule_null();
    for (uint32_t i = 0; a.fixed == VALUE_URL && i < a.n; i++) {
        const struct rule_member *part = (const struct rule_member *)a.p + i;
        if (is_part(name, (const char *)part->key.p))
            return part->v;
    }
    if (a.kind == K_MAP && (a.fixed == VALUE_MATCHED || a.fixed == VALUE_UNMATCHED) &&
        slice_eq(name, SLICE("matches")))
        return rule_bool(a.fixed == VALUE_MATCHED);
    if (a.kind == K_MAP && a.fixed && slice_eq(name, SLICE("groups"))) {
        a.fixed = VALUE_FREE;
        return a;
    }
    if (a.kind == K_IP && slice_eq(name, SLICE("anonymized")))
        return address_anonymous(run, a.p);
    const struct rule_value *member = value_member(&a, name);
    return member ? *member : rule_null();
}

static struct rule_value index_of(struct run *run, const struct expr *e)
{
    struct rule_value a = eval(run, e->a), b = eval(run, e->b);
    if (run->failed)
        return rule_null();
    if (b.kind == K_STRING && a.kind == K_MAP) {
        const struct rule_value *member = value_member(&a, rule_text(&b));
        return member ? *member : rule_null();
    }
    if (b.kind != K_LONG || a.kind != K_LIST)
        return fail(run, "the value has no such members");
    if (b.i < 0 || b.i >= (int64_t)a.n) {
        run_fail(run, "Index %lld out of bounds for length %u", (long long)b.i, a.n);
        return rule_null();
    }
    return ((const struct rule_value *)a.p)[b.i];
}

static struct rule_value sign(struct run *run, const struct expr *e)
{
    struct rule_value v = eval(run, e->a);
    bool minus = e->op == '-';
    switch (v.kind) {
    case K_LONG:
    case K_INT:
        v.i = minus ? (int64_t)(0 - (uint64_t)v.i) : v.i;
        return v;
    case K_DOUBLE:
    case K_FLOAT:
        v.d = minus ? -v.d : v.d;
        return v;
    default:
        return run->failed ? rule_null() : fail(run, "the value is not a number");
    }
}

static struct rule_value divide(struct run *run, uint8_t op, int64_t a, int64_t b)
{
    if (b == 0)
        return fail(run, "/ by zero");
    if (b == -1)
        return rule_long(op == '/' ? (int64_t)(0 - (uint64_t)a) : 0);
    return rule_long(op == '/' ? a / b : a % b);
}

static struct rule_value multiply(struct run *run, const struct expr *e)
{
    struct rule_value a = eval(run, e->a), b = eval(run, e->b);
    if (run->failed)
        return rule_null();
    if (!run->env)
        return fail(run, "products of constants cannot be arguments; use a variable");
    if (a.kind == K_LONG && b.kind == K_LONG)
        return e->op == '*' ? rule_long((int64_t)((uint64_t)a.i * (uint64_t)b.i))
                            : divide(run, e->op, a.i, b.i);
    if (a.kind != K_DOUBLE || b.kind != K_DOUBLE)
        return fail(run, "the values are not numbers of one type");
    return rule_double(e->op == '*' ? a.d * b.d : e->op == '/' ? a.d / b.d : fmod(a.d, b.d));
}

static struct rule_value join_texts(struct run *run, struct slice a, struct slice b)
{
    uint8_t *p = arena_alloc(run->mem, a.n + b.n);
    if (!p)
        return fail(run, "memory is out");
    if (a.n)
        memcpy(p, a.p, a.n);
    if (b.n)
        memcpy(p + a.n, b.p, b.n);
    return rule_string(slice_of(p, a.n + b.n));
}

static struct rule_value add_periods(struct run *run, bool plus, const struct rule_period *a,
                                     const struct rule_period *b)
{
    struct rule_period *sum = arena_alloc(run->mem, sizeof *sum);
    if (!sum)
        return fail(run, "memory is out");
    if (!dates_sum(a, b, plus ? 1 : -1, sum))
        return fail(run, "the period is out of range");
    return (struct rule_value){ .kind = K_PERIOD, .p = sum };
}

static struct rule_value add_moments(struct run *run, bool plus, struct rule_value a,
                                     struct rule_value b)
{
    if (a.kind == K_DATE && b.kind == K_DATE && !plus)
        return (struct rule_value){ .kind = K_DURATION, .i = a.i > b.i ? a.i - b.i : b.i - a.i };
    if (b.kind == K_DATE && a.kind != K_DATE) /* also a period minus a date, as Graylog has it */
        return a.kind == K_NULL ? fail(run, "null") : add_moments(run, plus, b, a);
    if (a.kind == K_DATE && b.kind == K_DURATION)
        return (struct rule_value){ .kind = K_DATE, .n = a.n, .i = plus ? a.i + b.i : a.i - b.i };
    if (a.kind == K_DATE && b.kind == K_PERIOD) {
        if (dates_add(&a.i, a.n, b.p, plus ? 1 : -1))
            return a;
        return fail(run, "the date is out of range");
    }
    return fail(run, "the values cannot be added");
}

static struct rule_value add(struct run *run, const struct expr *e)
{
    struct rule_value a = eval(run, e->a), b = eval(run, e->b);
    bool plus = e->op == '+';
    if (run->failed)
        return rule_null();
    if (a.kind == K_DOUBLE && b.kind == K_DOUBLE)
        return rule_double(plus ? a.d + b.d : a.d - b.d);
    if (!run->env)
        return fail(run, "sums of constants cannot be arguments; use a variable");
    if (a.kind == K_LONG && b.kind == K_LONG)
        return rule_long(
            (int64_t)(plus ? (uint64_t)a.i + (uint64_t)b.i : (uint64_t)a.i - (uint64_t)b.i));
    if (e->type == TY_STRING && plus)
        return join_texts(run, value_to_text(&a, run->mem), value_to_text(&b, run->mem));
    if (a.kind == K_PERIOD && b.kind == K_PERIOD)
        return add_periods(run, plus, a.p, b.p);
    return add_moments(run, plus, a, b);
}

static struct rule_value compare(struct run *run, const struct expr *e)
{
    struct rule_value a = eval(run, e->a), b = eval(run, e->b);
    int order;
    if (run->failed)
        return rule_null();
    if (a.kind != b.kind)
        return fail(run, "the values cannot be ordered");
    if (a.kind == K_LONG || a.kind == K_DATE)
        order = (a.i > b.i) - (a.i < b.i);
    else if (a.kind == K_DOUBLE && (a.d != a.d || b.d != b.d))
        return rule_bool(false);
    else if (a.kind == K_DOUBLE)
        order = (a.d > b.d) - (a.d < b.d);
    else
        return fail(run, "the values cannot be ordered");
    switch (e->op) {
    case TK_LT:
        return rule_bool(order < 0);
    case TK_LE:
        return rule_bool(order <= 0);
    case TK_GT:
        return rule_bool(order > 0);
    default:
        return rule_bool(order >= 0);
    }
}

static bool equal(struct run *run, const struct expr *e)
{
    struct rule_value a = eval(run, e->a);
    if (run->failed || a.kind == K_NULL)
        return false;
    struct rule_value b = eval(run, e->b);
    return value_equal(&a, &b) == (e->op == TK_EQ);
}

static inline bool value_is(struct run *run, const struct value *v, const struct expr *e)
{
    if (LIKELY(v->type == VT_STR && e->with.kind == K_STRING && !(v->flags & VF_JSON)))
        return slice_eq(slice_of(v->p, v->n), rule_text(&e->with)) == (e->op == TK_EQ);
    struct rule_value a = value_read(v, run->mem);
    return a.kind != K_NULL && value_equal(&a, &e->with) == (e->op == TK_EQ);
}

/* The field of the present message that an expression names. */
static inline const struct value *own_field(const struct run *run, const struct expr *e)
{
    return LIKELY(e->id) ? message_value(run->m, e->id)
                         : message_get_hashed(run->m, e->field, e->hash);
}

static bool field_is(struct run *run, const struct expr *e)
{
    const struct value *v = own_field(run, e);
    return v && value_is(run, v, e);
}

static bool field_is_in(struct run *run, const struct expr *e)
{
    const struct value *v = own_field(run, e);
    for (uint32_t i = 0; v && i < e->n; i++) {
        if (value_is(run, v, e->item[i]))
            return true;
    }
    return false;
}

static bool asks_more(struct run *run, const struct expr *e);

/* Is it the boolean true? False when it fails. */
static inline bool is_true(struct run *run, const struct expr *e)
{
    if (e->kind == E_HAS_FIELD)
        return own_field(run, e) != NULL;
    return e->kind == E_FIELD_IS ? field_is(run, e) : asks_more(run, e);
}

static inline bool test(struct run *run, const struct rule_test *t)
{
    if (t->id) {
        bool there = run->m->place[t->id] != 0;
        if (!there || t->kind == E_HAS_FIELD)
            return there != t->negated;
    }
    return is_true(run, t->e) != t->negated;
}

/* E_ALL: until one is false; E_ANY: until one is true. */
static inline bool tests(struct run *run, const struct expr *e)
{
    bool end = e->kind == E_ANY;
    for (const struct rule_test *t = e->test, *last = t + e->n; t < last; t++) {
        if (test(run, t) == end || run->failed)
            return end;
    }
    return !end;
}

/* Those of several parts. */
NOINLINE static bool asks_more(struct run *run, const struct expr *e)
{
    struct rule_value v;
    switch (e->kind) {
    case E_ALL:
    case E_ANY:
        if (LIKELY(e->test))
            return tests(run, e);
        for (uint32_t i = 0; i < e->n; i++) {
            bool yes = is_true(run, e->item[i]);
            if (yes == (e->kind == E_ANY) || run->failed)
                return yes;
        }
        return e->kind == E_ALL;
    case E_FIELD_IN:
        return field_is_in(run, e);
    case E_NOT:
        return !is_true(run, e->a);
    case E_EQUAL:
        return equal(run, e);
    case E_AND:
        return is_true(run, e->a) && !run->failed && is_true(run, e->b);
    case E_OR:
        return is_true(run, e->a) || (!run->failed && is_true(run, e->b));
    default:
        v = eval(run, e);
        return v.kind == K_BOOL && v.i;
    }
}

static struct rule_value list(struct run *run, const struct expr *e)
{
    struct rule_value *items = arena_alloc(run->mem, e->n * sizeof *items);
    if (!items)
        return fail(run, "memory is out");
    for (uint32_t i = 0; i < e->n; i++)
        items[i] = eval(run, e->item[i]);
    return (struct rule_value){ .kind = K_LIST, .n = e->n, .p = items };
}

static struct rule_value map(struct run *run, const struct expr *e)
{
    struct rule_member *m = arena_alloc(run->mem, e->n * sizeof *m);
    uint32_t n = 0;
    if (!m)
        return fail(run, "memory is out");
    for (uint32_t i = 0; i < e->n; i++) {
        struct rule_value v = eval(run, e->item[i]);
        uint32_t at = 0;
        if (v.kind == K_NULL)
            return fail(run, "null"); /* Java's words for a map that may hold no null */
        while (at < n && !slice_eq(m[at].key, e->key[i]))
            at++;
        m[at] = (struct rule_member){ e->key[i], v };
        n += at == n;
    }
    return (struct rule_value){ .kind = K_MAP, .n = n, .p = m };
}

static inline struct rule_value read_field(struct run *run, const struct value *v)
{
    if (!v)
        return rule_null();
    if (LIKELY(v->type == VT_STR && !(v->flags & VF_JSON)))
        return rule_string(slice_of(v->p, v->n));
    return value_read(v, run->mem);
}

static inline struct rule_value field_text(struct run *run, const struct value *v)
{
    struct rule_value read = read_field(run, v);
    if (LIKELY(read.kind == K_STRING && read.fixed == VALUE_FREE))
        return read;
    if (read.kind == K_NULL)
        return rule_string(slice_of("", 0));
    return rule_string(value_to_text(&read, run->mem));
}

static inline struct rule_value operand(struct run *run, const struct expr *e)
{
    return e->kind == E_OWN_FIELD ? read_field(run, own_field(run, e)) : eval(run, e);
}

/* Most arguments are fields or constants. */
static inline struct rule_value argument(struct run *run, const struct rule_arg *in)
{
    if (in->id && in->is_text)
        return field_text(run, message_value(run->m, in->id));
    if (in->id)
        return read_field(run, message_value(run->m, in->id));
    return LIKELY(!in->e) ? in->v : operand(run, in->e);
}

/* On its own: the guard of its frame's arrays is not paid for by what is no call. */
NOINLINE static struct rule_value call(struct run *run, const struct expr *e)
{
    struct call c; /* what no parameter has is not set, and not read */
    c.run = run;
    c.e = e;
    for (unsigned i = 0; i < e->n_in; i++)
        c.arg[i] = argument(run, &e->in[i]);
    struct rule_value v = run->failed ? rule_null() : e->run(&c);
    if (run->failed)
        locate(run, e);
    return run->failed ? rule_null() : v;
}

/* What is no call. */
NOINLINE static struct rule_value eval_plain(struct run *run, const struct expr *e)
{
    switch (e->kind) {
    case E_CONST:
        return e->value;
    case E_LIST:
        return list(run, e);
    case E_MAP:
        return map(run, e);
    case E_MESSAGE:
        return (struct rule_value){ .kind = K_MESSAGE, .p = run->m };
    case E_VAR:
        return run->env ? run->var[e->slot] : fail(run, "Use of undeclared variable");
    case E_FIELD:
        return field(run, e);
    case E_INDEX:
        return index_of(run, e);
    case E_SIGN:
        return sign(run, e);
    case E_MULTIPLY:
        return multiply(run, e);
    case E_ADD:
        return add(run, e);
    case E_COMPARE:
        return compare(run, e);
    case E_OWN_FIELD:
        return operand(run, e);
    case E_FIELD_TEXT:
        return field_text(run, own_field(run, e));
    case E_NOT:
    case E_EQUAL:
    case E_AND:
    case E_OR:
    case E_ALL:
    case E_ANY:
    case E_HAS_FIELD:
    case E_FIELD_IS:
    case E_FIELD_IN:
        return rule_bool(is_true(run, e));
    default:
        return rule_null();
    }
}

struct rule_value eval(struct run *run, const struct expr *e)
{
    if (run->failed)
        return rule_null();
    if (LIKELY(e->kind == E_CALL)) /* most are: this jump is foreseen, that of the switch is not */
        return call(run, e);
    return eval_plain(run, e);
}

bool eval_constant(const struct expr *e, struct arena *mem, struct rule_value *v, char *why,
                   size_t cap)
{
    struct run run = { .mem = mem };
    *v = eval(&run, e);
    snprintf(why, cap, "%.100s", run.why);
    return !run.failed;
}

enum rule_answer rule_condition(struct run *run, const struct expr *when)
{
    run->failed = run->located = false;
    bool yes = is_true(run, when);
    if (UNLIKELY(run->failed)) {
        locate(run, when);
        return RULE_ERROR;
    }
    /* Graylog takes only what is boolean by its type: a field never is. */
    return yes && when->type == TY_BOOLEAN ? RULE_TRUE : RULE_FALSE;
}

static void set(struct run *run, const struct rule_step *step)
{
    struct rule_value v = step->value ? eval(run, step->value) : step->constant;
    if (run->failed)
        return;
    if (LIKELY(step->id))
        value_put_id(run->m, step->id, v);
    else
        value_put(run->m, step->name, step->hash, &v);
}

static inline void rename_field(struct message *m, const struct rule_step *step)
{
    if (UNLIKELY(!step->from_id || !step->id))
        message_move(m, step->from, step->from_hash, step->name, step->hash);
    else if (m->place[step->from_id])
        message_move_id(m, step->from_id, step->id);
}

static void rename_fields(struct message *m, const struct rule_step *step, uint32_t n)
{
    for (const struct rule_rename *pair = step->pair, *last = pair + n; pair < last; pair++) {
        if (m->place[pair->from])
            message_move_id(m, pair->from, pair->to);
    }
}

static void take_step(struct run *run, const struct rule_step *step)
{
    struct rule_value v;
    switch ((enum step_kind)step->kind) {
    case STEP_RENAME:
        rename_field(run->m, step);
        break;
    case STEP_RENAMES:
        rename_fields(run->m, step, step->n);
        break;
    case STEP_SET:
        set(run, step);
        break;
    case STEP_LET:
        v = eval(run, step->e);
        if (!run->failed)
            run->var[step->slot] = v;
        break;
    case STEP_CALL:
        eval(run, step->e);
        break;
    }
}

static bool act(struct run *run, const struct rule *r, bool first_only)
{
    static struct rule_value none; /* for rules without variables: nothing is read or written */
    run->failed = run->located = false;
    run->var = r->slots ? arena_zalloc(run->mem, r->slots * sizeof *run->var) : &none;
    uint32_t n = !run->var ? 0 : first_only && r->n_steps ? 1 : r->n_steps;
    for (uint32_t i = 0; i < n; i++) {
        const struct rule_step *step = &r->step[i];
        if (LIKELY(step->kind == STEP_RENAMES)) {
            rename_fields(run->m, step, first_only ? 1 : step->n);
            continue;
        }
        take_step(run, step);
        if (UNLIKELY(run->failed)) {
            locate(run, step->e);
            break;
        }
    }
    return run->var && !run->failed;
}

bool rule_act(struct run *run, const struct rule *r)
{
    return act(run, r, false);
}

bool rule_act_first(struct run *run, const struct rule *r)
{
    return act(run, r, true);
}
