/* Registrable domains: libpsl's built-in list behind a small cache, because one lookup in it takes
 * about a microsecond and traffic asks for few names often. */
#include "codec/psl.h"

#include <libpsl.h>

/* No rule of the list has more than five labels, so the answer has at most six. What stands before
 * the last seven labels cannot change it: long names (reverse IPv6 has 34 labels) stay cheap. */
#define LABELS_MAX 7
#define TAIL_MAX   255

#define CACHE_SLOTS 8192
#define CACHE_NAME  56

/* The answer for one tail in lower case. n is 0 in an unused slot. */
struct slot {
    uint8_t n, registrable;
    char name[CACHE_NAME];
};

/* Each thread has its own: no sharing, no lock. */
static _Thread_local struct slot cache[CACHE_SLOTS];

/* Go's and the browsers' rule: a name with an empty label has no registrable part. */
static bool has_empty_label(struct slice name)
{
    return name.n == 0 || name.p[0] == '.' || name.p[name.n - 1] == '.' ||
           slice_search(name, SLICE("..")) >= 0;
}

/* The last LABELS_MAX labels. */
static struct slice tail_of(struct slice name)
{
    size_t at = name.n, dots = 0;
    while (at > 0 && (name.p[at - 1] != '.' || ++dots < LABELS_MAX))
        at--;
    return slice_after(name, at);
}

/* FNV-1a over the bytes: only spreads over the slots; a slot is compared whole. */
static struct slot *slot_of(struct slice tail)
{
    uint32_t h = 2166136261;
    for (size_t i = 0; i < tail.n; i++)
        h = (h ^ tail.p[i]) * 16777619;
    return &cache[(h ^ h >> 15) % CACHE_SLOTS];
}

/* Length of the registrable part of a NUL-terminated name in lower case. libpsl answers with a
 * pointer into the name and allocates nothing for ASCII. */
static size_t look_up(const char *name, size_t n)
{
    const char *at = psl_registrable_domain(psl_builtin(), name);
    return at ? n - (size_t)(at - name) : 0;
}

static size_t look_up_cached(const char *name, size_t n)
{
    if (n > CACHE_NAME)
        return look_up(name, n);
    struct slot *s = slot_of(slice_of(name, n));
    if (s->n != n || memcmp(s->name, name, n) != 0) {
        s->registrable = (uint8_t)look_up(name, n);
        s->n = (uint8_t)n;
        memcpy(s->name, name, n);
    }
    return s->registrable;
}

struct slice psl_registrable(struct slice name)
{
    char lower[TAIL_MAX + 1];
    struct slice tail = tail_of(name);
    if (tail.n > TAIL_MAX || has_empty_label(name))
        return (struct slice){ NULL, 0 };
    for (size_t i = 0; i < tail.n; i++)
        lower[i] = (char)ascii_lower(tail.p[i]);
    lower[tail.n] = 0;
    return slice_after(name, name.n - look_up_cached(lower, tail.n));
}
