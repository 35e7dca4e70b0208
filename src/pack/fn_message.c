/* Functions that read and change messages (graylog.md 4.3, 4.7). */
#include <stdatomic.h>

#include "base/log.h"
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/pattern.h"
#include "pack/program.h"

#define DEBUG_LINES_MAX 20   /* a second */
#define DEBUG_BYTES_MAX 1000 /* of a line */

/* Prefix, name and suffix as one name. */
static struct slice full_name(struct call *c, struct slice prefix, struct slice name,
                              struct slice suffix)
{
    if (!prefix.n && !suffix.n)
        return name;
    struct buf b = call_buf(c, prefix.n + name.n + suffix.n);
    buf_add(&b, prefix);
    buf_add(&b, name);
    buf_add(&b, suffix);
    return buf_slice(&b);
}

static void store(struct call *c, struct message *m, struct slice name, const struct rule_value *v)
{
    struct value out = value_store(v, m->mem);
    (void)c;
    message_set(m, name, &out);
}

struct rule_value fn_set_field(struct call *c)
{
    struct message *m = call_message(c, 4);
    struct slice name = full_name(c, call_text(c, 2), call_text(c, 0), call_text(c, 3));
    const struct rule_value *v = c->arg[1].kind == K_NULL ? &c->arg[5] : &c->arg[1];
    if (!message_trim(call_text(c, 0)).n || v->kind == K_NULL)
        return rule_null();
    if (call_bool(c, 6, false))
        name = message_name_clean(name, m->mem);
    store(c, m, name, v);
    return rule_null();
}

struct rule_value fn_set_fields(struct call *c)
{
    struct message *m = call_message(c, 3);
    const struct rule_member *f = c->arg[0].p;
    if (c->arg[0].kind != K_MAP)
        return rule_null();
    for (uint32_t i = 0; i < c->arg[0].n; i++) {
        struct slice name = full_name(c, call_text(c, 1), f[i].key, call_text(c, 2));
        if (call_bool(c, 4, false))
            name = message_name_clean(name, m->mem);
        store(c, m, name, &f[i].v);
    }
    return rule_null();
}

struct rule_value fn_rename_field(struct call *c)
{
    struct message *m = call_message(c, 2);
    struct slice from = call_text(c, 0), to = call_text(c, 1);
    if (call_is_plain_name(c, 1) && !message_is_member(from) &&
        message_rename(m, from, call_hash(c, 0), to, call_hash(c, 1)))
        return rule_null();
    struct rule_value v = run_field(c->run, m, from);
    if (slice_eq(from, to) || v.kind == K_NULL)
        return rule_null();
    message_remove(m, from);
    store(c, m, to, &v);
    return rule_null();
}

/* A pattern that matches nothing but itself. */
static bool is_plain(struct slice pattern)
{
    for (size_t i = 0; i < pattern.n; i++) {
        uint8_t x = pattern.p[i], letter = x | 0x20;
        if ((letter < 'a' || letter > 'z') && (x < '0' || x > '9') && x != '_' && x != '-' &&
            x != '@')
            return false;
    }
    return true;
}

/* Takes out all fields whose whole name the pattern matches, or with invert all others. */
struct rule_value fn_remove_field(struct call *c)
{
    struct message *m = call_message(c, 1);
    struct slice text = call_text(c, 0);
    bool invert = call_bool(c, 2, false);
    struct why why = { "" };
    const struct pattern *p = c->e->ready[0];
    if (!invert && is_plain(text)) {
        message_remove(m, text);
        return rule_null();
    }
    if (!invert && message_get(m, text) && message_remove(m, text) && !p)
        return rule_null();
    if (!p)
        p = pattern_kept(call_mem(c), text, &why);
    if (!p)
        return call_fail(c, "%s", why.text);
    for (unsigned i = m->n; i > 0; i--) {
        enum pattern_result r = pattern_whole(p, m->f[i - 1].name, call_mem(c));
        if (r != PATTERN_LIMIT && (r == PATTERN_YES) != invert)
            message_remove(m, m->f[i - 1].name);
    }
    return rule_null();
}

struct rule_value fn_has_field(struct call *c)
{
    struct message *m = call_message(c, 1);
    struct slice name = call_text(c, 0);
    if (slice_eq(name, SLICE("_id"))) /* every message has one */
        return rule_bool(true);
    if (message_is_member(name))
        return rule_bool(run_field(c->run, m, name).kind != K_NULL);
    return rule_bool(message_get_hashed(m, name, call_hash(c, 0)) != NULL);
}

struct rule_value fn_get_field(struct call *c)
{
    return run_field(c->run, call_message(c, 1), call_text(c, 0));
}

struct rule_value fn_drop_message(struct call *c)
{
    call_message(c, 0)->dropped = true;
    return rule_null();
}

struct rule_value fn_traffic_accounting_size(struct call *c)
{
    return rule_long(message_size(call_message(c, 0)));
}

/* True when the arguments id (it wins) or name mean this stream. */
static bool is_meant(struct call *c, const struct rule_stream *s)
{
    if (call_text(c, 1).n)
        return slice_eq(s->id, call_text(c, 1));
    return c->arg[0].kind != K_NULL && slice_eq(s->title, call_text(c, 0));
}

struct rule_value fn_route_to_stream(struct call *c)
{
    struct message *m = call_message(c, 2);
    const struct rule_env *env = c->run->env;
    bool routed = false;
    for (unsigned i = 0; env && i < env->n_streams; i++) {
        if (!is_meant(c, &env->stream[i]) || env->stream[i].paused)
            continue;
        routed = true;
        message_stream(m, env->stream[i].id);
    }
    if (routed && call_bool(c, 3, false))
        message_unstream(m, env->default_stream);
    return rule_null();
}

/* What leaves its last stream goes back to the default one. */
struct rule_value fn_remove_from_stream(struct call *c)
{
    struct message *m = call_message(c, 2);
    const struct rule_env *env = c->run->env;
    bool meant = false;
    for (unsigned i = 0; env && i < env->n_streams; i++) {
        if (!is_meant(c, &env->stream[i]) || env->stream[i].paused)
            continue;
        meant = true;
        message_unstream(m, env->stream[i].id);
    }
    if (meant && !m->n_streams)
        message_stream(m, env->default_stream);
    return rule_null();
}

struct rule_value fn_from_input(struct call *c)
{
    const struct rule_env *env = c->run->env;
    const char *input = c->run->m->origin.input;
    for (unsigned i = 0; env && input && i < env->n_inputs; i++) {
        const struct rule_input *in = &env->input[i];
        bool meant = call_text(c, 0).n ? slice_eq(in->id, call_text(c, 0))
                                       : slice_eq_nocase(in->title, call_text(c, 1));
        if (meant && slice_eq(in->id, slice_cstr(input)))
            return rule_bool(true);
    }
    return rule_bool(false);
}

/* True for the first DEBUG_LINES_MAX lines of a second of the rules' clock, over all threads. */
static bool debug_may(int64_t now_ms)
{
    static atomic_llong second = -1;
    static atomic_uint lines;
    long long now = now_ms / 1000, was = atomic_load(&second);
    if (was != now && atomic_compare_exchange_strong(&second, &was, now))
        atomic_store(&lines, 0);
    return atomic_load(&lines) < DEBUG_LINES_MAX && atomic_fetch_add(&lines, 1) < DEBUG_LINES_MAX;
}

/* A line of the log at level debug; a rule may not flood it, so what is too much is not written. */
struct rule_value fn_debug(struct call *c)
{
    const struct rule_env *env = c->run->env;
    if (log_get_level() < LOG_DEBUG || !env || !debug_may(env->now_ms))
        return rule_null();
    struct slice s = slice_first(value_to_text(&c->arg[0], call_mem(c)), DEBUG_BYTES_MAX);
    struct buf line = call_buf(c, DEBUG_BYTES_MAX);
    for (size_t i = 0; i < s.n; i++)
        buf_u8(&line, s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i]);
    log_debug("pack", "debug: %.*s", (int)line.n, (const char *)line.p);
    return rule_null();
}

/* Counted by the run, and shown by `pack test --explain`. */
struct rule_value fn_metric_counter_inc(struct call *c)
{
    program_metric_add(c->run, call_text(c, 0), call_long(c, 1, 1));
    return rule_null();
}

/* Every field under its name in small letters. */
struct rule_value fn_normalize_fields(struct call *c)
{
    struct message *m = call_message(c, 0);
    struct message_field *f = arena_alloc(call_mem(c), m->n * sizeof *f);
    unsigned n = m->n;
    if (!f)
        return call_fail(c, "memory is out");
    memcpy(f, m->f, n * sizeof *f);
    for (unsigned i = 0; i < n; i++) {
        struct slice name = arena_dup(m->mem, f[i].name);
        bool same = true;
        for (size_t k = 0; k < name.n; k++) {
            uint8_t low = ascii_lower(name.p[k]);
            same &= low == name.p[k];
            ((uint8_t *)(uintptr_t)name.p)[k] = low;
        }
        if (same || !name.n || !message_remove(m, f[i].name))
            continue;
        if (!message_is_member(name))
            message_set(m, name, &f[i].v);
    }
    return rule_null();
}
