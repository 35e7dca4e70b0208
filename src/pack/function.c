/* The table of functions (functions.def), and what they share. */
#include "pack/function.h"

#include <stdarg.h>

#include "pack/eval.h"

#define TEXT_MAX_BYTES ((size_t)1 << 20)

static const struct row {
    const char *name;
    char returns;
    bool pure;
    const char *params;
    function_run run;
} rows[] = {
/* clang-format off */
#define FUNCTION(name, returns, pure, params) \
    { #name, (returns)[0], pure, params, fn_##name },
/* clang-format on */
#include "pack/functions.def"
#undef FUNCTION
};

static unsigned param_flag(char letter)
{
    switch (letter) {
    case '?':
        return PARAM_OPTIONAL;
    case '~':
        return PARAM_REGEX;
    case '^':
        return PARAM_REGEX | PARAM_LATE;
    case '/':
        return PARAM_SUBNET;
    case '#':
        return PARAM_PERIOD;
    case '%':
        return PARAM_DATES;
    case '@':
        return PARAM_ZONE;
    case '*':
        return PARAM_GROK;
    case '$':
        return PARAM_CHARSET;
    case '\'':
        return PARAM_CHAR;
    case '{':
        return PARAM_PATHS;
    case '[':
        return PARAM_LIST;
    default:
        return PARAM_EXACT;
    }
}

/* One "name:T?" of the table; returns what is behind it. */
static const char *read_param(const char *s, struct param *p)
{
    const char *colon = strchr(s, ':');
    p->name = slice_of(s, (size_t)(colon - s));
    p->type = (uint8_t)type_of_letter(colon[1]);
    for (s = colon + 2; *s && *s != ' '; s++) {
        p->flags = (uint16_t)(p->flags | param_flag(*s));
    }
    return *s ? s + 1 : s;
}

const struct function *function_find(struct slice name, struct arena *a)
{
    const struct row *row = NULL;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (slice_eq(name, slice_cstr(rows[i].name)))
            row = &rows[i];
    }
    struct function *f = row ? arena_zalloc(a, sizeof *f) : NULL;
    if (!f)
        return NULL;
    f->name = row->name;
    f->returns = type_of_letter(row->returns);
    f->pure = row->pure;
    f->run = row->run;
    for (const char *s = row->params; *s && f->n_params < RULE_ARGS_MAX; f->n_params++) {
        s = read_param(s, &f->param[f->n_params]);
        f->n_required = (uint8_t)(f->n_required + !(f->param[f->n_params].flags & PARAM_OPTIONAL));
    }
    return f;
}

struct rule_value call_fail(struct call *c, const char *fmt, ...)
{
    char why[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    run_fail(c->run, "%s", why);
    return rule_null();
}

bool call_given(const struct call *c, unsigned param)
{
    return c->e->arg[param] != NULL;
}

struct arena *call_mem(const struct call *c)
{
    return c->run->mem;
}

struct slice call_printed(const struct call *c, unsigned param)
{
    return value_to_text(&c->arg[param], c->run->mem);
}

struct message *call_message(const struct call *c, unsigned param)
{
    const struct rule_value *v = &c->arg[param];
    return v->kind == K_MESSAGE ? (struct message *)(uintptr_t)v->p : c->run->m;
}

struct rule_value *call_list(struct call *c, uint32_t n, struct rule_value *out)
{
    struct rule_value *items = arena_zalloc(c->run->mem, n * sizeof *items);
    *out = items ? (struct rule_value){ .kind = K_LIST, .n = n, .p = items }
                 : call_fail(c, "memory is out");
    return items;
}

struct rule_member *call_map(struct call *c, uint32_t n, struct rule_value *out)
{
    struct rule_member *m = arena_zalloc(c->run->mem, n * sizeof *m);
    *out = m ? (struct rule_value){ .kind = K_MAP, .n = n, .p = m } : call_fail(c, "memory is out");
    return m;
}

struct buf call_buf(struct call *c, size_t cap)
{
    void *p = arena_alloc(c->run->mem, cap);
    struct buf b = buf_of(p, p ? cap : 0);
    b.full = !p;
    return b;
}

bool call_more(struct call *c, struct buf *b, size_t n)
{
    if (b->p && !b->full && b->cap - b->n >= n)
        return true;
    size_t cap = (b->n + n) * 2;
    uint8_t *p = b->n + n <= TEXT_MAX_BYTES ? arena_alloc(c->run->mem, cap) : NULL;
    if (!p) {
        call_fail(c, "memory is out, or the text too long");
        b->full = true;
        return false;
    }
    if (b->n)
        memcpy(p, b->p, b->n);
    *b = (struct buf){ .p = p, .n = b->n, .cap = cap };
    return true;
}

struct rule_value call_done(struct call *c, const struct buf *b)
{
    return b->full ? call_fail(c, "memory is out") : rule_string(buf_slice(b));
}
