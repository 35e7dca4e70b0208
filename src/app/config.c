/* The configuration as trees (packetbeat-core.md 2.1). */
#include "app/config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/expand.h"
#include "app/merge.h"
#include "base/buf.h"
#include "codec/yaml.h"
#include "os/file.h"

#define FILE_MAX ((size_t)16 << 20)

/* The rules of Beats: owned by root or by us, writable by the owner only. */
static err check_rights(const char *path, struct why *w)
{
    struct stat st;
    if (stat(path, &st))
        return why_set(w, errno == ENOENT ? ERR_MISSING : ERR_IO,
                       "error loading config file: %s: %s", path, strerror(errno));
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return why_set(w, ERR_CONFIG,
                       "error loading config file: %s must belong to you (uid %u) or root, but "
                       "belongs to uid %u (mend: chown %u '%s', or --strict.perms=false)",
                       path, geteuid(), st.st_uid, geteuid(), path);
    if (st.st_mode & 022)
        return why_set(w, ERR_CONFIG,
                       "error loading config file: %s can be written by others than its owner "
                       "(mode %04o) (mend: chmod go-w '%s', or --strict.perms=false)",
                       path, (unsigned)st.st_mode & 07777, path);
    return ERR_OK;
}

static bool is_strict(const struct config_source *source)
{
    const char *variable = getenv("BEAT_STRICT_PERMS");
    return source->strict_perms && !(variable && strcmp(variable, "false") == 0);
}

static err read_file(struct config *c, const char *path, bool strict, struct node **out,
                     struct why *w)
{
    struct slice text;
    struct node *tree = NULL;
    struct why inner;
    *out = NULL;
    if (strict) {
        err rc = check_rights(path, w);
        if (rc)
            return rc;
    }
    err rc = file_read(&c->mem, path, FILE_MAX, &text, &inner);
    if (!rc)
        rc = yaml_read(&c->mem, text, path, &tree, &inner);
    if (!rc && tree->type != NODE_MAP)
        return ERR_OK; /* as in Beats: a list holds no settings */
    if (!rc)
        rc = merge_nest(&c->mem, tree, out, &inner);
    return rc ? why_set(w, rc, "error loading config file: %s", inner.text) : ERR_OK;
}

static bool is_repeated(const struct texts *files, unsigned i)
{
    for (unsigned j = 0; j < i; j++)
        if (strcmp(files->v[j], files->v[i]) == 0)
            return true;
    return false;
}

static const char *default_file(struct config *c)
{
    const char *own = paths_join(&c->mem, c->paths.config, "wirelume.yml");
    return file_exists(own) ? own : paths_join(&c->mem, c->paths.config, "packetbeat.yml");
}

static err read_files(struct config *c, const struct config_source *source, struct why *w)
{
    const char *fallback = default_file(c);
    unsigned n = source->files.n ? source->files.n : 1;
    for (unsigned i = 0; i < n; i++) {
        const char *path = fallback;
        if (source->files.n)
            path = paths_join(&c->mem, c->paths.config, source->files.v[i]);
        else if (source->bare)
            continue;
        if (source->files.n && is_repeated(&source->files, i))
            continue;
        struct node *tree;
        err rc = read_file(c, path, is_strict(source), &tree, w);
        if (rc)
            return rc;
        c->file = c->file ? c->file : path;
        if (tree)
            merge_over(c->root, tree);
    }
    return ERR_OK;
}

/* "key=value"; a key alone is true. */
static err set_one(struct config *c, const char *text, struct why *w)
{
    struct slice all = slice_cstr(text);
    ptrdiff_t equals = slice_find(all, '=');
    struct slice key = slice_trim(equals < 0 ? all : slice_first(all, (size_t)equals));
    struct slice value = equals < 0 ? SLICE("true") : slice_after(all, (size_t)equals + 1);
    char *name = arena_alloc(&c->mem, key.n + 1);
    struct node *tree, *nested;
    struct why inner;
    if (!name)
        return why_set(w, ERR_LIMIT, "the configuration is too large");
    memcpy(name, key.p, key.n);
    name[key.n] = '\0';
    if (!key.n)
        return why_set(w, ERR_USAGE, "-E %s: a setting is written key=value", text);
    err rc = yaml_value(&c->mem, value, "command line", &tree, &inner);
    if (!rc)
        rc = merge_nest(&c->mem, tree, &nested, &inner);
    if (!rc)
        rc = merge_set(&c->mem, c->root, name, nested, &inner);
    return rc ? why_set(w, rc, "-E %s: %s", text, inner.text) : ERR_OK;
}

static err set_path(struct config *c, const char *key, const char *value, struct why *w)
{
    struct node *n = node_new(&c->mem, NODE_STR);
    if (!n)
        return why_set(w, ERR_LIMIT, "the configuration is too large");
    n->text = value;
    n->quoted = true;
    n->file = "command line";
    return merge_set(&c->mem, c->root, key, n, w);
}

/* The folders in force become settings, for ${path.data} and for export. */
static err set_paths(struct config *c, const struct paths *given, struct why *w)
{
    paths_from(&c->paths, given, c->root, &c->mem);
    err rc = set_path(c, "path.home", c->paths.home, w);
    if (!rc)
        rc = set_path(c, "path.config", c->paths.config, w);
    if (!rc)
        rc = set_path(c, "path.data", c->paths.data, w);
    return rc ? rc : set_path(c, "path.logs", c->paths.logs, w);
}

static err read_all(struct config *c, const struct config_source *source, struct why *w)
{
    paths_set(&c->paths, &source->paths, &c->mem);
    c->root = node_new(&c->mem, NODE_MAP);
    if (!c->root)
        return why_set(w, ERR_LIMIT, "no memory for the configuration");
    err rc = read_files(c, source, w);
    for (unsigned i = 0; i < source->sets.n && !rc; i++)
        rc = set_one(c, source->sets.v[i], w);
    return rc ? rc : set_paths(c, &source->paths, w);
}

err config_read(struct config *c, const struct config_source *source, struct why *w)
{
    *c = (struct config){ 0 };
    arena_init(&c->mem, NULL, 0);
    err rc = read_all(c, source, w);
    if (rc)
        config_free(c);
    return rc;
}

static err resolve(struct config *c, const struct config_source *source, struct why *w)
{
    const struct node *n = node_path(c->root, "keystore.path");
    const char *path = n && n->text && *n->text
                           ? paths_join(&c->mem, c->paths.data, n->text)
                           : paths_join(&c->mem, c->paths.data, "packetbeat.keystore");
    err rc = keystore_open(&c->mem, path, is_strict(source), &c->keystore, w);
    if (rc)
        return rc;
    struct expansion e = { &c->mem, c->root, c->keystore, w };
    rc = expand_all(&e, &c->resolved);
    if (!rc)
        paths_from(&c->paths, &source->paths, c->resolved, &c->mem);
    return rc;
}

err config_load(struct config *c, const struct config_source *source, struct why *w)
{
    err rc = config_read(c, source, w);
    if (rc)
        return rc;
    rc = resolve(c, source, w);
    if (rc)
        config_free(c);
    return rc;
}

void config_free(struct config *c)
{
    arena_free(&c->mem);
    *c = (struct config){ 0 };
}
