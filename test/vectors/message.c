/* Messages: names, values, times, sizes, streams, errors. */
#include "lib/vectors.h"

#include <stdio.h>

#include "model/message_json.h"

#define NOW_MS 1707945600000

/* Titles of the streams that the cases use, and their ids. */
static const struct stream {
    const char *title, *id;
} streams[] = {
    { "Default Stream", "000000000000000000000001" },
    { "Alpha", "aaaaaaaaaaaaaaaaaaaaaa01" },
    { "Beta", "aaaaaaaaaaaaaaaaaaaaaa02" },
};

static struct slice stream_id(const struct jsondoc_node *title)
{
    for (size_t i = 0; i < COUNT(streams); i++) {
        if (vectors_is(title, streams[i].title))
            return slice_cstr(streams[i].id);
    }
    return jsondoc_str(title);
}

static void answer(struct buf *b)
{
    if (b->n > 1)
        buf_u8(b, ',');
}

static void answer_bool(struct buf *b, bool v)
{
    answer(b);
    buf_cstr(b, v ? "true" : "false");
}

/* What get gives of the names that are members of the struct. */
static bool get_member(const struct message *m, struct slice name, struct value *v)
{
    bool is_message = slice_eq(name, SLICE("message"));
    *v = (struct value){ 0 };
    if (slice_eq(name, SLICE("timestamp"))) {
        v->type = !m->has_ts ? VT_NULL : m->ts_text.n ? VT_STR : VT_TIME;
        if (m->ts_text.n)
            v->p = m->ts_text.p, v->n = (uint32_t)m->ts_text.n;
        else
            v->i = m->ts_ms * 1000000;
        return true;
    }
    if (!is_message && !slice_eq(name, SLICE("source")))
        return false;
    struct slice text = is_message ? m->message : m->source;
    v->type = (is_message ? m->has_message : m->has_source) ? VT_STR : VT_NULL;
    v->p = text.p;
    v->n = (uint32_t)text.n;
    return true;
}

static bool has(const struct message *m, struct slice name)
{
    struct value v;
    if (slice_eq(name, SLICE("_id"))) /* not kept in the struct: each message has one */
        return true;
    return get_member(m, name, &v) ? v.type != VT_NULL : message_get(m, name) != NULL;
}

static void answer_names(struct buf *b, bool settable)
{
    answer(b);
    buf_u8(b, '[');
    for (const char *const *n = message_reserved(settable), *const *first = n; *n; n++)
        buf_printf(b, "%s\"%s\"", n == first ? "" : ",", *n);
    buf_u8(b, ']');
}

static void answer_get(struct buf *b, struct message *m, struct slice name)
{
    struct value v;
    const struct value *found = get_member(m, name, &v) ? &v : message_get(m, name);
    answer(b);
    vectors_put_value(b, found ? found : &(struct value){ 0 });
}

static void answer_time(struct buf *b, struct message *m)
{
    struct value v = { .type = VT_TIME };
    v.i = message_time(m, NOW_MS, SLICE("ID")) * 1000000;
    answer(b);
    vectors_put_value(b, &v);
}

static void set_source(struct vectors_case *c, struct message *m, const struct jsondoc_node *typed)
{
    struct value v;
    vectors_value(c, typed, &v);
    m->has_source = v.type == VT_STR;
    m->source = slice_of(v.p, v.n);
}

/* One operation; false when it needs a value that messages cannot hold. */
static bool operate(struct vectors_case *c, struct message *m, const struct jsondoc_node *op,
                    struct buf *b)
{
    const struct jsondoc_node *what = &c->doc->node[op->child];
    const struct jsondoc_node *a = what->next ? &c->doc->node[what->next] : NULL;
    const struct jsondoc_node *second = a && a->next ? &c->doc->node[a->next] : NULL;
    struct slice name = a && a->type == JD_STR ? jsondoc_str(a) : slice_of(NULL, 0);
    struct value v;
    if (vectors_is(what, "add")) {
        if (!vectors_value(c, second, &v))
            return vectors_differ(c, "value", SLICE("a type of Java"), SLICE("nothing"));
        message_set(m, name, &v);
    } else if (vectors_is(what, "remove")) {
        message_remove(m, name);
    } else if (vectors_is(what, "has")) {
        answer_bool(b, has(m, name));
    } else if (vectors_is(what, "validkey")) {
        /* Reserved words are refused elsewhere there: this asks for the characters alone. */
        size_t i = 0;
        while (i < name.n && message_name_byte[name.p[i]])
            i++;
        answer_bool(b, i == name.n);
    } else if (vectors_is(what, "cleankey")) {
        answer(b);
        message_json_text(b, message_name_clean(name, c->mem));
    } else if (vectors_is(what, "get")) {
        answer_get(b, m, name);
    } else if (vectors_is(what, "size")) {
        answer(b);
        buf_int(b, message_size(m));
    } else if (vectors_is(what, "timestamp") || vectors_is(what, "ensure")) {
        answer_time(b, m);
    } else if (vectors_is(what, "reserved") || vectors_is(what, "settable")) {
        answer_names(b, vectors_is(what, "settable"));
    } else if (vectors_is(what, "stream")) {
        message_stream(m, stream_id(a));
    } else if (vectors_is(what, "unstream")) {
        answer_bool(b, message_unstream(m, stream_id(a)));
    } else if (vectors_is(what, "error")) {
        message_add_error(m, name, jsondoc_str(second));
    } else if (vectors_is(what, "source")) {
        set_source(c, m, a);
    } else {
        return vectors_differ(c, "operation", SLICE("known"), jsondoc_str(what));
    }
    return true;
}

static void construct(struct vectors_case *c, struct message *m, const struct jsondoc_node *how)
{
    const struct jsondoc_node *map = vectors_get(c, how, "map");
    struct value v;
    for (uint32_t i = map && map->n ? map->child : 0; i; i = c->doc->node[i].next) {
        if (vectors_value(c, &c->doc->node[i], &v))
            message_set(m, jsondoc_key(&c->doc->node[i]), &v);
    }
    if (map)
        return;
    vectors_value(c, vectors_get(c, how, "message"), &v);
    m->has_message = v.type == VT_STR;
    m->message = message_trim(slice_of(v.p, v.n));
    vectors_value(c, vectors_get(c, how, "source"), &v);
    m->has_source = v.type == VT_STR;
    m->source = message_trim(slice_of(v.p, v.n));
    vectors_value(c, vectors_get(c, how, "timestamp"), &v);
    message_set(m, SLICE("timestamp"), &v);
}

static void construct_base(struct message *m)
{
    m->has_message = m->has_source = m->has_ts = true;
    m->message = SLICE("hello world");
    m->source = SLICE("test.host");
    m->ts_ms = 1707945509782;
}

static bool same_streams(struct vectors_case *c, const struct message *m)
{
    uint8_t text[256];
    struct buf b = buf_of(text, sizeof text);
    buf_u8(&b, '[');
    for (size_t i = 0; i < COUNT(streams); i++) {
        for (unsigned s = 0; s < m->n_streams; s++) {
            if (slice_eq(m->streams[s], slice_cstr(streams[i].id)))
                buf_printf(&b, "%s\"%s\"", b.n > 1 ? "," : "", streams[i].title);
        }
    }
    buf_u8(&b, ']');
    return vectors_same_json(c, "streams", vectors_get(c, c->out, "streams"), buf_slice(&b));
}

static bool one(struct vectors_case *c)
{
    static uint8_t memory[1 << 20];
    struct buf b = buf_of(memory, sizeof memory);
    struct message *m = message_new(c->mem, 1);
    const struct jsondoc_node *how = vectors_get(c, c->line, "construct");
    const struct jsondoc_node *ops = vectors_get(c, c->line, "ops");
    const struct jsondoc_node *wanted = vectors_get(c, c->out, "results");
    c->message_id = vectors_get(c, how, "map") ? SLICE("i1") : SLICE("ID");
    if (how)
        construct(c, m, how);
    else
        construct_base(m);
    buf_u8(&b, '[');
    for (uint32_t i = ops && ops->n ? ops->child : 0; i; i = c->doc->node[i].next) {
        if (!operate(c, m, &c->doc->node[i], &b))
            return false;
    }
    buf_u8(&b, ']');
    bool good = !wanted || vectors_same_json(c, "results", wanted, buf_slice(&b));
    const struct jsondoc_node *complete = vectors_get(c, c->out, "complete");
    if (complete && complete->i != message_is_complete(m))
        good = vectors_differ(c, "complete", SLICE("the other"), SLICE(""));
    return same_streams(c, m) && vectors_same_message(c, m) && good;
}

int main(void)
{
    return vectors_run("message.ndjson", one);
}
