/* What there is: fields of messages, values of a field. */
#include <stdlib.h>

#include "base/bug.h"
#include "codec/json.h"
#include "store/query_private.h"

#define FIELDS_MAX  2000
#define SAMPLE_ROWS 20000 /* doc is read for these only */
#define NODES_MAX   100000

static const char *const column_kinds[] = {
    [COLUMN_BOOL] = "bool", [COLUMN_INT] = "int",   [COLUMN_TEXT] = "text",
    [COLUMN_TIME] = "time", [COLUMN_LIST] = "list", [COLUMN_MARK] = "",
};

/* ---- fields */

#define NAMES 8192 /* a power of two; half of them are filled at most */

/* A name that docs have. */
struct name {
    struct slice name;
    int64_t n;
    unsigned kinds; /* bits of enum member_kind */
};

struct fields {
    struct query_run *r;
    int64_t total;             /* messages */
    int64_t column[COLUMNS_N]; /* of them have it */
    int64_t docs;              /* messages whose doc was looked at */
    struct name *name;         /* by hash; then sorted by name */
    unsigned names;
    struct jsondoc doc; /* for docs that the scanner leaves; node NULL: not needed yet */
    unsigned n;         /* written */
};

static err ask_one(struct query_run *r, int64_t *out, unsigned n)
{
    struct duck_query *q;
    err rc = query_run_ask(r, &q);
    bool some = !rc && query_run_next(r, q, &rc);
    for (unsigned i = 0; i < n; i++)
        out[i] = some ? duck_value(q, i).i : 0;
    duck_query_free(q);
    return rc;
}

static err count_total(struct fields *f)
{
    query_run_start(f->r);
    sql_put(&f->r->sql, "SELECT count(*) FROM ");
    query_source_put(f->r, NULL, 0);
    err rc = ask_one(f->r, &f->total, 1);
    f->r->sample = f->total > SAMPLE_ROWS ? 100.0 * SAMPLE_ROWS / (double)f->total : 0;
    return rc;
}

/* What a sample of `read` messages counts is of all of them. */
static int64_t scaled(const struct fields *f, int64_t n, int64_t read)
{
    return read ? (int64_t)((double)n * ((double)f->total / (double)read)) : 0;
}

static err count_columns(struct fields *f)
{
    struct source_part part[COLUMNS_N];
    int64_t counts[COLUMNS_N + 1];
    query_run_start(f->r);
    sql_put(&f->r->sql, "SELECT count(*)");
    for (unsigned i = 0; i < COLUMNS_N; i++) {
        part[i] = (struct source_part){ .kind = PART_COLUMN, .field = columns[i].name };
        sql_printf(&f->r->sql, ",count(c%u)", i);
    }
    sql_put(&f->r->sql, " FROM ");
    query_source_put(f->r, part, COLUMNS_N);
    err rc = ask_one(f->r, counts, COLUMNS_N + 1);
    for (unsigned i = 0; i < COLUMNS_N; i++)
        f->column[i] = scaled(f, counts[i + 1], counts[0]);
    f->column[COLUMN_misfits] = 0;
    return rc;
}

/* ---- names of docs */

static void count_name(void *ctx, struct slice name, enum member_kind kind)
{
    struct fields *f = ctx;
    uint32_t at = 2166136261u; /* FNV-1a: the table is bounded, whoever chooses the names */
    for (size_t i = 0; i < name.n; i++)
        at = (at ^ name.p[i]) * 16777619u;
    for (at %= NAMES; f->name[at].n && !slice_eq(f->name[at].name, name);)
        at = (at + 1) % NAMES;
    struct name *x = &f->name[at];
    if (!x->n && f->names == NAMES / 2)
        return;
    if (!x->n) {
        x->name = arena_dup(f->r->mem, name);
        f->names += x->name.p != NULL;
    }
    if (x->name.p)
        x->n++;
    x->kinds |= 1u << kind;
}

static enum member_kind kind_of_node(const struct jsondoc_node *v)
{
    static const enum member_kind kinds[] = {
        [JD_BOOL] = MEMBER_BOOL, [JD_INT] = MEMBER_INT,    [JD_DOUBLE] = MEMBER_DOUBLE,
        [JD_STR] = MEMBER_TEXT,  [JD_ARRAY] = MEMBER_LIST, [JD_OBJECT] = MEMBER_OBJECT
    };
    return kinds[v->type];
}

/* One that the scanner leaves; a damaged doc has no names. */
static void count_odd(struct fields *f, struct slice doc)
{
    if (!f->doc.node)
        jsondoc_init(&f->doc, NODES_MAX);
    uint8_t *text = xmalloc(doc.n + JSONDOC_PAD);
    memcpy(text, doc.p, doc.n);
    bool ok = jsondoc_read(&f->doc, text, doc.n, 0) == JSONDOC_OK && f->doc.node->type == JD_OBJECT;
    for (uint32_t i = ok ? f->doc.node->child : 0; i; i = f->doc.node[i].next)
        if (f->doc.node[i].type != JD_NULL)
            count_name(f, jsondoc_key(&f->doc.node[i]), kind_of_node(&f->doc.node[i]));
    xfree(text);
}

static int by_name(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    return slice_cmp(x->name, y->name);
}

/* The table becomes a list. */
static void sort_names(struct fields *f)
{
    unsigned n = 0;
    for (unsigned i = 0; i < NAMES; i++)
        if (f->name[i].n)
            f->name[n++] = f->name[i];
    f->names = n;
    qsort(f->name, n, sizeof *f->name, by_name);
}

static err count_names(struct fields *f)
{
    struct source_part doc = { .kind = PART_DOC };
    struct duck_query *q;
    query_run_start(f->r);
    sql_put(&f->r->sql, "SELECT c0 FROM ");
    query_source_put(f->r, &doc, 1);
    err rc = query_run_ask(f->r, &q);
    while (!rc && query_run_next(f->r, q, &rc)) {
        struct duck_value v = duck_value(q, 0);
        f->docs++;
        if (v.kind == DUCK_TEXT && !columns_members(v.text, count_name, f))
            count_odd(f, v.text);
    }
    duck_query_free(q);
    sort_names(f);
    return rc;
}

/* ---- the answer */

static void write_field(struct fields *f, struct slice name, const char *kind, int64_t n)
{
    struct buf *out = f->r->out;
    buf_cstr(out, f->n++ ? ",{\"name\":" : "{\"name\":");
    json_string(out, name, false);
    buf_printf(out, ",\"kind\":\"%s\",\"count\":%lld}", kind, (long long)n);
}

/* Columns whose names come before this one; empty: all that are left. */
static unsigned write_columns(struct fields *f, unsigned from, struct slice before)
{
    while (from < COLUMNS_N && (!before.n || slice_cmp(columns[from].name, before) < 0)) {
        if (f->column[from])
            write_field(f, columns[from].name, column_kinds[columns[from].kind], f->column[from]);
        from++;
    }
    return from;
}

static const char *kind_name(unsigned kinds)
{
    static const char *const names[] = { [MEMBER_TEXT] = "text",
                                         [MEMBER_INT] = "int",
                                         [MEMBER_DOUBLE] = "double",
                                         [MEMBER_BOOL] = "bool",
                                         [MEMBER_LIST] = "list" };
    for (unsigned i = 0; i < COUNT(names); i++)
        if (kinds == 1u << i)
            return names[i];
    return kinds == (1u << MEMBER_INT | 1u << MEMBER_DOUBLE) ? "double" : "mixed";
}

/* Both are sorted by name; a field in both has values of two kinds. */
static void write_fields(struct fields *f)
{
    unsigned at = 0;
    for (unsigned i = 0; i < f->names && i < FIELDS_MAX; i++) {
        struct slice name = f->name[i].name;
        int64_t n = scaled(f, f->name[i].n, f->docs);
        const char *kind = kind_name(f->name[i].kinds);
        at = write_columns(f, at, name.n ? name : SLICE(" "));
        if (at < COLUMNS_N && slice_eq(columns[at].name, name)) {
            if (f->column[at])
                kind = "mixed";
            n += f->column[at++];
        }
        write_field(f, name, kind, n);
    }
    (void)write_columns(f, at, SLICE(""));
}

err query_answer_fields(struct query_run *r)
{
    struct fields f = { .r = r, .name = arena_zalloc(r->mem, NAMES * sizeof *f.name) };
    err rc = f.name ? count_total(&f) : query_run_fail(r, ERR_LIMIT, "no memory for this query");
    if (!rc)
        rc = count_columns(&f);
    if (!rc)
        rc = count_names(&f);
    buf_lit(r->out, "{\"fields\":[");
    if (!rc)
        write_fields(&f);
    buf_cstr(r->out, r->sample > 0 ? "],\"sampled\":true" : "],\"sampled\":false");
    r->sample = 0;
    if (f.doc.node)
        jsondoc_free(&f.doc);
    return rc;
}

/* ---- values */

err query_answer_values(struct query_run *r)
{
    struct source_part part = { .kind = PART_KEY, .field = r->ask->field[0] };
    struct duck_query *q;
    unsigned n = 0;
    query_run_start(r);
    sql_put(&r->sql, "SELECT k,v FROM (SELECT c0 AS k,count(*) AS v FROM ");
    query_source_put(r, &part, 1);
    sql_printf(&r->sql, " GROUP BY 1) WHERE k IS NOT NULL AND starts_with(lower(%s),lower(",
               part.json ? "json_extract_string(k,'$')" : "k::VARCHAR");
    sql_text(&r->sql, r->ask->prefix);
    sql_printf(&r->sql, "::VARCHAR)) ORDER BY v DESC,k LIMIT %u", r->ask->limit);
    err rc = query_run_ask(r, &q);
    buf_lit(r->out, "{\"rows\":[");
    while (!rc && query_run_next(r, q, &rc)) {
        struct duck_value k = duck_value(q, 0), v = duck_value(q, 1);
        buf_cstr(r->out, n++ ? ",{\"key\":" : "{\"key\":");
        query_value_write(r->out, &k, part.json);
        buf_lit(r->out, ",\"value\":");
        query_value_write(r->out, &v, false);
        buf_u8(r->out, '}');
    }
    duck_query_free(q);
    buf_u8(r->out, ']');
    return rc;
}
