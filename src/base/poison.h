/* Marks memory that nobody may touch, so that AddressSanitizer sees use after reset and overruns
 * inside slabs and arenas. Without AddressSanitizer nothing is done. */
#pragma once

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISON_ON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ON 1
#endif
#endif
#ifndef POISON_ON
#define POISON_ON 0
#endif

#if POISON_ON
#include <sanitizer/asan_interface.h>
#endif

/* Bytes left unused behind each piece, to catch overruns. */
#define POISON_GAP ((size_t)(POISON_ON ? 16 : 0))

#if POISON_ON
static inline void poison(const void *p, size_t n)
{
    __asan_poison_memory_region(p, n);
}

static inline void unpoison(const void *p, size_t n)
{
    __asan_unpoison_memory_region(p, n);
}
#else
static inline void poison(const void *p, size_t n)
{
    (void)p, (void)n;
}

static inline void unpoison(const void *p, size_t n)
{
    (void)p, (void)n;
}
#endif
