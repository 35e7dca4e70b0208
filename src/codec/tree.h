/* A value read from YAML or JSON, with the place where it stood: what configuration, packs and
 * vectors are read into. Not for the hot path. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum node_type { NODE_NULL, NODE_BOOL, NODE_INT, NODE_DOUBLE, NODE_STR, NODE_LIST, NODE_MAP };

/* Owned by the arena it was read into; NUL-terminated texts live as long. */
struct node {
    enum node_type type;
    bool quoted;      /* a string that was written in quotes: never a number or bool */
    const char *key;  /* name inside a map, else NULL */
    const char *text; /* the scalar as written (all scalar types), else NULL */
    union {
        bool b;
        int64_t i;
        double d;
    };
    struct node *child, *next; /* first child of a list or map; next sibling, in order */
    struct node *last;         /* last child */
    const char *file;          /* where it was read from: a path or "command line" */
    unsigned line, col;        /* from 1; 0 unknown */
};

/* A new node in a; NULL when out of memory budget. */
struct node *node_new(struct arena *a, enum node_type type);

/* Appends child to a list or map. */
void node_append(struct node *parent, struct node *child);

/* Child of a map by its exact key, or NULL (also when n is NULL or no map). */
struct node *node_get(const struct node *n, const char *key);

/* Descends a dotted path ("output.file.path"); list items by number. NULL when not there. */
struct node *node_path(const struct node *n, const char *dotted);

/* "file:line:col" of n into out, for messages. Returns out. */
const char *node_where(const struct node *n, char *out, size_t cap);
