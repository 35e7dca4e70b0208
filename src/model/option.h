/* Configuration tables: one row an option; loading, validation, documentation and the example file
 * are made from the rows. */
#pragma once

#include "base/err.h"
#include "codec/tree.h"

enum option_type {
    OPT_BOOL,     /* bool */
    OPT_INT,      /* int64_t, min..max */
    OPT_DURATION, /* int64_t ns; Go syntax ("1h30m"), a bare number is seconds */
    OPT_SIZE,     /* int64_t bytes: 10485760, 10KiB, 10MB */
    OPT_TEXT,     /* const char *; NULL when absent and no default */
    OPT_SECRET,   /* const char *, masked wherever it is shown */
    OPT_TEXTS,    /* struct texts; one scalar is a list of one */
    OPT_PORTS,    /* struct ports */
    OPT_ENUM,     /* int: index into `names` */
    OPT_NODE,     /* const struct node *: a subtree that the owner reads itself */
};

enum option_flag {
    OPT_RELOAD = 1,   /* takes effect on SIGHUP */
    OPT_REQUIRED = 2, /* must be given */
    OPT_INERT = 4,    /* accepted for compatibility, has no effect (yet): said once at start */
    OPT_MASKED = 8,   /* never shown, as OPT_SECRET */
};

struct texts {
    const char **v;
    unsigned n;
};

#define PORTS_MAX 128
struct ports {
    uint16_t v[PORTS_MAX];
    unsigned n;
};

struct option {
    const char *key; /* dotted below the table's own section; NULL ends a table */
    enum option_type type;
    size_t offset;            /* of the member in the owner struct */
    const char *value;        /* default as the user types it; NULL: none (zero) */
    int64_t min, max;         /* both 0: no bounds */
    unsigned flags;           /* enum option_flag */
    const char *const *names; /* OPT_ENUM: NULL-terminated */
    const char *doc;          /* one sentence, with the unit */
};

/* OPT(struct_name, member, TYPE, "key", "default", min, max, flags, "doc") */
#define OPT(owner, member, type, key, value, min, max, flags, doc)                                 \
    {                                                                                              \
        key, OPT_##type, offsetof(struct owner, member), value, min, max, flags, NULL, doc         \
    }
#define OPT_NAMES(owner, member, key, value, names, flags, doc)                                    \
    {                                                                                              \
        key, OPT_ENUM, offsetof(struct owner, member), value, 0, 0, flags, names, doc              \
    }

/* Where a table is being loaded: for messages and memory. */
struct loading {
    const char *prefix; /* full path of the section ("packetbeat.flows"); "" at the root */
    struct arena *mem;  /* texts and lists live in it */
    struct why *why;    /* filled on failure */
};

/* Fills `conf` (the owner struct) from `section` (a map with dotted keys already nested; NULL: only
 * defaults). Values are converted as Beats does (number strings to numbers, "true" to bool, a
 * scalar to a list of one). Keys that no row names are left alone: see option_unknown. On failure
 * the why names file:line:column, the full path and the mend. */
MUST_CHECK err option_load(const struct option *table, const struct node *section, void *conf,
                           const struct loading *l);

/* The first key of `section` that no row of the tables (NULL-terminated list) names, from *after
 * on; NULL when there is none. `nearest` gets the closest known key or NULL. */
const struct node *option_unknown(const struct option *const *tables, const struct node *section,
                                  const struct node *after, const char **nearest);

/* Parsers that other rooms need too. */
bool duration_parse(struct slice text, int64_t *ns); /* Go syntax or bare seconds */
bool size_parse(struct slice text, int64_t *bytes);

/* The name of `names` (NULL-terminated) with the smallest edit distance to key, when it is near
 * enough to be a likely misspelling; else NULL. */
const char *nearest_name(const char *key, const char *const *names, size_t n);
