/* The store of the output of that name, for those who ask it. */
#pragma once

#include "pipe/pipe.h"
#include "store/store.h"

extern const struct output output_store;

/* conf: of output_store, before it is opened: for views alone. */
void output_store_read_only(void *conf);

/* ctx: of output_store, open. */
struct store *output_store_of(void *ctx);
