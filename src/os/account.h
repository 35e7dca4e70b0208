/* Users of this machine, and what each of them could reach. Boot, one thread. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct account {
    uid_t uid;
    gid_t gid;
    char name[64]; /* "1000" where the system has no name for it */
};

/* False: there is none of that name (a number is taken for an id). */
bool account_find(const char *name, struct account *out);

/* Whose file or folder it is; false: it is not there. */
bool account_of_owner(const char *path, struct account *out);

/* What must be reachable. */
struct reach {
    const char *const
        *read; /* files and folders; NULL ends. One that is not there is passed over */
    const char *const *write; /* folders with all that is in them, NULL ends */
};

/* What account_cannot_reach gives when this process may not become another user at all. */
extern const char account_fixed[];

/* The first path that this user, without any capability, could not use so; NULL: all are fine.
 * Asked in a process of its own: needs root. */
const char *account_cannot_reach(const struct account *a, const struct reach *r);

/* Makes a folder that is not there, and those above it, and gives it to the user. */
MUST_CHECK err account_make_folder(const struct account *a, const char *path, unsigned mode,
                                   struct why *w);
