/* Moving and copying of fields, whole groups of them too. */
#include "pipe/literal.h"
#include "pipe/processor.h"

struct move {
    struct move *next;
    struct ref from, to;
    struct move *below; /* for each field below `from` */
};

struct moves {
    struct move *first, **end;
};

static err no_memory(const struct loading *l)
{
    return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
}

static struct move *new_move(const char *from, const char *to, const struct loading *l)
{
    struct move *m = arena_zalloc(l->mem, sizeof *m);
    if (m)
        *m = (struct move){ .from = ref_of(from), .to = ref_for_writing(to) };
    return m;
}

static bool lies_below(const char *name, const char *above)
{
    size_t n = strlen(above);
    return strncmp(name, above, n) == 0 && name[n] == '.';
}

/* A name may stand for a group: each field of the schema below it gets a place below the target.
 * The target's own fields are none of them when a becomes a.b. */
static err add_group(struct move *m, const struct loading *l)
{
    size_t n = strlen(m->from.name);
    unsigned rows = schema_count(); /* it grows while targets are added */
    for (unsigned i = 0; i < rows; i++) {
        const char *name = schema_field((uint16_t)i)->name;
        if (!lies_below(name, m->from.name) || strcmp(name, m->to.name) == 0 ||
            lies_below(name, m->to.name))
            continue;
        const char *to = name_join(m->to.name, name + n + 1, l);
        struct move *one = to ? new_move(name, to, l) : NULL;
        if (!one)
            return no_memory(l);
        one->next = m->below;
        m->below = one;
    }
    return ERR_OK;
}

err moves_add(struct moves *all, const char *from, const char *to, const struct loading *l)
{
    struct move *m = *all->end = new_move(from, to, l);
    if (!m)
        return no_memory(l);
    all->end = &m->next;
    return add_group(m, l);
}

err moves_load(const struct node *list, const struct loading *l, struct moves **out)
{
    struct moves *all = *out = arena_zalloc(l->mem, sizeof *all);
    if (!all)
        return no_memory(l);
    all->end = &all->first;
    for (const struct node *n = list ? list->child : NULL; n; n = n->next) {
        const struct node *from = node_get(n, "from"), *to = node_get(n, "to");
        if (!from || !to || !from->text || !to->text)
            return why_set(l->why, ERR_CONFIG, "%s: each item of fields has from and to",
                           l->prefix);
        err e = moves_add(all, from->text, to->text, l);
        if (e)
            return e;
    }
    return ERR_OK;
}

/* True when there was something to move and it is at its new place. */
static bool move_value(struct move *m, struct event *e, bool keep)
{
    struct value v;
    if (!ref_get(&m->from, e, &v))
        return false;
    if (!keep) /* first, so that a can become a.b */
        ref_remove(&m->from, e);
    return ref_set(&m->to, e, &v);
}

static bool move_one(struct move *m, struct event *e, const struct move_rules *rules)
{
    if (!ref_is_there(&m->from, e))
        return rules->ignore_missing;
    if (!rules->overwrite && ref_is_there(&m->to, e))
        return false;
    bool moved = move_value(m, e, rules->keep);
    for (struct move *one = m->below; one; one = one->next)
        moved |= move_value(one, e, rules->keep);
    return moved;
}

struct saved event_save(struct event *e)
{
    struct saved s = { arena_alloc(e->mem, e->n * sizeof *s.v), e->n };
    if (!s.v)
        e->lost = true;
    else if (s.n)
        memcpy(s.v, e->v, s.n * sizeof *s.v);
    return s;
}

void event_undo(struct event *e, const struct saved *s, const char *failure)
{
    memcpy(e->v, s->v, s->n * sizeof *s->v); /* the event's room only grows */
    e->n = s->n;
    if (failure)
        event_remove(e, &ecs[ECS_ERROR_MESSAGE]);
    event_cstr_ref(e, &ecs[ECS_ERROR_MESSAGE], failure);
}

enum step moves_run(struct moves *m, struct event *e, const struct move_rules *rules)
{
    enum step step = STEP_OK;
    struct saved saved = event_save(e);
    if (!saved.v)
        return STEP_FAILED;
    for (struct move *one = m->first; one; one = one->next) {
        if (move_one(one, e, rules))
            continue;
        step = STEP_FAILED;
        if (rules->fail_on_error) {
            event_undo(e, &saved, rules->failure);
            break;
        }
    }
    return step;
}
