/* wirelume config --explain KEY, wirelume config --show */
#include "app/command.h"
#include "app/dump.h"
#include "app/merge.h"
#include "app/reference.h"
#include "app/start.h"
#include "base/buf.h"
#include "codec/yaml.h"

const char *const option_type_names[] = {
    [OPT_BOOL] = "true or false",  [OPT_INT] = "number",          [OPT_DURATION] = "duration",
    [OPT_SIZE] = "size",           [OPT_TEXT] = "text",           [OPT_SECRET] = "secret",
    [OPT_TEXTS] = "list of texts", [OPT_PORTS] = "list of ports", [OPT_ENUM] = "one of some names",
    [OPT_NODE] = "section",
};

const char *option_default(const struct option *o)
{
    return o->value ? o->value : "";
}

static void put_bound(FILE *out, const struct option *o, int64_t v)
{
    if (o->type == OPT_DURATION)
        fprintf(out, "%.10gs", (double)v / 1e9);
    else
        fprintf(out, "%lld", (long long)v);
}

void option_describe(FILE *out, const struct section *s, const struct option *o)
{
    (void)s;
    fputs(o->doc, out);
    for (unsigned i = 0; o->names && o->names[i]; i++)
        fprintf(out, "%s%s", i ? ", " : " One of ", o->names[i]);
    if (o->names)
        fputc('.', out);
    if (o->min || o->max) {
        fputs(" At least ", out);
        put_bound(out, o, o->min);
        if (o->max) {
            fputs(", at most ", out);
            put_bound(out, o, o->max);
        }
        fputc('.', out);
    }
    if (o->flags & OPT_REQUIRED)
        fputs(" Must be given.", out);
    if (o->flags & OPT_INERT)
        fputs(" Accepted without effect.", out);
    if (o->flags & OPT_RELOAD)
        fputs(" Reloaded on SIGHUP.", out);
}

/* ---- explain */

struct search {
    const char *key;
    const char *common; /* "ports" when packetbeat.protocols.dns.ports was asked for; NULL */
    const char *nearest[1024];
    char text[1024][96];
    unsigned n, found;
};

/* Is `full` the key that was asked for, or does it end with it? */
static bool is_asked(const char *full, const char *key)
{
    struct slice f = slice_cstr(full), k = slice_cstr(key);
    return slice_eq(f, k) || (slice_ends(f, k) && f.p[f.n - k.n - 1] == '.');
}

static void explain_row(struct search *x, const struct section *s, const struct option *o)
{
    char full[96];
    snprintf(full, sizeof full, "%s%s%s", s->path, *s->path ? "." : "", o->key);
    if (x->n < COUNT(x->nearest)) {
        memcpy(x->text[x->n], full, sizeof full);
        x->nearest[x->n] = x->text[x->n];
        x->n++;
    }
    bool common = x->common && strcmp(s->path, "packetbeat.protocols.NAME") == 0 &&
                  strcmp(x->common, o->key) == 0;
    if (!is_asked(full, x->key) && !common)
        return;
    x->found++;
    printf("%s\n  ", full);
    option_describe(stdout, s, o);
    printf("\n  type: %s", option_type_names[o->type]);
    if (o->value)
        printf("; default: %s", o->value);
    puts(s->is_item && strncmp(s->path, "packetbeat.protocols", 20) == 0
             ? "\n  written in the protocol's item of packetbeat.protocols"
             : "");
}

static void explain_section(void *ctx, const struct section *s)
{
    struct search *x = ctx;
    for (size_t i = 0; i < COUNT(s->tables) && s->tables[i]; i++)
        for (const struct option *o = s->tables[i]; o->key; o++)
            explain_row(x, s, o);
}

/* What stands behind packetbeat.protocols.NAME. of a protocol that is there; NULL. */
static const char *key_of_protocol(const char *key)
{
    struct slice rest = slice_cstr(key), head = SLICE("packetbeat.protocols.");
    if (!slice_starts(rest, head))
        return NULL;
    rest = slice_after(rest, head.n);
    for (unsigned i = 0; i < PROTO_COUNT; i++) {
        struct slice name = slice_cstr(protos[i]->name);
        if (slice_starts(rest, name) && rest.n > name.n && rest.p[name.n] == '.')
            return key + head.n + name.n + 1;
    }
    return NULL;
}

static int explain(const char *key)
{
    static struct search x;
    x.key = key;
    x.common = key_of_protocol(key);
    options_each_section(explain_section, &x);
    if (x.found)
        return 0;
    const char *nearest = nearest_name(key, x.nearest, x.n);
    fprintf(stderr, "no such key: %s%s%s%s\n", key, nearest ? " (did you mean " : "",
            nearest ? nearest : "", nearest ? "?)" : "");
    return 1;
}

/* ---- show */

struct showing {
    struct config *c;
    struct node *tree;
};

static void add_default(struct showing *x, const char *path, const struct option *o)
{
    struct node *value;
    struct why ignored;
    bool is_list = o->type == OPT_TEXTS || o->type == OPT_PORTS;
    char key[128], text[160];
    snprintf(key, sizeof key, "%s%s%s", path, *path ? "." : "", o->key);
    snprintf(text, sizeof text, is_list ? "[%s]" : "%s", option_default(o));
    if (yaml_value(&x->c->mem, slice_cstr(text), "default", &value, &ignored) == ERR_OK &&
        merge_set(&x->c->mem, x->tree, key, value, &ignored) != ERR_OK)
        return;
}

static void show_section(void *ctx, const struct section *s)
{
    if (s->is_item)
        return;
    for (size_t i = 0; i < COUNT(s->tables) && s->tables[i]; i++)
        for (const struct option *o = s->tables[i]; o->key; o++)
            if (o->value && !(o->flags & OPT_INERT))
                add_default(ctx, s->path, o);
}

struct masking {
    struct slice path;
    bool is_secret;
};

static bool is_key_of(const struct section *s, const struct option *o, struct slice path)
{
    char key[160];
    snprintf(key, sizeof key, "%s%s%s", s->path, *s->path ? "." : "", o->key);
    return slice_eq(path, slice_cstr(key));
}

static void look_for_secret(void *ctx, const struct section *s)
{
    struct masking *m = ctx;
    for (size_t i = 0; i < COUNT(s->tables) && s->tables[i]; i++)
        for (const struct option *o = s->tables[i]; o->key; o++)
            if (o->type == OPT_SECRET || (o->flags & OPT_MASKED))
                m->is_secret = m->is_secret || is_key_of(s, o, m->path);
}

/* What the tables say is secret, and the words that Beats masks, wherever they stand
 * (packetbeat-core.md 2.1). */
static bool is_secret(const char *path)
{
    struct masking m = { slice_cstr(path), false };
    static const char *const words[] = {
        "password",      "passphrase",          "key_passphrase", "pass",        "proxy_url",
        "authorization", "proxy-authorization", "api_key",        "secret_token"
    };
    const char *dot = strrchr(path, '.');
    const char *last = dot ? dot + 1 : path;
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(words[i], last) == 0)
            return true;
    options_each_section(look_for_secret, &m);
    return m.is_secret;
}

static int show(const struct args *a)
{
    struct config c;
    struct config_source source = start_source(a);
    struct why why;
    if (config_load(&c, &source, &why))
        return start_refuse(&why);
    struct showing x = { &c, node_new(&c.mem, NODE_MAP) };
    struct dump_conf conf = { .is_secret = is_secret };
    if (x.tree) {
        options_each_section(show_section, &x);
        merge_over(x.tree, c.resolved);
        dump_tree(stdout, x.tree, &conf);
    }
    config_free(&c);
    return 0;
}

int config_command(const struct args *a)
{
    if (a->explain)
        return explain(a->explain);
    if (a->show)
        return show(a);
    command_usage(stderr, a->command);
    return 1;
}
