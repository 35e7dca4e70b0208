/* wirelume pack list, show, check: what packs there are, what they hold, what is wrong with them.
 */
#include <limits.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/pack_look.h"
#include "base/buf.h"
#include "pack/dashboard.h"

static int refuse(const char *text)
{
    fprintf(stderr, "Error: %s\n", text);
    return 1;
}

static bool is_enabled(const struct pack_look *k, const char *name)
{
    for (unsigned i = 0; i < k->conf.enabled.n; i++)
        if (strcmp(k->conf.enabled.v[i], name) == 0)
            return true;
    return false;
}

/* ---- list */

static void list_one(struct pack_look *k, const char *folder, const char *name)
{
    const char *found = packs_find(&k->conf, name, &k->mem);
    size_t n = strlen(folder);
    if (!found || strncmp(found, folder, n) != 0 || strcmp(found + n + 1, name) != 0)
        return; /* no pack, or replaced by one in a later folder */
    struct packs *p = pack_look_load(k, name);
    printf("%-16s %-8s %-9s %s\n", name, is_enabled(k, name) ? "enabled" : "-",
           p ? p->pack[0].version : "broken", found);
    if (!p)
        printf("  %s\n", k->wrong.v[0]);
    packs_drop(p);
}

int pack_list_command(const struct args *a)
{
    static struct pack_look k;
    struct names names;
    struct why w;
    if (pack_look_open(&k, a, &w))
        return refuse(w.text);
    for (unsigned i = 0; i < k.conf.folders.n; i++) {
        if (folder_list(&k.mem, k.conf.folders.v[i], "", &names, &w))
            continue; /* a folder that is not there holds nothing */
        for (unsigned j = 0; j < names.n; j++)
            list_one(&k, k.conf.folders.v[i], names.v[j]);
    }
    pack_look_close(&k);
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
    static struct pack_look k;
    struct why w;
    if (!a->rest.n)
        return refuse("pack show needs the name of a pack: wirelume pack list shows them");
    if (pack_look_open(&k, a, &w))
        return refuse(w.text);
    struct packs *p = pack_look_load(&k, a->rest.v[0]);
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
        pack_look_mistakes(stderr, "", &k.wrong);
    }
    int status = p ? 0 : 1;
    packs_drop(p);
    pack_look_close(&k);
    return status;
}

/* ---- check */

static bool check(struct pack_look *k, const char *name)
{
    struct packs *p = pack_look_load(k, name);
    if (!p || !dashboard_check(p, &k->wrong)) {
        pack_look_mistakes(stderr, "", &k->wrong);
        fprintf(stderr, "%s: %u mistake%s\n", name, k->wrong.n, k->wrong.n == 1 ? "" : "s");
        packs_drop(p);
        return false;
    }
    const struct pack *x = &p->pack[0];
    pack_look_mistakes(stderr, "warning: ", &k->doubts);
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
    static struct pack_look k;
    struct why w;
    bool good = true;
    if (pack_look_open(&k, a, &w))
        return refuse(w.text);
    for (unsigned i = 0; i < a->rest.n; i++)
        good &= check(&k, packs_argument(a->rest.v[i], &k.mem));
    for (unsigned i = 0; !a->rest.n && i < k.conf.enabled.n; i++)
        good &= check(&k, k.conf.enabled.v[i]);
    pack_look_close(&k);
    return good ? 0 : 1;
}
