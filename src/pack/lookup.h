/* Lookup tables in memory, as rules see them. */
#pragma once

#include "pack/value.h"

struct lookup_entry {
    struct rule_value key;                 /* compares by type and value */
    struct rule_value single, multi, list; /* K_NULL: it has none of that kind */
    bool failed; /* the lookup of this key is an error: no default of the table serves */
};

struct lookup_table {
    struct slice name;
    const struct lookup_entry *entry;
    uint32_t n;
    struct rule_value default_single, default_multi; /* K_NULL: none */
};

/* The table of that name, or NULL. */
const struct lookup_table *lookup_find(const struct lookup_table *t, unsigned n, struct slice name);

/* The entry, or NULL. */
const struct lookup_entry *lookup_entry_of(const struct lookup_table *t,
                                           const struct rule_value *key);
