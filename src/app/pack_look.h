/* What the commands about packs share: which packs there are, and one of them loaded. */
#pragma once

#include <stdio.h>

#include "app/packs.h"

struct pack_look {
    struct config config;
    struct packs_conf conf;
    struct arena mem;
    struct mistakes wrong, doubts; /* of the last one loaded */
};

MUST_CHECK err pack_look_open(struct pack_look *k, const struct args *a, struct why *w);
void pack_look_close(struct pack_look *k);

/* One pack by its name or folder; NULL with what is wrong in k->wrong. The caller drops it. */
struct packs *pack_look_load(struct pack_look *k, const char *name);

/* A line each with `before` in front of it, the first ones of many. */
void pack_look_mistakes(FILE *out, const char *before, const struct mistakes *m);
