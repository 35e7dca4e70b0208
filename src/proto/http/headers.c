/* Header fields in events: which, under which names, with what hidden (packetbeat-protocols.md 6.1,
 * 6.7, 6.8). */
#include "proto/http/headers.h"

#include "base/buf.h"

#define FIELDS_MAX  512 /* header fields shown of one message */
#define COOKIES_MAX 128 /* cookies shown of one field */

struct header {
    struct slice name, value; /* name in lower case */
    bool done;
};

struct header_list {
    struct header *v;
    unsigned n;
};

static bool listed(const struct texts *list, struct slice name)
{
    for (unsigned i = 0; i < list->n; i++) {
        if (slice_eq(name, slice_cstr(list->v[i])))
            return true;
    }
    return false;
}

bool http_header_stored(const struct http_conf *conf, struct slice name)
{
    return conf->send_all_headers || listed(&conf->send_headers, name);
}

struct slice http_unfolded(struct slice value, struct arena *mem)
{
    if (slice_find(value, '\n') < 0)
        return value;
    struct buf out = buf_of(arena_alloc(mem, value.n), value.n);
    if (!out.p)
        return slice_of(NULL, 0);
    for (size_t i = 0; i < value.n; i++) {
        uint8_t b = value.p[i];
        if (b != '\r' && b != '\n') {
            buf_u8(&out, b);
            continue;
        }
        while (i + 1 < value.n && memchr("\r\n \t", value.p[i + 1], 4))
            i++;
        buf_u8(&out, ' ');
    }
    return buf_slice(&out);
}

static bool is_authorization(struct slice name)
{
    return slice_eq_nocase(name, SLICE("authorization")) ||
           slice_eq_nocase(name, SLICE("proxy-authorization"));
}

void http_mask_authorization(uint8_t *head, size_t n)
{
    struct slice name, value;
    struct cursor c = cur_of(slice_of(head, n));
    cur_line(&c);
    while (http_header_next(&c, &name, &value)) {
        if (!is_authorization(name))
            continue;
        size_t from = (size_t)(name.p - head) + name.n + 1;
        size_t to = value.n ? (size_t)(value.p - head) + value.n : from;
        for (; from < to; from++) {
            if (head[from] != '\r' && head[from] != '\n')
                head[from] = '*';
        }
    }
}

static struct slice lower(struct slice s, struct arena *mem)
{
    struct slice copy = arena_dup(mem, s);
    uint8_t *p = (uint8_t *)copy.p;
    for (size_t i = 0; i < copy.n; i++)
        p[i] = ascii_lower(p[i]);
    return copy;
}

/* The fields of the head that are stored; names and unfolded values in mem. */
static void collect(const struct http_text *t, const struct http_conf *conf, struct arena *mem,
                    struct header_list *list)
{
    struct slice name, value;
    struct cursor c = cur_of(t->head);
    cur_line(&c);
    while (list->n < FIELDS_MAX && http_header_next(&c, &name, &value)) {
        name = lower(name, mem);
        if (http_header_stored(conf, name) && !slice_eq(name, SLICE("content-length")) &&
            !slice_eq(name, SLICE("content-type")))
            list->v[list->n++] = (struct header){ name, http_unfolded(value, mem), false };
    }
}

static bool same_name(const struct header_list *list, unsigned a, unsigned b)
{
    return slice_eq(list->v[a].name, list->v[b].name);
}

/* All values of one name, joined with ", " in the order sent. */
static struct slice join(struct event *e, struct header_list *list, unsigned first)
{
    size_t bytes = 0;
    for (unsigned i = first; i < list->n; i++) {
        if (!same_name(list, i, first))
            continue;
        list->v[i].done = true;
        bytes += list->v[i].value.n + 2;
    }
    struct buf out = buf_of(arena_alloc(e->mem, bytes), bytes);
    if (!out.p) {
        e->lost = true;
        return slice_of(NULL, 0);
    }
    for (unsigned i = first; i < list->n; i++) {
        if (!same_name(list, i, first))
            continue;
        if (i > first)
            buf_lit(&out, ", ");
        buf_add(&out, list->v[i].value);
    }
    return buf_slice(&out);
}

/* One `name=value` into o; a later one of the same name stands. */
static void add_cookie(struct event *e, struct object *o, struct slice part)
{
    ptrdiff_t eq = slice_find(part, '=');
    if (eq < 0)
        return;
    struct slice key = lower(slice_trim(slice_first(part, (size_t)eq)), e->mem);
    struct slice value = slice_trim(slice_after(part, (size_t)eq + 1));
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        value = slice_of(value.p + 1, value.n - 2);
    object_remove(o, key);
    if (o->n < COOKIES_MAX)
        object_str(e, o, key, value);
}

static void add_cookies(struct event *e, struct object *o, struct slice rest)
{
    while (rest.n) {
        ptrdiff_t semi = slice_find(rest, ';');
        size_t n = semi < 0 ? rest.n : (size_t)semi;
        add_cookie(e, o, slice_first(rest, n));
        rest = slice_after(rest, n + 1);
    }
}

/* Each field by itself: a response sets one cookie a field, and dates hold commas. */
static void split_cookies(struct event *e, struct object *headers, struct header_list *list,
                          unsigned first)
{
    struct object *o = arena_zalloc(e->mem, sizeof *o);
    if (!o || !object_room(e, o, 8)) {
        e->lost = true;
        return;
    }
    for (unsigned i = first; i < list->n; i++) {
        if (!same_name(list, i, first))
            continue;
        list->v[i].done = true;
        add_cookies(e, o, list->v[i].value);
    }
    object_set(e, headers, arena_dup(e->mem, list->v[first].name),
               &(struct value){ .field = 0xffff, .type = VT_OBJECT, .n = 1, .p = o });
}

static void add_header(struct proto_ctx *x, struct event *e, struct object *o,
                       struct header_list *list, unsigned first)
{
    const struct http_conf *conf = x->conf;
    struct slice name = list->v[first].name, value = join(e, list, first);
    if (listed(&conf->redact_headers, name))
        value = SLICE("REDACTED");
    else if (conf->redact_authorization && is_authorization(name))
        value = SLICE("*");
    object_str_ref(e, o, arena_dup(e->mem, name), value);
}

/* What every message has, also when no header fields are to be sent. */
static void add_content(struct proto_ctx *x, struct event *e, struct object *o,
                        const struct http_text *t)
{
    const struct http_conf *conf = x->conf;
    struct slice type = http_unfolded(http_piece(t->head, t->m->type), x->env->scratch);
    object_int(e, o, SLICE("content-length"), (int64_t)http_content_length(t->m));
    if (type.n && listed(&conf->redact_headers, SLICE("content-type")))
        object_str_ref(e, o, SLICE("content-type"), SLICE("REDACTED"));
    else if (type.n)
        object_str(e, o, SLICE("content-type"), type);
}

void http_headers_object(struct proto_ctx *x, struct event *e, const struct field *f,
                         const struct http_text *t)
{
    const struct http_conf *conf = x->conf;
    struct slice cookie = t->m->is_request ? SLICE("cookie") : SLICE("set-cookie");
    struct header_list list = { 0 };
    if (conf->send_all_headers || conf->send_headers.n)
        list.v = arena_alloc(x->env->scratch, FIELDS_MAX * sizeof *list.v);
    if (list.v)
        collect(t, conf, x->env->scratch, &list);
    struct object *o = event_object(e, f, list.n + 2);
    if (!o)
        return;
    add_content(x, e, o, t);
    for (unsigned i = 0; i < list.n; i++) {
        bool split = conf->split_cookie && slice_eq(list.v[i].name, cookie) &&
                     !listed(&conf->redact_headers, cookie);
        if (list.v[i].done)
            continue;
        if (split)
            split_cookies(e, o, &list, i);
        else
            add_header(x, e, o, &list, i);
    }
}
