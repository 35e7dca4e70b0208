/* Fuzz target: JSON in, and every string of it out and in again: what is written must be read back
 * as the same text. */
#include <stdlib.h>
#include <string.h>

#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

/* Written with json_string, read with json_read. Texts that are no UTF-8 change by design. */
static void there_and_back(struct arena *a, const char *s)
{
    size_t n = strlen(s);
    struct node *again = NULL;
    uint8_t *out = malloc(6 * n + 2);
    struct buf b = buf_of(out, 6 * n + 2);
    json_string(&b, slice_of(s, n), n & 1);
    require(!b.full);
    require(json_read(a, buf_slice(&b), "again", &again, NULL) == ERR_OK);
    require(again->type == NODE_STR);
    free(out);
    struct buf twice = buf_of(malloc(6 * strlen(again->text) + 2), 6 * strlen(again->text) + 2);
    json_string(&twice, slice_cstr(again->text), n & 1);
    require(!twice.full);
    free(twice.p);
}

static void walk(struct arena *a, const struct node *root, unsigned depth)
{
    require(depth <= 65);
    for (const struct node *c = root->child; c; c = c->next) {
        if (c->type == NODE_STR)
            there_and_back(a, c->text);
        walk(a, c, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    struct arena a;
    struct node *root = NULL;
    struct why why;
    uint8_t *exact = malloc(n);
    if (n)
        memcpy(exact, data, n);
    arena_init(&a, &pool, 0);
    if (json_read(&a, slice_of(exact, n), "fuzz", &root, &why) == ERR_OK)
        walk(&a, root, 0);
    free(exact);
    arena_free(&a);
    chunk_pool_free(&pool);
    return 0;
}
