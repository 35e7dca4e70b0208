/* Bugs: conditions that cannot hold unless our own code is wrong. Always on, also in release. */
#pragma once

#include "base/attr.h"

/* Prints file, line, condition and the last trace lines on stderr, then aborts. */
NORETURN void bug_abort(const char *file, int line, const char *condition);

#define BUG_ON(cond)                                                                               \
    do {                                                                                           \
        if (UNLIKELY(cond))                                                                        \
            bug_abort(__FILE__, __LINE__, #cond);                                                  \
    } while (0)

/* malloc, calloc and strdup for boot: they exit with one line when there is no memory. */
void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t n);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
/* The same for what else a machine gives: descriptors, random numbers, what a library makes.
 * Without it the program ends with the line "no WHAT: reason" and status 1. */
void xneed(bool given, const char *what);
void *xpages(size_t n, size_t small); /* pages_alloc of base/pages.h; freed with pages_free */
void *xpages_reserve(size_t n);       /* pages_reserve */

/* Frees what the functions above gave; NULL is accepted. */
void xfree(void *p);
