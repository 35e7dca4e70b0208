/* wirelume pack export: a pack as a content pack of Graylog. */
#include "app/command.h"
#include "app/pack_look.h"
#include "base/bug.h"
#include "os/file.h"
#include "pack/export.h"
#include "store/set_conf.h"

#define FILE_MODE 0644

struct pack_exporting {
    struct pack_look look;
    struct packs *packs;
    struct export_conf conf;
    struct export_result result;
    struct buf out;
};

static bool refuse(const char *text)
{
    fprintf(stderr, "Error: %s\n", text);
    return false;
}

/* ---- what is wanted */

static bool choose_variant(struct export_conf *c, const struct args *a)
{
    const char *const *names = export_variant_names;
    for (unsigned i = 0; a->variant && names[i]; i++)
        if (strcmp(names[i], a->variant) == 0) {
            c->variant = (enum export_variant)i;
            return true;
        }
    if (a->variant)
        fprintf(stderr, "Error: --variant: '%s' is neither %s nor %s\n", a->variant, names[0],
                names[1]);
    return !a->variant;
}

/* The one that is named, or the only one that is enabled. */
static const char *choose_pack(struct pack_look *k, const struct args *a)
{
    if (a->rest.n > 1)
        refuse("pack export takes one pack: wirelume pack list shows them");
    else if (a->rest.n)
        return packs_argument(a->rest.v[0], &k->mem);
    else if (k->conf.enabled.n == 1)
        return k->conf.enabled.v[0];
    else
        refuse("which pack? wirelume pack list shows them: wirelume pack export NAME");
    return NULL;
}

static const struct node *first_stream(const struct node *n)
{
    return n && n->type == NODE_LIST ? n->child : n;
}

static bool read_streams(struct pack_exporting *x)
{
    const struct node *file = x->packs->pack[0].stream;
    struct stream_def *s = arena_zalloc(&x->packs->mem, PACK_STREAMS_MAX * sizeof *s);
    struct why w;
    const char *set;
    for (const struct node *n = s ? first_stream(file) : NULL; n; n = n->next) {
        if (x->conf.n_streams == PACK_STREAMS_MAX)
            return refuse("too many streams");
        if (stream_conf_read(&s[x->conf.n_streams++], &set, n, &x->packs->mem, &w))
            return refuse(w.text);
    }
    x->conf.stream = s;
    return true;
}

/* ---- what came of it */

static void tell(const struct pack_exporting *x, FILE *out, const char *to)
{
    const struct export_result *r = &x->result;
    const struct pack *p = &x->packs->pack[0];
    fprintf(out,
            "%s: %s %s as a content pack of Graylog 5.2, revision %lld: %u rules, %u pipelines, "
            "%u lookup tables, %u streams, %u widgets\n",
            to, p->name, p->version, (long long)r->revision, r->rules, r->pipelines, r->tables,
            r->streams, r->widgets);
    for (unsigned i = 0; i < r->n_notes && i < EXPORT_NOTES_MAX; i++)
        fprintf(out, "- %s\n", r->note[i]);
    if (r->n_notes > EXPORT_NOTES_MAX)
        fprintf(out, "… and %u more\n", r->n_notes - EXPORT_NOTES_MAX);
}

static bool write_out(const struct pack_exporting *x, const char *to)
{
    struct why w;
    if (!to || strcmp(to, "-") == 0) {
        tell(x, stderr, "standard output");
        if (fwrite(x->out.p, 1, x->out.n, stdout) == x->out.n && fflush(stdout) == 0)
            return true;
        return refuse("standard output cannot be written");
    }
    if (file_replace(to, buf_slice(&x->out), FILE_MODE, &w))
        return refuse(w.text);
    tell(x, stdout, to);
    return true;
}

static bool export(struct pack_exporting *x, const char *name, const struct args *a)
{
    x->packs = pack_look_load(&x->look, name);
    if (x->packs && !read_streams(x))
        return false;
    if (x->packs && pack_export(x->packs, &x->conf, &x->out, &x->result, &x->look.wrong))
        return write_out(x, a->output);
    pack_look_mistakes(stderr, "", &x->look.wrong);
    fprintf(stderr, "%s: not exported\n", name);
    return false;
}

int pack_export_command(const struct args *a)
{
    static struct pack_exporting x;
    struct why w;
    x.conf.lookups = a->lookups ? a->lookups : EXPORT_LOOKUPS;
    if (!choose_variant(&x.conf, a))
        return 1;
    if (*x.conf.lookups != '/')
        return !refuse("--lookups: a folder of the servers is wanted, from / on");
    if (pack_look_open(&x.look, a, &w))
        return !refuse(w.text);
    const char *name = choose_pack(&x.look, a);
    x.out = buf_of(xmalloc(EXPORT_BYTES_MAX), EXPORT_BYTES_MAX);
    bool done = name && export(&x, name, a);
    xfree(x.out.p);
    packs_drop(x.packs);
    pack_look_close(&x.look);
    return done ? 0 : 1;
}
