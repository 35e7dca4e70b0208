/* Compiler attributes and three small macros that every room uses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK  __attribute__((warn_unused_result))
#define PRINTF(n)   __attribute__((format(printf, n, (n) + 1)))
#define VPRINTF(n)  __attribute__((format(printf, n, 0))) /* takes a va_list */
#define NORETURN    __attribute__((noreturn))
#define NOINLINE    __attribute__((noinline))
#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Number of elements of an array (never of a pointer). */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The struct of type T whose member m lies at p. */
#define container_of(p, T, m) ((T *)(void *)((char *)(p)-offsetof(T, m)))
