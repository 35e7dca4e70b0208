/* Messages out of the store, as the lines they came as. */
#pragma once

#include "store/store.h"

struct store_sink {
    void *ctx;
    /* A message without a line end; valid for the call. False: no more is wanted. */
    bool (*line)(void *ctx, struct slice line);
};

/* All that is durable now of this range, index by index, in the order of intake: once for each
 * index set that a message is in. Any thread. */
MUST_CHECK err store_export(struct store *s, const struct view_range *range,
                            const struct store_sink *sink, struct why *w);
