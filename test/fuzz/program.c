/* Fuzz target: rules, behind a zero byte pipelines (a byte 1 between two), behind another the
 * fields of a message as a JSON object. What is accepted runs, with the messages that
 * rules make. Nothing may crash, and memory and time stay within their limits. */
#include <stdlib.h>
#include <string.h>

#include "pack/jsontree.h"
#include "pack/lookup.h"
#include "pack/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define PIPELINES_MAX 8
#define TEXT(s)                                                                                    \
    {                                                                                              \
        .kind = K_STRING, .n = sizeof(s) - 1, .p = (s)                                             \
    }
static const struct rule_stream streams[] = { { SLICE("s0"), SLICE("Default Stream"), false },
                                              { SLICE("s1"), SLICE("Alpha"), false } };
static const struct lookup_entry entries[] = { { .key = TEXT("a"), .single = TEXT("alpha") } };
static const struct lookup_table tables[] = {
    { .name = SLICE("t"), .entry = entries, .n = 1, .default_single = TEXT("none") }
};

/* Takes what stands before the first zero byte, in memory of exactly that size. */
static struct slice take_part(struct slice *all, struct arena *a)
{
    const uint8_t *zero = all->n ? memchr(all->p, 0, all->n) : NULL;
    size_t n = zero ? (size_t)(zero - all->p) : all->n;
    struct slice part = arena_dup(a, slice_first(*all, n));
    *all = slice_after(*all, n + 1 < all->n ? n + 1 : all->n);
    return part;
}

static unsigned cut_pipelines(struct slice text, struct program_source *to)
{
    unsigned n = 0;
    while (text.n && n < PIPELINES_MAX) {
        ptrdiff_t end = slice_find(text, 1);
        size_t used = end < 0 ? text.n : (size_t)end;
        to[n++] = (struct program_source){ SLICE("p"), slice_first(text, used) };
        text = slice_after(text, end < 0 ? used : used + 1);
    }
    return n;
}

static struct message *make(struct slice json, struct arena *a)
{
    struct message *m = message_new(a, 4);
    struct rule_value tree;
    if (!m)
        return NULL;
    message_stream(m, streams[0].id);
    if (!jsontree_read(json, a, &tree) || tree.kind != K_MAP)
        return m;
    for (uint32_t i = 0; i < tree.n; i++) {
        const struct rule_member *f = (const struct rule_member *)tree.p + i;
        struct value v = value_store(&f->v, a);
        message_set(m, f->key, &v);
    }
    return m;
}

static void take(void *ctx, struct message *m)
{
    *(int64_t *)ctx += message_size(m);
}

static void run(const struct program *p, struct message *m)
{
    struct rule_env env = { .now_ms = 1707945600000,
                            .stream = streams,
                            .n_streams = COUNT(streams),
                            .table = tables,
                            .n_tables = 1,
                            .default_stream = streams[0].id };
    int64_t size = 0;
    struct program_run *r = program_run_new(p);
    if (m)
        program_run(r, &env, m, &(struct program_sink){ take, &size }, NULL);
    program_run_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    struct program_source rules = { SLICE("r"), { 0 } }, pipelines[PIPELINES_MAX];
    struct program_connection connections[PIPELINES_MAX + 1];
    struct arena a;
    struct slice all = slice_of(data, n);
    unsigned mistakes;
    arena_init(&a, &pool, 0);
    rules.text = take_part(&all, &a);
    struct program_conf conf = { .rule = &rules, .n_rules = 1, .pipeline = pipelines };
    conf.n_pipelines = cut_pipelines(take_part(&all, &a), pipelines);
    conf.connection = connections;
    for (; conf.n_connections < conf.n_pipelines; conf.n_connections++)
        connections[conf.n_connections] =
            (struct program_connection){ streams[conf.n_connections % 2].id,
                                         slice_of(&"abcdefgh"[conf.n_connections], 1) };
    struct program *p = program_load(&conf, &mistakes);
    if (p)
        run(p, make(all, &a));
    program_free(p);
    arena_free(&a);
    chunk_pool_free(&pool);
    return 0;
}
