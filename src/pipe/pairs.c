/* Texts made of texts, from field to field. */
#include "pipe/processor.h"

struct pair {
    struct ref from, to;
};

struct pairs {
    struct pair *v;
    unsigned n;
};

err config_is_too_large(const struct loading *l)
{
    return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
}

struct ref *refs_load(const struct texts *names, const struct loading *l)
{
    struct ref *refs = arena_alloc(l->mem, names->n * sizeof *refs);
    if (!refs)
        (void)config_is_too_large(l);
    for (unsigned i = 0; refs && i < names->n; i++)
        refs[i] = ref_of(names->v[i]);
    return refs;
}

static err add_pair(struct pairs *p, const struct node *map, const struct loading *l)
{
    char where[256];
    const struct node *from = node_get(map, "from"), *to = node_get(map, "to");
    if (!from || !from->text || (to && !to->text))
        return why_set(l->why, ERR_CONFIG, "%s: %s: from, and to where the result goes elsewhere",
                       node_where(map, where, sizeof where), l->prefix);
    const char *target = to && *to->text ? to->text : from->text;
    p->v[p->n++] = (struct pair){ ref_of(from->text), ref_for_writing(target) };
    return ERR_OK;
}

err pairs_load(const struct node *from_to, const struct loading *l, struct pairs **out)
{
    bool alone = from_to->type == NODE_MAP;
    unsigned n = 1;
    for (const struct node *c = from_to->child; c && !alone; c = c->next)
        n++;
    struct pairs *p = *out = arena_zalloc(l->mem, sizeof *p);
    if (p)
        p->v = arena_alloc(l->mem, n * sizeof *p->v);
    if (!p || !p->v)
        return config_is_too_large(l);
    const struct node *map = alone ? from_to : from_to->child;
    for (; map; map = alone ? NULL : map->next) {
        err e = add_pair(p, map, l);
        if (e)
            return e;
    }
    return ERR_OK;
}

static bool run_pair(struct pair *p, struct event *e, const struct pair_rules *rules)
{
    char room[VALUE_ROOM];
    struct slice in, out;
    enum ref_found found = ref_str(&p->from, e, room, &in);
    if (found != REF_FOUND)
        return found == REF_MISSING && rules->ignore_missing;
    return rules->decode(rules->ctx, e, in, &out) && ref_set_str(&p->to, e, out);
}

enum step pairs_run(struct pairs *p, struct event *e, const struct pair_rules *rules)
{
    enum step step = STEP_OK;
    struct saved saved = event_save(e);
    if (!saved.v)
        return STEP_FAILED;
    for (unsigned i = 0; i < p->n; i++) {
        if (run_pair(&p->v[i], e, rules))
            continue;
        step = STEP_FAILED;
        if (rules->fail_on_error) {
            event_undo(e, &saved, rules->failure);
            break;
        }
    }
    return step;
}
