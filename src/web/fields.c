/* What fields there are and what they mean: /api/v1/fields. Names of messages (gim.def, the columns
 * of the store), then those of events as they are called before a pack renames them. */
#include "codec/json.h"
#include "model/field.h"
#include "store/columns.h"
#include "store/state_json.h"
#include "web/answers.h"
#include "web/handlers.h"

#define NAME_BYTES 256

enum gim_kind { GIM_TEXT, GIM_INT, GIM_DOUBLE, GIM_BOOL, GIM_TIME, GIM_LIST };

static const char *const kind_names[] = { "text", "int", "double", "bool", "time", "list" };

struct gim_row {
    const char *name;
    enum gim_kind kind;
    const char *unit, *doc;
};

static const struct gim_row gim[] = {
#define GIM(name, kind, unit, doc) { #name, GIM_##kind, unit, doc },
#include "model/gim.def"
#undef GIM
};

static void put(struct buf *b, const struct gim_row *r)
{
    buf_cstr(b, b->n && b->p[b->n - 1] == '[' ? "{" : ",{");
    state_json_text(b, "name", r->name);
    state_json_text(b, "kind", kind_names[r->kind]);
    state_json_key(b, "unit");
    if (*r->unit)
        json_string(b, slice_cstr(r->unit), false);
    else
        buf_lit(b, "null");
    state_json_text(b, "help", r->doc);
    buf_u8(b, '}');
}

static bool is_in_gim(struct slice name)
{
    size_t low = 0, high = COUNT(gim);
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = slice_cmp(slice_cstr(gim[mid].name), name);
        if (order == 0)
            return true;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/* Columns without a row above; marks are no fields. */
static void put_columns(struct buf *b)
{
    static const enum gim_kind kinds[] = { [COLUMN_BOOL] = GIM_BOOL,
                                           [COLUMN_INT] = GIM_INT,
                                           [COLUMN_TEXT] = GIM_TEXT,
                                           [COLUMN_TIME] = GIM_TIME,
                                           [COLUMN_LIST] = GIM_LIST };
    char name[NAME_BYTES];
    for (unsigned i = 0; i < COLUMNS_N; i++) {
        if (columns[i].kind == COLUMN_MARK || is_in_gim(columns[i].name))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)columns[i].name.n,
                 (const char *)columns[i].name.p);
        put(b, &(struct gim_row){ name, kinds[columns[i].kind], "", "" });
    }
}

/* dns.question.name is called packetbeat_dns_question_name unless a pack has a place for it. */
static void put_events(struct buf *b)
{
    static const enum gim_kind kinds[] = {
        [FT_KEYWORD] = GIM_TEXT,  [FT_TEXT] = GIM_TEXT,  [FT_LONG] = GIM_INT,
        [FT_DOUBLE] = GIM_DOUBLE, [FT_BOOL] = GIM_BOOL,  [FT_IP] = GIM_TEXT,
        [FT_DATE] = GIM_TIME,     [FT_BYTES] = GIM_TEXT, [FT_OBJECT] = GIM_TEXT,
        [FT_OBJECTS] = GIM_LIST,
    };
    char name[NAME_BYTES];
    for (unsigned i = 0; schema_is_frozen() && i < schema_count(); i++) {
        const struct field *f = schema_field((uint16_t)i);
        enum gim_kind kind = f->flags & FF_MANY ? GIM_LIST : kinds[f->type];
        snprintf(name, sizeof name, "packetbeat_%s", f->name);
        for (char *c = name; *c; c++)
            *c = (char)(*c == '.' ? '_' : *c);
        put(b, &(struct gim_row){ name, kind, "", f->doc });
    }
}

void fields_list(struct exchange *x)
{
    struct buf *b = exchange_json(x);
    buf_lit(b, "{\"fields\":[");
    for (size_t i = 0; i < COUNT(gim); i++)
        put(b, &gim[i]);
    put_columns(b);
    put_events(b);
    buf_lit(b, "]}");
}
