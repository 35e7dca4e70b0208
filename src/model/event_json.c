/* Writes an event as JSON: values in the order of the schema, groups opened and closed as their
 * names share parts; straight into the caller's buffer. */
#include "model/event_json.h"

#include "codec/json.h"

struct writer {
    struct buf *out;
    const struct event_json_conf *conf;
    unsigned open; /* groups open below the top level */
    uint16_t group[FIELD_DEPTH_MAX];
    bool comma; /* something stands before in this object */
};

static void new_line(struct writer *w, unsigned depth)
{
    if (LIKELY(!w->conf->pretty))
        return;
    buf_u8(w->out, '\n');
    for (unsigned i = 0; i < depth; i++)
        buf_lit(w->out, "  ");
}

static void begin_member(struct writer *w, unsigned depth)
{
    if (w->comma)
        buf_u8(w->out, ',');
    new_line(w, depth);
    w->comma = true;
}

static void key_quoted(struct writer *w, struct slice quoted, unsigned depth)
{
    begin_member(w, depth);
    buf_add(w->out, quoted);
    if (w->conf->pretty)
        buf_u8(w->out, ' ');
}

static void open_brace(struct writer *w)
{
    buf_u8(w->out, '{');
    w->comma = false;
}

static void close_brace(struct writer *w, unsigned depth)
{
    if (w->comma)
        new_line(w, depth);
    buf_u8(w->out, '}');
    w->comma = true;
}

static void write_value(struct writer *w, const struct value *v, unsigned depth);

static void write_time(struct writer *w, int64_t ts_ns)
{
    buf_u8(w->out, '"');
    buf_time(w->out, ts_ns, w->conf->precision);
    buf_u8(w->out, '"');
}

static void write_ip(struct writer *w, const struct addr *a)
{
    buf_u8(w->out, '"');
    buf_addr(w->out, a);
    buf_u8(w->out, '"');
}

static void write_object(struct writer *w, const struct object *o, unsigned depth)
{
    open_brace(w);
    for (uint32_t i = 0; i < o->n; i++) {
        begin_member(w, depth + 1);
        json_string(w->out, o->m[i].key, w->conf->escape_html);
        buf_u8(w->out, ':');
        if (w->conf->pretty)
            buf_u8(w->out, ' ');
        write_value(w, &o->m[i].v, depth + 1);
    }
    close_brace(w, depth);
}

/* Item i of a list value. */
static void write_item(struct writer *w, const struct value *v, uint32_t i, unsigned depth)
{
    if (v->type == VT_STRS)
        json_string(w->out, ((const struct slice *)v->p)[i], w->conf->escape_html);
    else if (v->type == VT_INTS)
        buf_int(w->out, ((const int64_t *)v->p)[i]);
    else if (v->type == VT_IPS)
        write_ip(w, &((const struct addr *)v->p)[i]);
    else
        write_object(w, &((const struct object *)v->p)[i], depth);
}

static void write_list(struct writer *w, const struct value *v, unsigned depth)
{
    buf_u8(w->out, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            buf_u8(w->out, ',');
        new_line(w, depth + 1);
        write_item(w, v, i, depth + 1);
    }
    if (v->n)
        new_line(w, depth);
    buf_u8(w->out, ']');
}

static void write_value(struct writer *w, const struct value *v, unsigned depth)
{
    switch ((enum value_type)v->type) {
    case VT_NULL:
        buf_lit(w->out, "null");
        break;
    case VT_INT:
        buf_int(w->out, v->i);
        break;
    case VT_DOUBLE:
        json_double(w->out, v->d);
        break;
    case VT_BOOL:
        buf_cstr(w->out, v->i ? "true" : "false");
        break;
    case VT_STR:
        json_string(w->out, slice_of(v->p, v->n), w->conf->escape_html);
        break;
    case VT_TIME:
        write_time(w, v->i);
        break;
    case VT_IP:
        write_ip(w, v->p);
        break;
    case VT_OBJECT:
        write_object(w, v->p, depth);
        break;
    case VT_STRS:
    case VT_INTS:
    case VT_IPS:
    case VT_OBJECTS:
        write_list(w, v, depth);
        break;
    }
}

/* Closes groups until `keep` are open. */
static void close_groups(struct writer *w, unsigned keep)
{
    for (; w->open > keep; w->open--)
        close_brace(w, w->open);
}

static void write_nested(struct writer *w, const struct value *v)
{
    const struct field_path *path = schema_path(v->field);
    unsigned last = path->depth - 1u, shared = 0;
    while (shared < last && shared < w->open && w->group[shared] == path->group[shared])
        shared++;
    close_groups(w, shared);
    for (unsigned i = shared; i < last; i++) {
        key_quoted(w, path->quoted[i], w->open + 1);
        open_brace(w);
        w->group[w->open++] = path->group[i];
    }
    key_quoted(w, path->quoted[last], w->open + 1);
    write_value(w, v, w->open + 1);
}

static void write_dotted(struct writer *w, const struct value *v)
{
    begin_member(w, 1);
    json_string(w->out, slice_cstr(schema_field(v->field)->name), false);
    buf_u8(w->out, ':');
    write_value(w, v, 1);
}

static void write_text_member(struct writer *w, const char *quoted, const char *text,
                              unsigned depth)
{
    key_quoted(w, slice_cstr(quoted), depth);
    json_string(w->out, slice_cstr(text), w->conf->escape_html);
}

static void write_metadata(struct writer *w, const char *raw_index)
{
    key_quoted(w, SLICE("\"@metadata\":"), 1);
    open_brace(w);
    write_text_member(w, "\"beat\":", w->conf->beat, 2);
    write_text_member(w, "\"type\":", "_doc", 2);
    write_text_member(w, "\"version\":", w->conf->version, 2);
    if (raw_index)
        write_text_member(w, "\"raw_index\":", raw_index, 2);
    close_brace(w, 1);
}

void event_json(struct event *e, const struct event_json_conf *conf, const char *raw_index,
                struct buf *out)
{
    struct writer w = { .out = out, .conf = conf };
    event_sort(e);
    open_brace(&w);
    key_quoted(&w, SLICE("\"@timestamp\":"), 1);
    write_time(&w, e->ts_ns);
    write_metadata(&w, raw_index);
    for (unsigned i = 0; i < e->n; i++) {
        if (e->v[i].flags & VF_DOTTED)
            write_dotted(&w, &e->v[i]);
    }
    for (unsigned i = 0; i < e->n; i++) {
        const struct value *v = &e->v[i];
        if (!(v->flags & VF_DOTTED) && (v->type != VT_NULL || e->keep_null))
            write_nested(&w, v);
    }
    close_groups(&w, 0);
    close_brace(&w, 0);
}
