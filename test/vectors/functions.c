/* The table of functions against what the original tells of its own: names, parameters in order
 * with their types, which are optional, what is returned, what is computed at load. */
#include "lib/vectors.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"
#include "pack/function.h"

#define FILE_MAX ((size_t)1 << 20)

static const char *text(const struct node *of, const char *key)
{
    const struct node *n = of ? node_get(of, key) : NULL;
    return n && n->type == NODE_STR ? n->text : "";
}

static bool truth(const struct node *of, const char *key)
{
    const struct node *n = node_get(of, key);
    return n && n->type == NODE_BOOL && n->b;
}

/* "name: what it has" for the report; false. */
static bool differ(const char *name, const char *what, const char *want, const char *got)
{
    printf("FAILED: functions.json %s: %s: wanted %s, got %s\n", name, what, want, got);
    return false;
}

static bool same_param(const char *name, const struct node *want, const struct param *got)
{
    char param[64];
    snprintf(param, sizeof param, "%.*s", (int)got->name.n, (const char *)got->name.p);
    if (strcmp(text(want, "name"), param) != 0)
        return differ(name, "parameter", text(want, "name"), param);
    if (strcmp(text(want, "type"), type_name((enum rule_type)got->type)) != 0)
        return differ(name, param, text(want, "type"), type_name((enum rule_type)got->type));
    bool optional = (got->flags & PARAM_OPTIONAL) != 0;
    if (truth(want, "optional") != optional)
        return differ(name, param, optional ? "required" : "optional",
                      optional ? "optional" : "required");
    return true;
}

static bool same_function(const struct node *want, struct arena *mem)
{
    const char *name = text(want, "name");
    const struct function *f = function_find(slice_cstr(name), mem);
    const struct node *params = node_get(want, "params");
    unsigned n = 0;
    if (!f || !f->run)
        return differ(name, "the function", "one", "none");
    if (strcmp(text(want, "returns"), type_name(f->returns)) != 0)
        return differ(name, "result", text(want, "returns"), type_name(f->returns));
    if (truth(want, "pure") != f->pure)
        return differ(name, "pure", f->pure ? "false" : "true", f->pure ? "true" : "false");
    for (const struct node *p = params ? params->child : NULL; p; p = p->next, n++) {
        if (n == f->n_params)
            return differ(name, "parameter", text(p, "name"), "none");
        if (!same_param(name, p, &f->param[n]))
            return false;
    }
    return n == f->n_params || differ(name, "parameters", "fewer", "more");
}

static const char *const ours[] = {
#define FUNCTION(name, returns, pure, params) #name,
#include "pack/functions.def"
#undef FUNCTION
};

static bool is_listed(const struct node *list, const char *name)
{
    for (const struct node *n = list->child; n; n = n->next) {
        if (strcmp(text(n, "name"), name) == 0)
            return true;
    }
    return differ(name, "the function", "none", "one");
}

int main(void)
{
    const char *folder = getenv("WIRELUME_VECTORS");
    char path[4096];
    struct arena mem;
    struct node *list;
    struct why why;
    unsigned passed = 0, failed = 0;
    snprintf(path, sizeof path, "%s/functions.json", folder ? folder : "../shared/vectors");
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("%s: not there; WIRELUME_VECTORS names the folder\n0 passed, 0 failed, 1 skipped\n",
               path);
        return 0;
    }
    arena_init(&mem, NULL, 0);
    uint8_t *bytes = arena_alloc(&mem, FILE_MAX);
    size_t n = fread(bytes, 1, FILE_MAX, f);
    fclose(f);
    if (json_read(&mem, slice_of(bytes, n), path, &list, &why) != ERR_OK) {
        printf("%s\n0 passed, 1 failed\n", why.text);
        return 1;
    }
    for (const struct node *one = list->child; one; one = one->next) {
        bool good = same_function(one, &mem);
        passed += good;
        failed += !good;
    }
    for (size_t i = 0; i < COUNT(ours); i++)
        failed += !is_listed(list, ours[i]);
    printf("%u passed, %u failed\n", passed, failed);
    arena_free(&mem);
    return failed ? 1 : 0;
}
