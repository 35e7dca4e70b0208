/* Packs: from folders to one program. */
#include "pack/pack.h"

#include "base/bug.h"
#include "base/hash.h"
#include "codec/yaml.h"
#include "os/clock.h"
#include "os/file.h"
#include "pack/pack_load.h"

#define YAML_MAX ((size_t)4 << 20)

/* clang-format off */
const struct option pack_yml_options[] = {
    OPT(pack_yml, name,        TEXT, "name",        NULL, 0, 0, OPT_REQUIRED, "The pack's name: that of its folder."),
    OPT(pack_yml, title,       TEXT, "title",       NULL, 0, 0, 0, "The same for people."),
    OPT(pack_yml, version,     TEXT, "version",     NULL, 0, 0, OPT_REQUIRED, "Its version."),
    OPT(pack_yml, description, TEXT, "description", NULL, 0, 0, 0, "What it does."),
    OPT(pack_yml, settings,    NODE, "settings",    NULL, 0, 0, 0, "What its user may choose."),
    OPT(pack_yml, rules,       NODE, "rules",       NULL, 0, 0, 0, "Files of rules; without it all of rules/*.rule."),
    OPT(pack_yml, pipelines,   NODE, "pipelines",   NULL, 0, 0, 0, "The same for pipelines/*.pipeline."),
    OPT(pack_yml, grok,        NODE, "grok",        NULL, 0, 0, 0, "The same for grok/*.grok: grok patterns, lines `NAME pattern`."),
    OPT(pack_yml, tables,      NODE, "tables",      NULL, 0, 0, 0, "Lookup tables."),
    OPT(pack_yml, connections, NODE, "connections", NULL, 0, 0, 0, "Which stream's messages go through which pipelines."),
    { 0 }
};
/* clang-format on */

/* ---- what the parts share */

bool pack_read(struct pack_loading *l, const struct option *table, const struct node *section,
               void *conf)
{
    struct why w;
    struct loading loading = { "", &l->packs->mem, &w };
    const struct option *const tables[] = { table, NULL };
    if (section->type != NODE_MAP) {
        mistake_add(l->wrong, place_of(section), "a map of names and values is wanted here");
        return false;
    }
    const char *nearest = NULL;
    for (const struct node *n = NULL; (n = option_unknown(tables, section, n, &nearest));)
        mistake_add(l->wrong, place_of(n), "'%.60s' is unknown here%s%s%s", n->key,
                    nearest ? ": did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    if (!option_load(table, section, conf, &loading))
        return true;
    if (slice_starts(slice_cstr(w.text), slice_cstr(section->file)))
        mistake_line(l->wrong, w.text);
    else
        mistake_add(l->wrong, place_of(section), "%s", w.text);
    return false;
}

const char *pack_join(struct pack_loading *l, const char *folder, const char *name)
{
    size_t n = strlen(folder) + strlen(name) + 2;
    char *path = *name == '/' ? NULL : arena_alloc(&l->packs->mem, n);
    if (!path)
        return name;
    snprintf(path, n, "%s/%s", folder, name);
    return path;
}

struct node *pack_yaml(struct pack_loading *l, const char *name, bool needed)
{
    const char *path = pack_join(l, l->pack->folder, name);
    struct slice text;
    struct node *n = NULL;
    struct why w;
    err rc = file_read(&l->packs->mem, path, YAML_MAX, &text, &w);
    if (rc == ERR_MISSING && !needed)
        return NULL;
    if (!rc)
        rc = yaml_read(&l->packs->mem, text, path, &n, &w);
    if (rc)
        mistake_line(l->wrong, w.text);
    return rc ? NULL : n;
}

void pack_stream_id(struct slice title, char out[25])
{
    static const struct hash_key one = { 0x776972656c756d65, 1 }, two = { 0x776972656c756d65, 2 };
    snprintf(out, 25, "%016llx%08llx", (unsigned long long)hash_bytes(&one, title.p, title.n),
             (unsigned long long)(hash_bytes(&two, title.p, title.n) & 0xffffffff));
}

/* ---- loading */

const char *packs_find(const struct packs_conf *conf, const char *name, struct arena *a)
{
    char path[4096];
    if (strchr(name, '/'))
        return folder_exists(name) ? name : NULL;
    for (unsigned i = conf->folders.n; i-- > 0;) {
        snprintf(path, sizeof path, "%s/%s/pack.yml", conf->folders.v[i], name);
        if (!file_exists(path))
            continue;
        size_t n = strlen(path) - strlen("/pack.yml");
        path[n] = '\0';
        struct slice copy = arena_dup(a, slice_of(path, n + 1));
        return copy.n ? (const char *)copy.p : NULL;
    }
    return NULL;
}

/* Where the name is enabled; NULL file: not in a file. */
static struct place place_of_name(struct pack_loading *l, const char *name)
{
    const struct node *n = l->conf->enabled_at;
    if (n && n->type == NODE_LIST)
        for (n = n->child; n && strcmp(pack_scalar(n), name) != 0;)
            n = n->next;
    return n && n->line ? place_of(n) : (struct place){ NULL, 0, 0 };
}

static void note_missing(struct pack_loading *l, const char *name)
{
    char where[500], at[64];
    struct place place = place_of_name(l, name);
    struct buf b = buf_of(where, sizeof where);
    for (unsigned i = 0; i < l->conf->folders.n; i++) {
        buf_cstr(&b, i ? ", " : "");
        buf_cstr(&b, l->conf->folders.v[i]);
    }
    snprintf(at, sizeof at, "pack %.50s", name);
    mistake_add(l->wrong, place.file ? place : (struct place){ at, 0, 0 },
                "%s%sthere is no such folder with a pack.yml in: %.*s (mend: pack.path, or "
                "pack.enabled: [] for none)",
                place.file ? at : "", place.file ? ": " : "", (int)b.n, where);
}

static void check_name(struct pack_loading *l, const struct node *root, const char *name)
{
    const char *folder = strrchr(l->pack->folder, '/');
    folder = folder ? folder + 1 : l->pack->folder;
    for (unsigned i = 0; i + 1 < l->packs->n; i++)
        if (strcmp(l->packs->pack[i].name, name) == 0)
            mistake_add(l->wrong, place_of(root), "pack '%s' is enabled twice", name);
    if (strcmp(folder, name) != 0)
        mistake_add(l->wrong, place_of(root),
                    "name: '%s' in a folder called '%s' (mend: the same "
                    "name for both)",
                    name, folder);
}

static void load_pack(struct pack_loading *l, const char *name)
{
    struct packs *p = l->packs;
    const char *folder = packs_find(l->conf, name, &p->mem);
    struct pack_yml yml = { 0 };
    if (!folder || p->n == PACKS_MAX) {
        note_missing(l, name);
        return;
    }
    l->pack = &p->pack[p->n++];
    *l->pack = (struct pack){ .folder = folder, .name = name, .title = name, .version = "" };
    const struct node *root = pack_yaml(l, "pack.yml", true);
    if (!root || !pack_read(l, pack_yml_options, root, &yml))
        return;
    l->pack->root = root;
    l->pack->name = yml.name;
    l->pack->title = yml.title ? yml.title : yml.name;
    l->pack->version = yml.version;
    l->pack->description = yml.description ? yml.description : "";
    check_name(l, root, yml.name);
    pack_read_settings(l, yml.settings);
    pack_read_files(l, &yml);
    pack_read_tables(l, yml.tables);
    pack_read_streams(l);
    pack_read_links(l, yml.connections);
}

static bool is_loaded(const struct packs *p, const char *name)
{
    for (unsigned i = 0; i < p->n; i++)
        if (strcmp(p->pack[i].name, name) == 0)
            return true;
    return false;
}

/* A pack that is there but not enabled may have settings; one that is not there is a slip. */
static void check_chosen(struct pack_loading *l)
{
    const char *names[PACKS_MAX];
    for (unsigned i = 0; i < l->packs->n; i++)
        names[i] = l->packs->pack[i].name;
    const struct node *all = l->conf->settings;
    for (const struct node *n = all ? all->child : NULL; n; n = n->next) {
        if (is_loaded(l->packs, n->key) || packs_find(l->conf, n->key, &l->packs->mem))
            continue;
        const char *nearest = nearest_name(n->key, names, l->packs->n);
        mistake_add(l->wrong, place_of(n),
                    "there is no pack '%.60s'%s%s%s (mend: wirelume pack list shows those that "
                    "there are)",
                    n->key, nearest ? ": did you mean '" : "", nearest ? nearest : "",
                    nearest ? "'?" : "");
    }
}

static void free_all(struct packs *p)
{
    program_free(p->program);
    for (unsigned i = 0; i < p->n_tables; i++)
        lookup_close(&p->table[i]);
    arena_free(&p->mem);
    xfree(p);
}

struct packs *packs_load(const struct packs_conf *conf, struct mistakes *wrong)
{
    static atomic_ullong number;
    struct packs *p = xcalloc(1, sizeof *p);
    struct pack_loading l = { .conf = conf, .packs = p, .wrong = wrong, .now_ns = clock_mono_ns() };
    unsigned before = wrong->n;
    arena_init(&p->mem, NULL, 0);
    p->users = 1;
    p->number = ++number;
    p->stream[p->n_streams++] =
        (struct rule_stream){ SLICE(DEFAULT_STREAM_ID), SLICE(DEFAULT_STREAM_TITLE), false };
    for (unsigned i = 0; i < conf->enabled.n; i++)
        load_pack(&l, conf->enabled.v[i]);
    if (conf->enabled.n)
        check_chosen(&l);
    pack_read_program(&l);
    if (wrong->n == before && conf->doubts)
        pack_read_doubts(&l);
    if (p->mem.full)
        mistake_add(wrong, (struct place){ "packs", 0, 0 }, "memory is out");
    if (wrong->n == before)
        return p;
    free_all(p);
    return NULL;
}

struct rule_env packs_env(const struct packs *p)
{
    return (struct rule_env){ .stream = p->stream,
                              .n_streams = p->n_streams,
                              .table = p->table,
                              .n_tables = p->n_tables,
                              .grok = p->grok,
                              .default_stream = p->stream[0].id };
}

struct packs *packs_take(struct packs *p)
{
    atomic_fetch_add(&p->users, 1);
    return p;
}

void packs_drop(struct packs *p)
{
    if (p && atomic_fetch_sub(&p->users, 1) == 1)
        free_all(p);
}

bool packs_are_stale(struct packs *p, int64_t now_ns)
{
    for (unsigned i = 0; i < p->n_watches; i++) {
        struct pack_watch *w = &p->watch[i];
        if (now_ns < w->next_ns)
            continue;
        w->next_ns = now_ns + w->interval_ns;
        struct file_stamp stamp = file_stamp_of(w->path);
        bool changed = !file_stamp_eq(&stamp, &w->stamp);
        w->stamp = stamp;
        if (changed)
            return true;
    }
    return false;
}
