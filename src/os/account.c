/* Users: getpwnam(3), and a child that becomes one of them to ask access(2). */
#include "os/account.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/slice.h"
#include "os/file.h"
#include "os/rights.h"

#define LOOKED_AT_MAX 10000 /* files of one folder */
#define FOLDERS_OPEN  8
#define ALL_FINE      255 /* exit status; others are the number of the path that is not */

static void fill(struct account *out, const struct passwd *p)
{
    out->uid = p->pw_uid;
    out->gid = p->pw_gid;
    snprintf(out->name, sizeof out->name, "%s", p->pw_name);
}

static bool find_id(uid_t uid, gid_t gid, struct account *out)
{
    const struct passwd *p = getpwuid(uid);
    if (p) {
        fill(out, p);
        return true;
    }
    *out = (struct account){ .uid = uid, .gid = gid };
    snprintf(out->name, sizeof out->name, "%u", (unsigned)uid);
    return true;
}

bool account_find(const char *name, struct account *out)
{
    uint64_t id;
    const struct passwd *p = getpwnam(name);
    if (p) {
        fill(out, p);
        return true;
    }
    return slice_to_u64(slice_cstr(name), &id) && id < UINT32_MAX &&
           find_id((uid_t)id, (gid_t)id, out);
}

bool account_of_owner(const char *path, struct account *out)
{
    struct stat st;
    return stat(path, &st) == 0 && find_id(st.st_uid, st.st_gid, out);
}

/* ---- reach */

const char account_fixed[] = "another user";
static unsigned looked_at;

/* 1 ends the walk. Whoever may write in a folder may replace what is in it; files that others keep
 * for themselves it may not read either. */
static int look(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)place;
    if (kind == FTW_SL || kind == FTW_SLN || ++looked_at > LOOKED_AT_MAX)
        return 0;
    if (kind == FTW_NS || kind == FTW_DNR)
        return 1;
    int rights = kind == FTW_D ? R_OK | W_OK | X_OK : R_OK;
    if (S_ISSOCK(st->st_mode))
        return 0;
    return faccessat(AT_FDCWD, path, rights, AT_EACCESS) != 0;
}

/* A folder that is not there is made and given to the user: it must only be able to go there. */
static bool may_go_to(const char *path)
{
    char above[PATH_MAX];
    snprintf(above, sizeof above, "%s", path);
    for (char *slash; (slash = strrchr(above, '/'));) {
        if (slash == above)
            return true;
        *slash = '\0';
        if (faccessat(AT_FDCWD, above, X_OK, AT_EACCESS) == 0)
            return true;
        if (errno != ENOENT)
            return false;
    }
    return true;
}

static bool may_write(const char *path)
{
    struct stat st;
    looked_at = 0;
    if (stat(path, &st))
        return errno == ENOENT && may_go_to(path);
    return nftw(path, look, FOLDERS_OPEN, FTW_PHYS) == 0;
}

static bool may_read(const char *path)
{
    return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 || errno == ENOENT;
}

/* In the child. */
NORETURN static void try_all(const struct account *a, const struct reach *r)
{
    struct why ignored;
    unsigned n = 0;
    if (rights_become(a, 0, &ignored) || rights_drop(0, &ignored))
        _exit(ALL_FINE - 1);
    for (unsigned i = 0; r->read[i]; i++, n++)
        if (!may_read(r->read[i]))
            _exit((int)n);
    for (unsigned i = 0; r->write[i]; i++, n++)
        if (!may_write(r->write[i]))
            _exit((int)n);
    _exit(ALL_FINE);
}

static const char *path_of(const struct reach *r, unsigned number)
{
    unsigned n = 0;
    for (unsigned i = 0; r->read[i]; i++, n++)
        if (n == number)
            return r->read[i];
    for (unsigned i = 0; r->write[i]; i++, n++)
        if (n == number)
            return r->write[i];
    return account_fixed;
}

const char *account_cannot_reach(const struct account *a, const struct reach *r)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        try_all(a, r);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return account_fixed;
    return WEXITSTATUS(status) == ALL_FINE ? NULL : path_of(r, (unsigned)WEXITSTATUS(status));
}

err account_make_folder(const struct account *a, const char *path, unsigned mode, struct why *w)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return ERR_OK;
    err rc = file_make_folder(path, mode, w);
    if (!rc && chown(path, a->uid, a->gid))
        return why_set(w, ERR_RIGHTS, "%s: it cannot be given to %s: %s", path, a->name,
                       strerror(errno));
    return rc;
}
