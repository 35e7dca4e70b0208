/* What a process may do, by all its threads: from /proc/PID/task/TID/status (proc(5)). */
#pragma once

#include "base/arena.h"

struct privileges {
    int64_t uid;      /* effective, of the first thread */
    uint64_t rights;  /* capabilities in effect, of any thread (os/rights.h) */
    bool sealed;      /* no_new_privs, of all */
    bool filtered;    /* seccomp filters, of all */
    unsigned threads; /* that were looked at */
};

/* root: "" or a folder that stands for /. False: there is no such process. a is used meanwhile. */
bool privileges_read(struct privileges *p, int64_t pid, struct arena *a, const char *root);
