/* What must be reachable later: reading anew (SIGHUP, tables that changed), rotation, the store,
 * libc (names, time zones), facts about the machine. */
#include "app/reachable.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/folder.h"
#include "store/library.h"

#define CAPTURES_MAX (REACHABLE_MAX / 4) /* of more their folders are opened */

/* Of the system: libraries that libc loads late, the resolver, certificates, devices. A file that
 * is replaced (resolv.conf) is found again only where its folder is in a list. */
static const char *const system_files[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/nsswitch.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/networks",
    "/etc/hostname",
    "/etc/machine-id",
    "/etc/os-release",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/passwd",
    "/etc/group",
    "/etc/mime.types",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/ca-certificates",
    "/var/lib/dbus/machine-id",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/proc",
    "/sys",
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
};

/* Folders that outputs and their queues write in: keys of each output, and of all. */
static const char *const folders_written[] = { "path", "queue.disk.path" };

static void add(struct reachable *r, const char **list, unsigned *n, const char *path)
{
    if (!path || !*path)
        return;
    for (unsigned i = 0; i < *n; i++)
        if (strcmp(list[i], path) == 0)
            return;
    if (*n == REACHABLE_MAX)
        r->full = true;
    else
        list[(*n)++] = path;
}

static void add_own(struct reachable *r, const char *path)
{
    add(r, r->own, &r->n_own, path);
}

static const char *folder_of(const char *path, struct arena *a)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    char *folder = n ? arena_alloc(a, n + 1) : NULL;
    if (folder)
        snprintf(folder, n + 1, "%s", path);
    return folder;
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* A whole path, anywhere in the configuration, of a file that is there. Tables of packs are read
 * anew when they change: by then it is another file in the same folder. */
static void add_named(struct reachable *r, const struct node *n, bool table, struct arena *a)
{
    for (const struct node *c = n ? n->child : NULL; c; c = c->next)
        add_named(r, c, table || (c->key && strcmp(c->key, "pack") == 0), a);
    if (!n || !n->text || n->text[0] != '/')
        return;
    if (n->key && strcmp(n->key, "host_path") == 0)
        add_own(r, paths_join(a, n->text, "proc"));
    if (is_file(n->text))
        add_own(r, n->text);
    if (table)
        add_own(r, folder_exists(n->text) ? n->text : folder_of(n->text, a));
}

/* A capture file, or a pattern of names: those are opened when their first packet is due. */
static void add_capture(struct reachable *r, const char *path, bool folder, struct arena *a)
{
    if (!path || !*path || strcmp(path, "-") == 0)
        return;
    bool there = access(path, F_OK) == 0;
    size_t n = there ? strlen(path) : strcspn(path, "*?[\\");
    char *plain = arena_alloc(a, n + 1);
    if (!plain)
        return;
    snprintf(plain, n + 1, "%s", path);
    const char *last = strrchr(plain, '/');
    if (there && !folder)
        add_own(r, plain);
    else
        add_own(r, !last ? "." : last == plain ? "/" : folder_of(plain, a));
}

void reachable_captures(struct reachable *r, const char *const *paths, unsigned n, struct arena *a)
{
    for (unsigned i = 0; i < n; i++)
        add_capture(r, paths[i], n > CAPTURES_MAX, a);
}

static void add_configuration(struct reachable *r, const struct start *s, const struct args *x,
                              struct arena *a)
{
    const struct paths *p = &s->config.paths;
    if (s->config.file)
        add_own(r, strcmp(p->config, "/") == 0 ? s->config.file : p->config);
    for (unsigned i = 0; i < x->files.n; i++)
        add_own(r, paths_join(a, p->config, x->files.v[i]));
    reachable_captures(r, &x->read_file, 1, a);
    for (unsigned i = 0; i < s->settings.n_interfaces; i++)
        reachable_captures(r, &s->settings.interface[i].file, 1, a);
    add_named(r, s->config.resolved, false, a);
}

/* What ships with the program, and the store's library, which is loaded later. */
static void add_program(struct reachable *r, const struct start *s, struct arena *a)
{
    static const char *const shipped[] = { "../../packs", "../share/wirelume" };
    const struct node *given = node_path(s->config.resolved, "output.store.library");
    struct libraries *l = arena_alloc(a, sizeof *l);
    const char *program = paths_program(a);
    for (size_t i = 0; i < COUNT(shipped); i++)
        add(r, r->kernel, &r->n_kernel, paths_join(a, program, shipped[i]));
    if (!l)
        return;
    libraries_find(l, given ? given->text : NULL);
    for (unsigned i = 0; l->v[i]; i++)
        add(r, r->kernel, &r->n_kernel, l->v[i]);
}

static void add_folders(struct reachable *r, const struct node *section, size_t from)
{
    for (size_t i = from; i < COUNT(folders_written); i++) {
        const struct node *n = node_path(section, folders_written[i]);
        add(r, r->write, &r->n_write, n ? n->text : NULL);
    }
}

/* The endpoint's socket is made there, and removed at the end. */
static void add_socket(struct reachable *r, const struct node *root, struct arena *a)
{
    static const struct slice unix_scheme = SLICE("unix://");
    const struct node *host = node_path(root, "http.host");
    if (host && host->text && slice_starts(slice_cstr(host->text), unix_scheme))
        add(r, r->write, &r->n_write, folder_of(host->text + unix_scheme.n, a));
}

static void add_written(struct reachable *r, const struct start *s, const struct args *x,
                        struct arena *a)
{
    const struct logging_conf *l = &s->settings.logging;
    const struct node *every = node_path(s->config.resolved, "output");
    const struct node *dead = node_path(s->config.resolved, "dead_letter.path");
    add(r, r->write, &r->n_write, s->config.paths.data);
    if (l->to_files && !l->to_stderr && !x->to_stderr)
        add(r, r->write, &r->n_write, l->path && *l->path ? l->path : s->config.paths.logs);
    add_folders(r, s->config.resolved, 1);
    for (const struct node *o = every ? every->child : NULL; o; o = o->next)
        add_folders(r, o, 0);
    add_socket(r, s->config.resolved, a);
    if (dead && dead->text && dead->text[0] == '/')
        add(r, r->write, &r->n_write, folder_of(dead->text, a));
}

void reachable_list(struct reachable *r, struct start *s, const struct args *x)
{
    struct arena *a = &s->config.mem;
    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < COUNT(system_files); i++)
        add(r, r->kernel, &r->n_kernel, system_files[i]);
    add_program(r, s, a);
    add_configuration(r, s, x, a);
    add_written(r, s, x, a);
}

void reachable_only(struct reachable *r, const char *folder)
{
    memset(r->write, 0, sizeof r->write);
    r->n_write = 0;
    add(r, r->write, &r->n_write, folder);
}
