/* Fuzz target: the text of a rule in, and behind a zero byte the fields of a message as a JSON
 * object; what is accepted runs on the message. Nothing may crash, and memory and time stay within
 * their limits. */
#include <stdlib.h>
#include <string.h>

#include "pack/compile.h"
#include "pack/eval.h"
#include "pack/jsontree.h"
#include "pack/lookup.h"
#include "pack/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define TEXT(s)                                                                                    \
    {                                                                                              \
        .kind = K_STRING, .n = sizeof(s) - 1, .p = (s)                                             \
    }
static const struct rule_stream streams[] = { { SLICE("s1"), SLICE("Alpha"), false } };
static const struct lookup_entry entries[] = { { .key = TEXT("a"), .single = TEXT("alpha") } };
static const struct lookup_table tables[] = {
    { .name = SLICE("t"), .entry = entries, .n = 1, .default_single = TEXT("none") }
};

/* The fields of a message: those of the input, and two that are always there. */
static void fill(struct message *m, struct slice json, struct arena *a)
{
    static const struct slice two[] = { SLICE("a"), SLICE("b") };
    struct value number = { .type = VT_INT, .i = 53 };
    struct value list = { .type = VT_STRS, .n = 2, .p = two };
    struct rule_value tree;
    message_set(m, SLICE("n"), &number);
    message_set(m, SLICE("l"), &list);
    if (!jsontree_read(json, a, &tree) || tree.kind != K_MAP)
        return;
    for (uint32_t i = 0; i < tree.n; i++) {
        const struct rule_member *f = (const struct rule_member *)tree.p + i;
        struct value v = value_store(&f->v, a);
        message_set(m, f->key, &v);
    }
}

static void run(const struct rule *r, struct slice json, struct arena *a)
{
    static struct pattern_room *room; /* used by all inputs, as a thread does */
    struct rule_env env = {
        .now_ms = 1707945600000, .stream = streams, .n_streams = 1, .table = tables, .n_tables = 1
    };
    struct run x = { .env = &env, .m = message_new(a, 4), .mem = a };
    room = room ? room : pattern_room_new();
    pattern_use_room(room);
    if (!x.m)
        return;
    fill(x.m, json, a);
    if (rule_condition(&x, r->when) == RULE_TRUE)
        rule_act(&x, r);
    message_size(x.m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    struct arena a;
    struct rule_errors e = { .n = 0 };
    const uint8_t *zero = n ? memchr(data, 0, n) : NULL;
    size_t n_rule = zero ? (size_t)(zero - data) : n;
    uint8_t *exact = malloc(n_rule), *json = malloc(n - n_rule);
    if (n_rule)
        memcpy(exact, data, n_rule);
    if (n > n_rule)
        memcpy(json, data + n_rule, n - n_rule);
    arena_init(&a, &pool, 0);
    const struct rule *r = rule_load(&a, slice_of(exact, n_rule), &e);
    if (!r && !e.n)
        __builtin_trap();
    if (r)
        run(r, slice_after(slice_of(json, n - n_rule), 1), &a);
    arena_free(&a);
    chunk_pool_free(&pool);
    free(exact);
    free(json);
    return 0;
}
