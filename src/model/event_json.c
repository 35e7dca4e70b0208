/* Writes an event as JSON: values in the order of the schema, groups opened and closed as their
 * names share parts; straight into the caller's buffer. */
#include "model/event_json.h"

#include "codec/json.h"
#include "model/event_writer.h"

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

void event_write_members(struct writer *w, const struct object *o, unsigned depth)
{
    for (uint32_t i = 0; i < o->n; i++) {
        begin_member(w, depth);
        json_string(w->out, o->m[i].key, w->conf->escape_html);
        buf_u8(w->out, ':');
        if (w->conf->pretty)
            buf_u8(w->out, ' ');
        event_write_value(w, &o->m[i].v, depth);
    }
}

static void write_object(struct writer *w, const struct object *o, unsigned depth)
{
    open_brace(w);
    event_write_members(w, o, depth + 1);
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
    else if (v->type == VT_VALUES)
        event_write_value(w, &((const struct value *)v->p)[i], depth);
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

void event_write_value(struct writer *w, const struct value *v, unsigned depth)
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
        event_write_bool(w->out, v->i);
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
    case VT_VALUES:
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

/* How many of the open groups the field lies in. */
static unsigned shared_groups(const struct writer *w, const struct field_path *path)
{
    unsigned most = path->depth - 1u < w->open ? path->depth - 1u : w->open, n = 0;
    while (n < most && path->group[n] == w->path->group[n])
        n++;
    return n;
}

static void open_pretty(struct writer *w, const struct field_path *path)
{
    for (unsigned last = path->depth - 1u; w->open < last; w->open++) {
        key_quoted(w, path->quoted[w->open], w->open + 1);
        open_brace(w);
    }
    key_quoted(w, path->quoted[w->open], w->open + 1);
}

/* From the open groups to the value of a field: what closes and opens is written in one go. */
static void open_path(struct writer *w, const struct field_path *path)
{
    static const char braces[] = "}}}}}}}";
    _Static_assert(sizeof braces > FIELD_DEPTH_MAX, "as many as can be open");
    unsigned shared = shared_groups(w, path), closing = w->open - shared;
    struct slice key = path_from(path, shared);
    uint8_t *to = buf_room(w->out, sizeof braces + 1 + key.n + PATH_SLACK);
    w->open = path->depth - 1u;
    w->path = path;
    if (UNLIKELY(!to))
        return;
    memcpy(to, braces, sizeof braces); /* those beyond `closing` are written over */
    uint8_t *at = to + closing;
    if (LIKELY(w->comma))
        *at++ = ',';
    memcpy(at, key.p, PATH_SLACK); /* mostly more than there is, but in one go */
    if (UNLIKELY(key.n > PATH_SLACK))
        memcpy(at + PATH_SLACK, key.p + PATH_SLACK, key.n - PATH_SLACK);
    w->out->n += (size_t)(at - to) + key.n;
    w->comma = true;
}

/* A value of the event itself. */
static void write_top(struct writer *w, const struct value *v, unsigned depth)
{
    if (w->recorder)
        event_record(w, v);
    else
        event_write_value(w, v, depth);
}

static void write_nested(struct writer *w, const struct value *v)
{
    const struct field_path *path = &w->paths[v->field];
    if (UNLIKELY(w->conf->pretty)) {
        close_groups(w, shared_groups(w, path));
        open_pretty(w, path);
        w->path = path;
    } else {
        open_path(w, path);
    }
    write_top(w, v, w->open + 1);
}

static void write_dotted(struct writer *w, const struct value *v)
{
    begin_member(w, 1);
    json_string(w->out, slice_cstr(schema_field(v->field)->name), false);
    buf_u8(w->out, ':');
    write_top(w, v, 1);
}

static void write_text_member(struct writer *w, const char *quoted, const char *text,
                              unsigned depth)
{
    key_quoted(w, slice_cstr(quoted), depth);
    json_string(w->out, slice_cstr(text), w->conf->escape_html);
}

/* Members of the object at the top level, which other members stand before. */
static void write_root(struct writer *w, const struct value *v)
{
    if (w->recorder)
        event_record(w, v);
    else
        event_write_members(w, v->p, 1);
}

/* Metadata that processors set; the first values of a sorted event. Returns how many there are. */
static unsigned write_set_metadata(struct writer *w, const struct event *e)
{
    unsigned n = 0, end = schema_metadata_end();
    if (e->n && e->v[0].field < end) {
        w->path = &w->paths[e->v[0].field];
        w->open = 1; /* the group that write_metadata opened */
    }
    for (; n < e->n && e->v[n].field < end; n++)
        write_nested(w, &e->v[n]);
    close_groups(w, 1);
    w->open = 0;
    return n;
}

static bool sets_raw_index(const struct event *e)
{
    unsigned end = schema_metadata_end();
    for (unsigned i = 0; i < e->n && e->v[i].field < end; i++)
        if (strcmp(schema_field(e->v[i].field)->name, METADATA_PREFIX "raw_index") == 0)
            return true;
    return false;
}

/* Returns how many of the event's values belong to it. */
static unsigned write_metadata(struct writer *w, const struct event *e, const char *raw_index)
{
    key_quoted(w, SLICE("\"@metadata\":"), 1);
    open_brace(w);
    write_text_member(w, "\"beat\":", w->conf->beat, 2);
    write_text_member(w, "\"type\":", "_doc", 2);
    write_text_member(w, "\"version\":", w->conf->version, 2);
    if (raw_index && !sets_raw_index(e))
        write_text_member(w, "\"raw_index\":", raw_index, 2);
    unsigned n = write_set_metadata(w, e);
    close_brace(w, 1);
    return n;
}

static void write_stamp(struct writer *w, const struct event *e)
{
    key_quoted(w, SLICE("\"@timestamp\":"), 1);
    if (w->recorder)
        event_record(w, NULL);
    else
        write_time(w, e->ts_ns);
}

void event_write(struct writer *w, const struct event *e, const char *raw_index)
{
    open_brace(w);
    write_stamp(w, e);
    unsigned first = write_metadata(w, e, raw_index);
    for (unsigned i = first; i < e->n; i++) {
        if (e->v[i].flags & VF_DOTTED)
            write_dotted(w, &e->v[i]);
        else if (e->v[i].flags & VF_ROOT)
            write_root(w, &e->v[i]);
    }
    for (unsigned i = first; i < e->n; i++) {
        const struct value *v = &e->v[i];
        bool nested = !(v->flags & (VF_DOTTED | VF_ROOT));
        if (nested && (v->type != VT_NULL || e->keep_null))
            write_nested(w, v);
    }
    close_groups(w, 0);
    close_brace(w, 0);
}

void event_json(struct event *e, const struct event_json_conf *conf, const char *raw_index,
                struct buf *out)
{
    struct writer w = { .out = out, .conf = conf, .paths = schema_paths() };
    event_sort(e);
    event_write(&w, e, raw_index);
}
