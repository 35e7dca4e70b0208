/* Which process holds which socket: a walk over all descriptors in /proc. One thread. */
#pragma once

#include "base/err.h"

struct fd_owner {
    uint64_t inode;
    int64_t pid;
};

#define FDWALK_MAX 262144 /* sockets; those beyond are not found */

struct fdwalk {
    struct fd_owner *v; /* sorted by inode */
    unsigned n, cap;
    unsigned closed; /* processes whose descriptors may not be read */
};

/* Walks; what was found before is forgotten. */
void fdwalk_run(struct fdwalk *w);

/* 0: nobody of whom we may know. */
int64_t fdwalk_pid(const struct fdwalk *w, uint64_t inode);
void fdwalk_free(struct fdwalk *w);
