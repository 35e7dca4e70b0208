/* The schema: joins the rows of all rooms, gives ids in the order of names, and knows how dotted
 * names nest. Built at boot by one thread; afterwards only read. */
#include "model/field.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bug.h"
#include "base/log.h"
#include "codec/json.h"

#define ESCAPED_BYTES 6 /* of one in JSON, at most */

struct field ecs[ECS_COUNT] = {
#define FIELD(id, name, type, flags, doc) [ECS_##id] = { name, type, flags, 0, doc },
#include "model/ecs.def"
#undef FIELD
};

static const char user_doc[] = "A field of the configuration's own.";

static struct {
    struct field **row; /* sorted once frozen */
    unsigned n, cap;
    struct field_path *path;
    char *text;          /* the quoted parts of all paths */
    struct arena user;   /* rows that only the configuration knows */
    const char *refused; /* asked for after freezing, and not there */
    unsigned metadata;   /* rows of the event's metadata, the first ones */
    bool frozen;
} schema;

/* Order of names in which a group's fields lie together: the dot comes before everything. */
static int name_cmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    int ca = *a == '.' ? 1 : (uint8_t)*a, cb = *b == '.' ? 1 : (uint8_t)*b;
    return ca - cb;
}

static int row_cmp(const void *a, const void *b)
{
    return name_cmp((*(struct field *const *)a)->name, (*(struct field *const *)b)->name);
}

static void add_row(struct field *f)
{
    BUG_ON(schema.frozen);
    if (schema.n == schema.cap) {
        schema.cap = schema.cap ? schema.cap * 2 : 256;
        schema.row = xrealloc(schema.row, schema.cap * sizeof *schema.row);
    }
    BUG_ON(schema.n >= 0xfffe);
    schema.row[schema.n++] = f;
}

static void add_shared_rows(void)
{
    if (schema.n)
        return;
    arena_init(&schema.user, NULL, 0);
    for (unsigned i = 0; i < ECS_COUNT; i++)
        add_row(&ecs[i]);
}

void schema_add(struct field *fields, size_t n)
{
    add_shared_rows();
    for (size_t i = 0; i < n; i++)
        add_row(&fields[i]);
}

struct field *schema_user_field(const char *name)
{
    add_shared_rows();
    for (unsigned i = 0; i < schema.n; i++) {
        if (strcmp(schema.row[i]->name, name) == 0)
            return schema.row[i];
    }
    if (schema.frozen) {
        schema.refused = name;
        return NULL;
    }
    size_t n = strlen(name) + 1;
    struct field *f = arena_alloc(&schema.user, sizeof *f + n);
    xneed(f, "memory for a field");
    memcpy(f + 1, name, n);
    *f = (struct field){ (const char *)(f + 1), FT_KEYWORD, FF_INDEX | FF_MANY, 0, user_doc };
    add_row(f);
    return f;
}

struct field *schema_object_field(const char *name)
{
    struct field *f = schema_user_field(name);
    if (!f || f->type == FT_OBJECT)
        return f;
    if (f->doc != user_doc)
        return NULL;
    f->type = FT_OBJECT;
    return f;
}

const char *schema_refused(void)
{
    const char *name = schema.refused;
    schema.refused = NULL;
    return name;
}

static size_t quoted_bytes(void)
{
    size_t n = 0;
    for (unsigned i = 0; i < schema.n; i++)
        n += ESCAPED_BYTES * strlen(schema.row[i]->name) + 4 * FIELD_DEPTH_MAX;
    return n;
}

static bool shares_part(const struct field_path *a, const struct field_path *b, unsigned i)
{
    return i < a->depth && i < b->depth && slice_eq(a->quoted[i], b->quoted[i]) &&
           (i == 0 || a->group[i - 1] == b->group[i - 1]);
}

/* Cuts the name at its dots; parts shared with the row before share its groups. */
static void set_path(unsigned row, struct buf *text, uint16_t *groups)
{
    struct field_path *path = &schema.path[row];
    struct slice rest = slice_cstr(schema.row[row]->name);
    while (rest.n && path->depth < FIELD_DEPTH_MAX) {
        ptrdiff_t dot = path->depth + 1 < FIELD_DEPTH_MAX ? slice_find(rest, '.') : -1;
        struct slice part = dot < 0 ? rest : slice_first(rest, (size_t)dot);
        rest = dot < 0 ? slice_after(rest, rest.n) : slice_after(rest, (size_t)dot + 1);
        size_t start = text->n;
        json_string(text, part, false); /* a configuration may name a field anyhow */
        buf_u8(text, ':');
        unsigned i = path->depth++;
        path->quoted[i] = slice_of(text->p + start, text->n - start);
        if (rest.n)
            buf_u8(text, '{'); /* the whole way from any part on is one text */
        bool shared = row && shares_part(path, path - 1, i);
        path->group[i] = shared ? path[-1].group[i] : ++*groups;
    }
    BUG_ON(text->full);
    path->end = text->p + text->n;
}

void schema_freeze(void)
{
    add_shared_rows();
    BUG_ON(schema.frozen);
    qsort(schema.row, schema.n, sizeof *schema.row, row_cmp);
    for (unsigned i = 0; i < schema.n; i++) {
        if (i && strcmp(schema.row[i]->name, schema.row[i - 1]->name) == 0) {
            log_error("schema", "two rows are named %s", schema.row[i]->name);
            bug_abort(__FILE__, __LINE__, "duplicate field name");
        }
        schema.row[i]->id = (uint16_t)i;
        if (strncmp(schema.row[i]->name, METADATA_PREFIX, strlen(METADATA_PREFIX)) == 0)
            schema.metadata = i + 1;
    }
    size_t bytes = quoted_bytes() + PATH_SLACK;
    schema.text = xmalloc(bytes);
    schema.path = xcalloc(schema.n, sizeof *schema.path);
    struct buf text = buf_of(schema.text, bytes);
    uint16_t groups = 0;
    for (unsigned i = 0; i < schema.n; i++)
        set_path(i, &text, &groups);
    schema.frozen = true;
}

void schema_reset(void)
{
    xfree(schema.row);
    xfree(schema.path);
    xfree(schema.text);
    arena_free(&schema.user);
    memset(&schema, 0, sizeof schema);
}

bool schema_is_frozen(void)
{
    return schema.frozen;
}

unsigned schema_count(void)
{
    return schema.n;
}

const struct field *schema_field(uint16_t id)
{
    BUG_ON(id >= schema.n);
    return schema.row[id];
}

const struct field_path *schema_path(uint16_t id)
{
    BUG_ON(id >= schema.n);
    return &schema.path[id];
}

/* As name_cmp. */
static int slice_name_cmp(struct slice a, const char *b)
{
    size_t i = 0;
    while (i < a.n && b[i] && a.p[i] == (uint8_t)b[i])
        i++;
    int ca = i == a.n ? 0 : a.p[i] == '.' ? 1 : a.p[i];
    int cb = b[i] == '.' ? 1 : (uint8_t)b[i];
    return ca - cb;
}

/* Frozen: the first row that does not sort before the name. */
static unsigned lower_bound(struct slice name)
{
    unsigned from = 0, end = schema.n;
    while (from < end) {
        unsigned middle = (from + end) / 2;
        if (slice_name_cmp(name, schema.row[middle]->name) > 0)
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

bool schema_is_group(struct slice name)
{
    BUG_ON(!schema.frozen);
    for (unsigned i = lower_bound(name); i < schema.n; i++) {
        struct slice row = slice_cstr(schema.row[i]->name);
        if (!slice_starts(row, name))
            return false;
        if (row.n > name.n)
            return row.p[name.n] == '.'; /* a dot sorts before everything else */
    }
    return false;
}

static const struct field *find_sorted(struct slice name)
{
    unsigned i = lower_bound(name);
    bool found = i < schema.n && slice_name_cmp(name, schema.row[i]->name) == 0;
    return found ? schema.row[i] : NULL;
}

const struct field *schema_find(struct slice name)
{
    if (schema.frozen)
        return find_sorted(name);
    for (unsigned i = 0; i < schema.n; i++) {
        if (slice_eq(slice_cstr(schema.row[i]->name), name))
            return schema.row[i];
    }
    return NULL;
}

const struct field *schema_find_object(struct slice name, struct slice *rest)
{
    for (unsigned i = 0; i < schema.n; i++) {
        struct slice row = slice_cstr(schema.row[i]->name);
        bool object = schema.row[i]->type == FT_OBJECT || schema.row[i]->type == FT_OBJECTS;
        if (object && name.n > row.n && slice_starts(name, row) && name.p[row.n] == '.') {
            *rest = slice_after(name, row.n + 1);
            return schema.row[i];
        }
    }
    return NULL;
}

unsigned schema_metadata_end(void)
{
    return schema.metadata;
}

const struct field_path *schema_paths(void)
{
    return schema.path;
}
