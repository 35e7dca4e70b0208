/* wirelume doctor: which of its processes run, and with which rights. */
#include <dirent.h>
#include <limits.h>
#include <unistd.h>

#include "app/doctor.h"
#include "base/buf.h"
#include "host/privileges.h"
#include "host/process.h"
#include "os/rights.h"

#define MEMORY_BYTES ((size_t)1 << 20)

/* Parts of the program that have other names (os/keeper.h, os/aside.h). */
static bool is_part(struct slice name)
{
    return slice_eq(name, SLICE("keeper")) || slice_eq(name, SLICE("broker"));
}

static bool is_ours(const struct process *p, struct arena *a)
{
    static const struct slice program = SLICE("wirelume");
    struct process parent;
    if (slice_eq(p->name, program))
        return true;
    return is_part(p->name) && process_read(&parent, p->ppid, a, "") &&
           slice_eq(parent.name, program);
}

/* "run", "up"; of a part its name. */
static struct slice role_of(const struct process *p)
{
    for (unsigned i = 1; i < p->n_args && !is_part(p->name); i++)
        if (p->args[i].n && p->args[i].p[0] != '-')
            return p->args[i];
    return is_part(p->name) ? p->name : SLICE("run");
}

static void tell(struct doctor *d, const struct process *p, const struct privileges *r)
{
    char text[1024], set[512], user[64];
    struct slice role = role_of(p);
    if (!process_user(r->uid, user, sizeof user))
        snprintf(user, sizeof user, "%lld", (long long)r->uid);
    snprintf(text, sizeof text, "%lld %.*s: user %s, capabilities: %s, %s, %s, threads: %u",
             (long long)p->pid, role.n < 32 ? (int)role.n : 32, (const char *)role.p, user,
             rights_text(r->rights, set, sizeof set),
             r->sealed ? "gains none" : "a program that it runs may gain more",
             r->filtered ? "system calls filtered" : "all system calls", r->threads);
    bool keeps = slice_eq(p->name, SLICE("keeper")); /* it starts a server, and reads nothing */
    bool open = !keeps && !(r->sealed && r->filtered);
    doctor_say(d, open ? FINDING_NOTE : FINDING_OK, "process", text,
               open ? "its log says why (security.enabled, security.required)" : NULL);
}

void doctor_processes(struct doctor *d)
{
    struct arena a;
    DIR *proc = opendir("/proc");
    arena_init(&a, NULL, MEMORY_BYTES);
    for (struct dirent *e; proc && (e = readdir(proc)); arena_reset(&a)) {
        struct process p;
        struct privileges r;
        uint64_t pid;
        if (slice_to_u64(slice_cstr(e->d_name), &pid) && pid != (uint64_t)getpid() &&
            process_read(&p, (int64_t)pid, &a, "") && is_ours(&p, &a) &&
            privileges_read(&r, (int64_t)pid, &a, ""))
            tell(d, &p, &r);
    }
    if (proc)
        closedir(proc);
    arena_free(&a);
}
