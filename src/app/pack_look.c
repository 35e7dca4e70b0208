/* What the commands about packs share. */
#include "app/pack_look.h"

err pack_look_open(struct pack_look *k, const struct args *a, struct why *w)
{
    err rc = packs_look(&k->conf, &k->config, a, w);
    if (rc)
        return rc;
    arena_init(&k->mem, NULL, 0);
    k->wrong = k->doubts = (struct mistakes){ .mem = &k->mem };
    return ERR_OK;
}

void pack_look_close(struct pack_look *k)
{
    arena_free(&k->mem);
    config_free(&k->config);
}

struct packs *pack_look_load(struct pack_look *k, const char *name)
{
    struct packs_conf conf = k->conf;
    conf.enabled = (struct texts){ &name, 1 };
    conf.enabled_at = NULL;
    conf.doubts = &k->doubts;
    k->wrong.n = k->doubts.n = 0;
    struct packs *p = packs_load(&conf, &k->wrong);
    if (p)
        packs_check_wanted(p, &k->wrong);
    if (!k->wrong.n)
        return p;
    packs_drop(p);
    return NULL;
}

void pack_look_mistakes(FILE *out, const char *before, const struct mistakes *m)
{
    for (unsigned i = 0; i < m->n && i < MISTAKES_MAX; i++)
        fprintf(out, "%s%s\n", before, m->v[i]);
    if (m->n > MISTAKES_MAX)
        fprintf(out, "… and %u more\n", m->n - MISTAKES_MAX);
}
