/* Splitting messages into columns and putting them together again. */
#include "base/utf8.h"
#include "model/civil.h"
#include "store/columns_private.h"

#define TIME_BYTES 23 /* 2024-02-14 21:18:29.782 */

const struct column columns[COLUMNS_N] = {
#define COLUMN(name, kind) { { (const uint8_t *)#name, sizeof #name - 1 }, COLUMN_##kind },
#include "store/columns.def"
#undef COLUMN
};

int columns_find(struct slice name)
{
    int low = 0, high = COLUMNS_N - 1;
    while (low <= high) {
        int middle = (low + high) / 2, order = slice_cmp(name, columns[middle].name);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return -1;
}

/* ---- to columns */

bool column_read_time(struct slice s, struct duck_value *out)
{
    uint8_t iso[TIME_BYTES + 1], again[2 * TIME_BYTES];
    int64_t ms;
    if (s.n != TIME_BYTES)
        return false;
    memcpy(iso, s.p, TIME_BYTES);
    iso[10] = 'T';
    iso[TIME_BYTES] = 'Z';
    if (!civil_read_iso(slice_of(iso, sizeof iso), &ms))
        return false;
    struct buf b = buf_of(again, sizeof again);
    civil_write(&b, ms, ' ');
    *out = (struct duck_value){ .kind = DUCK_TIME, .i = ms * 1000 };
    return slice_eq(buf_slice(&b), s);
}

static bool read_text(struct slice s, struct duck_value *out)
{
    *out = (struct duck_value){ .kind = DUCK_TEXT, .text = s };
    return utf8_ok(s);
}

/* False: the value is not of the column's type. */
static bool read_column(const struct jsondoc_node *v, enum column_kind kind, struct duck_value *out)
{
    switch (kind) {
    case COLUMN_BOOL:
        *out = (struct duck_value){ .kind = DUCK_BOOL, .i = v->i };
        return v->type == JD_BOOL;
    case COLUMN_INT:
        *out = (struct duck_value){ .kind = DUCK_INT, .i = v->i };
        return v->type == JD_INT && !(v->flags & JD_WIDE);
    case COLUMN_TEXT:
        return v->type == JD_STR && read_text(jsondoc_str(v), out);
    case COLUMN_TIME:
        return v->type == JD_STR && column_read_time(jsondoc_str(v), out);
    case COLUMN_LIST:
        return false; /* see split_lists */
    case COLUMN_MARK:
        return false; /* no field: one of its name is as any without a column */
    }
    return false;
}

static void put_rest(const struct jsondoc *d, const struct jsondoc_node *v, struct buf *mem,
                     size_t start)
{
    buf_u8(mem, mem->n == start ? '{' : ',');
    jsondoc_string(mem, jsondoc_key(v), false);
    buf_u8(mem, ':');
    jsondoc_write(d, v, mem);
}

static const struct jsondoc_node *following(const struct jsondoc *d, const struct jsondoc_node *v)
{
    return v->next ? &d->node[v->next] : NULL;
}

static const struct jsondoc_node *first(const struct jsondoc *d)
{
    return d->node[0].child ? &d->node[d->node[0].child] : NULL;
}

/* Before the rest, as both are written to mem. */
static void split_lists(struct message_row *row, const struct jsondoc *d, struct buf *mem)
{
    for (int i = 0; i < COLUMNS_N; i++) {
        if (columns[i].kind != COLUMN_LIST)
            continue;
        const struct jsondoc_node *v = jsondoc_get(d, &d->node[0], columns[i].name);
        if (!v || v->type != JD_ARRAY)
            continue;
        size_t start = mem->n;
        jsondoc_write(d, v, mem);
        row->v[i] = (struct duck_value){ .kind = DUCK_TEXT, .text = buf_since(mem, start) };
    }
}

static void split_members(struct message_row *row, const struct jsondoc *d, struct buf *mem)
{
    size_t start = mem->n;
    bool misfits = false;
    for (const struct jsondoc_node *v = first(d); v; v = following(d, v)) {
        int at = columns_find(jsondoc_key(v));
        if (at >= 0 && row->v[at].kind != DUCK_NULL)
            continue;
        struct duck_value value;
        if (at >= 0 && read_column(v, columns[at].kind, &value)) {
            row->v[at] = value;
            continue;
        }
        put_rest(d, v, mem, start);
        misfits = misfits || (at >= 0 && columns[at].kind != COLUMN_MARK && v->type != JD_NULL);
    }
    if (misfits)
        row->v[COLUMN_misfits] = (struct duck_value){ .kind = DUCK_BOOL, .i = 1 };
    if (mem->n > start)
        buf_u8(mem, '}');
    row->doc = buf_since(mem, start);
}

err columns_split(struct message_row *row, struct jsondoc *d, struct slice text, struct buf *mem,
                  struct why *w)
{
    memset(row, 0, sizeof *row);
    enum jsondoc_result found = jsondoc_read(d, (uint8_t *)(uintptr_t)text.p, text.n, 0);
    if (found == JSONDOC_TOO_LARGE)
        return why_set(w, ERR_LIMIT, "store: a message has more than %u values", d->max);
    if (found != JSONDOC_OK || d->node[0].type != JD_OBJECT)
        return why_set(w, ERR_FORMAT, "store: a message is not a JSON object");
    split_lists(row, d, mem);
    split_members(row, d, mem);
    if (mem->full)
        return why_set(w, ERR_LIMIT, "store: a message is larger than %zu bytes", mem->cap);
    return ERR_OK;
}

/* ---- and back */

static void put_value(const struct duck_value *v, enum column_kind kind, struct buf *out)
{
    switch (kind) {
    case COLUMN_BOOL:
        buf_cstr(out, v->i ? "true" : "false");
        break;
    case COLUMN_INT:
        buf_int(out, v->i);
        break;
    case COLUMN_TEXT:
        jsondoc_string(out, v->text, false);
        break;
    case COLUMN_TIME:
        buf_u8(out, '"');
        civil_write(out, v->i / 1000, ' ');
        buf_u8(out, '"');
        break;
    case COLUMN_LIST: /* in older files it was one text */
        if (slice_starts(v->text, SLICE("[")))
            buf_add(out, v->text);
        else
            jsondoc_string(out, v->text, false);
        break;
    case COLUMN_MARK:
        break;
    }
}

bool columns_join(const struct message_row *row, struct buf *out)
{
    uint8_t before = '{';
    for (int i = 0; i < COLUMNS_N; i++) {
        if (row->v[i].kind == DUCK_NULL || columns[i].kind == COLUMN_MARK)
            continue;
        buf_u8(out, before);
        before = ',';
        jsondoc_string(out, columns[i].name, false);
        buf_u8(out, ':');
        put_value(&row->v[i], columns[i].kind, out);
    }
    if (row->doc.n) {
        buf_u8(out, before);
        buf_add(out, slice_after(row->doc, 1));
    } else {
        buf_cstr(out, before == '{' ? "{}" : "}");
    }
    return !out->full;
}
