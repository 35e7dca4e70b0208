/* A part of this program that runs in a process of its own, with other rights: reached by a socket.
 * Boot, before any thread. */
#pragma once

#include <sys/types.h>

#include "os/callset.h"

struct aside_conf {
    const char *name;    /* as ps shows it */
    void (*run)(int fd); /* until the other end is closed */
    bool closed;         /* what follows is given up; else it has all rights of this one */
    uint64_t rights;     /* os/rights.h: kept at most */
    enum calls calls;
};

struct aside {
    int fd; /* SOCK_SEQPACKET */
    pid_t pid;
};

/* Files that are open here are not open there. ERR_RIGHTS: the system refused to close it, and
 * nothing runs. Signals of a terminal do not end it: it ends when fd is closed, also by the end of
 * this process. */
MUST_CHECK err aside_open(struct aside *out, const struct aside_conf *conf, struct why *w);
