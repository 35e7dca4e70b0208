/* Lookup tables, their adapters and caches. The files that adapters read are not carried: they are
 * named as they must lie on the servers. */
#include "codec/json.h"
#include "os/file.h"
#include "pack/export_private.h"

#define NS_PER_S     INT64_C(1000000000)
#define PATH_BYTES   4096
#define CACHE_NAME   512
#define FILE_MAX     ((size_t)256 << 20)
#define VALUE_BYTES  16384
#define CHECK_SECOND 60 /* an adapter there must look; this is its own default */

/* ---- what there is */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* One folder holds the files of a pack there: no two may have one name. */
static void check_file(struct exporting *x, const struct export_table *t)
{
    for (unsigned i = 0; i < x->n_tables; i++) {
        const struct export_table *o = &x->table[i];
        if (strcmp(o->server, t->server) == 0 && strcmp(o->file, t->file) != 0)
            mistake_add(x->wrong, place_of(t->at),
                        "%s and %s would be one file on the servers (mend: another name for one)",
                        o->file, t->file);
    }
}

/* Line from 1 of the first one that is empty and stands between no quotes; 0: none. */
static unsigned empty_line(struct slice text, uint8_t quote)
{
    bool quoted = false;
    size_t start = 0;
    unsigned line = 1;
    for (size_t i = 0; i < text.n; i++) {
        quoted ^= text.p[i] == quote;
        if (text.p[i] != '\n')
            continue;
        if (!quoted && (i == start || (i == start + 1 && text.p[start] == '\r')))
            return line;
        line++;
        start = i + 1;
    }
    return 0;
}

/* Here both are passed over; the adapter there takes neither. */
static void check_text(struct exporting *x, const struct export_table *t, const char *path)
{
    struct slice text;
    struct why w;
    path = pack_join(&x->load, x->pack->folder, path);
    if (file_read(&x->packs->mem, path, FILE_MAX, &text, &w)) {
        mistake_add(x->wrong, place_of(t->at), "%s", w.text);
        return;
    }
    unsigned empty = empty_line(text, (uint8_t)t->adapter.quote[0]);
    if (slice_starts(text, SLICE("\xef\xbb\xbf")))
        mistake_add(x->wrong, (struct place){ path, 1, 1 },
                    "a Graylog takes the byte-order mark for a part of the first column's name "
                    "(mend: save it without)");
    if (empty)
        mistake_add(x->wrong, (struct place){ path, empty, 1 },
                    "a Graylog reads no further than an empty line (mend: take it out)");
}

static void name_file(struct exporting *x, struct export_table *t, const char *path)
{
    char server[PATH_BYTES];
    size_t n = strlen(x->pack->folder);
    bool below = strncmp(path, x->pack->folder, n) == 0 && path[n] == '/';
    t->file = below ? path + n + 1 : *path == '/' ? base_name(path) : path;
    int length = snprintf(server, sizeof server, "%s/%s/%s", x->conf->lookups, x->pack->name,
                          base_name(path));
    if (length >= PATH_BYTES)
        mistake_add(x->wrong, place_of(t->at),
                    "the path of %.200s on the servers is longer than %d", t->file, PATH_BYTES - 1);
    t->server = export_keep(x, slice_cstr(server));
    check_file(x, t);
    check_text(x, t, path);
}

/* A table that is not there has no default either. */
static void leave_out(struct exporting *x, const struct export_table *t)
{
    const struct node *single = t->yml.single, *multi = t->yml.multi;
    if ((single && single->type != NODE_NULL) || (multi && multi->type != NODE_NULL))
        mistake_add(x->wrong, place_of(t->at),
                    "table %s has a default but no file with these settings: it cannot be left out "
                    "(mend: name a file)",
                    t->yml.name);
    else
        export_note(x, "Left out: the table `%s`, which has no file with these settings.",
                    t->yml.name);
}

/* False: it is left out, which is noted or a mistake. */
static bool take_adapter(struct exporting *x, struct export_table *t)
{
    const char *path = t->adapter.path ? pack_expand(&x->load, t->adapter.path) : NULL;
    if (t->adapter.type == ADAPTER_MEMORY) {
        mistake_add(x->wrong, place_of(t->at),
                    "table %s: a Graylog without a licence has no adapter for tables in memory "
                    "(mend: csvfile)",
                    t->yml.name);
    } else if (path && !*path) {
        leave_out(x, t);
    } else if (t->adapter.type == ADAPTER_MMDB) {
        mistake_add(x->wrong, place_of(t->at),
                    "table %s: a Graylog gives the records of such files in another shape (mend: "
                    "leave the setting empty; the server's own Geo-Location Processor does this)",
                    t->yml.name);
    } else if (path) {
        name_file(x, t, path);
        return true;
    }
    return false;
}

static void read_table(struct exporting *x, const struct node *n)
{
    struct export_table *t = &x->table[x->n_tables];
    *t = (struct export_table){ .at = n };
    bool good = pack_read(&x->load, pack_table_options, n, &t->yml) &&
                pack_when(&x->load, t->yml.when) &&
                pack_read(&x->load, pack_adapter_options, t->yml.adapter, &t->adapter) &&
                (!t->yml.cache || pack_read(&x->load, pack_cache_options, t->yml.cache, &t->cache));
    if (good && take_adapter(x, t))
        x->n_tables++;
}

static void note_files(struct exporting *x)
{
    for (unsigned i = 0; i < x->n_tables; i++)
        export_note(x, "Before installation: copy `%s` to every server as `%s`.", x->table[i].file,
                    x->table[i].server);
    if (x->n_tables)
        export_note(x, "The server's user must be able to read these files; where its "
                       "`allowed_auxiliary_paths` is set, their folder must be in it.");
}

void export_read_tables(struct exporting *x)
{
    const struct node *list = node_get(x->pack->root, "tables");
    for (const struct node *n = list ? list->child : NULL; n; n = n->next)
        if (x->n_tables < PACK_TABLES_MAX)
            read_table(x, n);
    note_files(x);
}

/* ---- caches */

static int64_t seconds_of(int64_t ns)
{
    return (ns + NS_PER_S - 1) / NS_PER_S;
}

/* Tables whose caches are set alike share one, as adapters and keys are part of its keys. */
static void cache_name(const struct exporting *x, const struct cache_yml *c, struct buf *b)
{
    if (c->type == CACHE_NONE)
        buf_printf(b, "%s-no-cache", x->pack->name);
    else
        buf_printf(b, "%s-cache-%lld-%llds-%llds%s", x->pack->name, (long long)c->max_size,
                   (long long)seconds_of(c->access_ns), (long long)seconds_of(c->write_ns),
                   c->ignore_null ? "-known" : "");
}

static void guava(struct exporting *x, const struct cache_yml *c)
{
    export_integer(x, "max_size", c->max_size);
    export_long(x, "expire_after_access", seconds_of(c->access_ns));
    export_cstr(x, "expire_after_access_unit", "SECONDS");
    export_long(x, "expire_after_write", seconds_of(c->write_ns));
    export_cstr(x, "expire_after_write_unit", "SECONDS");
    if (c->ignore_null)
        export_bool(x, "ignore_null", true);
}

/* What caches, adapters and tables have in common. */
static void put_names(struct exporting *x, struct slice name, const char *about)
{
    export_cstr(x, "_scope", "DEFAULT");
    export_text(x, "name", name);
    export_text(x, "title", name);
    export_cstr(x, "description", about);
}

static void cache(struct exporting *x, const struct cache_yml *c, struct slice name)
{
    char uuid[UUID_TEXT];
    export_uuid(x, uuid, "lookup_cache", name);
    export_begin(x, "lookup_cache", "1", uuid);
    put_names(x, name, c->type == CACHE_NONE ? "Keeps nothing." : "");
    jsonprint_open(&x->j, "configuration", '{');
    export_cstr(x, "type", c->type == CACHE_NONE ? "none" : "guava_cache");
    if (c->type != CACHE_NONE)
        guava(x, c);
    jsonprint_close(&x->j, '{');
    export_end(x);
    x->result->caches++;
}

static bool same_cache(const struct cache_yml *a, const struct cache_yml *b)
{
    return a->type == b->type && (a->type == CACHE_NONE ||
                                  (a->max_size == b->max_size && a->ignore_null == b->ignore_null &&
                                   seconds_of(a->access_ns) == seconds_of(b->access_ns) &&
                                   seconds_of(a->write_ns) == seconds_of(b->write_ns)));
}

static void caches(struct exporting *x)
{
    for (unsigned i = 0; i < x->n_tables; i++) {
        char text[CACHE_NAME];
        struct buf b = buf_of(text, sizeof text);
        bool known = false;
        for (unsigned k = 0; k < i; k++)
            known |= same_cache(&x->table[k].cache, &x->table[i].cache);
        cache_name(x, &x->table[i].cache, &b);
        if (!known)
            cache(x, &x->table[i].cache, buf_slice(&b));
    }
}

/* ---- adapters and tables */

static void adapter(struct exporting *x, const struct export_table *t)
{
    char uuid[UUID_TEXT], about[PATH_BYTES];
    const struct adapter_yml *a = &t->adapter;
    int64_t seconds = seconds_of(a->interval_ns);
    snprintf(about, sizeof about, "%s of the pack %s.", t->file, x->pack->name);
    export_uuid(x, uuid, "lookup_adapter", slice_cstr(t->yml.name));
    export_begin(x, "lookup_adapter", "1", uuid);
    put_names(x, slice_cstr(t->yml.name), about);
    jsonprint_open(&x->j, "configuration", '{');
    export_cstr(x, "type", "csvfile");
    export_cstr(x, "path", t->server);
    export_cstr(x, "separator", a->separator);
    export_cstr(x, "quotechar", a->quote);
    export_cstr(x, "key_column", a->key);
    export_cstr(x, "value_column", a->value);
    export_long(x, "check_interval", seconds ? seconds : CHECK_SECOND);
    export_bool(x, "case_insensitive_lookup", a->nocase);
    export_bool(x, "cidr_lookup", a->cidr);
    jsonprint_close(&x->j, '{');
    export_end(x);
}

/* A scalar of pack.yml as JSON. */
static void put_scalar(struct buf *b, const struct node *n)
{
    if (n->type == NODE_STR)
        json_string(b, slice_cstr(n->text), false);
    else if (n->type == NODE_BOOL)
        buf_cstr(b, n->b ? "true" : "false");
    else if (n->type == NODE_INT)
        buf_int(b, n->i);
    else if (n->type == NODE_DOUBLE)
        json_double(b, n->d);
    else
        buf_lit(b, "null");
}

/* The value of a default as text, and its type. */
static const char *put_default(struct buf *b, const struct node *n)
{
    if (!n || n->type == NODE_NULL)
        return "NULL";
    if (n->type == NODE_STR) {
        buf_cstr(b, n->text);
        return "STRING";
    }
    if (n->type != NODE_MAP) {
        put_scalar(b, n);
        return n->type == NODE_BOOL ? "BOOLEAN" : "NUMBER";
    }
    for (const struct node *c = n->child; c; c = c->next) {
        buf_cstr(b, c == n->child ? "{" : ",");
        json_string(b, slice_cstr(c->key), false);
        buf_u8(b, ':');
        put_scalar(b, c);
    }
    buf_cstr(b, n->child ? "}" : "{}");
    return "OBJECT";
}

static void put_defaults(struct exporting *x, const struct export_table *t)
{
    static const char *const keys[][2] = { { "default_single_value", "default_single_value_type" },
                                           { "default_multi_value", "default_multi_value_type" } };
    const struct node *values[] = { t->yml.single, t->yml.multi };
    for (size_t i = 0; i < COUNT(keys); i++) {
        char text[VALUE_BYTES];
        struct buf b = buf_of(text, sizeof text);
        const char *type = put_default(&b, values[i]);
        export_text(x, keys[i][0], buf_slice(&b));
        export_cstr(x, keys[i][1], type);
        if (b.full)
            mistake_add(x->wrong, place_of(t->at), "a default longer than %d bytes", VALUE_BYTES);
    }
}

static void table(struct exporting *x, const struct export_table *t)
{
    char uuid[UUID_TEXT], text[CACHE_NAME];
    struct buf b = buf_of(text, sizeof text);
    struct slice name = slice_cstr(t->yml.name);
    export_uuid(x, uuid, "lookup_table", name);
    export_begin(x, "lookup_table", "1", uuid);
    put_names(x, name, "");
    cache_name(x, &t->cache, &b);
    export_uuid(x, uuid, "lookup_cache", buf_slice(&b));
    export_cstr(x, "cache_name", uuid);
    export_uuid(x, uuid, "lookup_adapter", name);
    export_cstr(x, "data_adapter_name", uuid);
    put_defaults(x, t);
    export_end(x);
    x->result->tables++;
}

void export_tables(struct exporting *x)
{
    caches(x);
    for (unsigned i = 0; i < x->n_tables; i++)
        adapter(x, &x->table[i]);
    for (unsigned i = 0; i < x->n_tables; i++)
        table(x, &x->table[i]);
}
