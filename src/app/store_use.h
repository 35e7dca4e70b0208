/* The store of the configuration, for commands, while no server runs. */
#pragma once

#include "app/start.h"
#include "store/store.h"

struct store_use {
    struct start start;
    bool loaded;
    void *ctx; /* of output_store */
    struct store *store;
};

/* Loads the configuration; without a file, that of the usual folders. */
MUST_CHECK err store_use_load(struct store_use *u, const struct args *a, struct why *w);

/* Opens the store behind it; its log goes to standard error, warnings only. */
MUST_CHECK err store_use_open(struct store_use *u, const struct args *a, struct why *w);
/* The same for reading alone, beside others who do. Nobody else may have it when very much is in
 * the journal and in no file, or when there is no store yet. */
MUST_CHECK err store_use_open_read(struct store_use *u, const struct args *a, struct why *w);
void store_use_end(struct store_use *u);
