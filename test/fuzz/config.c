/* Fuzz target of the configuration: a first line as -E, the rest as the file; what comes out is
 * printed again. */
#include <stdio.h>
#include <stdlib.h>

#include "app/dump.h"
#include "app/expand.h"
#include "app/merge.h"
#include "base/buf.h"
#include "codec/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static err read_file(struct arena *a, struct slice text, struct node **root, struct why *w)
{
    struct node *tree;
    err rc = yaml_read(a, text, "fuzz.yml", &tree, w);
    if (!rc && tree->type != NODE_MAP)
        return why_set(w, ERR_CONFIG, "no map");
    return rc ? rc : merge_nest(a, tree, root, w);
}

static void set(struct arena *a, struct node *root, struct slice line)
{
    struct node *tree, *nested;
    struct why why;
    char key[64];
    ptrdiff_t equals = slice_find(line, '=');
    struct slice name = slice_first(line, equals < 0 ? 0 : (size_t)equals);
    if (!name.n || name.n >= sizeof key || slice_find(name, 0) >= 0)
        return;
    memcpy(key, name.p, name.n);
    key[name.n] = '\0';
    struct slice value = slice_after(line, (size_t)equals + 1);
    if (yaml_value(a, value, "-E", &tree, &why) == ERR_OK &&
        merge_nest(a, tree, &nested, &why) == ERR_OK && merge_set(a, root, key, nested, &why))
        return;
}

static void print(const struct node *root, bool as_exported)
{
    static FILE *nowhere;
    struct dump_conf conf = { .as_exported = as_exported };
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    if (nowhere)
        dump_tree(nowhere, root, &conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = slice_of(data, size);
    ptrdiff_t end = slice_find(all, '\n');
    struct slice line = slice_first(all, end < 0 ? 0 : (size_t)end);
    struct slice rest = slice_after(all, end < 0 ? 0 : (size_t)end + 1);
    struct arena a;
    struct node *root, *resolved;
    struct why why;
    arena_init(&a, NULL, 64 << 20);
    if (read_file(&a, rest, &root, &why) == ERR_OK) {
        set(&a, root, line);
        print(root, true);
        struct expansion e = { &a, root, NULL, &why };
        if (expand_all(&e, &resolved) == ERR_OK)
            print(resolved, false);
    }
    arena_free(&a);
    return 0;
}
