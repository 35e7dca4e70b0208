/* Content packs against what the reader of a real Graylog takes: first the checker, on the pack it
 * took, on each property taken away and made null, on what stands around entities; then our exports
 * by that checker, and by what their pack says. */
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/buf.h"
#include "codec/json.h"
#include "lib/contentpack.h"
#include "lib/exported.h"
#include "lib/exported_rules.h"
#include "os/file.h"

#define FILE_MAX ((size_t)4 << 20)

struct proving {
    struct contentpack pack;
    struct arena mem;
    const struct node
        *only; /* of its entities this one was changed; NULL: anything may have been */
    unsigned passed, failed;
};

/* The checker must say what the reader said. */
static void expect(struct proving *p, bool accepted, const char *what, const char *how)
{
    bool got = p->only ? contentpack_accepts_entity(&p->pack, p->only)
                       : contentpack_accepts(&p->pack, p->pack.accepted);
    p->passed += got == accepted;
    p->failed += got != accepted;
    if (got != accepted)
        printf("FAILED: contentpack: %s%s: the reader %s it, the checker does not%s%s\n", what, how,
               accepted ? "takes" : "refuses", accepted ? ": " : "", accepted ? p->pack.why : "");
}

/* ---- taking members away */

/* The member stays where it is, under a name that nobody asks for. */
struct removed {
    struct node *parent, *member, *before;
};

static struct removed take_away(struct node *parent, struct node *member)
{
    struct removed r = { parent, member, NULL };
    for (struct node *n = parent->child; n != member; n = n->next)
        r.before = n;
    *(r.before ? &r.before->next : &parent->child) = member->next;
    return r;
}

static void put_back(const struct removed *r)
{
    *(r->before ? &r->before->next : &r->parent->child) = r->member;
}

static void mutate(void *ctx, const struct node *entity, struct node *member, struct node *parent,
                   const char *path)
{
    struct proving *p = ctx;
    char what[CONTENTPACK_PATH + 80];
    bool required = contentpack_lists(&p->pack, entity, "required", path);
    bool no_null = contentpack_lists(&p->pack, entity, "null_refused", path);
    if (!required && !contentpack_lists(&p->pack, entity, "optional", path))
        return;
    if (no_null && member->type == NODE_NULL)
        return; /* a count has no field: the lists speak of its like that have one */
    p->only = entity;
    snprintf(what, sizeof what, "%s %s", node_get(node_get(entity, "type"), "name")->text, path);
    struct removed r = take_away(parent, member);
    expect(p, !required, what, " taken away");
    put_back(&r);
    struct node old = *member;
    *member = (struct node){ .type = NODE_NULL, .key = old.key, .text = "null", .next = old.next };
    expect(p, !no_null, what, " null");
    *member = old;
}

/* ---- what stands around entities */

static void without(struct proving *p, struct node *of, const char *key, bool accepted)
{
    for (struct node *n = of->child; n; n = n->next) {
        if (strcmp(n->key, key) != 0)
            continue;
        struct removed r = take_away(of, n);
        expect(p, accepted, key, " taken away");
        put_back(&r);
        return;
    }
    p->failed++;
    printf("FAILED: contentpack: accepted.json has no %s\n", key);
}

/* "name=json": the member with this value, or a new one. */
static void variant(struct proving *p, const struct node *v)
{
    struct node *root = p->pack.accepted, *value, *at = NULL;
    struct slice text = slice_cstr(v->key);
    size_t equals = (size_t)slice_find(text, '=');
    struct why w;
    if (json_read(&p->mem, slice_after(text, equals + 1), "variant", &value, &w)) {
        p->failed++;
        printf("FAILED: contentpack: %s: %s\n", v->key, w.text);
        return;
    }
    for (struct node *n = root->child; n; n = n->next)
        if (slice_eq(slice_cstr(n->key), slice_first(text, equals)))
            at = n;
    struct node *last = root->last, old = at ? *at : (struct node){ .key = NULL };
    char *key = arena_zalloc(&p->mem, equals + 1);
    memcpy(key, text.p, equals);
    value->key = key;
    value->next = at ? old.next : NULL;
    if (at)
        *at = *value;
    else
        last->next = value;
    expect(p, strcmp(v->text, "accepted") == 0, v->key, "");
    if (at)
        *at = old;
    else
        last->next = NULL;
}

static struct node *child(struct node *of, const char *key)
{
    return (struct node *)(uintptr_t)node_get(of, key);
}

/* A text of the tree set for a while. */
static void with_text(struct proving *p, struct node *n, const char *text, const struct node *said)
{
    struct node old = *n;
    n->type = text[0] >= '0' && text[0] <= '9' ? NODE_INT : NODE_STR;
    n->text = text;
    n->i = 1;
    expect(p, strcmp(said->text, "accepted") == 0, said->key, "");
    *n = old;
}

static void with_plugin(struct proving *p, struct node *constraint, const struct node *said)
{
    struct node *plugin;
    struct why w;
    static const char text[] =
        "{\"type\":\"plugin-version\",\"plugin\":\"a\",\"version\":\">=1.0.0\"}";
    if (json_read(&p->mem, slice_cstr(text), "constraint", &plugin, &w))
        return;
    struct node old = *constraint;
    plugin->next = old.next;
    *constraint = *plugin;
    expect(p, strcmp(said->text, "accepted") == 0, said->key, "");
    *constraint = old;
}

static void with_twin(struct proving *p, struct node *list, const struct node *said)
{
    struct node twin = *list->child, *last = list->last;
    twin.next = NULL;
    last->next = &twin;
    expect(p, strcmp(said->text, "accepted") == 0, said->key, "");
    last->next = NULL;
}

static void around_entity(struct proving *p, const struct node *said)
{
    struct node *list = child(p->pack.accepted, "entities"), *first = list->child;
    struct node *constraint = child(first, "constraints")->child;
    const char *name = said->key;
    if (strncmp(name, "without ", 8) == 0)
        without(p, first, name + 8, strcmp(said->text, "accepted") == 0);
    else if (strcmp(name, "unknown type name") == 0)
        with_text(p, child(child(first, "type"), "name"), "nothing", said);
    else if (strcmp(name, "same id and type twice") == 0)
        with_twin(p, list, said);
    else if (strcmp(name, "type version as a number") == 0)
        with_text(p, child(child(first, "type"), "version"), "1", said);
    else if (strcmp(name, "bogus constraint") == 0)
        with_text(p, child(constraint, "version"), "bogus", said);
    else if (strcmp(name, "plugin constraint") == 0)
        with_plugin(p, constraint, said);
    else
        p->failed += printf("FAILED: contentpack: '%s' is not known here\n", name) > 0;
}

static void with_unknown(struct proving *p, struct node *entity)
{
    struct node *data = child(entity, "data"), *last = data->last;
    struct node more = { .type = NODE_INT, .key = "unknown_key", .text = "1", .i = 1 };
    last->next = &more;
    expect(p, false, child(child(entity, "type"), "name")->text, " with a member of no meaning");
    last->next = NULL;
}

static void prove(struct proving *p)
{
    struct node *root = p->pack.accepted;
    const struct node *properties = p->pack.properties;
    expect(p, true, "accepted.json", "");
    contentpack_each(&p->pack, mutate, p);
    p->only = NULL;
    for (const struct node *k = node_get(properties, "envelope")->child; k; k = k->next)
        without(p, root, k->key, strcmp(k->text, "accepted") == 0);
    for (const struct node *v = node_get(properties, "envelope_variants")->child; v; v = v->next)
        variant(p, v);
    for (const struct node *v = node_get(properties, "entity_envelope")->child; v; v = v->next)
        around_entity(p, v);
    for (struct node *e = child(root, "entities")->child; e; e = e->next)
        with_unknown(p, e);
    expect(p, true, "accepted.json", " after all changes");
}

/* ---- our exports */

struct functions {
    struct exported *e;
    const struct node *list; /* functions.json */
    const char *what;
};

static void check_function(void *ctx, struct slice name)
{
    struct functions *f = ctx;
    for (const struct node *n = f->list->child; n; n = n->next)
        if (slice_eq(slice_cstr(exported_text(n, "name")), name))
            return;
    exported_expect(f->e, false, f->what, "no Graylog has the function %.*s", (int)name.n,
                    (const char *)name.p);
}

/* The view and search that a server makes of a dashboard have no member that ours lacks. */
static void covers(struct exported *e, const char *what, const struct node *native,
                   const struct node *ours)
{
    for (const struct node *n = native ? native->child : NULL; n; n = n->next)
        exported_expect(e, node_get(ours, n->key), what, "a native dashboard has '%s'", n->key);
}

static const char *look_of(const struct node *widget)
{
    return exported_text(node_get(widget, "config"), "visualization");
}

static void check_native_widget(struct exported *e, const char *what, const struct node *native,
                                const struct node *ours)
{
    const struct node *n = node_path(native, "state.widgets.0");
    while (n && strcmp(look_of(n), look_of(ours)) != 0)
        n = n->next;
    exported_expect(e, n, what, "no native widget is a %s", look_of(ours));
    covers(e, what, n, ours);
    covers(e, what, node_get(n, "config"), node_get(ours, "config"));
    covers(e, what, node_path(n, "config.visualization_config"),
           node_path(ours, "config.visualization_config"));
}

static void check_native(struct exported *e, const char *what, const struct node *native)
{
    const struct node *data = exported_entity(e, "dashboard", 0);
    const struct node *state = node_get(data, "state"),
                      *query = node_path(data, "search.queries.0");
    const struct node *type = node_path(native, "search.queries.0.search_types.0");
    for (const struct node *s = state ? state->child : NULL; s; s = s->next) {
        covers(e, what, node_get(native, "state"), s);
        for (const struct node *w = node_get(s, "widgets")->child; w; w = w->next)
            check_native_widget(e, what, native, w);
    }
    for (; query; query = query->next) {
        covers(e, what, node_path(native, "search.queries.0"), query);
        for (const struct node *t = node_get(query, "search_types")->child; t; t = t->next)
            covers(e, what, type, t);
    }
}

/* What exports are compared with. */
struct answers {
    const struct node *functions, *native;
};

static void check_export(struct proving *p, const struct answers *a, const char *folder,
                         const char *name, const char *settings)
{
    for (int v = EXPORT_STREAM; v <= EXPORT_STREAM_TITLE; v++) {
        static struct exported e;
        char what[300];
        snprintf(what, sizeof what, "%s {%s} %s", name, settings, export_variant_names[v]);
        exported_make(&e, folder, name, settings, (enum export_variant)v);
        struct functions f = { &e, a->functions, what };
        if (exported_expect(&e, e.root, what, "%s", e.wrong.n ? e.wrong.v[0] : "")) {
            exported_expect(&e, contentpack_accepts(&p->pack, e.root), what, "%s", p->pack.why);
            exported_each_call(&e, check_function, &f);
            check_native(&e, what, a->native);
        }
        if (e.root && strcmp(name, "packetbeat") == 0)
            exported_check(&e, what);
        p->passed += e.passed;
        p->failed += e.failed;
        exported_free(&e);
    }
}

static struct node *read_json(struct proving *p, const char *folder, const char *name)
{
    char path[4096];
    struct slice text;
    struct node *root;
    struct why w;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!file_read(&p->mem, path, FILE_MAX, &text, &w) &&
        !json_read(&p->mem, text, path, &root, &w))
        return root;
    printf("%s\n", w.text);
    return NULL;
}

/* What the server writes back of accepted.json is taken too. */
static void check_written_back(struct proving *p, const char *folder)
{
    const struct node *back = read_json(p, folder, "contentpack/reserialised.json");
    bool taken = back && contentpack_accepts(&p->pack, back);
    p->passed += taken;
    p->failed += !taken;
    if (!taken)
        printf("FAILED: contentpack: reserialised.json: %s\n", p->pack.why);
}

int main(void)
{
    static struct proving p;
    const char *vectors = getenv("WIRELUME_VECTORS");
    char folder[4096];
    vectors = vectors ? vectors : "../shared/vectors";
    snprintf(folder, sizeof folder, "%s/contentpack", vectors);
    arena_init(&p.mem, NULL, 0);
    if (!contentpack_load(&p.pack, folder, &p.mem)) {
        printf("%s (WIRELUME_VECTORS names the folder)\n0 passed, 0 failed, 1 skipped\n",
               p.pack.why);
        arena_free(&p.mem);
        return 0;
    }
    prove(&p);
    check_written_back(&p, vectors);
    const struct answers a = { read_json(&p, vectors, "functions.json"),
                               read_json(&p, vectors, "contentpack/native-dashboard.json") };
    p.failed += !a.functions || !a.native;
    if (a.functions && a.native) {
        check_export(&p, &a, "packs", "packetbeat", "");
        check_export(&p, &a, "packs", "packetbeat", "profile: extended");
        check_export(&p, &a, "packs", "packetbeat",
                     "profile: extended, keep_original: true, dns_error_code: true, unmapped: "
                     "vendor, networks: test/pack/enrichment/networks.csv");
        check_export(&p, &a, "test/pack/export", "small", "");
    }
    printf("%u passed, %u failed\n", p.passed, p.failed);
    arena_free(&p.mem);
    return p.failed ? 1 : 0;
}
