/* When indices rotate and which ones go. */
#include "store/index_set.h"

#include "store/period.h"

#define GIB (INT64_C(1024) * 1024 * 1024)

const char *const rotation_names[] = { "time", "count", "size", NULL };
const char *const retention_names[] = { "delete", "close", "none", NULL };
const char *const index_state_names[] = { "write", "open", "closed", "deleting", NULL };

void index_set_preset(struct index_set *s)
{
    *s = (struct index_set){ .shards = 1,
                             .writable = true,
                             .rotation = ROTATE_TIME,
                             .period = "P1D",
                             .max_docs = 20000000,
                             .max_bytes = 30 * GIB,
                             .retention = RETAIN_DELETE,
                             .keep_indices = 20 };
}

static bool prefix_ok(const char *p)
{
    size_t n = strlen(p);
    for (size_t i = 0; i < n; i++) {
        bool plain = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9');
        if (!plain && (i == 0 || !strchr("_+-", p[i])))
            return false;
    }
    return n >= 1 && n <= INDEX_PREFIX_MAX;
}

static err check_bounds(const struct index_set *s, struct why *w)
{
    if (s->max_docs < 1)
        return why_set(w, ERR_CONFIG, "max_docs_per_index must be at least 1");
    if (s->max_bytes < 1)
        return why_set(w, ERR_CONFIG, "max_size must be at least 1 byte");
    if (s->keep_indices < 0 || s->keep_age_ms < 0 || s->keep_bytes < 0)
        return why_set(w, ERR_CONFIG, "bounds of the retention cannot be negative (0: no bound)");
    if (s->shards < 1 || s->replicas < 0)
        return why_set(w, ERR_CONFIG, "shards must be at least 1, replicas at least 0");
    return ERR_OK;
}

err index_set_check(const struct index_set *s, struct why *w)
{
    struct period p;
    if (!slice_trim(slice_cstr(s->title)).n)
        return why_set(w, ERR_CONFIG, "an index set needs a title");
    if (!prefix_ok(s->prefix))
        return why_set(w, ERR_CONFIG,
                       "\"%s\" is no index prefix: small letters, digits, and after the first of "
                       "them _ + - (1 to %d)",
                       s->prefix, INDEX_PREFIX_MAX);
    if (!period_read(slice_cstr(s->period), &p))
        return why_set(w, ERR_CONFIG, "\"%s\" is no period such as P1D, PT6H or P2W", s->period);
    return check_bounds(s, w);
}

bool index_prefixes_clash(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    return strncmp(a, b, n < m ? n : m) == 0;
}

/* ---- rotation */

int64_t rotation_anchor(const struct index_set *s, int64_t now_ms)
{
    struct period p;
    if (s->rotation != ROTATE_TIME || !period_read(slice_cstr(s->period), &p))
        return now_ms;
    return period_anchor(&p, now_ms);
}

static bool time_is_due(const struct index_set *s, const struct index_row *current,
                        bool has_messages, int64_t now_ms, int64_t *anchor_ms)
{
    struct period p;
    if (!period_read(slice_cstr(s->period), &p) || (!has_messages && !s->rotate_empty))
        return false;
    *anchor_ms = period_latest(&p, current->anchor_ms, now_ms);
    return *anchor_ms > current->anchor_ms;
}

bool rotation_is_due(const struct index_set *s, const struct index_row *current, bool has_messages,
                     int64_t now_ms, int64_t *anchor_ms)
{
    *anchor_ms = now_ms;
    switch (s->rotation) {
    case ROTATE_COUNT:
        return current->docs >= s->max_docs;
    case ROTATE_SIZE:
        return current->bytes >= s->max_bytes;
    default:
        return time_is_due(s, current, has_messages, now_ms, anchor_ms);
    }
}

/* ---- retention */

static bool counts(const struct index_row *i)
{
    return i->state == INDEX_WRITE || i->state == INDEX_OPEN;
}

/* The age of an index is that of its latest message; an empty one is as old as its making. */
static bool is_old(const struct index_set *s, const struct index_row *i, int64_t now_ms)
{
    int64_t last_ms = i->docs ? i->to_ms : i->created_ms;
    return s->keep_age_ms && now_ms - last_ms > s->keep_age_ms;
}

unsigned retention_excess(const struct index_set *s, const struct index_row *v, unsigned n,
                          int64_t now_ms)
{
    int64_t open = 0, bytes = 0, excess = 0;
    if (s->retention == RETAIN_NONE)
        return 0;
    for (unsigned i = 0; i < n; i++) {
        open += counts(&v[i]);
        bytes += counts(&v[i]) ? v[i].bytes : 0;
    }
    for (unsigned i = 0; i < n; i++) {
        if (v[i].state != INDEX_OPEN)
            continue;
        bool over = (s->keep_indices && open > s->keep_indices) ||
                    (s->keep_bytes && bytes > s->keep_bytes) || is_old(s, &v[i], now_ms);
        if (!over)
            break;
        open--;
        bytes -= v[i].bytes;
        excess++;
    }
    return (unsigned)excess;
}
