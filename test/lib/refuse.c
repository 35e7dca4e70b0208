/* Linked around a unit test with --wrap (test/torture/refuse): one call at one place of the program
 * is refused, all else goes through. A place is a function and the addresses it was called from.
 * REFUSE_LIST=FILE: writes the places that were reached. REFUSE=PLACE: that one is refused, the
 * first time; REFUSE_FROM=N: the N-th; REFUSE_ALL=1: that one and all later; REFUSE_HALF=1: a read
 * or write there moves half of the bytes instead. REFUSE_DEPTH: how many callers tell places
 * apart. All wrappers are weak: a test's own stands before them. */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"

#define DEPTH_MAX  12
#define PLACES_MAX 65536
#define WEAK       __attribute__((weak, no_sanitize("address", "undefined")))
#define PLAIN      __attribute__((no_sanitize("address", "undefined")))

extern char __executable_start, etext;

struct place {
    uint64_t id;
    const char *name;
    unsigned depth;
    uint32_t at[DEPTH_MAX];
};

static struct {
    bool read, all, half, done;
    unsigned depth, from;
    uint64_t id, hits;
    const char *list;
} plan;

static struct place place[PLACES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned n_places;
static __thread bool inside;
static __thread uintptr_t top;

static unsigned long number(const char *name, int base, unsigned long otherwise)
{
    const char *s = getenv(name);
    return s ? strtoul(s, NULL, base) : otherwise;
}

PLAIN static void write_places(void)
{
    FILE *f = plan.list ? fopen(plan.list, "we") : NULL;
    for (unsigned i = 0; f && i < n_places; i++) {
        fprintf(f, "%016llx %s", (unsigned long long)place[i].id, place[i].name);
        for (unsigned d = 0; d < place[i].depth; d++)
            fprintf(f, " %x", place[i].at[d]);
        fputc('\n', f);
    }
    if (f)
        fclose(f);
}

static pid_t whose;

__attribute__((destructor)) static void at_end(void)
{
    if (plan.list && getpid() == whose)
        write_places();
}

__attribute__((constructor)) static void at_start(void)
{
    whose = getpid();
    plan.list = getenv("REFUSE_LIST");
    plan.id = number("REFUSE", 16, 0);
    plan.all = number("REFUSE_ALL", 10, 0) > 0;
    plan.half = number("REFUSE_HALF", 10, 0) > 0;
    plan.from = (unsigned)number("REFUSE_FROM", 10, 1);
    plan.depth = (unsigned)number("REFUSE_DEPTH", 10, 3);
    if (plan.depth > DEPTH_MAX)
        plan.depth = DEPTH_MAX;
    plan.read = true;
}

static uintptr_t stack_top(void)
{
    pthread_attr_t a;
    void *low = NULL;
    size_t n = 0;
    if (!top && !pthread_getattr_np(pthread_self(), &a)) {
        pthread_attr_getstack(&a, &low, &n);
        pthread_attr_destroy(&a);
        top = (uintptr_t)low + n;
    }
    return top;
}

PLAIN static unsigned callers(uint32_t at[DEPTH_MAX], const uintptr_t *frame, unsigned max)
{
    unsigned n = 0;
    uintptr_t end = stack_top();
    while (n < max) {
        uintptr_t from = frame[1], next = frame[0];
        if (from < (uintptr_t)&__executable_start || from >= (uintptr_t)&etext)
            break;
        at[n++] = (uint32_t)(from - (uintptr_t)&__executable_start);
        if (next <= (uintptr_t)frame || next + 16 > end || next & 7)
            break;
        frame = (const uintptr_t *)next; /* NOLINT */
    }
    return n;
}

PLAIN static void remember(uint64_t id, const char *name, const uint32_t *at, unsigned n)
{
    pthread_mutex_lock(&lock);
    unsigned i = 0;
    while (i < n_places && place[i].id != id)
        i++;
    if (i == n_places && i < PLACES_MAX) {
        place[i] = (struct place){ .id = id, .name = name, .depth = n };
        memcpy(place[i].at, at, n * sizeof *at);
        n_places++;
    }
    pthread_mutex_unlock(&lock);
}

PLAIN static void say(const char *name, const uintptr_t *frame)
{
    uint32_t at[DEPTH_MAX];
    char text[512];
    unsigned n = callers(at, frame, DEPTH_MAX);
    int used = snprintf(text, sizeof text, "refused %s", name);
    for (unsigned i = 0; i < n; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, " %x", at[i]);
    text[used++] = '\n';
    (void)!syscall(SYS_write, STDERR_FILENO, text, (size_t)used);
}

PLAIN static bool refuse(const char *name, const uintptr_t *frame)
{
    uint32_t at[DEPTH_MAX];
    if (!plan.read || inside || (!plan.list && (!plan.id || (plan.done && !plan.all))))
        return false;
    inside = true;
    unsigned n = callers(at, frame, plan.depth);
    uint64_t id = 14695981039346656037U;
    for (const char *c = name; *c; c++)
        id = (id ^ (uint8_t)*c) * 1099511628211U;
    for (unsigned i = 0; i < n; i++)
        id = (id ^ at[i]) * 1099511628211U;
    if (plan.list)
        remember(id, name, at, n);
    bool yes = id == plan.id && __atomic_add_fetch(&plan.hits, 1, __ATOMIC_RELAXED) >= plan.from;
    bool first = yes && !__atomic_exchange_n(&plan.done, true, __ATOMIC_RELAXED);
    if (first)
        say(name, frame);
    inside = false;
    return first || (yes && plan.all);
}

#define FRAME ((const uintptr_t *)__builtin_frame_address(0))

/* Words in, one out: pointers and numbers alike (System V, x86-64). */
#define CALL(name, failure, number)                                                                \
    long __real_##name(long a, long b, long c, long d, long e, long f);                            \
    long __wrap_##name(long a, long b, long c, long d, long e, long f);                            \
    WEAK long __wrap_##name(long a, long b, long c, long d, long e, long f)                        \
    {                                                                                              \
        if (!plan.half && refuse(#name, FRAME)) {                                                  \
            errno = number;                                                                        \
            return failure;                                                                        \
        }                                                                                          \
        return __real_##name(a, b, c, d, e, f);                                                    \
    }
#define MOVE(name, failure, number)                                                                \
    long __real_##name(long a, long b, long c, long d, long e, long f);                            \
    long __wrap_##name(long a, long b, long c, long d, long e, long f);                            \
    WEAK long __wrap_##name(long a, long b, long c, long d, long e, long f)                        \
    {                                                                                              \
        if ((!plan.half || c > 8) && refuse(#name, FRAME)) {                                       \
            if (plan.half)                                                                         \
                return __real_##name(a, b, c / 2, d, e, f);                                        \
            errno = number;                                                                        \
            return failure;                                                                        \
        }                                                                                          \
        return __real_##name(a, b, c, d, e, f);                                                    \
    }
#define ARENA(name)                                                                                \
    void *__real_##name(struct arena *a, size_t n);                                                \
    void *__wrap_##name(struct arena *a, size_t n);                                                \
    WEAK void *__wrap_##name(struct arena *a, size_t n)                                            \
    {                                                                                              \
        if (plan.half || !refuse(#name, FRAME))                                                    \
            return __real_##name(a, n);                                                            \
        a->full = true;                                                                            \
        return NULL;                                                                               \
    }
#define ARENA_SLICE(name)                                                                          \
    struct slice __real_##name(struct arena *a, struct slice s);                                   \
    struct slice __wrap_##name(struct arena *a, struct slice s);                                   \
    WEAK struct slice __wrap_##name(struct arena *a, struct slice s)                               \
    {                                                                                              \
        if (plan.half || !refuse(#name, FRAME))                                                    \
            return __real_##name(a, s);                                                            \
        a->full = true;                                                                            \
        return slice_of(NULL, 0);                                                                  \
    }
#include "lib/refuse.def"
