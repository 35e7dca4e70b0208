/* Fuzz target: requests of the query API as JSON. What is accepted lies within its bounds, and its
 * texts can be read; a mistake has a sentence. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "store/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static void look_at(struct slice s)
{
    require(!s.n || utf8_ok(s));
}

static void check_ask(const struct query_ask *a)
{
    require(a->id.n > 0 && a->kind < QUERY_KINDS && a->n_fields <= COUNT(a->field));
    require(a->limit <= QUERY_LIMIT_MAX && a->buckets <= QUERY_BUCKETS_MAX);
    require(a->interval_s >= 0 && a->n_at <= QUERY_AT_MAX);
    for (unsigned i = 0; i < a->n_fields; i++)
        look_at(a->field[i]);
    for (unsigned i = 0; i < a->n_columns; i++)
        look_at(a->column[i]);
    for (unsigned i = 0; i < a->n_at; i++)
        require(a->at[i] >= 0 && a->at[i] <= 100);
    look_at(a->text), look_at(a->split), look_at(a->sort), look_at(a->prefix);
    look_at(a->before), look_at(a->after), look_at(a->message_id), look_at(a->metric.field);
}

static void check(const struct query *q)
{
    struct view_range range = query_range(q);
    require(q->from_ms <= q->to_ms && q->n <= QUERY_ASKS_MAX);
    require(range.from_us <= q->from_ms * 1000 && range.to_us >= q->to_ms * 1000);
    require(q->timeout_ms > 0 && q->timeout_ms <= QUERY_TIMEOUT_MAX);
    look_at(q->stream), look_at(q->text);
    for (unsigned i = 0; i < q->n; i++)
        check_ask(&q->ask[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    struct query_error error = { .why = { "" } };
    struct query q;
    struct arena mem;
    uint8_t *exact = malloc(n);
    if (n)
        memcpy(exact, data, n);
    arena_init(&mem, &pool, (size_t)1 << 20);
    if (!query_read(&q, slice_of(exact, n), 1700000000000, &mem, &error))
        check(&q);
    else
        require(error.why.text[0] != '\0');
    arena_free(&mem);
    chunk_pool_free(&pool);
    free(exact);
    return 0;
}
