/* Where files are. */
#include "app/paths.h"

#include <limits.h>
#include <unistd.h>

#include "base/buf.h"
#include "os/file.h"
#include "os/folder.h"

const char *paths_join(struct arena *a, const char *folder, const char *name)
{
    if (*name == '/' || strcmp(name, "-") == 0 || !*folder)
        return name;
    size_t cap = strlen(folder) + strlen(name) + 2;
    char *text = arena_alloc(a, cap);
    if (!text)
        return name;
    struct buf b = buf_of(text, cap - 1);
    buf_cstr(&b, folder);
    if (folder[strlen(folder) - 1] != '/')
        buf_u8(&b, '/');
    buf_cstr(&b, name);
    text[b.n] = '\0';
    return text;
}

static const char *keep(struct arena *a, const char *text, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    if (!copy)
        return "";
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

const char *paths_program(struct arena *a)
{
    char text[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", text, sizeof text);
    while (n > 1 && text[n - 1] != '/')
        n--;
    return n > 1 ? keep(a, text, (size_t)n - 1) : "";
}

static bool has_configuration(const char *folder, struct arena *a)
{
    return file_exists(paths_join(a, folder, "packetbeat.yml")) ||
           file_exists(paths_join(a, folder, "wirelume.yml"));
}

static const char *present_folder(struct arena *a)
{
    char here[PATH_MAX];
    return getcwd(here, sizeof here) ? keep(a, here, strlen(here)) : ".";
}

/* As `make install` lays it out. */
static bool is_installed(const char *program, struct arena *a)
{
    return *program && folder_exists(paths_join(a, program, "../share/wirelume")) &&
           has_configuration("/etc/wirelume", a);
}

static struct paths default_paths(struct arena *a)
{
    static const struct paths installed = { "/usr/share/wirelume", "/etc/wirelume",
                                            "/var/lib/wirelume", "/var/log/wirelume" };
    const char *program = paths_program(a), *here = present_folder(a);
    if (*program && has_configuration(program, a))
        return (struct paths){ .home = program };
    if (!has_configuration(here, a) && is_installed(program, a))
        return installed;
    return (struct paths){ .home = here };
}

static const char *first_of(const char *x, const char *y, const char *z)
{
    return x ? x : y ? y : z;
}

void paths_set(struct paths *p, const struct paths *given, struct arena *a)
{
    struct paths d = given->home ? (struct paths){ .home = given->home } : default_paths(a);
    *p = (struct paths){ .home = d.home };
    p->config = first_of(given->config, d.config, d.home);
    p->data = first_of(given->data, d.data, paths_join(a, d.home, "data"));
    p->logs = first_of(given->logs, d.logs, paths_join(a, d.home, "logs"));
}

static const char *text_at(const struct node *root, const char *path)
{
    const struct node *n = node_path(root, path);
    return n && n->text && *n->text ? n->text : NULL;
}

void paths_from(struct paths *p, const struct paths *given, const struct node *root,
                struct arena *a)
{
    struct paths all = *given;
    all.home = all.home ? all.home : text_at(root, "path.home");
    all.config = all.config ? all.config : text_at(root, "path.config");
    all.data = all.data ? all.data : text_at(root, "path.data");
    all.logs = all.logs ? all.logs : text_at(root, "path.logs");
    paths_set(p, &all, a);
}

const char *paths_sample(struct arena *a)
{
    static const char *const places[] = { "../../etc/sample.pcap", "../share/wirelume/sample.pcap",
                                          "/usr/share/wirelume/sample.pcap" };
    const char *program = paths_program(a);
    for (size_t i = 0; i < COUNT(places); i++) {
        const char *path = paths_join(a, program, places[i]);
        if (file_exists(path))
            return path;
    }
    return NULL;
}
