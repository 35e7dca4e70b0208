/* A tree of settings as YAML with sorted keys. */
#pragma once

#include <stdio.h>

#include "codec/tree.h"

struct dump_conf {
    bool as_exported; /* references without their defaults, as Beats exports them */
    /* Masks a value: true for the dotted path of a secret. NULL: nothing is masked. */
    bool (*is_secret)(const char *path);
};

void dump_tree(FILE *out, const struct node *root, const struct dump_conf *conf);
