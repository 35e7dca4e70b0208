/* Lookup tables as rules see them (graylog.md 4.4): a key gives a single and a multi value. A table
 * never changes once it is made, but for the keys that an adapter with `change` keeps; any number
 * of threads may ask it. */
#pragma once

#include <stdatomic.h>

#include "pack/mistakes.h"
#include "pack/value.h"

/* What a key gives. K_NULL: it has none of that kind. */
struct lookup_answer {
    struct rule_value single, multi, list;
    bool failed; /* the adapter failed: no default of the table serves, only that of the call */
};

struct lookup_entry {
    struct rule_value key; /* compares by type and value */
    struct rule_value single, multi, list;
    bool failed;
};

enum lookup_change_kind {
    LOOKUP_SET,         /* value becomes the single value */
    LOOKUP_SET_LIST,    /* value, a list of texts, becomes the list */
    LOOKUP_ADD_LIST,    /* texts are appended; duplicates: also those that are there */
    LOOKUP_REMOVE_LIST, /* texts are taken out of the list */
    LOOKUP_CLEAR,       /* the key goes */
    LOOKUP_TTL,         /* the key goes after ttl_s */
};

/* What a rule wants changed. */
struct lookup_change {
    enum lookup_change_kind kind;
    const struct rule_value *key;   /* never K_NULL */
    const struct rule_value *value; /* NULL for LOOKUP_CLEAR and LOOKUP_TTL */
    int64_t now_ms;                 /* since 1970 UTC */
    int64_t ttl_s;                  /* 0: for ever; of LOOKUP_SET, LOOKUP_SET_LIST, LOOKUP_TTL */
    bool duplicates;
};

/* Where the values of a table come from. */
struct lookup_adapter {
    const char *name; /* as pack.yml calls it */
    /* Fills *out (cleared before) for a key that is not null. now_ms: since 1970 UTC. Values may
     * point into the table's memory or into mem, the message's. */
    void (*ask)(const void *data, const struct rule_value *key, int64_t now_ms, struct arena *mem,
                struct lookup_answer *out);
    /* Makes the change and fills *out with what the key then has; what the change points to must be
     * copied. NULL: rules cannot change such a table. */
    void (*change)(void *data, const struct lookup_change *change, struct arena *mem,
                   struct lookup_answer *out);
    void (*close)(void *data); /* NULL: nothing but memory of the table's arena */
};

/* How often rules asked a table, and how often it had the key or failed. Exact with one thread; of
 * several that ask at once some may be lost. */
struct lookup_count {
    atomic_ullong asked, found, failed;
};

struct lookup_table {
    struct slice name;
    struct lookup_count *count;       /* NULL: nobody counts */
    const struct lookup_entry *entry; /* without an adapter: these, by type and value */
    uint32_t n;                       /* of them, or how many keys the adapter has */
    struct rule_value default_single, default_multi; /* K_NULL: none */
    const struct lookup_adapter *adapter;
    void *data;
    struct slice fixed; /* memory that texts of answers may point to and that lives as the table */
};

/* The table of that name, or NULL. */
const struct lookup_table *lookup_find(const struct lookup_table *t, unsigned n, struct slice name);

/* What the table has for the key at now_ms; without its defaults. Nothing for a null key. */
struct lookup_answer lookup_ask(const struct lookup_table *t, const struct rule_value *key,
                                int64_t now_ms, struct arena *mem);

/* The list that a change of a kind ..._LIST makes of the old one (K_NULL: there was none), in mem;
 * its texts are not copied. K_NULL when mem is out of budget. */
struct rule_value lookup_changed_list(const struct lookup_change *change,
                                      const struct rule_value *old, struct arena *mem);
/* What a scalar, and a map of scalars, of pack.yml means. */
struct rule_value lookup_scalar(const struct node *n);
struct rule_value lookup_members(const struct node *n, struct arena *mem);

void lookup_close(struct lookup_table *t);

/* A table as a pack describes it. Texts must live as long as the table. */
struct lookup_source {
    struct slice name;
    const char *path;           /* of the file, for messages; NULL: the table has nothing in it */
    struct place path_at;       /* where that is written */
    const char *key, *value;    /* names of columns */
    uint8_t separator, quote;   /* of a CSV file */
    bool nocase;                /* keys are compared in small letters, as Java makes them */
    bool cidr;                  /* keys are networks: the longest that has an address wins */
    const struct node *entries; /* of a table in memory: a map */
    uint32_t max_entries;       /* of a table in memory that rules may change; 0: they may not */
};

/* Each makes t, with texts in mem; false when mistakes were found. */
bool lookup_csv(struct lookup_table *t, const struct lookup_source *s, struct slice text,
                struct arena *mem, struct mistakes *wrong);
bool lookup_memory(struct lookup_table *t, const struct lookup_source *s, struct arena *mem,
                   struct mistakes *wrong);
/* fd: of a file in the format of MaxMind that never changes; it may be closed afterwards. */
bool lookup_mmdb(struct lookup_table *t, const struct lookup_source *s, int fd,
                 struct mistakes *wrong);
