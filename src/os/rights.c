/* Capabilities by capget(2) and capset(2) themselves: two calls need no library. */
#include "os/rights.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"

#define WORDS _LINUX_CAPABILITY_U32S_3

/* clang-format off */
static const char *const names[] = {
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
    "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
    "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
    "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
    "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
    "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
};
/* clang-format on */

struct sets {
    uint64_t effective, permitted, inheritable;
};

static err get(struct sets *s, struct why *w)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct d[WORDS] = { { 0 } };
    if (syscall(SYS_capget, &head, d))
        return why_set(w, ERR_RIGHTS, "capget: %s", strerror(errno));
    s->effective = d[0].effective | (uint64_t)d[1].effective << 32;
    s->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
    s->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
    return ERR_OK;
}

static err set(uint64_t all, struct why *w)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct d[WORDS] = { { 0 } };
    d[0].effective = d[0].permitted = (uint32_t)all;
    d[1].effective = d[1].permitted = (uint32_t)(all >> 32);
    if (syscall(SYS_capset, &head, d))
        return why_set(w, ERR_RIGHTS, "capset: %s", strerror(errno));
    return ERR_OK;
}

uint64_t rights_now(void)
{
    struct sets s = { 0 };
    return get(&s, NULL) ? 0 : s.effective;
}

const char *rights_text(uint64_t all, char *text, size_t cap)
{
    struct buf b = buf_of(text, cap - 1);
    for (unsigned i = 0; i < COUNT(names); i++) {
        if (all & RIGHT(i))
            buf_printf(&b, "%s%s", b.n ? ", " : "", names[i]);
    }
    if (!b.n)
        buf_cstr(&b, "none");
    text[b.n] = '\0';
    return text;
}

/* The bounding set, ambient ones, and what user 0 is by its number. Where setpcap is missing the
 * first and the last stay: without a permitted capability they are worth nothing. */
static void close_sources(void)
{
    int there;
    for (unsigned long i = 0; (there = prctl(PR_CAPBSET_READ, i, 0, 0, 0)) >= 0; i++)
        if (there)
            prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static err change_user(const struct account *a, struct why *w)
{
    if (a->uid == 0)
        return ERR_OK;
    if (initgroups(a->name, a->gid) && setgroups(1, &a->gid))
        return why_set(w, ERR_RIGHTS, "the groups of %s cannot be had: %s", a->name,
                       strerror(errno));
    if (setresgid(a->gid, a->gid, a->gid) || setresuid(a->uid, a->uid, a->uid))
        return why_set(w, ERR_RIGHTS, "cannot become the user %s: %s", a->name, strerror(errno));
    return ERR_OK;
}

err rights_become(const struct account *a, uint64_t keep, struct why *w)
{
    struct sets s;
    int death = 0; /* the kernel forgets this signal with the user */
    err rc = get(&s, w);
    if (rc)
        return rc;
    prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0);
    close_sources();
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0); /* behind: it is one of the bits set there */
    rc = change_user(a, w);
    if (!rc)
        rc = set(s.permitted & keep, w);
    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, death, 0, 0, 0);
    return rc;
}

err rights_drop(uint64_t keep, struct why *w)
{
    struct sets s;
    int death = 0;
    err rc = get(&s, w);
    if (rc)
        return rc;
    prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0);
    close_sources();
    if (s.permitted & ~keep) /* else there is nothing to give up, and a filter may forbid to */
        rc = set(s.permitted & keep, w);
    prctl(PR_SET_PDEATHSIG, death, 0, 0, 0);
    return rc;
}

err rights_seal(bool cores, struct why *w)
{
    const struct rlimit none = { 0, 0 };
    if (!cores && (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)))
        return why_set(w, ERR_RIGHTS, "core files cannot be forbidden: %s", strerror(errno));
    if (cores)
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* a change of the user has cleared it */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return why_set(w, ERR_RIGHTS, "no_new_privs: %s", strerror(errno));
    return ERR_OK;
}
