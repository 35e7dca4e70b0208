/* ${…} in settings (packetbeat-core.md 2.1): another setting, an environment variable, a key of the
 * keystore, in this order. */
#pragma once

#include "codec/tree.h"

struct keystore;

/* What references are looked up in. `root` is the merged tree; keystore may be NULL. */
struct expansion {
    struct arena *mem;
    const struct node *root;
    const struct keystore *keystore;
    struct why *why;
};

/* A copy of the root in which every ${…} is replaced. A reference that leads nowhere is an error
 * that names its place, except in sections with `enabled: false` and in those that are not read
 * (setup, monitoring, …): there the text stays as it is. */
MUST_CHECK err expand_all(const struct expansion *e, struct node **out);

/* Text for `export config`: the references as Beats prints them, without their defaults. */
const char *expand_as_exported(struct arena *a, const char *text);
