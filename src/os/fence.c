/* Landlock by its three system calls; libc has no functions for them. The layouts and rights are
 * those of the kernel's linux/landlock.h as of version 6: the header here may be older. */
#include "os/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset /* the same numbers on every architecture */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

#define GIVE_VERSION  1U
#define RULE_PATH     1
#define RULE_PORT     2
#define NET_BIND      UINT64_C(1)
#define SCOPE_ALL     UINT64_C(3) /* abstract unix sockets, signals */
#define ABI_REFER     2
#define ABI_TRUNCATE  3
#define ABI_NET       4
#define ABI_IOCTL_DEV 5
#define ABI_SCOPE     6

enum {
    EXECUTE = 1,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_CHAR = 1 << 6,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    MAKE_FIFO = 1 << 10,
    MAKE_BLOCK = 1 << 11,
    MAKE_SYM = 1 << 12,
    REFER = 1 << 13,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
    OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
    OF_ALL = (1 << 16) - 1,
};

struct ruleset_attr {
    uint64_t fs, net, scoped;
};

struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

struct port_rule {
    uint64_t allowed, port;
};

unsigned fence_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, GIVE_VERSION);
    return abi > 0 ? (unsigned)abi : 0;
}

/* Rights that this kernel knows. */
static uint64_t known(unsigned abi)
{
    uint64_t all = OF_ALL;
    if (abi < ABI_REFER)
        all &= ~(uint64_t)REFER;
    if (abi < ABI_TRUNCATE)
        all &= ~(uint64_t)TRUNCATE;
    if (abi < ABI_IOCTL_DEV)
        all &= ~(uint64_t)IOCTL_DEV;
    return all;
}

err fence_open(struct fence *f, struct why *w)
{
    struct ruleset_attr attr = { 0 };
    size_t n = sizeof attr.fs;
    *f = (struct fence){ .fd = -1, .abi = fence_abi() };
    if (!f->abi)
        return why_set(w, ERR_UNSUPPORTED, "the kernel has no Landlock");
    attr.fs = known(f->abi);
    attr.net = NET_BIND;
    attr.scoped = SCOPE_ALL;
    if (f->abi >= ABI_NET)
        n = f->abi >= ABI_SCOPE ? sizeof attr : offsetof(struct ruleset_attr, scoped);
    f->fd = (int)syscall(SYS_landlock_create_ruleset, &attr, n, 0);
    return f->fd >= 0 ? ERR_OK : why_set(w, ERR_RIGHTS, "Landlock: %s", strerror(errno));
}

err fence_allow(struct fence *f, const char *path, enum fence_right right, struct why *w)
{
    struct stat st;
    const uint64_t read = READ_FILE | READ_DIR;
    struct path_rule rule = { .parent = open(path, O_PATH | O_CLOEXEC) };
    if (rule.parent < 0 || fstat(rule.parent, &st)) {
        if (rule.parent >= 0)
            close(rule.parent);
        return ERR_OK;
    }
    rule.allowed = right == FENCE_READ ? read : known(f->abi) & ~(uint64_t)EXECUTE;
    rule.allowed &= ~(uint64_t)(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV);
    if (!S_ISDIR(st.st_mode))
        rule.allowed &= OF_FILES;
    long rc = syscall(SYS_landlock_add_rule, f->fd, RULE_PATH, &rule, 0);
    int code = errno;
    close(rule.parent);
    return rc == 0 ? ERR_OK : why_set(w, ERR_RIGHTS, "Landlock: %s: %s", path, strerror(code));
}

err fence_allow_port(struct fence *f, unsigned port, struct why *w)
{
    const struct port_rule rule = { NET_BIND, port };
    if (f->abi < ABI_NET || syscall(SYS_landlock_add_rule, f->fd, RULE_PORT, &rule, 0) == 0)
        return ERR_OK;
    return why_set(w, ERR_RIGHTS, "Landlock: port %u: %s", port, strerror(errno));
}

err fence_close(struct fence *f, struct why *w)
{
    long rc = syscall(SYS_landlock_restrict_self, f->fd, 0);
    int code = errno;
    fence_drop(f);
    return rc == 0 ? ERR_OK : why_set(w, ERR_RIGHTS, "Landlock: %s", strerror(code));
}

void fence_drop(struct fence *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}
