/* The index form of messages (graylog.md 1.3, 1.5): one flat object. */
#include "model/message_json.h"

#include <math.h>

#include "codec/json.h"
#include "model/civil.h"

#define VALUE_DEPTH_MAX 32 /* objects and lists inside values */

/* A lone surrogate is held as three bytes, ED A0..BF xx. */
static bool has_surrogate(struct slice s)
{
    for (ptrdiff_t at = slice_find(s, 0xed); at >= 0; at = slice_find(s, 0xed)) {
        if ((size_t)at + 1 < s.n && s.p[at + 1] >= 0xa0)
            return true;
        s = slice_after(s, (size_t)at + 1);
    }
    return false;
}

/* Text with lone surrogates, which are written as \ud83d: each piece between them as a string of
 * its own whose inner quotes are taken off again. */
static void put_surrogates(struct buf *out, struct slice s)
{
    buf_u8(out, '"');
    for (size_t start = 0, i = 0; i <= s.n; i++) {
        bool lone = i + 2 < s.n && s.p[i] == 0xed && s.p[i + 1] >= 0xa0;
        if (!lone && i < s.n)
            continue;
        if (i > start) {
            size_t quote = out->n;
            json_string(out, slice_of(s.p + start, i - start), false);
            if (out->full)
                return;
            out->n--;
            memmove(out->p + quote, out->p + quote + 1, out->n - quote - 1);
            out->n--;
        }
        if (lone) {
            unsigned unit = 0xd000u | (s.p[i + 1] & 0x3fu) << 6 | (s.p[i + 2] & 0x3fu);
            uint8_t two[2] = { (uint8_t)(unit >> 8), (uint8_t)unit };
            buf_lit(out, "\\u");
            buf_hex(out, slice_of(two, 2), false);
            i += 2;
        }
        start = i + 1;
    }
    buf_u8(out, '"');
}

void message_json_text(struct buf *out, struct slice s)
{
    if (LIKELY(json_plain_string(out, s, false)))
        return;
    if (has_surrogate(s))
        put_surrogates(out, s);
    else
        json_string(out, s, false);
}

static void put_double(struct buf *out, double d)
{
    if (isnan(d))
        buf_lit(out, "\"NaN\"");
    else if (isinf(d))
        buf_cstr(out, d < 0 ? "\"-Infinity\"" : "\"Infinity\"");
    else
        json_double(out, d);
}

static void put_value(struct buf *out, const struct value *v, unsigned depth);

static void put_list(struct buf *out, const struct value *v, unsigned depth)
{
    buf_u8(out, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            buf_u8(out, ',');
        if (v->type == VT_STRS)
            message_json_text(out, ((const struct slice *)v->p)[i]);
        else if (v->type == VT_INTS)
            buf_int(out, ((const int64_t *)v->p)[i]);
        else
            put_value(out, (const struct value *)v->p + i, depth + 1);
    }
    buf_u8(out, ']');
}

static void put_addr(struct buf *out, const struct addr *a)
{
    buf_u8(out, '"');
    buf_addr(out, a);
    buf_u8(out, '"');
}

static void put_addrs(struct buf *out, const struct value *v)
{
    buf_u8(out, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            buf_u8(out, ',');
        put_addr(out, (const struct addr *)v->p + i);
    }
    buf_u8(out, ']');
}

static void put_object(struct buf *out, const struct object *o, unsigned depth)
{
    buf_u8(out, '{');
    for (uint32_t i = 0; i < o->n; i++) {
        if (i)
            buf_u8(out, ',');
        message_json_text(out, o->m[i].key);
        buf_u8(out, ':');
        put_value(out, &o->m[i].v, depth + 1);
    }
    buf_u8(out, '}');
}

static void put_objects(struct buf *out, const struct value *v, unsigned depth)
{
    buf_u8(out, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            buf_u8(out, ',');
        put_object(out, (const struct object *)v->p + i, depth);
    }
    buf_u8(out, ']');
}

static void put_time(struct buf *out, int64_t ts_ns)
{
    buf_u8(out, '"');
    buf_time(out, ts_ns, TIME_MILLI);
    buf_u8(out, '"');
}

/* long: one case per type */
static void put_value(struct buf *out, const struct value *v, unsigned depth)
{
    if (depth > VALUE_DEPTH_MAX) {
        buf_lit(out, "null");
        return;
    }
    switch ((unsigned)v->type) {
    case VT_INT:
        buf_int(out, v->i);
        break;
    case VT_DOUBLE:
        put_double(out, v->d);
        break;
    case VT_BOOL:
        buf_cstr(out, v->i ? "true" : "false");
        break;
    case VT_STR:
        message_json_text(out, slice_of(v->p, v->n));
        break;
    case VT_TIME:
        put_time(out, v->i);
        break;
    case VT_IP:
        put_addr(out, v->p);
        break;
    case VT_IPS:
        put_addrs(out, v);
        break;
    case VT_STRS:
    case VT_INTS:
    case VT_VALUES:
        put_list(out, v, depth);
        break;
    case VT_OBJECT:
        put_object(out, v->p, depth);
        break;
    case VT_OBJECTS:
        put_objects(out, v, depth);
        break;
    default:
        buf_lit(out, "null");
    }
}

static void put_key(struct buf *out, const char *key)
{
    buf_lit(out, ",\"");
    buf_cstr(out, key);
    buf_lit(out, "\":");
}

static void put_member(struct buf *out, const char *key, bool there, struct slice text)
{
    put_key(out, key);
    if (there)
        message_json_text(out, text);
    else
        buf_lit(out, "null");
}

/* Names that this file writes itself, whatever fields are called so. */
static bool is_ours(const struct message *m, struct slice name)
{
    if (name.n < 7 || (name.p[0] != 'g' && name.p[0] != 's'))
        return false;
    return slice_eq(name, SLICE("streams")) ||
           slice_eq(name, SLICE("gl2_accounted_message_size")) ||
           (m->errors && slice_eq(name, SLICE("gl2_processing_error")));
}

/* A name with dots, as it is written: `taken` holds those that went before. Empty: its place is
 * taken, or memory is out (m->lost). */
static struct slice undotted(struct message *m, struct slice name, struct message **taken)
{
    uint8_t *p = arena_alloc(m->mem, name.n);
    if (!*taken)
        *taken = message_new(m->mem, 8);
    if (!p || !*taken) {
        m->lost = true;
        return slice_of(NULL, 0);
    }
    for (size_t i = 0; i < name.n; i++)
        p[i] = name.p[i] == '.' ? '_' : name.p[i];
    struct slice plain = slice_of(p, name.n);
    struct value mark = { .type = VT_BOOL };
    if (message_get(m, plain) || message_get(*taken, plain))
        return slice_of(NULL, 0);
    message_put(*taken, plain, message_hash(plain), &mark);
    return plain;
}

/* `,"name":`, unless the name has a dot: then false, and nothing was written. Names hold no byte
 * that JSON would escape. */
static bool put_name(struct buf *out, struct slice name)
{
    uint8_t *to = buf_room(out, name.n + 4);
    if (!to)
        return true;
    if (slice_find(name, '.') >= 0)
        return false;
    to[0] = ',';
    to[1] = '"';
    if (name.n)
        memcpy(to + 2, name.p, name.n);
    to[name.n + 2] = '"';
    to[name.n + 3] = ':';
    out->n += name.n + 4;
    return true;
}

static void put_fields(struct message *m, struct buf *out)
{
    struct message *taken = NULL;
    for (unsigned i = 0; i < m->n; i++) {
        struct slice name = m->f[i].name;
        if (is_ours(m, name))
            continue;
        if (UNLIKELY(!put_name(out, name))) {
            name = undotted(m, name, &taken);
            if (!name.n || !put_name(out, name))
                continue;
        }
        put_value(out, &m->f[i].v, 0);
    }
}

static void put_errors(const struct message *m, struct buf *out)
{
    if (!m->errors)
        return;
    size_t n = 0, cap = 0;
    for (const struct message_error *e = m->errors; e; e = e->next)
        cap += e->text.n + e->details.n + 5;
    uint8_t *p = arena_alloc(m->mem, cap);
    struct buf b = buf_of(p, p ? cap : 0);
    for (const struct message_error *e = m->errors; e; e = e->next) {
        if (n++)
            buf_lit(&b, ", ");
        buf_add(&b, e->text);
        buf_lit(&b, " - ");
        buf_add(&b, e->details);
    }
    put_member(out, "gl2_processing_error", true, buf_slice(&b));
}

/* The streams, and what a field of that name lists (Graylog joins the two). */
static void put_streams(const struct message *m, struct buf *out)
{
    const struct value *field = message_get(m, SLICE("streams"));
    put_key(out, "streams");
    buf_u8(out, '[');
    for (unsigned i = 0; i < m->n_streams; i++) {
        if (i)
            buf_u8(out, ',');
        message_json_text(out, m->streams[i]);
    }
    for (uint32_t i = 0; field && field->type == VT_STRS && i < field->n; i++) {
        if (i || m->n_streams)
            buf_u8(out, ',');
        message_json_text(out, ((const struct slice *)field->p)[i]);
    }
    buf_u8(out, ']');
}

static void put_date(struct buf *out, const char *key, int64_t ms)
{
    put_key(out, key);
    buf_u8(out, '"');
    civil_write(out, ms, ' ');
    buf_u8(out, '"');
}

/* What the server knows of the way that the message took. */
static void put_origin(const struct message *m, const struct message_form *form, struct buf *out)
{
    if (form->message_id.n)
        put_member(out, "gl2_message_id", true, form->message_id);
    if (m->receive_ns)
        put_date(out, "gl2_receive_timestamp", m->receive_ns / 1000000);
    if (!m->origin.input)
        return;
    put_date(out, "gl2_processing_timestamp", form->now_ms);
    put_member(out, "gl2_source_input", true, slice_cstr(m->origin.input));
    if (form->node_id.n)
        put_member(out, "gl2_source_node", true, form->node_id);
    if (m->origin.port) {
        put_key(out, "gl2_remote_ip");
        put_addr(out, &m->origin.ip);
        put_key(out, "gl2_remote_port");
        buf_dec(out, m->origin.port);
    }
}

bool message_json(struct message *m, const struct message_form *form, struct buf *out)
{
    int64_t size = message_size(m), ts_ms = message_time(m, form->now_ms, form->id);
    buf_lit(out, "{\"timestamp\":\"");
    civil_write(out, ts_ms, ' ');
    buf_u8(out, '"');
    put_member(out, "source", m->has_source, m->source);
    put_member(out, "message", m->has_message, m->message);
    put_fields(m, out);
    put_errors(m, out);
    put_key(out, "gl2_accounted_message_size");
    buf_int(out, size);
    put_streams(m, out);
    put_origin(m, form, out);
    buf_u8(out, '}');
    return !out->full && !m->lost;
}

void message_ulid(uint8_t out[26], int64_t ms, const uint8_t random[10])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    for (unsigned i = 0; i < 10; i++)
        out[9 - i] = (uint8_t)digits[(uint64_t)ms >> (5 * i) & 31];
    for (unsigned half = 0; half < 2; half++) {
        uint64_t bits = 0;
        for (unsigned i = 0; i < 5; i++)
            bits = bits << 8 | random[5 * half + i];
        for (unsigned i = 0; i < 8; i++)
            out[17 + 8 * half - i] = (uint8_t)digits[bits >> (5 * i) & 31];
    }
}
