/* Memory in huge pages (madvise(2), MADV_HUGEPAGE). */
#include "base/pages.h"

#include <sys/mman.h>

static size_t whole(size_t bytes)
{
    return (bytes + PAGES_HUGE_BYTES - 1) & ~(PAGES_HUGE_BYTES - 1);
}

/* n whole huge pages, aligned. */
static uint8_t *map(size_t n, int rights)
{
    size_t all = n + PAGES_HUGE_BYTES;
    if (all < n)
        return NULL;
    uint8_t *p = mmap(NULL, all, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    /* What stands before and behind the aligned part is given back. */
    size_t before = -(uintptr_t)p & (PAGES_HUGE_BYTES - 1);
    if (before)
        munmap(p, before);
    munmap(p + before + n, all - n - before);
    return p + before;
}

void *pages_alloc(size_t bytes, size_t small)
{
    size_t n = whole(bytes), from = whole(small);
    uint8_t *p = n < bytes ? NULL : map(n, PROT_READ | PROT_WRITE);
    if (p && from < n)
        madvise(p + from, n - from, MADV_HUGEPAGE); /* a wish: without, all works */
    return p;
}

void *pages_reserve(size_t bytes)
{
    size_t n = whole(bytes);
    return n < bytes ? NULL : map(n, PROT_NONE);
}

bool pages_use(void *p, size_t bytes, bool is_huge)
{
    if (mprotect(p, bytes, PROT_READ | PROT_WRITE) != 0)
        return false;
    if (is_huge)
        madvise(p, bytes, MADV_HUGEPAGE); /* a wish */
    return true;
}

void pages_free(void *p, size_t bytes)
{
    if (p)
        munmap(p, whole(bytes));
}
