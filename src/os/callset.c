/* The filter: callset.def (the broker's own list is here), and here the calls that are allowed with
 * some arguments only. The kernel looks at 32 bits of an int, the filter at all 64 of a register:
 * values are compared under a mask.
 */
#include "os/callset.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"

#define LOW32     UINT64_C(0xffffffff)
#define TYPE_MASK UINT64_C(0xf) /* of socket's second argument: the rest are flags */

#define IS(arg, value) SCMP_CMP((arg), SCMP_CMP_MASKED_EQ, LOW32, (uint64_t)(value))

/* clang-format off */
static const char *const of_all[] = {
#define CALL(name) #name,
#include "os/callset.def"
#undef CALL
};

/* A kind of socket; protocol -1: any. */
static const struct socket_kind {
    enum calls least; /* for this command and those before it in the enum */
    int domain, type, protocol;
} kinds[] = {
    { CALLS_RECEIVER, AF_UNIX,    SOCK_STREAM, -1 },
    { CALLS_RECEIVER, AF_UNIX,    SOCK_DGRAM,  -1 },
    { CALLS_READER,   AF_NETLINK, SOCK_RAW,    NETLINK_ROUTE }, /* getifaddrs */
    { CALLS_READER,   AF_NETLINK, SOCK_DGRAM,  NETLINK_ROUTE },
    { CALLS_SENSOR,   AF_INET,    SOCK_STREAM, -1 },
    { CALLS_SENSOR,   AF_INET,    SOCK_DGRAM,  -1 },
    { CALLS_SENSOR,   AF_INET6,   SOCK_STREAM, -1 },
    { CALLS_SENSOR,   AF_INET6,   SOCK_DGRAM,  -1 },
    { CALLS_SENSOR,   AF_NETLINK, SOCK_RAW,    NETLINK_SOCK_DIAG }, /* whose sockets: procs */
    { CALLS_SENSOR,   AF_NETLINK, SOCK_DGRAM,  NETLINK_SOCK_DIAG },
};

/* Of terminals, descriptors and interfaces: asking alone. */
static const unsigned long ioctls[] = {
    TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX,
    SIOCGIFINDEX, SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGSTAMP,
};

static const int prctls[] = { PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_CAPBSET_READ };
/* clang-format on */

/* The broker reads files and folders, and has one socket. */
static const char *const of_broker[] = {
    "read",       "pread64",       "close",          "fstat",        "fstat64",
    "newfstatat", "fstatat64",     "statx",          "lseek",        "_llseek",
    "fcntl",      "fcntl64",       "readlink",       "readlinkat",   "getdents64",
    "mmap",       "mmap2",         "munmap",         "mremap",       "madvise",
    "brk",        "recvfrom",      "recv",           "sendto",       "send",
    "setsockopt", "clock_gettime", "futex",          "sysinfo",      "getrandom",
    "getpid",     "gettid",        "rt_sigprocmask", "rt_sigreturn", "restart_syscall",
    "exit",       "exit_group",
};

static int add_named(scmp_filter_ctx f, const char *const *names, size_t n)
{
    int rc = 0;
    for (size_t i = 0; i < n && !rc; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        if (number >= 0) /* below: it is another architecture's */
            rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, number, 0);
    }
    return rc;
}

static int add_sockets(scmp_filter_ctx f, enum calls calls)
{
    int rc = 0;
    for (size_t i = 0; i < COUNT(kinds) && !rc; i++) {
        const struct socket_kind *k = &kinds[i];
        if (k->least < calls)
            continue;
        const struct scmp_arg_cmp is[] = {
            IS(0, k->domain),
            SCMP_CMP(1, SCMP_CMP_MASKED_EQ, TYPE_MASK, (uint64_t)k->type),
            IS(2, k->protocol),
        };
        rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), k->protocol < 0 ? 2 : 3,
                                    is);
    }
    return rc;
}

static int add_asking(scmp_filter_ctx f)
{
    int rc = 0;
    for (size_t i = 0; i < COUNT(ioctls) && !rc; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, IS(1, ioctls[i]));
    for (size_t i = 0; i < COUNT(prctls) && !rc; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, IS(0, prctls[i]));
    return rc;
}

/* Threads but no processes: clone3 has its flags in memory, where no filter sees them; libc goes
 * back to clone. Signals and limits of itself alone. */
static int add_own(scmp_filter_ctx f)
{
    const uint64_t thread = CLONE_THREAD | CLONE_VM;
    int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_CMP(0, SCMP_CMP_MASKED_EQ, thread, thread));
    if (!rc)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (!rc)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, IS(0, getpid()));
    if (!rc)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, IS(0, 0));
    return rc;
}

/* Opening for reading alone: its rights reach further than its own files. */
static int add_reading(scmp_filter_ctx f)
{
    const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
    const struct scmp_arg_cmp reads = SCMP_CMP(2, SCMP_CMP_MASKED_EQ, writing, O_RDONLY);
    const struct scmp_arg_cmp diag[] = { IS(0, AF_NETLINK),
                                         SCMP_CMP(1, SCMP_CMP_MASKED_EQ, TYPE_MASK, SOCK_DGRAM),
                                         IS(2, NETLINK_SOCK_DIAG) };
    int rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &reads);
    return rc ? rc : seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3, diag);
}

bool callset_is_there(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

static int load(scmp_filter_ctx f, enum calls calls)
{
    int rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!rc && calls == CALLS_BROKER) {
        rc = add_named(f, of_broker, COUNT(of_broker));
        rc = rc ? rc : add_reading(f);
        return rc ? rc : seccomp_load(f);
    }
    if (!rc)
        rc = add_named(f, of_all, COUNT(of_all));
    if (!rc)
        rc = add_sockets(f, calls);
    if (!rc)
        rc = add_asking(f);
    if (!rc)
        rc = add_own(f);
    return rc ? rc : seccomp_load(f);
}

err callset_close(enum calls calls, struct why *w)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!f)
        return why_set(w, ERR_UNSUPPORTED, "libseccomp cannot begin a filter");
    int rc = load(f, calls);
    seccomp_release(f);
    return rc ? why_set(w, ERR_RIGHTS, "seccomp: %s", strerror(-rc)) : ERR_OK;
}
