/* Which packs are wanted, and where they are. */
#include "app/packs.h"

#include <limits.h>
#include <stdlib.h>

#include "app/start.h"
#include "os/file.h"
#include "store/set_conf.h"

struct pack_section {
    struct texts path, enabled;
    const struct node *settings;
};

/* clang-format off */
const struct option pack_options[] = {
    OPT(pack_section, path,     TEXTS, "path",     NULL, 0, 0, OPT_RELOAD, "Folders of packs, later ones first (default: those of the program, then packs below path.config)."),
    OPT(pack_section, enabled,  TEXTS, "enabled",  "packetbeat", 0, 0, OPT_RELOAD, "Packs that messages go through; [] is none: they are written as they came."),
    OPT(pack_section, settings, NODE,  "settings", NULL, 0, 0, OPT_RELOAD, "Settings of packs (packetbeat.profile: extended); `wirelume pack show NAME` lists them."),
    { 0 }
};
/* clang-format on */

/* Beside the program in its source tree, or installed; NULL: nowhere. */
static const char *shipped_folder(struct arena *a)
{
    static const char *const places[] = { "../../packs", "../share/wirelume/packs",
                                          "/usr/share/wirelume/packs" };
    const char *program = paths_program(a);
    for (size_t i = 0; i < COUNT(places); i++) {
        const char *path = paths_join(a, program, places[i]);
        if (folder_exists(path))
            return path;
    }
    return NULL;
}

static void default_folders(struct texts *out, struct config *c)
{
    const char *shipped = shipped_folder(&c->mem);
    out->v = arena_alloc(&c->mem, 2 * sizeof *out->v);
    out->n = 0;
    if (out->v && shipped)
        out->v[out->n++] = shipped;
    if (out->v)
        out->v[out->n++] = paths_join(&c->mem, c->paths.config, "packs");
}

err packs_configure(struct packs_conf *out, struct config *c, struct why *note, struct why *w)
{
    struct loading l = { "pack", &c->mem, w };
    struct pack_section s = { 0 };
    note->text[0] = '\0';
    err rc = option_load(pack_options, node_path(c->resolved, "pack"), &s, &l);
    if (rc)
        return rc;
    for (unsigned i = 0; i < s.path.n; i++)
        s.path.v[i] = paths_join(&c->mem, c->paths.config, s.path.v[i]);
    if (!s.path.n)
        default_folders(&s.path, c);
    *out = (struct packs_conf){ .folders = s.path,
                                .enabled = s.enabled,
                                .settings = s.settings,
                                .user_folder = c->paths.config,
                                .enabled_at = node_path(c->resolved, "pack.enabled") };
    if (node_path(c->resolved, "pack.enabled") || !s.enabled.n ||
        packs_find(out, s.enabled.v[0], &c->mem))
        return ERR_OK;
    why_set(
        note, ERR_MISSING,
        "the pack '%s' is in none of the folders of packs (mend: pack.path, or pack.enabled: [] "
        "if none is wanted): messages are written as they came",
        s.enabled.v[0]);
    out->enabled.n = 0;
    return ERR_OK;
}

err packs_look(struct packs_conf *out, struct config *c, const struct args *a, struct why *w)
{
    struct config_source source = start_source(a);
    struct why note;
    err rc = config_load(c, &source, w);
    source.bare = true;
    if (rc == ERR_MISSING && !a->files.n)
        rc = config_load(c, &source, w);
    if (!rc)
        rc = packs_configure(out, c, &note, w);
    if (!rc && note.text[0])
        fprintf(stderr, "%s\n", note.text);
    return rc;
}

const char *packs_argument(const char *text, struct arena *a)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/pack.yml", text);
    if (!strchr(text, '/') && !file_exists(path))
        return text;
    return realpath(text, path) ? paths_join(a, "/", path + 1) : text;
}

static void check_stream(const struct node *n, struct arena *mem, struct mistakes *wrong)
{
    struct stream_def d;
    const char *set;
    struct why w;
    if (stream_conf_read(&d, &set, n, mem, &w))
        mistake_line(wrong, w.text);
}

static void check_set(const struct node *n, struct arena *mem, struct mistakes *wrong)
{
    struct index_set set = { 0 };
    struct why w;
    if (set_conf_read(&set, n, mem, &w))
        mistake_line(wrong, w.text);
}

/* A map is one, a list are several. */
static void check_each(const struct node *n, struct mistakes *wrong,
                       void (*check)(const struct node *, struct arena *, struct mistakes *))
{
    struct arena mem;
    arena_init(&mem, NULL, 0);
    if (n && n->type == NODE_MAP)
        check(n, &mem, wrong);
    for (const struct node *c = n && n->type == NODE_LIST ? n->child : NULL; c; c = c->next)
        check(c, &mem, wrong);
    arena_free(&mem);
}

void packs_check_wanted(const struct packs *packs, struct mistakes *wrong)
{
    for (unsigned i = 0; i < packs->n; i++) {
        check_each(packs->pack[i].index_set, wrong, check_set);
        check_each(packs->pack[i].stream, wrong, check_stream);
    }
}

err packs_load_or(const struct packs_conf *conf, struct packs **out, struct why *w)
{
    struct arena mem;
    arena_init(&mem, NULL, 0);
    struct mistakes wrong = { .mem = &mem };
    *out = packs_load(conf, &wrong);
    if (*out)
        packs_check_wanted(*out, &wrong);
    if (wrong.n) {
        packs_drop(*out);
        *out = NULL;
    }
    err rc = *out          ? ERR_OK
             : wrong.n > 1 ? why_set(w, ERR_CONFIG, "%s (and %u more: wirelume pack check)",
                                     wrong.v[0], wrong.n - 1)
                           : why_set(w, ERR_CONFIG, "%s", wrong.n ? wrong.v[0] : "memory is out");
    arena_free(&mem);
    return rc;
}
