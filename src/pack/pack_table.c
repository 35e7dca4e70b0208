/* The lookup tables of a pack. */
#include "os/file.h"
#include "pack/lookup_cache.h"
#include "pack/pack_load.h"

#define SECOND         INT64_C(1000000000)
#define NS_PER_MS      1000000
#define CSV_MAX_BYTES  ((size_t)256 << 20)
#define MMDB_MAX_BYTES (INT64_C(1) << 30)

static const char *const adapter_names[] = { "csvfile", "memory", "mmdb", NULL };
static const char *const cache_names[] = { "none", "guava_cache", NULL };

/* clang-format off */
const struct option pack_table_options[] = {
    OPT(table_yml, name,    TEXT, "name",           NULL, 0, 0, OPT_REQUIRED, "What rules call it."),
    OPT(table_yml, adapter, NODE, "adapter",        NULL, 0, 0, OPT_REQUIRED, "Where its values come from."),
    OPT(table_yml, cache,   NODE, "cache",          NULL, 0, 0, 0, "Before an mmdb table; others are in memory, and it is for export to a Graylog only."),
    OPT(table_yml, single,  NODE, "default_single", NULL, 0, 0, 0, "What lookup_value gives for other keys."),
    OPT(table_yml, multi,   NODE, "default_multi",  NULL, 0, 0, 0, "What lookup gives for other keys: a map."),
    OPT(table_yml, when,    NODE, "when",           NULL, 0, 0, 0, "Settings that must have these values; * for any that is not empty."),
    { 0 }
};
const struct option pack_adapter_options[] = {
    OPT_NAMES(adapter_yml, type, "type", "csvfile", adapter_names, OPT_REQUIRED, "csvfile, memory or mmdb."),
    OPT(adapter_yml, path,        NODE,     "path",          NULL, 0, 0, 0, "The file, below the pack's folder; ${setting} is replaced; empty: a table with nothing in it."),
    OPT(adapter_yml, entries,     NODE,     "entries",       NULL, 0, 0, 0, "Keys and values of a table in memory."),
    OPT(adapter_yml, separator,   TEXT,     "separator",     ",", 0, 0, 0, "Between columns."),
    OPT(adapter_yml, quote,       TEXT,     "quotechar",     "\"", 0, 0, 0, "Around values in which a separator stands."),
    OPT(adapter_yml, key,         TEXT,     "key_column",    "key", 0, 0, 0, "The column of keys."),
    OPT(adapter_yml, value,       TEXT,     "value_column",  "value", 0, 0, 0, "The column of values."),
    OPT(adapter_yml, nocase,      BOOL,     "case_insensitive_lookup", "false", 0, 0, 0, "Capitals in keys do not matter."),
    OPT(adapter_yml, cidr,        BOOL,     "cidr_lookup",   "false", 0, 0, 0, "Keys are networks; the longest one wins."),
    OPT(adapter_yml, max_entries, INT,      "max_entries",   "10000", 1, 1000000, 0, "Keys that rules may keep in a table in memory; then the one changed longest ago goes."),
    OPT(adapter_yml, interval_ns, DURATION, "check_interval", "60s", 0, 0, 0, "How often the file is looked at; 0: never."),
    { 0 }
};
const struct option pack_cache_options[] = {
    OPT_NAMES(cache_yml, type, "type", "none", cache_names, 0, "none or guava_cache."),
    OPT(cache_yml, max_size,    INT,      "max_size",            "1000", 0, LOOKUP_CACHE_MAX, 0, "Answers that are kept; then the one used longest ago goes."),
    OPT(cache_yml, access_ns,   DURATION, "expire_after_access", "0s", 0, 0, 0, "How long after their last use; 0: for ever."),
    OPT(cache_yml, write_ns,    DURATION, "expire_after_write",  "0s", 0, 0, 0, "How long at most; 0: for ever."),
    OPT(cache_yml, ignore_null, BOOL,     "ignore_null",         "false", 0, 0, 0, "Keys that the table does not have are not kept."),
    { 0 }
};
/* clang-format on */

static void watch(struct pack_loading *l, const char *path, int64_t interval_ns)
{
    struct packs *p = l->packs;
    if (interval_ns > 0 && interval_ns < SECOND)
        interval_ns = SECOND;
    if (interval_ns && p->n_watches < PACK_TABLES_MAX)
        p->watch[p->n_watches++] =
            (struct pack_watch){ path, file_stamp_of(path), interval_ns, l->now_ns + interval_ns };
}

static bool is_one_byte(struct pack_loading *l, const struct node *at, const char *key,
                        const char *text)
{
    if (strlen(text) == 1)
        return true;
    mistake_add(l->wrong, place_of(at), "%s: '%.20s' is not one character", key, text);
    return false;
}

static bool open_csv(struct pack_loading *l, struct lookup_table *t, const struct lookup_source *s)
{
    struct slice text;
    struct why w;
    if (!file_read(&l->packs->mem, s->path, CSV_MAX_BYTES, &text, &w))
        return lookup_csv(t, s, text, &l->packs->mem, l->wrong);
    mistake_add(l->wrong, s->path_at, "path: %s", w.text);
    return false;
}

static bool open_mmdb(struct pack_loading *l, struct lookup_table *t, const struct lookup_source *s)
{
    struct why w;
    int fd;
    if (file_copy(s->path, MMDB_MAX_BYTES, &fd, &w)) {
        mistake_add(l->wrong, s->path_at, "path: %s", w.text);
        return false;
    }
    bool opened = lookup_mmdb(t, s, fd, l->wrong);
    file_copy_close(fd);
    return opened;
}

/* A path that is empty once its settings are known: the user has no such file. */
static bool open_file(struct pack_loading *l, struct lookup_table *t, struct lookup_source *s,
                      const struct adapter_yml *a)
{
    const char *path = pack_expand(l, a->path);
    if (!path)
        return false;
    if (!*path)
        return lookup_memory(t, s, &l->packs->mem, l->wrong);
    s->path = pack_join(l, l->pack->folder, path);
    watch(l, s->path, a->interval_ns);
    s->path_at = pack_place(l, a->path);
    return a->type == ADAPTER_CSV ? open_csv(l, t, s) : open_mmdb(l, t, s);
}

static bool open_adapter(struct pack_loading *l, struct lookup_table *t, const char *name,
                         const struct node *n)
{
    struct adapter_yml a = { 0 };
    if (!pack_read(l, pack_adapter_options, n, &a) ||
        !is_one_byte(l, n, "separator", a.separator) || !is_one_byte(l, n, "quotechar", a.quote))
        return false;
    struct lookup_source s = { .name = slice_cstr(name),
                               .key = a.key,
                               .value = a.value,
                               .separator = (uint8_t)a.separator[0],
                               .quote = (uint8_t)a.quote[0],
                               .nocase = a.nocase,
                               .cidr = a.cidr };
    if (a.type == ADAPTER_MEMORY) {
        s.entries = a.entries;
        s.max_entries = a.cidr ? 0 : (uint32_t)a.max_entries; /* networks are not for rules */
        if (!a.entries || a.entries->type == NODE_MAP)
            return lookup_memory(t, &s, &l->packs->mem, l->wrong);
        mistake_add(l->wrong, place_of(a.entries), "entries: a map of keys and values is wanted");
        return false;
    }
    if (a.path)
        return open_file(l, t, &s, &a);
    mistake_add(l->wrong, place_of(n), "%s: `path` is missing", adapter_names[a.type]);
    return false;
}

static void read_defaults(struct pack_loading *l, struct lookup_table *t,
                          const struct table_yml *yml)
{
    if (yml->single && yml->single->type != NODE_NULL)
        t->default_single = lookup_scalar(yml->single);
    if (yml->multi && yml->multi->type == NODE_MAP)
        t->default_multi = lookup_members(yml->multi, &l->packs->mem);
    if (yml->single && (yml->single->type == NODE_MAP || yml->single->type == NODE_LIST))
        mistake_add(l->wrong, place_of(yml->single), "default_single: one value is wanted");
    if (yml->multi && yml->multi->type != NODE_MAP && yml->multi->type != NODE_NULL)
        mistake_add(l->wrong, place_of(yml->multi), "default_multi: a map is wanted");
}

static bool is_new(struct pack_loading *l, const struct node *n, const char *name)
{
    struct packs *p = l->packs;
    for (unsigned i = 0; i < p->n_tables; i++) {
        const struct place *at = &p->table_at[i];
        if (!slice_eq(p->table[i].name, slice_cstr(name)))
            continue;
        mistake_add(l->wrong, place_of(n), "table '%s' is there already, at %s:%u", name, at->file,
                    at->line);
        return false;
    }
    if (p->n_tables < PACK_TABLES_MAX)
        return true;
    mistake_add(l->wrong, place_of(n), "more than %d tables", PACK_TABLES_MAX);
    return false;
}

/* Where answers cost something: tables in memory would only be slower. */
static void put_cache(struct lookup_table *t, const struct cache_yml *yml)
{
    const struct lookup_cache_conf conf = { .max_size = (uint32_t)yml->max_size,
                                            .access_ms = yml->access_ns / NS_PER_MS,
                                            .write_ms = yml->write_ns / NS_PER_MS,
                                            .ignore_null = yml->ignore_null };
    lookup_cache_put(t, &conf);
}

static void read_table(struct pack_loading *l, const struct node *n)
{
    struct table_yml yml = { 0 };
    struct cache_yml cache = { 0 };
    struct packs *p = l->packs;
    struct lookup_table *t = &p->table[p->n_tables];
    bool good = pack_read(l, pack_table_options, n, &yml);
    if (yml.cache)
        good &= pack_read(l, pack_cache_options, yml.cache, &cache);
    if (!good || !pack_when(l, yml.when) || !is_new(l, n, yml.name) ||
        !open_adapter(l, t, yml.name, yml.adapter))
        return;
    if (cache.type == CACHE_GUAVA && t->fixed.n)
        put_cache(t, &cache);
    t->count = &p->count[p->n_tables];
    read_defaults(l, t, &yml);
    p->table_at[p->n_tables++] = place_of(n);
}

void pack_read_tables(struct pack_loading *l, const struct node *tables)
{
    for (const struct node *n = tables ? tables->child : NULL; n; n = n->next)
        read_table(l, n);
}
