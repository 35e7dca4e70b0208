/* The threads of a process, one status each. */
#include "host/privileges.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>

#include "base/buf.h"
#include "host/process.h"

#define FILTERED 2 /* "Seccomp:" of a process with a filter */

/* The number behind "\nKEY:"; false: there is no such line. */
static bool number_of(struct slice status, const char *key, int base, uint64_t *out)
{
    char text[24];
    ptrdiff_t at = slice_search(status, slice_cstr(key));
    if (at < 0)
        return false;
    struct slice rest = slice_after(status, (size_t)at + strlen(key));
    while (rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t'))
        rest = slice_after(rest, 1);
    struct buf b = buf_of(text, sizeof text - 1);
    buf_add(&b, slice_first(rest, rest.n < sizeof text - 1 ? rest.n : sizeof text - 1));
    text[b.n] = '\0';
    char *end;
    *out = strtoull(text, &end, base);
    return end != text;
}

/* "Uid:" has the real one first, then the effective one. */
static int64_t uid_of(struct slice status)
{
    ptrdiff_t at = slice_search(status, SLICE("\nUid:\t"));
    struct slice rest = at < 0 ? slice_of(NULL, 0) : slice_after(status, (size_t)at + 6);
    ptrdiff_t tab = slice_find(rest, '\t');
    uint64_t uid;
    if (tab < 0)
        return -1;
    rest = slice_after(rest, (size_t)tab + 1);
    tab = slice_find(rest, '\t');
    return tab > 0 && slice_to_u64(slice_first(rest, (size_t)tab), &uid) ? (int64_t)uid : -1;
}

static void add_thread(struct privileges *p, struct slice status)
{
    uint64_t rights = 0, sealed = 0, filter = 0;
    if (!number_of(status, "\nCapEff:", 16, &rights))
        return;
    (void)number_of(status, "\nNoNewPrivs:", 10, &sealed);
    (void)number_of(status, "\nSeccomp:", 10, &filter);
    if (!p->threads++)
        *p = (struct privileges){ uid_of(status), 0, true, true, 1 };
    p->rights |= rights;
    p->sealed &= sealed == 1;
    p->filtered &= filter == FILTERED;
}

bool privileges_read(struct privileges *p, int64_t pid, struct arena *a, const char *root)
{
    char path[PATH_MAX], name[64];
    *p = (struct privileges){ .uid = -1 };
    if (!proc_path(path, sizeof path, root, pid, "task"))
        return false;
    DIR *folder = opendir(path);
    for (struct dirent *e; folder && (e = readdir(folder));) {
        uint64_t tid;
        if (!slice_to_u64(slice_cstr(e->d_name), &tid))
            continue;
        snprintf(name, sizeof name, "task/%llu/status", (unsigned long long)tid);
        if (proc_path(path, sizeof path, "", pid, name))
            add_thread(p, proc_text(a, root, path));
    }
    if (folder)
        closedir(folder);
    return p->threads > 0;
}
