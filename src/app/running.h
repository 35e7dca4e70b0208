/* The server that runs on a data folder of this machine, as it tells over its socket there. Blocks;
 * one thread. */
#pragma once

#include "app/args.h"
#include "app/config.h"

#define RUNNING_INSTALLED "/var/lib/wirelume" /* what `up` works with where it may */

struct running {
    const char *folder;
    const struct node *health; /* of /api/v1/health */
};

/* The one of c->paths.data; where a names no folder, and none runs there, the installed one. Memory
 * from c->mem. ERR_MISSING: none runs. */
MUST_CHECK err running_find(struct running *out, const struct args *a, struct config *c,
                            struct why *w);

/* Where it takes events of Beats: "127.0.0.1:5044", in mem. ERR_MISSING, ERR_UNSUPPORTED: it does
 * not, or only by TLS. */
MUST_CHECK err running_beats(const struct running *r, struct arena *mem, const char **out,
                             struct why *w);
