/* Answers as a table for people, as CSV (RFC 4180) and as JSON lines. What came from the network is
 * shown without control characters. */
#include <stdio.h>

#include "app/query_cmd.h"
#include "base/utf8.h"
#include "model/civil.h"

#define WIDTH_MAX   60 /* of a column of a table, but for the last one */
#define COLUMNS_MAX 128
#define PRINTED_MAX ((size_t)16 << 20)

/* Rows of cells; a cell is JSON, so numbers stay numbers. */
struct sheet {
    const struct jsondoc *d;
    struct jsondoc *one; /* reads a cell */
    struct arena *mem;
    struct slice head[COLUMNS_MAX];
    unsigned columns;
    struct slice *cell; /* empty: nothing there */
    unsigned rows, room;
};

/* ---- filling it */

static void add_head(struct sheet *s, struct slice name)
{
    if (s->columns < COLUMNS_MAX)
        s->head[s->columns++] = name;
}

/* A new row, or NULL. */
static struct slice *add_row(struct sheet *s)
{
    if (s->rows == s->room) {
        unsigned room = s->room ? 2 * s->room : 64;
        struct slice *more = arena_zalloc(s->mem, (size_t)room * s->columns * sizeof *more);
        if (!more)
            return NULL;
        if (s->rows)
            memcpy(more, s->cell, (size_t)s->rows * s->columns * sizeof *more);
        s->cell = more;
        s->room = room;
    }
    return &s->cell[(size_t)s->columns * s->rows++];
}

static struct slice json_of(struct sheet *s, const struct jsondoc_node *v)
{
    if (!v || v->type == JD_NULL)
        return slice_of(NULL, 0);
    for (size_t cap = 64; cap <= PRINTED_MAX; cap *= 16) {
        uint8_t *text = arena_alloc(s->mem, cap);
        struct buf b = buf_of(text, text ? cap : 0);
        jsondoc_write(s->d, v, &b);
        if (!b.full)
            return buf_slice(&b);
    }
    return slice_of(NULL, 0);
}

static struct slice json_time(struct sheet *s, const struct jsondoc_node *ms)
{
    uint8_t text[64];
    struct buf b = buf_of(text, sizeof text);
    buf_u8(&b, '"');
    civil_write(&b, ms->i, ' ');
    buf_u8(&b, '"');
    return arena_dup(s->mem, buf_slice(&b));
}

static const struct jsondoc_node *first_of(const struct sheet *s, const struct jsondoc_node *list)
{
    return list && list->type >= JD_ARRAY && list->child ? &s->d->node[list->child] : NULL;
}

static const struct jsondoc_node *after(const struct sheet *s, const struct jsondoc_node *v)
{
    return v->next ? &s->d->node[v->next] : NULL;
}

static const struct jsondoc_node *member(const struct sheet *s, const struct jsondoc_node *of,
                                         const char *key)
{
    return jsondoc_get(s->d, of, slice_cstr(key));
}

#define EACH(s, v, list) for (const struct jsondoc_node *v = first_of(s, list); v; v = after(s, v))

/* Rows of objects: a column for each name. */
static void fill_objects(struct sheet *s, const struct jsondoc_node *list, const char *const *names)
{
    for (unsigned i = 0; names[i]; i++)
        add_head(s, slice_cstr(names[i]));
    EACH(s, v, list)
    {
        struct slice *row = add_row(s);
        for (unsigned i = 0; row && i < s->columns; i++)
            row[i] = json_of(s, jsondoc_get(s->d, v, s->head[i]));
    }
}

static void fill_pairs(struct sheet *s, const struct jsondoc_node *answer,
                       const struct texts *fields)
{
    for (unsigned i = 0; i < fields->n; i++)
        add_head(s, slice_cstr(fields->v[i]));
    add_head(s, SLICE("value"));
    EACH(s, v, member(s, answer, "rows"))
    {
        struct slice *row = add_row(s);
        unsigned i = 0;
        EACH(s, key, member(s, v, "keys"))
        if (row && i + 1 < s->columns)
            row[i++] = json_of(s, key);
        if (row)
            row[s->columns - 1] = json_of(s, member(s, v, "value"));
    }
}

static void fill_column(struct sheet *s, unsigned column, const struct jsondoc_node *values)
{
    unsigned r = 0;
    EACH(s, v, values)
    {
        if (r < s->rows && column < s->columns)
            s->cell[(size_t)s->columns * r + column] = json_of(s, v);
        r++;
    }
}

/* The name of a series: its key, or what is counted. */
static struct slice series_name(struct sheet *s, const struct jsondoc_node *key)
{
    struct buf b = buf_of(arena_alloc(s->mem, 64), 64);
    if (!key || key->type == JD_NULL || !b.p)
        return SLICE("value");
    return key->type == JD_STR ? jsondoc_str(key) : json_of(s, key);
}

static void fill_times(struct sheet *s, const struct jsondoc_node *answer)
{
    const struct jsondoc_node *other = member(s, answer, "other");
    unsigned column = 1;
    add_head(s, SLICE("time"));
    EACH(s, series, member(s, answer, "series"))
    add_head(s, series_name(s, member(s, series, "key")));
    if (other)
        add_head(s, SLICE("(others)"));
    EACH(s, t, member(s, answer, "times"))
    {
        struct slice *row = add_row(s);
        if (row)
            row[0] = json_time(s, t);
    }
    EACH(s, series, member(s, answer, "series"))
    fill_column(s, column++, member(s, series, "values"));
    fill_column(s, column, member(s, other, "values"));
}

static void fill_percentiles(struct sheet *s, const struct jsondoc_node *answer)
{
    static const char *const names[] = { "50", "95",
                                         "99" }; /* those of a request that names none */
    unsigned i = 0;
    if (member(s, answer, "times")) {
        fill_times(s, answer);
        return;
    }
    add_head(s, SLICE("percentile"));
    add_head(s, SLICE("value"));
    EACH(s, v, member(s, answer, "values"))
    {
        struct slice *row = add_row(s);
        if (row && i < COUNT(names))
            row[0] = slice_cstr(names[i++]);
        if (row)
            row[1] = json_of(s, v);
    }
}

/* Columns of messages: those that were asked for, else what tells most at a glance. */
static void fill_messages(struct sheet *s, const struct jsondoc_node *answer,
                          const struct texts *fields)
{
    static const char *const usual[] = { "timestamp", "source", "message" };
    for (unsigned i = 0; i < fields->n; i++)
        add_head(s, slice_cstr(fields->v[i]));
    for (unsigned i = 0; i < COUNT(usual) && !fields->n; i++)
        add_head(s, slice_cstr(usual[i]));
    EACH(s, v, member(s, answer, "rows"))
    {
        struct slice *row = add_row(s);
        for (unsigned i = 0; row && i < s->columns; i++)
            row[i] = json_of(s, jsondoc_get(s->d, member(s, v, "message"), s->head[i]));
    }
}

/* One message: a row for each of its fields. */
static void fill_message(struct sheet *s, const struct jsondoc_node *answer)
{
    add_head(s, SLICE("field"));
    add_head(s, SLICE("value"));
    EACH(s, v, member(s, answer, "message"))
    {
        uint8_t name[1200];
        struct buf b = buf_of(name, sizeof name);
        struct slice *row = add_row(s);
        jsondoc_string(&b, slice_first(jsondoc_key(v), 190), false);
        if (row)
            row[0] = arena_dup(s->mem, buf_slice(&b));
        if (row)
            row[1] = json_of(s, v);
    }
}

static void fill_value(struct sheet *s, const struct jsondoc_node *answer)
{
    bool previous = member(s, answer, "previous") != NULL;
    add_head(s, SLICE("value"));
    if (previous)
        add_head(s, SLICE("previous"));
    struct slice *row = add_row(s);
    if (row)
        row[0] = json_of(s, member(s, answer, "value"));
    if (row && previous)
        row[1] = json_of(s, member(s, answer, "previous"));
}

static void fill(struct sheet *s, const struct asked *q, const struct jsondoc_node *answer)
{
    static const char *const terms[] = { "key", "value", NULL };
    static const char *const fields[] = { "name", "kind", "count", NULL };
    if (!strcmp(q->kind, "terms") || !strcmp(q->kind, "values"))
        fill_objects(s, member(s, answer, "rows"), terms);
    else if (!strcmp(q->kind, "fields"))
        fill_objects(s, member(s, answer, "fields"), fields);
    else if (!strcmp(q->kind, "pairs"))
        fill_pairs(s, answer, q->fields);
    else if (!strcmp(q->kind, "histogram"))
        fill_times(s, answer);
    else if (!strcmp(q->kind, "percentiles"))
        fill_percentiles(s, answer);
    else if (!strcmp(q->kind, "messages"))
        fill_messages(s, answer, q->fields);
    else if (!strcmp(q->kind, "message"))
        fill_message(s, answer);
    else
        fill_value(s, answer);
}

/* ---- cells as text */

static void put_printable(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.n;) {
        unsigned n = utf8_len(s.p + i, s.n - i);
        bool control =
            n == 1 ? s.p[i] < ' ' || s.p[i] == 127 : n == 2 && s.p[i] == 0xc2 && s.p[i + 1] < 0xa0;
        if (!n || control)
            buf_printf(b, "\\x%02x", s.p[i]);
        else
            buf_put(b, s.p + i, n);
        i += n && !control ? n : 1;
    }
}

/* Texts without their quotes; other JSON as it is. */
static struct slice plain(struct sheet *s, struct slice json, bool printable)
{
    if (!json.n)
        return json;
    uint8_t *copy = arena_alloc(s->mem, json.n + JSONDOC_PAD);
    size_t cap = 4 * json.n + 8;
    uint8_t *text = arena_alloc(s->mem, cap);
    if (!copy || !text)
        return slice_of(NULL, 0);
    memcpy(copy, json.p, json.n);
    struct buf b = buf_of(text, cap);
    bool is_text = *json.p == '"' && jsondoc_read(s->one, copy, json.n, 0) == JSONDOC_OK;
    struct slice out = is_text ? jsondoc_str(&s->one->node[0]) : json;
    if (printable)
        put_printable(&b, out);
    else
        buf_add(&b, out);
    return buf_slice(&b);
}

/* ---- forms */

static size_t characters(struct slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += (s.p[i] & 0xc0) != 0x80;
    return n;
}

static bool is_number(struct slice json)
{
    return json.n && (*json.p == '-' || (*json.p >= '0' && *json.p <= '9'));
}

/* A cell of a table: numbers to the right; too long ones are cut, but in the last column. */
static void print_cell(struct slice text, size_t width, bool right, bool last)
{
    size_t n = characters(text);
    if (last && !right) {
        fwrite(text.p, 1, text.n, stdout);
        return;
    }
    if (right)
        printf("%*s", (int)(n < width ? width - n : 0), "");
    size_t bytes = text.n;
    if (n > width) {
        size_t seen = 0;
        for (bytes = 0; bytes < text.n && (seen += (text.p[bytes] & 0xc0) != 0x80) < width;)
            bytes++;
    }
    fwrite(text.p, 1, bytes, stdout);
    if (n > width)
        fputs("…", stdout);
    if (!right)
        printf("%*s", (int)(n < width ? width - n : 0), "");
}

static void print_table(struct sheet *s)
{
    size_t width[COLUMNS_MAX] = { 0 };
    bool numeric[COLUMNS_MAX];
    size_t all = (size_t)s->rows * s->columns;
    struct slice *text = arena_alloc(s->mem, (all + s->columns) * sizeof *text);
    for (unsigned c = 0; c < s->columns; c++) {
        numeric[c] = s->rows > 0;
        uint8_t *name = arena_alloc(s->mem, 4 * s->head[c].n + 8);
        struct buf b = buf_of(name, name ? 4 * s->head[c].n + 8 : 0);
        put_printable(&b, s->head[c]);
        s->head[c] = buf_slice(&b);
        width[c] = characters(s->head[c]);
    }
    for (size_t i = 0; text && i < all; i++) {
        unsigned c = (unsigned)(i % s->columns);
        numeric[c] = numeric[c] && (!s->cell[i].n || is_number(s->cell[i]));
        text[i] = plain(s, s->cell[i], true);
        size_t n = characters(text[i]);
        n = n > WIDTH_MAX ? WIDTH_MAX : n;
        width[c] = n > width[c] ? n : width[c];
    }
    for (unsigned c = 0; c < s->columns; c++) {
        print_cell(s->head[c], width[c], numeric[c], c + 1 == s->columns);
        fputs(c + 1 < s->columns ? "  " : "\n", stdout);
    }
    for (size_t i = 0; text && i < all; i++) {
        unsigned c = (unsigned)(i % s->columns);
        print_cell(text[i], width[c], numeric[c], c + 1 == s->columns);
        fputs(c + 1 < s->columns ? "  " : "\n", stdout);
    }
}

static void print_field(struct slice s)
{
    bool quotes = slice_find(s, ',') >= 0 || slice_find(s, '"') >= 0 || slice_find(s, '\n') >= 0 ||
                  slice_find(s, '\r') >= 0;
    if (quotes)
        putchar('"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            putchar('"');
        putchar(s.p[i]);
    }
    if (quotes)
        putchar('"');
}

static void print_csv(struct sheet *s)
{
    for (unsigned c = 0; c < s->columns; c++) {
        fputs(c ? "," : "", stdout);
        print_field(s->head[c]);
    }
    fputs("\r\n", stdout);
    for (size_t i = 0; i < (size_t)s->rows * s->columns; i++) {
        unsigned c = (unsigned)(i % s->columns);
        fputs(c ? "," : "", stdout);
        print_field(plain(s, s->cell[i], false));
        fputs(c + 1 == s->columns ? "\r\n" : "", stdout);
    }
}

static void print_object(struct sheet *s, const struct slice *row)
{
    for (unsigned c = 0; c < s->columns; c++) {
        uint8_t *name = arena_alloc(s->mem, 6 * s->head[c].n + 8);
        struct buf b = buf_of(name, name ? 6 * s->head[c].n + 8 : 0);
        jsondoc_string(&b, s->head[c], false);
        fputs(c ? "," : "{", stdout);
        fwrite(b.p, 1, b.n, stdout);
        putchar(':');
        if (row[c].n)
            fwrite(row[c].p, 1, row[c].n, stdout);
        else
            fputs("null", stdout);
    }
    fputs("}\n", stdout);
}

/* Messages as they are; of all else an object a row. */
static void print_ndjson(struct sheet *s, const struct asked *q, const struct jsondoc_node *answer)
{
    struct slice whole;
    if (!strcmp(q->kind, "message")) {
        whole = json_of(s, member(s, answer, "message"));
        if (whole.n)
            printf("%.*s\n", (int)whole.n, (const char *)whole.p);
        return;
    }
    if (strcmp(q->kind, "messages")) {
        for (unsigned r = 0; r < s->rows; r++)
            print_object(s, &s->cell[(size_t)s->columns * r]);
        return;
    }
    EACH(s, v, member(s, answer, "rows"))
    {
        whole = json_of(s, member(s, v, "message"));
        printf("%.*s\n", (int)whole.n, (const char *)whole.p);
    }
}

/* What a table leaves out, below it. */
static void print_rest(struct sheet *s, const struct asked *q, const struct jsondoc_node *answer)
{
    const struct jsondoc_node *total = member(s, answer, "total");
    const struct jsondoc_node *distinct = member(s, answer, "distinct");
    if (total && total->type == JD_INT)
        fprintf(stderr, "%u of %lld messages\n", s->rows, (long long)total->i);
    else if (distinct && distinct->type == JD_INT)
        fprintf(stderr, "%u of %lld values\n", s->rows, (long long)distinct->i);
    else if (!strcmp(q->kind, "message") && !s->rows)
        fputs("there is no such message\n", stderr);
}

err query_show(const struct asked *q, const struct jsondoc *d, const struct jsondoc_node *answer,
               struct arena *mem, struct why *w)
{
    static struct jsondoc one;
    struct sheet s = { .d = d, .one = &one, .mem = mem };
    jsondoc_init(&one, 2);
    fill(&s, q, answer);
    if (q->form == QUERY_TABLE)
        print_table(&s);
    else if (q->form == QUERY_CSV)
        print_csv(&s);
    else
        print_ndjson(&s, q, answer);
    if (q->form == QUERY_TABLE)
        print_rest(&s, q, answer);
    jsondoc_free(&one);
    return mem->full ? why_set(w, ERR_LIMIT, "no memory left to print it all") : ERR_OK;
}
