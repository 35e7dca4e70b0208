/* Closed doors: which user, which files, and what to say about it. */
#include "app/doors.h"

#include <linux/capability.h>
#include <unistd.h>

#include "base/log.h"
#include "host/broker.h"
#include "os/fence.h"
#include "os/file.h"
#include "os/folder.h"
#include "os/rights.h"

/* Sanitizers trace their own process, run programs and write where they like: their builds keep the
 * doors open. So does that for coverage, which writes at the end. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(COVERAGE)
#define DOORS_WORK false
#else
#define DOORS_WORK true
#endif

#define FIRST_PRIVATE_PORT 1024
#define FOLDER_MODE        0750

/* For opening what is opened before the doors close: capture, ports, files of others. */
#define RIGHTS_OF_OPENING                                                                          \
    (RIGHT(CAP_NET_RAW) | RIGHT(CAP_NET_ADMIN) | RIGHT(CAP_NET_BIND_SERVICE) |                     \
     RIGHT(CAP_DAC_READ_SEARCH))
#define RIGHTS_OF_PROCS (RIGHT(CAP_SYS_PTRACE) | RIGHT(CAP_DAC_READ_SEARCH))

/* clang-format off */
const struct option security_options[] = {
    OPT(security_conf, enabled,  BOOL, "enabled",    "true",  0, 0, 0, "Give up rights when all is opened: user, capabilities, files, system calls (docs/security.md)."),
    OPT(security_conf, required, BOOL, "required",   "false", 0, 0, 0, "End when the system refuses any of it; else one line in the log says so."),
    OPT(security_conf, user,     TEXT, "user",       NULL,    0, 0, 0, "User to become when root started it (default: path.data's owner, wirelume or nobody: who reaches all)."),
    OPT(security_conf, cores,    BOOL, "core_dumps", "false", 0, 0, 0, "Allow core files, for developers: they hold captured traffic."),
    { 0 }
};

const struct option seccomp_options[] = {
    OPT(seccomp_conf, enabled, BOOL, "enabled",        "true", 0, 0, 0, "Filter system calls, by the list made for this program. security.enabled: false turns it off too."),
    OPT(seccomp_conf, action,  NODE, "default_action", NULL,   0, 0, 0, "Accepted and not used: what is not in the list fails with an error, as by default there."),
    OPT(seccomp_conf, lists,   NODE, "syscalls",       NULL,   0, 0, 0, "Accepted and not used: a list made for Packetbeat allows more, and lacks calls of this program."),
    { 0 }
};
/* clang-format on */

/* A measure could not be taken. */
static err refused(const struct doors *d, const struct why *said, struct why *w)
{
    if (d->conf.required)
        return why_set(w, ERR_RIGHTS, "%s (security.required)", said->text);
    log_warn("security", "%s: it goes on without this (security.required: true ends it)",
             said->text);
    return ERR_OK;
}

/* ---- the user */

static void make_folders(const struct account *a, const struct reachable *r)
{
    struct why ignored; /* whoever opens the folder says why not */
    for (unsigned i = 0; i < r->n_write; i++)
        (void)!account_make_folder(a, r->write[i], FOLDER_MODE, &ignored);
}

/* The path that this user could not use. */
static const char *cannot_reach(const struct doors *d, const struct account *a)
{
    const struct reach r = { d->reach.own, d->reach.write };
    return account_cannot_reach(a, &r);
}

static err become(struct doors *d, const struct account *a, uint64_t keep, struct why *w)
{
    snprintf(d->user, sizeof d->user, "%s", a->name);
    return rights_become(a, keep, w);
}

/* The one that is named must do. */
static err become_named(struct doors *d, uint64_t keep, struct why *w)
{
    struct account a;
    if (!account_find(d->conf.user, &a))
        return why_set(w, ERR_CONFIG, "security.user: there is no user '%s'", d->conf.user);
    make_folders(&a, &d->reach);
    const char *closed = a.uid ? cannot_reach(d, &a) : NULL;
    if (closed)
        return why_set(w, ERR_RIGHTS,
                       "security.user: %s may not use %s (mend: give it to that user, as with "
                       "chown -R %s, or take another)",
                       a.name, closed, a.name);
    return become(d, &a, keep, w);
}

/* The package's users, the sensor's first. */
static const char *const usual[] = { "wirelume-sensor", "wirelume", "nobody" };

static unsigned first_usual(enum calls calls)
{
    return calls == CALLS_SENSOR ? 0 : 1;
}

err doors_make_data(const char *path, struct why *w)
{
    const char *const none[] = { NULL }, *const folder[] = { path, NULL };
    const struct reach r = { none, folder };
    struct account a;
    for (unsigned i = first_usual(CALLS_RECEIVER); i < COUNT(usual) && DOORS_WORK; i++) {
        if (geteuid() == 0 && !folder_exists(path) && account_find(usual[i], &a) &&
            !account_cannot_reach(&a, &r))
            return account_make_folder(&a, path, FOLDER_MODE, w);
    }
    return file_make_folder(path, FOLDER_MODE, w);
}

/* The owner of the data, the package's user, nobody: the first that reaches everything. */
static bool find_user(struct doors *d, struct account *out)
{
    const char *closed = NULL;
    if (account_of_owner(d->start->config.paths.data, out) && out->uid) {
        closed = cannot_reach(d, out);
        if (!closed)
            return true;
    }
    for (unsigned i = first_usual(d->need.calls); i < COUNT(usual); i++) {
        if (!account_find(usual[i], out))
            continue;
        closed = cannot_reach(d, out);
        if (!closed)
            return true;
    }
    if (closed == account_fixed || !closed)
        why_set(&d->note, ERR_RIGHTS,
                "started by root, which may not become another user here: it "
                "stays user 0, without capabilities");
    else
        why_set(&d->note, ERR_RIGHTS,
                "started by root, and %s may not use %s: it stays user 0, without capabilities "
                "(mend: security.user, and files that this user owns)",
                out->name, closed);
    return false;
}

/* User 0 without capabilities owns root's files and nothing more. What others own it can only reach
 * with one more. */
static err stay_root(struct doors *d, uint64_t keep, struct why *w)
{
    const struct account root = { .name = "root" };
    if (!d->need.stays)
        make_folders(&root, &d->reach);
    const char *closed = cannot_reach(d, &root);
    return become(d, &root, keep | (closed ? RIGHT(CAP_DAC_OVERRIDE) : 0), w);
}

static bool looks_at_others(const struct doors *d)
{
    return d->need.calls == CALLS_SENSOR && d->start->settings.procs_enabled;
}

static err leave_root(struct doors *d, struct why *w)
{
    uint64_t keep = RIGHTS_OF_OPENING | (looks_at_others(d) ? RIGHTS_OF_PROCS : 0);
    struct account a;
    if (d->need.stays)
        return stay_root(d, keep, w);
    if (d->conf.user && *d->conf.user)
        return become_named(d, keep, w);
    if (!find_user(d, &a))
        return stay_root(d, keep, w);
    make_folders(&a, &d->reach);
    return become(d, &a, keep, w);
}

/* Behind Landlock other processes cannot be seen: one that can is begun before. */
static err open_broker(struct doors *d, struct why *w)
{
    struct why said;
    if (!looks_at_others(d) || !broker_open(&d->broker, RIGHTS_OF_PROCS, true, &said))
        return ERR_OK;
    if (d->conf.required)
        return why_set(w, ERR_RIGHTS, "%s (security.required)", said.text);
    d->blind = said;
    return ERR_OK;
}

err doors_user(struct doors *d, struct start *s, const struct args *a,
               const struct doors_need *need, struct why *w)
{
    struct loading l = { "security", &s->config.mem, w };
    struct why said;
    *d = (struct doors){ .need = *need, .start = s };
    err rc = option_load(security_options, node_path(s->config.resolved, "security"), &d->conf, &l);
    l.prefix = "seccomp";
    if (!rc)
        rc =
            option_load(seccomp_options, node_path(s->config.resolved, "seccomp"), &d->seccomp, &l);
    if (rc || !d->conf.enabled || !DOORS_WORK)
        return rc;
    reachable_list(&d->reach, s, a);
    reachable_captures(&d->reach, need->captures, need->n_captures, &s->config.mem);
    if (need->traceless)
        reachable_only(&d->reach, need->folder);
    if (geteuid() == 0)
        rc = leave_root(d, &said);
    if (rc && (d->conf.required || (d->conf.user && *d->conf.user)))
        return why_set(w, rc, "%s", said.text);
    if (rc)
        d->failure = said;
    return open_broker(d, w);
}

void doors_end(struct doors *d)
{
    broker_close(d->broker);
    d->broker = NULL;
}

/* ---- files */

static err allow_all(struct fence *f, const char *const *paths, enum fence_right right,
                     struct why *w)
{
    err rc = ERR_OK;
    for (; *paths && !rc; paths++)
        rc = fence_allow(f, *paths, right, w);
    return rc;
}

static err close_files(struct doors *d, struct why *w)
{
    struct fence f;
    const struct reachable *r = &d->reach;
    err rc = fence_open(&f, w);
    if (!rc)
        rc = allow_all(&f, r->kernel, FENCE_READ, w);
    if (!rc)
        rc = allow_all(&f, r->own, FENCE_READ, w);
    if (!rc)
        rc = allow_all(&f, r->write, FENCE_WRITE, w);
    if (!rc)
        rc = fence_allow(&f, "/dev/null", FENCE_WRITE, w);
    if (!rc && geteuid() != 0) /* files there may be replaced; what is secret is not its user's */
        rc = fence_allow(&f, "/etc", FENCE_READ, w);
    if (!rc && d->need.port >= 0)
        rc = fence_allow_port(&f, (unsigned)d->need.port, w);
    if (!rc)
        rc = fence_close(&f, w);
    fence_drop(&f);
    d->abi = rc ? 0 : f.abi;
    return rc;
}

/* ---- */

static void tell_earlier(const struct doors *d)
{
    if (d->seccomp.action || d->seccomp.lists)
        log_warn("security",
                 "seccomp.default_action and seccomp.syscalls are not used: the built-in list is "
                 "narrower, and made for this program (mend: leave them out; seccomp.enabled: "
                 "false turns it off)");
    if (d->note.text[0])
        log_info("security", "%s", d->note.text);
    if (d->failure.text[0])
        log_warn("security", "%s: it goes on without this (security.required: true ends it)",
                 d->failure.text);
    if (d->blind.text[0])
        log_warn("security", "%s: processes of others stay unknown (packetbeat.procs)",
                 d->blind.text);
    if (d->reach.full)
        log_warn("security", "the configuration names more than %d files: some stay closed",
                 REACHABLE_MAX);
}

err doors_close(struct doors *d, struct why *w)
{
    struct why said;
    uint64_t keep =
        d->need.port > 0 && d->need.port < FIRST_PRIVATE_PORT ? RIGHT(CAP_NET_BIND_SERVICE) : 0;
    if (!d->conf.enabled || !DOORS_WORK)
        return ERR_OK;
    tell_earlier(d);
    if (geteuid() == 0)
        keep |= rights_now() & RIGHT(CAP_DAC_OVERRIDE);
    err rc = rights_drop(keep, &said) ? refused(d, &said, w) : ERR_OK;
    if (!rc && rights_seal(d->conf.cores, &said))
        rc = refused(d, &said, w);
    if (!rc && close_files(d, &said))
        rc = refused(d, &said, w);
    return rc;
}

err doors_bolt(struct doors *d, struct why *w)
{
    char rights[256], files[64] = "all files";
    struct why said;
    if (!d->conf.enabled || !DOORS_WORK)
        return ERR_OK;
    if (!d->seccomp.enabled)
        log_warn("security", "seccomp.enabled: false: all system calls stay allowed");
    bool filtered = d->seccomp.enabled && callset_close(d->need.calls, &said) == ERR_OK;
    err rc = filtered || !d->seccomp.enabled ? ERR_OK : refused(d, &said, w);
    if (d->abi)
        snprintf(files, sizeof files, "its own files (Landlock %u)", d->abi);
    if (!rc)
        log_info("security", "doors closed: user %u%s%s%s, capabilities: %s, %s, %s",
                 (unsigned)geteuid(), d->user[0] ? " (" : "", d->user, d->user[0] ? ")" : "",
                 rights_text(rights_now(), rights, sizeof rights), files,
                 filtered ? "system calls filtered" : "all system calls");
    return rc;
}

err doors_shut(struct doors *d, struct why *w)
{
    err rc = doors_close(d, w);
    return rc ? rc : doors_bolt(d, w);
}
