/* One process from its files in /proc. */
#include "host/process.h"

#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "os/file.h"

#define FILE_MAX_BYTES  65536
#define ARGS_MAX_BYTES  4096 /* of all arguments; the rest is not told */
#define CONTAINER_CHARS 64
#define STAT_PPID       1  /* fields of stat behind the name, from 0 */
#define STAT_START      19 /* in ticks since boot */

bool proc_path(char *out, size_t cap, const char *root, int64_t pid, const char *name)
{
    struct buf b = buf_of(out, cap - 1);
    buf_printf(&b, "%s/proc/%lld/%s", root, (long long)pid, name);
    out[b.n] = '\0';
    return !b.full;
}

struct slice proc_text(struct arena *a, const char *root, const char *path)
{
    char whole[PATH_MAX];
    struct buf b = buf_of(whole, sizeof whole - 1);
    struct slice text = { NULL, 0 };
    struct why ignored;
    buf_printf(&b, "%s%s", root, path);
    whole[b.n] = '\0';
    if (b.full || file_read(a, whole, FILE_MAX_BYTES, &text, &ignored))
        return slice_of(NULL, 0);
    return text;
}

static struct slice text_of(struct arena *a, const char *root, int64_t pid, const char *name)
{
    char path[PATH_MAX];
    return proc_path(path, sizeof path, "", pid, name) ? proc_text(a, root, path)
                                                       : slice_of(NULL, 0);
}

static struct slice link_of(struct arena *a, const char *root, int64_t pid, const char *name)
{
    char path[PATH_MAX], target[PATH_MAX];
    if (!proc_path(path, sizeof path, root, pid, name))
        return slice_of(NULL, 0);
    ssize_t n = readlink(path, target, sizeof target);
    return n > 0 ? arena_dup(a, slice_of(target, (size_t)n)) : slice_of(NULL, 0);
}

/* Field i of those that follow the name in parentheses, which may hold anything. */
static uint64_t stat_field(struct slice stat, unsigned i)
{
    size_t at = stat.n;
    uint64_t v = 0;
    while (at > 0 && stat.p[at - 1] != ')')
        at--;
    struct cursor c = cur_of(slice_after(stat, at + 1));
    while (i--)
        cur_until(&c, ' ');
    struct slice field = cur_until(&c, ' ');
    return cur_ok(&c) && slice_to_u64(field, &v) ? v : 0;
}

static struct slice stat_name(struct slice stat)
{
    ptrdiff_t open = slice_find(stat, '(');
    size_t end = stat.n;
    while (end > 0 && stat.p[end - 1] != ')')
        end--;
    if (open < 0 || end < (size_t)open + 2)
        return slice_of(NULL, 0);
    return slice_of(stat.p + open + 1, end - (size_t)open - 2);
}

/* When the machine was started, in seconds since 1970; 0: not known. */
static uint64_t boot_seconds(struct arena *a, const char *root)
{
    struct slice text = proc_text(a, root, "/proc/stat");
    ptrdiff_t at = slice_search(text, SLICE("\nbtime "));
    struct cursor c = cur_of(slice_after(text, at < 0 ? text.n : (size_t)at + 7));
    uint64_t v = 0;
    struct slice number = cur_line(&c);
    return cur_ok(&c) && slice_to_u64(number, &v) ? v : 0;
}

static int64_t start_of(struct slice stat, struct arena *a, const char *root)
{
    long hz = sysconf(_SC_CLK_TCK);
    uint64_t boot = boot_seconds(a, root), ticks = stat_field(stat, STAT_START);
    if (!boot || hz <= 0)
        return 0;
    return (int64_t)boot * 1000000000 + (int64_t)(ticks * (1000000000 / (uint64_t)hz));
}

/* Arguments end with a zero byte each. */
static void read_args(struct process *p, struct arena *a, struct slice text)
{
    struct cursor c = cur_of(slice_first(text, ARGS_MAX_BYTES));
    p->args = arena_alloc(a, PROCESS_ARGS * sizeof *p->args);
    while (p->args && p->n_args < PROCESS_ARGS && cur_left(&c)) {
        struct cursor ahead = c;
        struct slice arg = cur_until(&ahead, 0);
        if (!cur_ok(&ahead)) {
            p->args[p->n_args++] = cur_rest(&c); /* cut */
            return;
        }
        p->args[p->n_args++] = arg;
        c = ahead;
    }
}

static bool is_hex(uint8_t b)
{
    b = ascii_lower(b);
    return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'f');
}

/* 64 hexadecimal digits, as every engine names its cgroups: /docker/ID, docker-ID.scope,
 * cri-containerd-ID.scope, libpod-ID.scope, kubepods/…/ID. */
static struct slice container_of_cgroups(struct slice text)
{
    size_t run = 0;
    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && is_hex(text.p[i])) {
            run++;
            continue;
        }
        if (run == CONTAINER_CHARS)
            return slice_of(text.p + i - run, run);
        run = 0;
    }
    return slice_of(NULL, 0);
}

static int64_t uid_of(int64_t pid, const char *root)
{
    char path[PATH_MAX];
    struct stat st;
    bool known = proc_path(path, sizeof path, root, pid, "") && stat(path, &st) == 0;
    return known ? (int64_t)st.st_uid : -1;
}

bool process_read(struct process *p, int64_t pid, struct arena *a, const char *root)
{
    struct slice stat = text_of(a, root, pid, "stat");
    *p = (struct process){ .pid = pid };
    if (!stat.n)
        return false;
    p->name = stat_name(stat);
    p->ppid = (int64_t)stat_field(stat, STAT_PPID);
    p->start_ns = start_of(stat, a, root);
    p->executable = link_of(a, root, pid, "exe");
    p->cwd = link_of(a, root, pid, "cwd");
    p->container = container_of_cgroups(text_of(a, root, pid, "cgroup"));
    p->uid = uid_of(pid, root);
    read_args(p, a, text_of(a, root, pid, "cmdline"));
    return true;
}

bool process_copy(struct process *to, const struct process *from, struct arena *a)
{
    *to = *from;
    to->name = arena_dup(a, from->name);
    to->executable = arena_dup(a, from->executable);
    to->cwd = arena_dup(a, from->cwd);
    to->container = arena_dup(a, from->container);
    to->args = arena_alloc(a, from->n_args * sizeof *to->args);
    for (unsigned i = 0; to->args && i < from->n_args; i++)
        to->args[i] = arena_dup(a, from->args[i]);
    return !a->full;
}

struct slice process_environ(int64_t pid, struct arena *a, const char *root)
{
    return text_of(a, root, pid, "environ");
}

bool process_user(int64_t uid, char *out, size_t cap)
{
    char room[4096];
    struct passwd user, *found = NULL;
    struct buf b = buf_of(out, cap - 1);
    if (uid < 0 || getpwuid_r((uid_t)uid, &user, room, sizeof room, &found) != 0 || !found)
        return false;
    buf_cstr(&b, user.pw_name);
    out[b.n] = '\0';
    return !b.full;
}
