/* Lookup tables from CSV files: as Graylog's adapter csvfile reads them (a header row, `""` and
 * `\"` in quotes, line ends in quotes), with the place of every mistake. */
#include "base/buf.h"
#include "pack/lookup_map.h"

#define COLUMNS_MAX 64

struct csv {
    const struct lookup_source *s;
    struct slice text;
    size_t at;
    unsigned line;     /* from 1 */
    size_t line_start; /* offset */
    struct slice cell[COLUMNS_MAX];
    struct place place[COLUMNS_MAX];
    unsigned n;
    struct arena *mem;
    struct mistakes *wrong;
};

static struct place here(const struct csv *c)
{
    return (struct place){ c->s->path, c->line, (unsigned)(c->at - c->line_start) + 1 };
}

static void next_line(struct csv *c, size_t start)
{
    c->line++;
    c->line_start = start;
}

static bool is_escape(const struct csv *c, size_t i)
{
    uint8_t q = c->s->quote;
    uint8_t follows = i + 1 < c->text.n ? c->text.p[i + 1] : 0;
    return (c->text.p[i] == '\\' && (follows == q || follows == '\\')) ||
           (c->text.p[i] == q && follows == q);
}

/* Bytes between the quote at c->at and the one that closes it, as written. */
static size_t quoted_length(const struct csv *c)
{
    size_t i = c->at + 1;
    while (i < c->text.n && (is_escape(c, i) || c->text.p[i] != c->s->quote))
        i += is_escape(c, i) ? 2 : 1;
    return i - c->at;
}

/* What is left of the text of a quoted cell; b has room for all of it. */
static bool quoted(struct csv *c, struct buf *b)
{
    uint8_t q = c->s->quote;
    struct place begin = here(c);
    for (c->at++; c->at < c->text.n; c->at++) {
        uint8_t x = c->text.p[c->at];
        if (is_escape(c, c->at)) {
            buf_u8(b, c->text.p[++c->at]);
            continue;
        }
        if (x == q) {
            c->at++;
            return true;
        }
        buf_u8(b, x);
        if (x == '\n')
            next_line(c, c->at + 1);
    }
    mistake_add(c->wrong, begin, "this quote is not closed (mend: end the value with %c)", q);
    return false;
}

static bool is_end(const struct csv *c)
{
    return c->at >= c->text.n || c->text.p[c->at] == '\n';
}

/* Cells in which quotes stand are copied, others point into the text. */
static bool read_cell(struct csv *c, struct slice *out)
{
    size_t from = c->at;
    struct slice rest = slice_after(c->text, c->at);
    if (is_end(c) || rest.p[0] != c->s->quote) {
        while (!is_end(c) && c->text.p[c->at] != c->s->separator)
            c->at++;
        *out = slice_of(c->text.p + from, c->at - from);
        return true;
    }
    size_t cap = quoted_length(c);
    uint8_t *room = arena_alloc(c->mem, cap + 1);
    struct buf b = buf_of(room, room ? cap : 0);
    if (!room || !quoted(c, &b))
        return false;
    *out = buf_slice(&b);
    if (b.full || (!is_end(c) && c->text.p[c->at] != c->s->separator && c->text.p[c->at] != '\r')) {
        mistake_add(c->wrong, here(c),
                    "text behind a closed quote (mend: put all of the value "
                    "between quotes, and write quotes in it twice)");
        return false;
    }
    return true;
}

static void cut_return(struct slice *s)
{
    if (s->n && s->p[s->n - 1] == '\r')
        s->n--;
}

/* False at the end and after a mistake. */
static bool read_row(struct csv *c)
{
    c->n = 0;
    if (c->at >= c->text.n)
        return false;
    for (;;) {
        struct slice cell;
        struct place at = here(c);
        if (!read_cell(c, &cell))
            return false;
        if (c->n < COLUMNS_MAX) {
            c->place[c->n] = at;
            c->cell[c->n++] = cell;
        }
        if (c->at < c->text.n && c->text.p[c->at] == '\r')
            c->at++;
        if (is_end(c))
            break;
        c->at++;
    }
    if (c->n)
        cut_return(&c->cell[c->n - 1]);
    if (c->at < c->text.n)
        c->at++;
    next_line(c, c->at);
    return true;
}

static int column(struct csv *c, const char *name)
{
    for (unsigned i = 0; i < c->n; i++)
        if (slice_eq(c->cell[i], slice_cstr(name)))
            return (int)i;
    char list[200];
    struct buf b = buf_of(list, sizeof list);
    for (unsigned i = 0; i < c->n; i++) {
        buf_cstr(&b, i ? ", " : "");
        buf_add(&b, slice_first(c->cell[i], 40));
    }
    mistake_add(
        c->wrong, (struct place){ c->s->path, 1, 1 },
        "no column is called '%s'; there are: %.*s (mend: the first line names the columns)", name,
        (int)b.n, list);
    return -1;
}

static struct rule_value multi_of(struct rule_value v, struct arena *mem)
{
    struct rule_member *m = arena_alloc(mem, sizeof *m);
    if (!m)
        return rule_null();
    *m = (struct rule_member){ SLICE("value"), v };
    return (struct rule_value){ .kind = K_MAP, .n = 1, .p = m };
}

/* False: there is no room for more. */
static bool take_row(struct csv *c, struct lookup_map *m, int key, int value)
{
    if (c->n == 1 && !c->cell[0].n)
        return true; /* an empty line */
    int last = key > value ? key : value;
    if ((int)c->n <= last) {
        mistake_add(c->wrong, c->place[0], "this line has %u columns, not the %d that are needed",
                    c->n, last + 1);
        return true;
    }
    struct lookup_row row = { .key = c->cell[key], .single = rule_string(c->cell[value]) };
    row.multi = multi_of(row.single, c->mem);
    return lookup_map_add(m, row, c->place[key], c->mem, c->wrong) || m->n < m->cap;
}

static uint32_t count_lines(struct slice text)
{
    uint32_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

bool lookup_csv(struct lookup_table *t, const struct lookup_source *s, struct slice text,
                struct arena *mem, struct mistakes *wrong)
{
    unsigned before = wrong->n;
    struct csv *c = arena_zalloc(mem, sizeof *c);
    struct lookup_map *m = c ? lookup_map_new(mem, count_lines(text), s) : NULL;
    if (!m) {
        mistake_add(wrong, (struct place){ s->path, 0, 0 }, "memory is out");
        return false;
    }
    if (slice_starts(text, SLICE("\xef\xbb\xbf")))
        text = slice_after(text, 3);
    *c = (struct csv){ .s = s, .text = text, .line = 1, .mem = mem, .wrong = wrong };
    int key = -1, value = -1;
    if (read_row(c)) {
        key = column(c, s->key);
        value = column(c, s->value);
    } else if (wrong->n == before) {
        mistake_add(wrong, (struct place){ s->path, 1, 1 },
                    "the file is empty (mend: a first line with the names of the columns, %s and "
                    "%s)",
                    s->key, s->value);
    }
    while (key >= 0 && value >= 0 && read_row(c) && take_row(c, m, key, value))
        ;
    lookup_map_seal(m);
    *t = (struct lookup_table){
        .name = s->name, .n = m->n, .adapter = &lookup_map_adapter, .data = m
    };
    return wrong->n == before;
}
