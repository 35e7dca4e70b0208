/* wirelume pack list, show, check: what packs there are, what they hold, what is wrong with them.
 */
#include <limits.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/packs.h"
#include "app/start.h"
#include "base/buf.h"

struct looking {
    struct config config;
    struct packs_conf conf;
    struct arena mem;
    struct mistakes wrong;
};

static int refuse(const char *text)
{
    fprintf(stderr, "Error: %s\n", text);
    return 1;
}

static err look(struct looking *k, const struct args *a, struct why *w)
{
    err rc = packs_look(&k->conf, &k->config, a, w);
    if (rc)
        return rc;
    arena_init(&k->mem, NULL, 0);
    k->wrong = (struct mistakes){ .mem = &k->mem };
    return ERR_OK;
}

static void end(struct looking *k)
{
    arena_free(&k->mem);
    config_free(&k->config);
}

/* One pack by its name; NULL with its mistakes in k->wrong. */
static struct packs *load_one(struct looking *k, const char *name)
{
    struct packs_conf conf = k->conf;
    conf.enabled = (struct texts){ &name, 1 };
    k->wrong.n = 0;
    return packs_load(&conf, &k->wrong);
}

static bool is_enabled(const struct looking *k, const char *name)
{
    for (unsigned i = 0; i < k->conf.enabled.n; i++)
        if (strcmp(k->conf.enabled.v[i], name) == 0)
            return true;
    return false;
}

static void print_mistakes(FILE *out, const struct mistakes *m)
{
    for (unsigned i = 0; i < m->n && i < MISTAKES_MAX; i++)
        fprintf(out, "%s\n", m->v[i]);
    if (m->n > MISTAKES_MAX)
        fprintf(out, "… and %u more\n", m->n - MISTAKES_MAX);
}

/* ---- list */

static void list_one(struct looking *k, const char *folder, const char *name)
{
    const char *found = packs_find(&k->conf, name, &k->mem);
    size_t n = strlen(folder);
    if (!found || strncmp(found, folder, n) != 0 || strcmp(found + n + 1, name) != 0)
        return; /* no pack, or replaced by one in a later folder */
    struct packs *p = load_one(k, name);
    printf("%-16s %-8s %-9s %s\n", name, is_enabled(k, name) ? "enabled" : "-",
           p ? p->pack[0].version : "broken", found);
    if (!p)
        printf("  %s\n", k->wrong.v[0]);
    packs_drop(p);
}

int pack_list_command(const struct args *a)
{
    static struct looking k;
    struct names names;
    struct why w;
    if (look(&k, a, &w))
        return refuse(w.text);
    for (unsigned i = 0; i < k.conf.folders.n; i++) {
        if (folder_list(&k.mem, k.conf.folders.v[i], "", &names, &w))
            continue; /* a folder that is not there holds nothing */
        for (unsigned j = 0; j < names.n; j++)
            list_one(&k, k.conf.folders.v[i], names.v[j]);
    }
    end(&k);
    return 0;
}

/* ---- show */

static void show_settings(const struct pack *p)
{
    puts(p->n_settings ? "\nSettings" : "\nNo settings");
    for (unsigned i = 0; i < p->n_settings; i++) {
        const struct pack_setting *s = &p->setting[i];
        printf("  %s: %s%s\n      %s\n", s->name, *s->value ? s->value : "\"\"",
               s->chosen ? "  (configured)" : "", s->doc);
        for (unsigned j = 0; j < s->values.n; j++)
            printf("%s%s%s", j ? ", " : "      One of ", s->values.v[j],
                   j + 1 == s->values.n ? ".\n" : "");
    }
}

static void show_files(const char *what, const struct pack_file *f, unsigned n)
{
    printf("\n%s\n", what);
    for (unsigned i = 0; i < n; i++) {
        const char *slash = strrchr(f[i].path, '/');
        if (f[i].used)
            printf("  %s\n", slash ? slash + 1 : f[i].path);
        else
            printf("  %-50s not used with these settings\n", slash ? slash + 1 : f[i].path);
    }
}

static void show_rest(const struct packs *p)
{
    puts("\nLookup tables");
    for (unsigned i = 0; i < p->n_tables; i++)
        printf("  %-40.*s %s, %u keys\n", (int)p->table[i].name.n, p->table[i].name.p,
               p->table[i].adapter->name, p->table[i].n);
    puts("\nStreams");
    for (unsigned i = 0; i < p->n_streams; i++) {
        const struct rule_stream *s = &p->stream[i];
        printf("  %.*s (%.*s)\n", (int)s->title.n, s->title.p, (int)s->id.n, s->id.p);
        for (unsigned j = 0; j < p->n_links; j++)
            if (slice_eq(p->link[j].stream_id, s->id))
                printf("    %.*s\n", (int)p->link[j].pipeline.n, p->link[j].pipeline.p);
    }
}

int pack_show_command(const struct args *a)
{
    static struct looking k;
    struct why w;
    if (!a->rest.n)
        return refuse("pack show needs the name of a pack: wirelume pack list shows them");
    if (look(&k, a, &w))
        return refuse(w.text);
    struct packs *p = load_one(&k, a->rest.v[0]);
    if (p) {
        const struct pack *x = &p->pack[0];
        printf("%s %s: %s\n%s\n%s\n", x->name, x->version, x->title, x->folder, x->description);
        show_settings(x);
        show_files("Rules", x->rule, x->n_rules);
        show_files("Pipelines", x->pipeline, x->n_pipelines);
        if (x->n_grok)
            show_files("Grok patterns", x->grok, x->n_grok);
        show_rest(p);
    } else {
        print_mistakes(stderr, &k.wrong);
    }
    int status = p ? 0 : 1;
    packs_drop(p);
    end(&k);
    return status;
}

/* ---- check */

static bool check(struct looking *k, const char *name)
{
    struct packs *p = load_one(k, name);
    if (!p) {
        print_mistakes(stderr, &k->wrong);
        fprintf(stderr, "%s: %u mistake%s\n", name, k->wrong.n, k->wrong.n == 1 ? "" : "s");
        return false;
    }
    const struct pack *x = &p->pack[0];
    printf("%s %s is good: %u files of rules, %u of pipelines, %u tables", x->name, x->version,
           x->n_rules, x->n_pipelines, p->n_tables);
    if (p->grok)
        printf(", %u grok patterns", grok_library_count(p->grok));
    putchar('\n');
    packs_drop(p);
    return true;
}

int pack_check_command(const struct args *a)
{
    static struct looking k;
    struct why w;
    bool good = true;
    if (look(&k, a, &w))
        return refuse(w.text);
    for (unsigned i = 0; i < a->rest.n; i++)
        good &= check(&k, packs_argument(a->rest.v[i], &k.mem));
    for (unsigned i = 0; !a->rest.n && i < k.conf.enabled.n; i++)
        good &= check(&k, k.conf.enabled.v[i]);
    end(&k);
    return good ? 0 : 1;
}
