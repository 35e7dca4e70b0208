/* Dashboards of the packs: /api/v1/dashboards. Files are read when asked for: an edited one shows
 * with the next look. */
#include "codec/yaml.h"
#include "os/file.h"
#include "pack/pack.h"
#include "store/state_json.h"
#include "web/answers.h"
#include "web/handlers.h"
#include "web/web_private.h"

#define FILE_MAX ((size_t)1 << 20)

/* ERR_MISSING: the pack has none. */
static err read_dashboard(struct exchange *x, const char *pack, struct node **out, struct why *w)
{
    char path[PATH_BYTES];
    struct slice text;
    const char *folder = packs_find(x->web->sources.packs, pack, &x->mem);
    if (!folder)
        return why_set(w, ERR_MISSING, "there is no pack '%s'", pack);
    snprintf(path, sizeof path, "%s/dashboard.yml", folder);
    if (!file_exists(path))
        return why_set(w, ERR_MISSING, "the pack '%s' has no dashboard", pack);
    err rc = file_read(&x->mem, path, FILE_MAX, &text, w);
    return rc ? rc : yaml_read(&x->mem, text, path, out, w);
}

static void put_text(struct buf *b, const struct node *n, const char *key)
{
    const struct node *v = node_get(n, key);
    state_json_text(b, key, v && v->text ? v->text : "");
}

void dashboards_list(struct exchange *x)
{
    const struct packs_conf *packs = x->web->sources.packs;
    struct buf *b = exchange_json(x);
    struct node *root;
    struct why w;
    buf_u8(b, '[');
    for (unsigned i = 0; packs && i < packs->enabled.n; i++) {
        const char *slash = strrchr(packs->enabled.v[i], '/');
        const char *name = slash ? slash + 1 : packs->enabled.v[i];
        if (read_dashboard(x, packs->enabled.v[i], &root, &w))
            continue;
        buf_cstr(b, b->n > 1 ? ",{" : "{");
        state_json_text(b, "name", name);
        put_text(b, root, "title");
        put_text(b, root, "summary");
        buf_u8(b, '}');
    }
    buf_u8(b, ']');
}

/* The enabled pack of that name: nothing else is looked for. */
static const char *pack_named(const struct packs_conf *packs, struct slice name)
{
    for (unsigned i = 0; packs && i < packs->enabled.n; i++) {
        const char *slash = strrchr(packs->enabled.v[i], '/');
        if (slice_eq(name, slice_cstr(slash ? slash + 1 : packs->enabled.v[i])))
            return packs->enabled.v[i];
    }
    return NULL;
}

void dashboards_show(struct exchange *x)
{
    const char *pack = pack_named(x->web->sources.packs, x->id);
    struct node *root;
    struct why w;
    err rc = pack ? read_dashboard(x, pack, &root, &w)
                  : why_set(&w, ERR_MISSING, "no enabled pack has this name");
    if (rc)
        exchange_fail_why(x, rc, &w);
    else
        answers_node(exchange_json(x), root);
}
