/* The configuration as trees: files merged left to right, settings of the command line over them,
 * references replaced. What the settings mean is settings.h's business. */
#pragma once

#include "app/keystore.h"
#include "app/paths.h"
#include "model/option.h"

/* Where a configuration comes from. */
struct config_source {
    struct texts files; /* -c, in order; none: the default file */
    struct texts sets;  /* -E key=value, in order */
    struct paths paths; /* given by flags; NULL members: not given */
    bool strict_perms;
    bool bare; /* no file is read unless one is named */
};

struct config {
    struct arena mem;
    struct paths paths;
    const char *file;      /* the first file read; NULL: none */
    struct node *root;     /* merged; references as written; with path.* */
    struct node *resolved; /* the same with references replaced */
    struct keystore *keystore;
};

/* Reads, merges, resolves. On failure c holds nothing. w names file:line:column and the mend. */
MUST_CHECK err config_load(struct config *c, const struct config_source *source, struct why *w);

/* As far as merging: `export config` shows references as they are written. */
MUST_CHECK err config_read(struct config *c, const struct config_source *source, struct why *w);
void config_free(struct config *c);
