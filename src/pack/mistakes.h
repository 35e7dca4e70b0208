/* What is wrong with a pack: all of it, each as one line for a person. */
#pragma once

#include "codec/tree.h"

#define MISTAKES_MAX 64

/* One thread. Lines beyond MISTAKES_MAX are only counted. */
struct mistakes {
    struct arena *mem; /* holds the lines */
    const char *v[MISTAKES_MAX];
    unsigned n; /* may be more than MISTAKES_MAX */
};

/* Where a text stands. */
struct place {
    const char *file;
    unsigned line, col; /* from 1; 0: only the file is meant */
};

static inline struct place place_of(const struct node *n)
{
    return (struct place){ n->file, n->line, n->col };
}

/* Adds "file:line:column: …": what, and how to mend it. */
void mistake_add(struct mistakes *m, struct place at, const char *fmt, ...) PRINTF(3);

/* Adds a line that says all of this already. Control characters in it become \xNN. */
void mistake_line(struct mistakes *m, const char *line);
