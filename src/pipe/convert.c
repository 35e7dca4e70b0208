/* Conversions, with the acceptance of Go's strconv. */
#include "pipe/convert.h"

#include "base/buf.h"
#include "pipe/list.h"
#include "pipe/number.h"
#include "pipe/ref.h"

#define TEXT_MAX 65536

bool convert_type_of(struct slice name, enum convert_type *out)
{
    static const char *const names[] = { "",       "integer", "long",    "float",
                                         "double", "string",  "boolean", "ip" };
    for (unsigned i = 1; i < COUNT(names); i++)
        if (slice_eq(name, slice_cstr(names[i]))) {
            *out = (enum convert_type)i;
            return true;
        }
    return false;
}

static bool to_int(const struct value *v, unsigned bits, struct value *out)
{
    int64_t i = v->i;
    if (v->type == VT_STR && !number_int(slice_of(v->p, v->n), bits, &i))
        return false;
    if (v->type == VT_DOUBLE)
        i = v->d > -9.2e18 && v->d < 9.2e18 ? (int64_t)v->d : INT64_MIN;
    else if (v->type != VT_STR && v->type != VT_INT)
        return false;
    *out = (struct value){ .type = VT_INT, .i = bits == 32 ? (int32_t)(uint32_t)i : i };
    return true;
}

static bool to_double(const struct value *v, bool is_float, struct value *out)
{
    double d = v->type == VT_INT ? (double)v->i : v->d;
    if (v->type == VT_STR ? !number_double(slice_of(v->p, v->n), &d)
                          : v->type != VT_INT && v->type != VT_DOUBLE)
        return false;
    *out = (struct value){ .type = VT_DOUBLE, .d = is_float ? number_float(d) : d };
    return true;
}

static bool to_bool(const struct value *v, struct value *out)
{
    bool b = v->type == VT_BOOL && v->i;
    if (v->type == VT_STR ? !number_bool(slice_of(v->p, v->n), &b) : v->type != VT_BOOL)
        return false;
    *out = (struct value){ .type = VT_BOOL, .i = b };
    return true;
}

static bool to_ip(const struct value *v, struct value *out)
{
    struct addr a;
    *out = *v;
    return v->type == VT_IP || (v->type == VT_STR && addr_parse(slice_of(v->p, v->n), &a));
}

static void put_scalar(struct buf *b, const struct value *v)
{
    char room[VALUE_ROOM];
    if (v->type == VT_BOOL)
        buf_cstr(b, v->i ? "true" : "false");
    else if (v->type == VT_TIME)
        buf_time(b, v->i, TIME_NANO);
    else
        buf_add(b, ref_text(v, room));
}

static void put_text(struct buf *b, const struct value *v)
{
    if (!list_is(v)) {
        put_scalar(b, v);
        return;
    }
    buf_u8(b, '[');
    for (unsigned i = 0; i < v->n; i++) {
        struct value item = list_item(v, i);
        if (i)
            buf_u8(b, ' ');
        put_scalar(b, &item);
    }
    buf_u8(b, ']');
}

/* Lists as Go prints them. */
static bool to_string(const struct value *v, struct arena *mem, struct value *out)
{
    *out = *v;
    if (v->type == VT_STR)
        return true;
    if (v->type == VT_NULL || v->type == VT_OBJECT || v->type == VT_OBJECTS)
        return false;
    size_t cap = list_is(v) ? TEXT_MAX : VALUE_ROOM;
    struct buf b = buf_of(arena_alloc(mem, cap), cap);
    if (!b.p)
        return false;
    put_text(&b, v);
    *out = (struct value){ .type = VT_STR, .p = b.p, .n = (uint32_t)b.n };
    return !b.full;
}

bool convert_value(const struct value *v, enum convert_type type, struct arena *mem,
                   struct value *out)
{
    switch (type) {
    case CONVERT_INTEGER:
        return to_int(v, 32, out);
    case CONVERT_LONG:
        return to_int(v, 64, out);
    case CONVERT_FLOAT:
        return to_double(v, true, out);
    case CONVERT_DOUBLE:
        return to_double(v, false, out);
    case CONVERT_STRING:
        return to_string(v, mem, out);
    case CONVERT_BOOL:
        return to_bool(v, out);
    case CONVERT_IP:
        return to_ip(v, out);
    case CONVERT_NONE:
        break;
    }
    *out = *v;
    return true;
}
