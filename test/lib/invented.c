/* Sets of values of key fields. Halves of transactions, missing events and other states are fine;
 * a name that nobody sent is not. */
#include "lib/invented.h"

#include <stdio.h>

#include "base/bug.h"
#include "codec/json.h"

struct key {
    const char *field, *group; /* group: both ends may change places in halves */
};

/* clang-format off */
static const struct key keys[] = {
    { "type",                      "type" },
    { "query",                     "query" },
    { "method",                    "method" },
    { "resource",                  "resource" },
    { "dns.id",                    "dns.id" },
    { "dns.op_code",               "dns.op_code" },
    { "dns.question.name",         "dns.question.name" },
    { "dns.question.type",         "dns.question.type" },
    { "dns.response_code",         "dns.response_code" },
    { "http.request.method",       "http.request.method" },
    { "http.response.status_code", "http.response.status_code" },
    { "url.full",                  "url.full" },
    { "url.path",                  "url.path" },
    { "icmp.request.type",         "icmp.type" },
    { "icmp.response.type",        "icmp.type" },
    { "source.ip",                 "ip" },
    { "destination.ip",            "ip" },
    { "source.port",               "port" },
    { "destination.port",          "port" },
};
/* clang-format on */
#define ENDS 4 /* rows at the end that tell who talked */

struct invented {
    struct chunk_pool pool;
    struct arena mem;
    struct lines values; /* "group=value", sorted */
    bool is_noted;       /* the event under test has an error.message */
};

/* The line with "\\u0000" made "\\u0001": the reader refuses texts that C cannot hold. */
static struct slice without_nul(struct arena *mem, const char *line)
{
    struct slice copy = arena_dup(mem, slice_cstr(line));
    for (size_t i = 0; i + 6 <= copy.n; i++)
        if (memcmp(copy.p + i, "\\u0000", 6) == 0)
            ((uint8_t *)(uintptr_t)copy.p)[i + 5] = '1';
    return copy;
}

typedef bool use_entry(void *ctx, struct slice entry);

/* "group=value" of one value, or of each item of a list, until use returns false. */
static bool each_value(const struct node *v, const char *group, use_entry *use, void *ctx)
{
    char entry[1024];
    if (!v)
        return true;
    if (v->type == NODE_LIST) {
        for (v = v->child; v; v = v->next)
            if (!each_value(v, group, use, ctx))
                return false;
        return true;
    }
    if (!v->text)
        return true;
    int n = snprintf(entry, sizeof entry, "%s=%s", group, v->text);
    return use(ctx, slice_of(entry, (size_t)n < sizeof entry ? (size_t)n : sizeof entry - 1));
}

/* The same for all key fields of the event. */
static bool each_key(struct arena *mem, const char *line, use_entry *use, void *ctx)
{
    struct node *root = NULL;
    struct why why;
    if (json_read(mem, without_nul(mem, line), "event", &root, &why) != ERR_OK) {
        printf("  %s: %.120s\n", why.text, line);
        return false;
    }
    bool good = true;
    /* A flow in a cut tunnel ends at the last header that is there: its addresses are real ones. */
    bool flow = strstr(line, "\"type\":\"flow\"");
    for (unsigned i = 0; i < (flow ? COUNT(keys) - ENDS : COUNT(keys)) && good; i++)
        good = each_value(node_path(root, keys[i].field), keys[i].group, use, ctx);
    arena_reset(mem);
    return good;
}

static bool remember(void *ctx, struct slice entry)
{
    lines_add(&((struct invented *)ctx)->values, entry);
    return true;
}

/* The first remembered entry that is not less. */
static const char *at_least(const struct lines *l, struct slice entry)
{
    size_t low = 0, high = l->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strncmp(l->v[mid], (const char *)entry.p, entry.n) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < l->n ? l->v[low] : "";
}

/* An event that says of itself that something is missing may tell the beginning of a known text,
 * parameters out of a body with a hole, and the four bits of a DNS code that the header has. */
static bool is_known(void *ctx, struct slice entry)
{
    const struct invented *known = ctx;
    if (known->is_noted && slice_starts(entry, SLICE("dns.response_code=")))
        return true;
    ptrdiff_t query = slice_find(entry, '?');
    if (known->is_noted && query >= 0)
        entry.n = (size_t)query;
    const char *near = at_least(&known->values, entry);
    if (strncmp(near, (const char *)entry.p, entry.n) == 0 &&
        (near[entry.n] == '\0' || known->is_noted))
        return true;
    printf("  invented: %.*s\n", (int)(entry.n < 160 ? entry.n : 160), (const char *)entry.p);
    return false;
}

struct invented *invented_new(const struct lines *whole)
{
    struct invented *known = xcalloc(1, sizeof *known);
    known->pool.max_bytes = SIZE_MAX;
    arena_init(&known->mem, &known->pool, 0);
    for (size_t i = 0; i < whole->n; i++)
        each_key(&known->mem, whole->v[i], remember, known);
    lines_sort(&known->values);
    return known;
}

bool invented_any(struct invented *known, const struct lines *events)
{
    for (size_t i = 0; i < events->n; i++) {
        known->is_noted = strstr(events->v[i], "\"error\":{\"message\"");
        if (!each_key(&known->mem, events->v[i], is_known, known))
            return true;
    }
    return false;
}

void invented_free(struct invented *known)
{
    lines_free(&known->values);
    arena_free(&known->mem);
    chunk_pool_free(&known->pool);
    xfree(known);
}
