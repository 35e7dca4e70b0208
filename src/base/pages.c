/* Memory in huge pages (madvise(2), MADV_HUGEPAGE). */
#include "base/pages.h"

#include <sys/mman.h>

static size_t whole(size_t bytes)
{
    return (bytes + PAGES_HUGE_BYTES - 1) & ~(PAGES_HUGE_BYTES - 1);
}

void *pages_alloc(size_t bytes, size_t small)
{
    size_t n = whole(bytes), all = n + PAGES_HUGE_BYTES;
    if (n < bytes || all < n)
        return NULL;
    uint8_t *p = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    /* What stands before and behind the aligned part is given back. */
    size_t before = -(uintptr_t)p & (PAGES_HUGE_BYTES - 1);
    if (before)
        munmap(p, before);
    munmap(p + before + n, all - n - before);
    size_t from = whole(small);
    if (from < n)
        madvise(p + before + from, n - from, MADV_HUGEPAGE); /* a wish: without, all works */
    return p + before;
}

void pages_free(void *p, size_t bytes)
{
    if (p)
        munmap(p, whole(bytes));
}
