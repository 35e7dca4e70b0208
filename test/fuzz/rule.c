/* Fuzz target: the text of a rule in; what is accepted runs on a message. Nothing may crash, and
 * memory and time stay within their limits. */
#include <stdlib.h>
#include <string.h>

#include "pack/compile.h"
#include "pack/eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void run(const struct rule *r, struct arena *a)
{
    static const struct rule_stream streams[] = { { SLICE("s1"), SLICE("Alpha"), false } };
    struct rule_env env = { .now_ms = 1707945600000, .stream = streams, .n_streams = 1 };
    struct run x = { .env = &env, .m = message_new(a, 4), .mem = a };
    struct value number = { .type = VT_INT, .i = 53 };
    struct slice two[] = { SLICE("a"), SLICE("b") };
    struct value list = { .type = VT_STRS, .n = 2, .p = two };
    if (!x.m)
        return;
    message_set(x.m, SLICE("n"), &number);
    message_set(x.m, SLICE("l"), &list);
    if (rule_condition(&x, r) == RULE_TRUE)
        rule_act(&x, r);
    message_size(x.m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    struct arena a;
    struct rule_errors e = { .n = 0 };
    uint8_t *exact = malloc(n);
    if (n)
        memcpy(exact, data, n);
    arena_init(&a, &pool, 0);
    const struct rule *r = rule_load(&a, slice_of(exact, n), &e);
    if (!r && !e.n)
        __builtin_trap();
    if (r)
        run(r, &a);
    arena_free(&a);
    chunk_pool_free(&pool);
    free(exact);
    return 0;
}
