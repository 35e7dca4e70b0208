/* Registrable domains: libpsl's built-in list behind a small cache. One name takes libpsl several
 * microseconds, because it asks its list about every part; here the answer for a name is made from
 * the remembered one for the name without its first label. */
#include "codec/psl.h"

#include <libpsl.h>

/* No rule of the list has more than five labels, so the answer has at most six. What stands before
 * the last seven labels cannot change it: long names (reverse IPv6 has 34 labels) stay cheap. */
#define LABELS_MAX 7
#define TAIL_MAX   255

#define CACHE_SLOTS 8192
#define CACHE_NAME  56

/* The answer for one name in lower case. n is 0 in an unused slot. */
struct slot {
    uint8_t n, registrable;
    char name[CACHE_NAME];
};

/* Each thread has its own: no sharing, no lock. A name has two places, the one used last first. */
static _Thread_local struct slot cache[CACHE_SLOTS / 2][2];

/* The last labels of a name in lower case, NUL-terminated. */
struct tail {
    char text[TAIL_MAX + 1];
    size_t n;
    unsigned labels;
    uint8_t start[LABELS_MAX]; /* of the last label, of the last two, … */
    uint32_t hash[LABELS_MAX]; /* of the text from there on: only spreads, slots are compared */
};

static size_t find_tail(struct slice name)
{
    size_t at = name.n, dots = 0;
    while (at > 0 && (name.p[at - 1] != '.' || ++dots < LABELS_MAX))
        at--;
    return at;
}

/* False when it is too long or has an empty label. */
static bool read_tail(struct slice name, struct tail *t)
{
    size_t from = find_tail(name);
    uint32_t h = 0;
    t->n = name.n - from;
    t->labels = 0;
    if (t->n > TAIL_MAX || t->n == 0)
        return false;
    t->text[t->n] = '\0';
    uint8_t behind = '.';
    for (size_t i = t->n; i-- > 0;) {
        uint8_t b = ascii_lower(name.p[from + i]);
        if (b == '.' && behind == '.')
            return false;
        bool first = i == 0 || name.p[from + i - 1] == '.';
        h = h * 31 + b;
        t->text[i] = (char)b;
        behind = b;
        if (first && b != '.') {
            t->start[t->labels] = (uint8_t)i;
            t->hash[t->labels++] = h;
        }
    }
    return behind != '.';
}

static struct slot *set_of(uint32_t hash)
{
    hash *= 2654435769u;
    return cache[(hash ^ hash >> 15) % (CACHE_SLOTS / 2)];
}

static bool holds(const struct slot *s, const char *name, size_t n)
{
    return s->n == n && memcmp(s->name, name, n) == 0;
}

/* The slot of the name, or NULL. */
static struct slot *find(struct slot set[2], const char *name, size_t n)
{
    if (holds(&set[0], name, n))
        return &set[0];
    if (!holds(&set[1], name, n))
        return NULL;
    struct slot used = set[1];
    set[1] = set[0];
    set[0] = used;
    return &set[0];
}

static void keep(struct slot set[2], const char *name, size_t n, size_t registrable)
{
    set[1] = set[0];
    set[0].n = (uint8_t)n;
    set[0].registrable = (uint8_t)registrable;
    memcpy(set[0].name, name, n);
}

/* Length of the registrable part of the last labels (that many and one): one label more than the
 * longest public suffix. A name with none, which is a public suffix itself, has 0. */
static size_t registrable(const struct tail *t, unsigned label)
{
    const char *name = t->text + t->start[label];
    size_t n = t->n - t->start[label], got = 0;
    struct slot *set = set_of(t->hash[label]);
    struct slot *known = n <= CACHE_NAME ? find(set, name, n) : NULL;
    if (known)
        return known->registrable;
    if (!psl_is_public_suffix(psl_builtin(), name) && label > 0) {
        size_t rest = registrable(t, label - 1);
        got = rest ? rest : n;
    }
    if (n <= CACHE_NAME)
        keep(set, name, n, got);
    return got;
}

/* Go's and the browsers' rule: a name with an empty label has no registrable part. */
static bool has_empty_label(struct slice name)
{
    return name.p[0] == '.' || slice_search(name, SLICE("..")) >= 0;
}

struct slice psl_registrable(struct slice name)
{
    struct tail t;
    if (!read_tail(name, &t) || (t.n < name.n && has_empty_label(name)))
        return (struct slice){ NULL, 0 };
    return slice_after(name, name.n - registrable(&t, t.labels - 1));
}
