/* Values that stand in the configuration (`fields`, add_fields), ready to be set in events. */
#pragma once

#include "pipe/ref.h"

struct literal {
    struct ref to;
    struct value v; /* its memory is the configuration's */
};

struct literals {
    struct literal *v;
    unsigned n, cap;
};

/* Boot: one value, a list or a map as it stands in the configuration. */
MUST_CHECK err literal_of(const struct node *n, const struct loading *l, struct value *out);

/* Boot, before schema_freeze: all values below `map` (NULL: none) under the name `target` ("": at
 * the root), added to *out. Nulls are left out. */
MUST_CHECK err literals_add(const struct node *map, const char *target, const struct loading *l,
                            struct literals *out);

/* Sets them all, in order; false when one could not be set (the others are). */
bool literals_set(const struct literals *l, struct event *e);

/* Called for each scalar or list of a configuration map with its whole dotted name. */
typedef err leaf_taker(void *ctx, const char *name, const struct node *leaf,
                       const struct loading *l);
MUST_CHECK err leaves_each(const struct node *map, const char *above, const struct loading *l,
                           leaf_taker *take, void *ctx);

/* "above.key" (or key alone), living in l->mem; NULL and a message when there is no memory. */
const char *name_join(const char *above, const char *key, const struct loading *l);
