/* The end of a program whose own code is wrong, or that has no memory at boot. */
#include "base/bug.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "base/trace.h"

void bug_abort(const char *file, int line, const char *condition)
{
    fprintf(stderr, "bug: %s:%d: %s\n", file, line, condition);
    trace_dump();
    abort();
}

static void *must_have(void *p, size_t n)
{
    if (UNLIKELY(!p)) {
        fprintf(stderr, "out of memory: %zu bytes were refused\n", n);
        exit(1);
    }
    return p;
}

void xneed(bool given, const char *what)
{
    if (UNLIKELY(!given)) {
        fprintf(stderr, "no %s: %s\n", what, strerror(errno ? errno : ENOMEM));
        exit(1);
    }
}

void *xmalloc(size_t n)
{
    return must_have(malloc(n ? n : 1), n);
}

void *xcalloc(size_t count, size_t n)
{
    return must_have(calloc(count ? count : 1, n ? n : 1), n);
}

void *xrealloc(void *p, size_t n)
{
    return must_have(realloc(p, n ? n : 1), n);
}

void *xpages(size_t n, size_t small)
{
    return must_have(pages_alloc(n, small), n);
}

void *xpages_reserve(size_t n)
{
    return must_have(pages_reserve(n), n);
}

char *xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(xmalloc(n), s, n);
}

void xfree(void *p)
{
    free(p);
}
