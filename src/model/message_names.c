/* The table of names with numbers, and messages that use one. */
#include "model/message_names.h"

#include <stdatomic.h>

#include "base/bug.h"
#include "model/message.h"

static void enter(struct message_names *t, unsigned id)
{
    unsigned at = t->v[id].hash & t->index_mask;
    while (t->index[at])
        at = (at + 1) & t->index_mask;
    t->index[at] = (t->v[id].hash & 0xffff0000) | id;
}

/* Room for as many again; the index stays less than half full. */
static bool grow(struct message_names *t, struct arena *mem)
{
    unsigned cap = t->cap ? 2 * t->cap : 64;
    struct message_name *v = arena_alloc(mem, cap * sizeof *v);
    uint32_t *index = arena_zalloc(mem, 4 * cap * sizeof *index);
    if (!v || !index)
        return false;
    if (t->n)
        memcpy(v, t->v, (t->n + 1) * sizeof *v);
    t->v = v;
    t->index = index;
    t->cap = cap;
    t->index_mask = 4 * cap - 1;
    for (unsigned id = 1; id <= t->n; id++)
        enter(t, id);
    return true;
}

unsigned message_names_add(struct message_names *t, struct slice name, struct arena *mem)
{
    uint32_t hash = message_hash(name);
    unsigned id = message_names_find(t, name, hash);
    if (id || t->n == MESSAGE_NAMES_MAX || (t->n + 1 >= t->cap && !grow(t, mem)))
        return id;
    t->v[++t->n] = (struct message_name){ name, hash };
    enter(t, t->n);
    return t->n;
}

/* ---- the fields of one message */

#define CODECS_MAX 4 /* whose names are remembered: as many threads bring messages to one pipe */
enum { UNKNOWN = 0xffff };

struct codec {
    uint64_t number; /* 0: none */
    uint16_t id[MESSAGE_NUMBERS_MAX];
};

struct message_places {
    const struct message_names *names;
    struct codec codec[CODECS_MAX];
    unsigned next; /* to be forgotten */
    uint16_t place[];
};

struct message_places *message_places_new(const struct message_names *names)
{
    struct message_places *p = xcalloc(1, sizeof *p + (names->n + 1) * sizeof p->place[0]);
    p->names = names;
    return p;
}

void message_places_free(struct message_places *p)
{
    xfree(p);
}

static struct codec *codec_of(struct message_places *p, uint64_t number)
{
    for (unsigned i = 0; i < CODECS_MAX; i++) {
        if (p->codec[i].number == number)
            return &p->codec[i];
    }
    struct codec *c = &p->codec[p->next++ % CODECS_MAX];
    memset(c->id, 0xff, sizeof c->id);
    c->number = number;
    return c;
}

static inline uint16_t id_of(struct codec *c, const struct message_names *names,
                             const struct message_field *f)
{
    if (LIKELY(f->id && c->id[f->id] != UNKNOWN))
        return c->id[f->id];
    uint16_t id = (uint16_t)message_names_find(names, f->name, f->hash);
    if (f->id)
        c->id[f->id] = id;
    return id;
}

static void number_by_codec(struct message *m, struct message_places *p)
{
    struct codec *c = codec_of(p, m->codec);
    for (unsigned i = 0; i < m->n; i++) {
        m->f[i].id = id_of(c, p->names, &m->f[i]);
        p->place[m->f[i].id] = (uint16_t)(i + 1);
    }
}

static void number_by_name(struct message *m, struct message_places *p)
{
    for (unsigned i = 0; i < m->n; i++) {
        struct message_field *f = &m->f[i];
        f->id = (uint16_t)message_names_find(p->names, f->name, f->hash);
        p->place[f->id] = (uint16_t)(i + 1);
    }
}

void message_attach(struct message *m, struct message_places *p)
{
    if (m->codec)
        number_by_codec(m, p);
    else
        number_by_name(m, p);
    p->place[0] = 0;
    m->codec = 0;
    m->names = p->names;
    m->place = p->place;
    m->index = NULL;
}

void message_detach(struct message *m)
{
    for (unsigned i = 0; i < m->n; i++)
        m->place[m->f[i].id] = 0;
    m->names = NULL;
    m->place = NULL;
    m->index = NULL;
}

uint64_t message_codec(void)
{
    static atomic_ullong last;
    return atomic_fetch_add(&last, 1) + 1;
}
