/* Functions that convert values and ask for their kind (graylog.md 4.7). */
#include <math.h>
#include <stdlib.h>

#include "pack/eval.h"
#include "pack/function.h"

/* What Java's Long.parseLong takes: digits with a sign... but here without a leading plus. */
static bool read_long(struct slice s, int64_t *out)
{
    uint64_t v;
    bool minus = s.n && s.p[0] == '-';
    if (!slice_to_u64(slice_after(s, minus), &v) || v > (uint64_t)INT64_MAX + minus)
        return false;
    *out = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* Digits with point and exponent, or hexadecimal, perhaps with f or d behind. */
static bool read_double(struct slice s, double *out)
{
    char text[512];
    char *end;
    if (!s.n || s.n >= sizeof text)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    size_t sign = text[0] == '-' || text[0] == '+';
    const char *number = text + sign;
    bool digits = (*number >= '0' && *number <= '9') || *number == '.';
    bool hex = number[0] == '0' && ascii_lower((uint8_t)number[1]) == 'x';
    if (!digits && strcmp(number, "NaN") != 0 && strcmp(number, "Infinity") != 0)
        return false;
    if (hex && !strpbrk(text, "pP"))
        return false;
    *out = strtod(text, &end);
    if (end > number && *end && strchr("fFdD", *end) && digits)
        end++;
    return !*end && end > number;
}

struct rule_value fn_to_long(struct call *c)
{
    const struct rule_value *v = &c->arg[0];
    int64_t absent = call_long(c, 1, 0), out;
    switch (v->kind) {
    case K_INT:
    case K_LONG:
        return rule_long(v->i);
    case K_FLOAT:
    case K_DOUBLE:
        if (isnan(v->d))
            return rule_long(0);
        if (v->d >= 9223372036854775808.0)
            return rule_long(INT64_MAX);
        return rule_long(v->d <= -9223372036854775808.0 ? INT64_MIN : (int64_t)v->d);
    case K_NULL:
        return rule_long(absent);
    default:
        return rule_long(read_long(value_to_text(v, call_mem(c)), &out) ? out : absent);
    }
}

struct rule_value fn_to_double(struct call *c)
{
    const struct rule_value *v = &c->arg[0];
    double absent = c->arg[1].kind == K_DOUBLE ? c->arg[1].d : 0, out;
    switch (v->kind) {
    case K_INT:
    case K_LONG:
        return rule_double((double)v->i);
    case K_FLOAT:
    case K_DOUBLE:
        return rule_double(v->d);
    case K_NULL:
        return rule_double(absent);
    default:
        return rule_double(read_double(value_to_text(v, call_mem(c)), &out) ? out : absent);
    }
}

struct rule_value fn_to_bool(struct call *c)
{
    const struct rule_value *v = &c->arg[0];
    if (v->kind == K_NULL)
        return rule_bool(call_bool(c, 1, false));
    return rule_bool(slice_eq_nocase(value_to_text(v, call_mem(c)), SLICE("true")));
}

struct rule_value fn_to_string(struct call *c)
{
    if (c->arg[0].kind == K_NULL)
        return rule_string(call_text(c, 1));
    return rule_string(value_to_text(&c->arg[0], call_mem(c)));
}

struct rule_value fn_to_map(struct call *c)
{
    struct rule_value v = c->arg[0];
    if (v.fixed == VALUE_JSON && v.kind != K_MAP)
        return call_fail(c, "the JSON tree is no object");
    if (v.fixed == VALUE_JSON)
        v.fixed = VALUE_FREE;
    if (v.kind == K_MAP && v.fixed < VALUE_PRIORITY)
        return v;
    return (struct rule_value){ .kind = K_MAP };
}

/* Trees of JSON, URLs and priorities are classes of their own. */
static bool is_kind(const struct call *c, unsigned kind)
{
    return c->arg[0].kind == kind && c->arg[0].fixed < VALUE_PRIORITY;
}

struct rule_value fn_is_string(struct call *c)
{
    return rule_bool(is_kind(c, K_STRING));
}

struct rule_value fn_is_number(struct call *c)
{
    double out;
    if (call_bool(c, 1, false))
        return rule_bool(read_double(call_text(c, 0), &out));
    return rule_bool(c->arg[0].kind >= K_INT && c->arg[0].kind <= K_DOUBLE);
}

struct rule_value fn_is_long(struct call *c)
{
    int64_t out;
    bool text = call_bool(c, 1, false);
    return rule_bool(text ? read_long(call_text(c, 0), &out) : is_kind(c, K_LONG));
}

struct rule_value fn_is_double(struct call *c)
{
    double out;
    bool text = call_bool(c, 1, false);
    return rule_bool(text ? read_double(call_text(c, 0), &out) : is_kind(c, K_DOUBLE));
}

struct rule_value fn_is_bool(struct call *c)
{
    struct slice s = call_text(c, 0);
    if (call_bool(c, 1, false) && is_kind(c, K_STRING))
        return rule_bool(slice_eq_nocase(s, SLICE("true")) || slice_eq_nocase(s, SLICE("false")));
    return rule_bool(is_kind(c, K_BOOL));
}

struct rule_value fn_is_list(struct call *c)
{
    return rule_bool(is_kind(c, K_LIST));
}

struct rule_value fn_is_map(struct call *c)
{
    return rule_bool(is_kind(c, K_MAP));
}

struct rule_value fn_is_collection(struct call *c)
{
    return rule_bool(is_kind(c, K_LIST));
}

struct rule_value fn_is_null(struct call *c)
{
    return rule_bool(is_kind(c, K_NULL));
}

struct rule_value fn_is_not_null(struct call *c)
{
    return rule_bool(!is_kind(c, K_NULL));
}

struct rule_value fn_is_date(struct call *c)
{
    return rule_bool(is_kind(c, K_DATE));
}

struct rule_value fn_is_period(struct call *c)
{
    return rule_bool(is_kind(c, K_PERIOD));
}

struct rule_value fn_is_ip(struct call *c)
{
    struct addr a;
    if (call_bool(c, 1, false) && is_kind(c, K_STRING))
        return rule_bool(addr_parse(rule_text(&c->arg[0]), &a));
    return rule_bool(is_kind(c, K_IP));
}
