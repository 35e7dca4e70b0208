/* The board: agents, the newest message, notes. */
#include "pipe/board.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/bug.h"

#define PART_MS   INT64_C(10000)
#define LOOKED_AT 256 /* fields of a message; of more, it makes an index */

struct board {
    pthread_mutex_t writing; /* guards all but latest_ms */
    struct board_agent agent[BOARD_AGENTS];
    unsigned n, last; /* last: the agent of the message before, which is often that of the next */
    char note[BOARD_NOTES][768];
    _Atomic int64_t latest_ms;
};

struct board *board_new(void)
{
    struct board *b = xcalloc(1, sizeof *b);
    pthread_mutex_init(&b->writing, NULL);
    return b;
}

void board_free(struct board *b)
{
    if (!b)
        return;
    pthread_mutex_destroy(&b->writing);
    xfree(b);
}

/* ---- agents */

struct name {
    struct slice text;
    uint32_t hash;
    unsigned at; /* where it was last */
};

/* Names that an agent's id, name and version have: after the pack, and as inputs give them. */
#define NAMES 4
static struct name ids[NAMES] = { { SLICE("event_observer_uid"), 0, 0 },
                                  { SLICE("packetbeat_agent_id"), 0, 0 },
                                  { SLICE("beats_agent_id"), 0, 0 },
                                  { SLICE("agent_id"), 0, 0 } };
static struct name names[NAMES] = { { SLICE("event_reporter"), 0, 0 },
                                    { SLICE("packetbeat_agent_name"), 0, 0 },
                                    { SLICE("beats_agent_name"), 0, 0 },
                                    { SLICE("agent_name"), 0, 0 } };
static struct name versions[NAMES] = { { SLICE("vendor_version"), 0, 0 },
                                       { SLICE("packetbeat_agent_version"), 0, 0 },
                                       { SLICE("beats_agent_version"), 0, 0 },
                                       { SLICE("agent_version"), 0, 0 } };

static bool is_field(const struct message *m, unsigned at, const struct name *name)
{
    return at < m->n && m->f[at].hash == name->hash && slice_eq(m->f[at].name, name->text);
}

/* By its place in the message before, else by looking at all: asked by name, a message makes an
 * index, which costs several times as much. */
static const struct value *value_of(const struct message *m, struct name *name)
{
    if (!name->hash)
        name->hash = message_hash(name->text);
    if (m->n > LOOKED_AT || m->index)
        return message_get_hashed(m, name->text, name->hash);
    for (unsigned i = m->n; !is_field(m, name->at, name) && i > 0; i--)
        if (is_field(m, i - 1, name))
            name->at = i - 1;
    return is_field(m, name->at, name) ? &m->f[name->at].v : NULL;
}

static struct slice find(const struct message *m, struct name *v)
{
    for (unsigned i = 0; i < NAMES; i++) {
        const struct value *value = value_of(m, &v[i]);
        if (value && value->type == VT_STR && value->n)
            return slice_of(value->p, value->n);
    }
    return slice_of(NULL, 0);
}

static void keep(char out[BOARD_TEXT], struct slice s)
{
    struct slice cut = slice_first(s, BOARD_TEXT - 1);
    if (cut.n)
        memcpy(out, cut.p, cut.n);
    out[cut.n] = '\0';
}

static bool is_agent(const struct board_agent *a, struct slice id)
{
    return slice_eq(slice_cstr(a->id), slice_first(id, BOARD_TEXT - 1));
}

static struct board_agent *place_for_one(struct board *b)
{
    unsigned oldest = 0;
    if (b->n < BOARD_AGENTS)
        return &b->agent[b->last = b->n++];
    for (unsigned i = 1; i < b->n; i++)
        if (b->agent[i].last_ms < b->agent[oldest].last_ms)
            oldest = i;
    return &b->agent[b->last = oldest];
}

static struct board_agent *agent_of(struct board *b, const struct message *m, struct slice id,
                                    int64_t now_ms)
{
    if (b->last < b->n && is_agent(&b->agent[b->last], id))
        return &b->agent[b->last];
    for (unsigned i = 0; i < b->n; i++)
        if (is_agent(&b->agent[i], id))
            return &b->agent[b->last = i];
    struct board_agent *a = place_for_one(b);
    *a = (struct board_agent){ .first_ms = now_ms, .part_number = now_ms / PART_MS };
    keep(a->id, id);
    keep(a->name, find(m, names));
    keep(a->version, find(m, versions));
    return a;
}

static void count(struct board_agent *a, int64_t now_ms)
{
    int64_t number = now_ms / PART_MS, steps = number - a->part_number;
    for (int64_t i = 1; i <= steps && i <= BOARD_MINUTE; i++)
        a->part[(a->part_number + i) % BOARD_MINUTE] = 0;
    if (steps > 0)
        a->part_number = number;
    a->part[a->part_number % BOARD_MINUTE]++;
    a->last_ms = now_ms;
}

void board_messages(struct board *b, struct message *const *m, unsigned n, int64_t now_ms)
{
    int64_t latest = atomic_load_explicit(&b->latest_ms, memory_order_relaxed);
    pthread_mutex_lock(&b->writing);
    for (unsigned i = 0; i < n; i++) {
        struct slice id = m[i] ? find(m[i], ids) : slice_of(NULL, 0);
        if (id.n)
            count(agent_of(b, m[i], id, now_ms), now_ms);
        if (m[i] && m[i]->has_ts && m[i]->ts_ms > latest)
            latest = m[i]->ts_ms;
    }
    pthread_mutex_unlock(&b->writing);
    atomic_store_explicit(&b->latest_ms, latest, memory_order_relaxed);
}

int64_t board_latest_ms(const struct board *b)
{
    return atomic_load_explicit(&b->latest_ms, memory_order_relaxed);
}

unsigned board_agents(struct board *b, struct board_agent *out, unsigned cap)
{
    pthread_mutex_lock(&b->writing);
    unsigned n = b->n < cap ? b->n : cap;
    memcpy(out, b->agent, n * sizeof *out);
    pthread_mutex_unlock(&b->writing);
    return n;
}

uint64_t board_agent_minute(const struct board_agent *a, int64_t now_ms)
{
    int64_t number = now_ms / PART_MS;
    uint64_t sum = 0;
    for (int64_t i = 0; i < BOARD_MINUTE; i++)
        if (a->part_number - i > number - BOARD_MINUTE && a->part_number >= i)
            sum += a->part[(a->part_number - i) % BOARD_MINUTE];
    return sum;
}

/* ---- notes */

void board_note(struct board *b, unsigned number, const char *text)
{
    BUG_ON(number >= BOARD_NOTES);
    pthread_mutex_lock(&b->writing);
    snprintf(b->note[number], sizeof b->note[number], "%s", text ? text : "");
    pthread_mutex_unlock(&b->writing);
}

void board_notes(struct board *b, void (*each)(void *ctx, const char *text), void *ctx)
{
    pthread_mutex_lock(&b->writing);
    for (unsigned i = 0; i < BOARD_NOTES; i++)
        if (b->note[i][0])
            each(ctx, b->note[i]);
    pthread_mutex_unlock(&b->writing);
}
