/* Names, types and constants of a parsed rule (graylog.md 4.2, 4.7). Two passes: the first finds
 * functions and computes constants, before types are known (as Graylog does, with what follows:
 * arithmetic on constants is refused as an argument); the second checks types. */
#include "pack/compile.h"

#include "base/bug.h"
#include "pack/datepattern.h"
#include "pack/dates.h"
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/grok.h"
#include "pack/jsonpath.h"
#include "pack/layout.h"
#include "pack/lexer.h"
#include "pack/parser.h"
#include "pack/pattern.h"
#include "pack/subnet.h"

#define VARIABLES_MAX 1024

struct variable {
    struct slice name;
    uint8_t type;
    bool constant;
};

struct compiler {
    struct arena *a;
    struct rule_errors *e;
    struct variable *var;
    uint32_t n;
};

static struct variable *variable_find(struct compiler *c, struct slice name)
{
    for (uint32_t i = c->n; i > 0; i--) {
        if (slice_eq(c->var[i - 1].name, name))
            return &c->var[i - 1];
    }
    return NULL;
}

static void resolve(struct compiler *c, struct expr *e);

static void invalid(struct compiler *c, struct expr *call, struct slice param, const char *why)
{
    rule_error_add(c->e, RE_InvalidFunctionArgument, call,
                   "argument %.*s of %s cannot be computed: %s", (int)param.n,
                   (const char *)param.p, call->fn->name, why);
}

static bool parameter(const struct function *fn, struct slice name, unsigned *p)
{
    for (*p = 0; *p < fn->n_params; (*p)++) {
        if (slice_eq(fn->param[*p].name, name))
            return true;
    }
    return false;
}

/* Puts the arguments into the order of the parameters. */
static void place_named(struct compiler *c, struct expr *e)
{
    const struct function *fn = e->fn;
    unsigned p;
    for (uint32_t i = 0; i < e->n; i++) {
        if (parameter(fn, e->key[i], &p))
            e->arg[p] = e->item[i];
    }
    for (p = 0; p < fn->n_params; p++) {
        if (!e->arg[p] && !(fn->param[p].flags & PARAM_OPTIONAL))
            rule_error_add(c->e, RE_MissingRequiredParam, e, "%s needs its parameter %.*s",
                           fn->name, (int)fn->param[p].name.n, (const char *)fn->param[p].name.p);
    }
    for (uint32_t i = 0; i < e->n; i++) {
        if (!parameter(fn, e->key[i], &p))
            invalid(c, e, e->key[i], "there is no such parameter");
    }
}

static void place(struct compiler *c, struct expr *e)
{
    const struct function *fn = e->fn;
    bool optional = fn->n_required < fn->n_params;
    e->arg = arena_zalloc(c->a, fn->n_params * sizeof *e->arg);
    e->ready = arena_zalloc(c->a, fn->n_params * sizeof *e->ready);
    if (!e->arg || !e->ready)
        return;
    if (e->named) {
        place_named(c, e);
        return;
    }
    /* More than there are parameters are accepted where some are optional, and ignored. */
    if (e->n < fn->n_required || (!optional && e->n > fn->n_params)) {
        rule_error_add(c->e, RE_WrongNumberOfArgs, e, "%s takes %u arguments, %u are given",
                       fn->name, fn->n_required, e->n);
        e->kind = E_WRONG;
    }
    for (uint32_t i = 0; i < e->n && i < fn->n_params; i++)
        e->arg[i] = e->item[i];
}

static bool are_paths(const struct rule_value *v, struct why *why)
{
    const struct rule_member *m = v->p;
    for (uint32_t i = 0; v->kind == K_MAP && i < v->n; i++) {
        if (m[i].v.kind != K_STRING)
            why_set(why, ERR_FORMAT, "a path must be a text");
        if (m[i].v.kind != K_STRING || !jsonpath_ok(rule_text(&m[i].v), why))
            return false;
    }
    return true;
}

/* What is wrong with a constant for a parameter; NULL: nothing. */
static const char *fault_of(const struct param *p, const struct rule_value *v, struct why *why)
{
    struct slice s = v->kind == K_STRING ? rule_text(v) : slice_of("", 0);
    struct rule_period period;
    if (p->flags & PARAM_EXACT && v->kind != (p->type == TY_LONG ? K_LONG : K_STRING))
        return "it is of another type";
    if (p->flags & PARAM_LIST && v->kind != K_LIST)
        return "it is no list";
    if (p->flags & PARAM_PATHS && !are_paths(v, why))
        return why->text;
    if (v->kind != K_STRING)
        return NULL;
    if (p->flags & PARAM_PERIOD && !dates_read_period(s, &period))
        return "it is no period";
    if (p->flags & PARAM_DATES && !datepattern_ok(s, why))
        return why->text;
    if (p->flags & PARAM_ZONE && dates_zone(s) == ZONE_NONE)
        return "there is no such zone";
    if (p->flags & PARAM_CHARSET && !charset_ok(s))
        return "the character set is not known";
    return p->flags & PARAM_CHAR && !s.n ? "it is empty" : NULL;
}

/* A constant text may name a field: its hash, and whether it may be stored under as it is. */
static void name_constant(struct rule_arg *to)
{
    struct slice s = rule_text(&to->v);
    to->hash = message_hash(s);
    to->plain_name = s.n && message_trim(s).n == s.n && message_name_ok(s) && !message_is_member(s);
}

/* The arguments as the running call reads them. */
static void lay_out(struct compiler *c, struct expr *e)
{
    e->in = arena_zalloc_line(c->a, e->fn->n_params * sizeof *e->in);
    e->n_in = e->fn->n_params;
    e->run = e->fn->run;
    for (unsigned i = 0; e->in && i < e->fn->n_params; i++) {
        if (e->arg[i] && e->arg[i]->kind == E_CONST)
            e->in[i].v = e->arg[i]->value;
        else
            e->in[i].e = e->arg[i];
        if (e->in[i].v.kind == K_STRING)
            name_constant(&e->in[i]);
    }
    if (!e->in)
        rule_error_add(c->e, RE_OutOfMemory, e, "memory is out");
}

/* Its third parameter must be known too. What is wrong shows when it is used. */
static void prepare_grok(struct compiler *c, struct expr *e, unsigned i, struct slice text)
{
    const struct expr *named = e->arg[2];
    struct why why;
    if (!named || (named->kind == E_CONST && named->value.kind == K_BOOL))
        e->ready[i] = grok_make(c->a, grok_compiling(), text, named && named->value.i, &why);
}

/* What a parameter makes of a constant once: a pattern or a subnet. */
static bool prepare(struct compiler *c, struct expr *e, unsigned i, const struct rule_value *v)
{
    const struct param *p = &e->fn->param[i];
    struct why why = { "" };
    const char *fault = fault_of(p, v, &why);
    if (fault)
        invalid(c, e, p->name, fault);
    if (fault || v->kind != K_STRING)
        return !fault;
    if (p->flags & PARAM_GROK)
        prepare_grok(c, e, i, rule_text(v));
    if (p->flags & PARAM_REGEX)
        e->ready[i] = pattern_make(c->a, rule_text(v), &why);
    else if (p->flags & PARAM_SUBNET)
        e->ready[i] = subnet_make(c->a, rule_text(v));
    else
        return true;
    if (p->flags & PARAM_LATE)
        return true;
    if (!e->ready[i])
        invalid(c, e, p->name, *why.text ? why.text : "it is no subnet");
    return e->ready[i] != NULL;
}

/* Computes constant arguments, to see now what would fail at each message. */
static void compute(struct compiler *c, struct expr *e)
{
    for (unsigned i = 0; i < e->fn->n_params; i++) {
        struct expr *arg = e->arg[i];
        char why[128];
        struct rule_value v;
        if (!arg || !arg->constant || arg->kind == E_VAR)
            continue;
        if (!eval_constant(arg, c->a, &v, why, sizeof why)) {
            invalid(c, e, e->fn->param[i].name, why);
            e->kind = E_WRONG;
            return;
        }
        if (!prepare(c, e, i, &v)) {
            e->kind = E_WRONG;
            return;
        }
    }
}

static void resolve_call(struct compiler *c, struct expr *e)
{
    for (uint32_t i = 0; i < e->n; i++)
        resolve(c, e->item[i]);
    e->fn = function_find(e->text, c->a);
    e->type = TY_VOID;
    if (!e->fn) {
        rule_error_add(c->e, RE_UndeclaredFunction, e, "there is no function %.*s",
                       (int)(e->text.n < 64 ? e->text.n : 64), (const char *)e->text.p);
        e->kind = E_WRONG;
        return;
    }
    e->type = (uint8_t)e->fn->returns;
    place(c, e);
    if (e->arg && e->kind == E_CALL)
        compute(c, e);
    if (e->arg && e->kind == E_CALL)
        lay_out(c, e);
}

static void resolve_variable(struct compiler *c, struct expr *e)
{
    struct variable *v = variable_find(c, e->text);
    e->type = TY_OBJECT;
    if (v) {
        e->slot = (uint32_t)(v - c->var);
        e->type = v->type;
        e->constant = v->constant;
        return;
    }
    rule_error_add(c->e, RE_UndeclaredVariable, e, "there is no variable %.*s",
                   (int)(e->text.n < 64 ? e->text.n : 64), (const char *)e->text.p);
    e->kind = E_WRONG;
}

/* A name behind a point is a variable where there is one of that name, as in Graylog. */
static void resolve_field(struct compiler *c, struct expr *e)
{
    if (e->a->kind == E_VAR && !variable_find(c, e->a->text))
        e->a->kind = E_WRONG; /* such a member is null, and no error */
    resolve(c, e->a);
    if (e->b->kind == E_NAME && variable_find(c, e->b->text))
        e->b->kind = E_VAR;
    if (e->b->kind != E_NAME) {
        resolve(c, e->b);
        return;
    }
    e->b->type = TY_STRING;
    e->field = e->b->text;
    e->hash = message_hash(e->field);
}

static void resolve(struct compiler *c, struct expr *e)
{
    switch (e->kind) {
    case E_CONST:
        e->constant = true;
        break;
    case E_LIST:
    case E_MAP:
        e->constant = true;
        for (uint32_t i = 0; i < e->n; i++) {
            resolve(c, e->item[i]);
            e->constant &= e->item[i]->constant;
        }
        break;
    case E_VAR:
        resolve_variable(c, e);
        break;
    case E_FIELD:
        resolve_field(c, e);
        break;
    case E_CALL:
        resolve_call(c, e);
        break;
    case E_SIGN:
    case E_NOT:
        resolve(c, e->a);
        e->constant = e->a->constant;
        break;
    default:
        if (e->a) {
            resolve(c, e->a);
            resolve(c, e->b);
            e->constant = e->a->constant && e->b->constant;
        }
    }
}

static enum rule_type constant_type(const struct rule_value *v)
{
    switch (v->kind) {
    case K_STRING:
        return TY_STRING;
    case K_LONG:
        return TY_LONG;
    case K_DOUBLE:
        return TY_DOUBLE;
    case K_BOOL:
        return TY_BOOLEAN;
    default:
        return TY_OBJECT;
    }
}

static void wrong_types(struct compiler *c, struct expr *e)
{
    rule_error_add(c->e, RE_IncompatibleTypes, e, "the types %s and %s do not go together",
                   type_name(e->a->type), type_name(e->b->type));
}

static void wrong_type(struct compiler *c, struct expr *e, enum rule_type want, enum rule_type got)
{
    rule_error_add(c->e, RE_IncompatibleType, e, "a %s is wanted, this is a %s", type_name(want),
                   type_name(got));
}

static void check_add(struct compiler *c, struct expr *e)
{
    enum rule_type l = e->a->type, r = e->b->type;
    bool plus = e->op == '+';
    e->type = (uint8_t)l;
    if (l == TY_DATE && r == TY_DATE) {
        e->type = TY_DURATION;
        if (plus)
            rule_error_add(c->e, RE_InvalidOperation, e, "two dates cannot be added");
        return;
    }
    if ((l == TY_DATE && (r == TY_PERIOD || r == TY_DURATION)) ||
        (r == TY_DATE && (l == TY_PERIOD || l == TY_DURATION))) {
        e->type = TY_DATE;
        return;
    }
    if (l != r)
        wrong_types(c, e);
    else if (l == TY_STRING && !plus)
        rule_error_add(c->e, RE_InvalidOperation, e, "texts cannot be subtracted");
}

static void check_index(struct compiler *c, struct expr *e)
{
    enum rule_type want = type_index(e->a->type);
    e->type = TY_OBJECT;
    if (want == TY_VOID)
        rule_error_add(c->e, RE_NonIndexableType, e, "a %s has no members", type_name(e->a->type));
    else if (want != e->b->type)
        rule_error_add(c->e, RE_IncompatibleIndexType, e, "the index must be a %s, this is a %s",
                       type_name(want), type_name(e->b->type));
}

static void check(struct compiler *c, struct expr *e);

static void check_call(struct compiler *c, struct expr *e)
{
    for (uint32_t i = 0; i < e->n; i++)
        check(c, e->item[i]);
    for (unsigned i = 0; e->arg && e->fn && i < e->fn->n_params && e->kind == E_CALL; i++) {
        const struct param *p = &e->fn->param[i];
        if (e->arg[i] && !type_fits(p->type, e->arg[i]->type))
            rule_error_add(c->e, RE_IncompatibleArgumentType, e,
                           "argument %.*s of %s must be a %s, this is a %s", (int)p->name.n,
                           (const char *)p->name.p, e->fn->name, type_name(p->type),
                           type_name(e->arg[i]->type));
    }
}

static void check_two(struct compiler *c, struct expr *e)
{
    check(c, e->a);
    check(c, e->b);
    switch (e->kind) {
    case E_INDEX:
        check_index(c, e);
        break;
    case E_ADD:
        check_add(c, e);
        break;
    case E_MULTIPLY:
        e->type = e->a->type;
        if (e->a->type != e->b->type)
            wrong_types(c, e);
        break;
    case E_COMPARE:
        e->type = TY_BOOLEAN;
        if (e->a->type != e->b->type)
            wrong_types(c, e);
        break;
    case E_EQUAL:
        e->type = TY_BOOLEAN;
        break;
    default:
        e->type = TY_BOOLEAN;
        if (e->a->type != TY_BOOLEAN || e->b->type != TY_BOOLEAN)
            wrong_types(c, e);
    }
}

static void check(struct compiler *c, struct expr *e)
{
    switch (e->kind) {
    case E_CONST:
        e->type = (uint8_t)constant_type(&e->value);
        break;
    case E_LIST:
    case E_MAP:
        e->type = e->kind == E_LIST ? TY_LIST : TY_MAP;
        for (uint32_t i = 0; i < e->n; i++)
            check(c, e->item[i]);
        break;
    case E_MESSAGE:
        e->type = TY_MESSAGE;
        break;
    case E_FIELD:
        check(c, e->a);
        check(c, e->b);
        e->type = TY_OBJECT;
        if (e->b->type != TY_STRING)
            wrong_type(c, e, TY_STRING, e->b->type);
        break;
    case E_SIGN:
        check(c, e->a);
        e->type = e->a->type;
        break;
    case E_NOT:
        check(c, e->a);
        e->type = TY_BOOLEAN;
        if (e->a->type != TY_BOOLEAN)
            wrong_type(c, e, TY_BOOLEAN, e->a->type);
        break;
    case E_VAR:
    case E_NAME:
        break;
    case E_CALL:
    case E_WRONG:
        check_call(c, e);
        break;
    default:
        check_two(c, e);
    }
}

static void declare(struct compiler *c, struct statement *s)
{
    if (c->n == VARIABLES_MAX)
        return;
    s->slot = c->n;
    c->var[c->n++] =
        (struct variable){ .name = s->let, .type = s->e->type, .constant = s->e->constant };
}

bool compile_rule(struct arena *a, struct rule *r, struct rule_errors *e)
{
    struct compiler c = { .a = a, .e = e };
    unsigned before = e->n;
    struct expr at = { .line = 1 };
    c.var = xmalloc(VARIABLES_MAX * sizeof *c.var);
    resolve(&c, r->when);
    check(&c, r->when);
    for (struct statement *s = r->then; s; s = s->next) {
        resolve(&c, s->e);
        check(&c, s->e);
        if (s->let.n)
            declare(&c, s);
    }
    xfree(c.var);
    r->slots = c.n;
    if (a->full || c.n == VARIABLES_MAX)
        rule_error_add(e, RE_OutOfMemory, &at, "the rule is too large");
    if (e->n > before)
        return false;
    if (!layout_rule(a, r))
        rule_error_add(e, RE_OutOfMemory, &at, "the rule is too large");
    return e->n == before;
}

struct rule *rule_load(struct arena *a, struct slice text, struct rule_errors *e)
{
    struct rule *r = parser_rule(a, text, e);
    return r && compile_rule(a, r, e) ? r : NULL;
}
