/* Prepared statements with bound parameters, and their rows, chunk by chunk. */
#include "base/bug.h"
#include "os/clock.h"
#include "store/duck_private.h"

#define COLUMNS_MAX  512
#define SLEEP_MIN_NS 20000
#define SLEEP_MAX_NS 1000000

struct column {
    unsigned type; /* enum duck_type */
    const void *data;
    const uint64_t *validity; /* NULL: no nulls */
};

struct duck_query {
    const struct duck_api *api;
    duck_handle statement;
    struct duck_result result;
    bool has_result;
    duck_handle chunk;
    uint64_t row, rows, bound;
    bool bad_parameter;
    unsigned n;
    struct column *column;
};

err duck_prepare(struct duck_query **out, struct duck_session *s, struct slice sql, struct why *w)
{
    struct duck_query *q = xcalloc(1, sizeof *q);
    char *text = xmalloc(sql.n + 1);
    q->api = &s->duck->api;
    memcpy(text, sql.p, sql.n);
    text[sql.n] = '\0';
    err rc = ERR_OK;
    if (q->api->prepare(s->handle, text, &q->statement))
        rc = duck_failed(w, "query", q->api->prepare_error(q->statement));
    xfree(text);
    if (rc) {
        duck_query_free(q);
        return rc;
    }
    *out = q;
    return ERR_OK;
}

static void drop_chunk(struct duck_query *q)
{
    if (q->chunk)
        q->api->destroy_data_chunk(&q->chunk);
    q->chunk = NULL;
}

static void drop_result(struct duck_query *q)
{
    drop_chunk(q);
    if (q->has_result)
        q->api->destroy_result(&q->result);
    q->has_result = false;
}

void duck_query_free(struct duck_query *q)
{
    if (!q)
        return;
    drop_result(q);
    if (q->statement)
        q->api->destroy_prepare(&q->statement);
    xfree(q->column);
    xfree(q);
}

/* ---- parameters */

static void bound(struct duck_query *q, duck_state state)
{
    q->bad_parameter = q->bad_parameter || state;
}

void duck_bind_text(struct duck_query *q, struct slice v)
{
    const char *p = v.n ? (const char *)v.p : "";
    bound(q, q->api->bind_varchar_length(q->statement, ++q->bound, p, v.n));
}

void duck_bind_int(struct duck_query *q, int64_t v)
{
    bound(q, q->api->bind_int64(q->statement, ++q->bound, v));
}

void duck_bind_double(struct duck_query *q, double v)
{
    bound(q, q->api->bind_double(q->statement, ++q->bound, v));
}

void duck_bind_time(struct duck_query *q, int64_t us)
{
    struct duck_timestamp t = { us };
    bound(q, q->api->bind_timestamp(q->statement, ++q->bound, t));
}

/* ---- running */

/* Left alone, the library asks again and again whether its other threads are done, which takes a
 * core; here the asking thread sleeps meanwhile. */
static unsigned run_tasks(const struct duck_query *q, duck_handle pending)
{
    int64_t sleep_ns = SLEEP_MIN_NS;
    for (;;) {
        unsigned state = q->api->pending_execute_task(pending);
        if (state == DUCK_PENDING_NOT_READY) {
            sleep_ns = SLEEP_MIN_NS;
            continue;
        }
        if (state != DUCK_PENDING_NO_TASKS)
            return state;
        clock_sleep_until(clock_mono_ns() + sleep_ns);
        sleep_ns = sleep_ns < SLEEP_MAX_NS ? 2 * sleep_ns : sleep_ns;
    }
}

static err execute(struct duck_query *q, struct why *w)
{
    duck_handle pending = NULL;
    err rc = ERR_OK;
    if (q->api->pending_prepared(q->statement, &pending) ||
        run_tasks(q, pending) == DUCK_PENDING_ERROR) {
        rc = duck_failed(w, "query", q->api->pending_error(pending));
    } else {
        q->has_result = true;
        if (q->api->execute_pending(pending, &q->result))
            rc = duck_failed(w, "query", q->api->result_error(&q->result));
    }
    q->api->destroy_pending(&pending);
    return rc;
}

/* ---- rows */

err duck_answer(struct duck_query *q, struct why *w)
{
    if (q->bad_parameter)
        return why_set(w, ERR_IO, "store: DuckDB refuses a parameter of a query");
    drop_result(q);
    q->bound = 0;
    q->row = q->rows = 0;
    err rc = execute(q, w);
    if (rc)
        return rc;
    q->n = (unsigned)q->api->column_count(&q->result);
    BUG_ON(q->n > COLUMNS_MAX);
    if (!q->column)
        q->column = xcalloc(COLUMNS_MAX, sizeof *q->column);
    for (unsigned i = 0; i < q->n; i++)
        q->column[i].type = q->api->column_type(&q->result, i);
    return ERR_OK;
}

bool duck_next(struct duck_query *q, err *rc, struct why *w)
{
    *rc = ERR_OK;
    while (++q->row >= q->rows || !q->chunk) {
        drop_chunk(q);
        q->chunk = q->api->fetch_chunk(q->result);
        const char *words = q->chunk ? NULL : q->api->result_error(&q->result);
        if (words)
            *rc = duck_failed(w, "query", words);
        if (!q->chunk)
            return false;
        q->rows = q->api->data_chunk_get_size(q->chunk);
        q->row = 0;
        for (unsigned i = 0; i < q->n; i++) {
            duck_handle v = q->api->data_chunk_get_vector(q->chunk, i);
            q->column[i].data = q->api->vector_get_data(v);
            q->column[i].validity = q->api->vector_get_validity(v);
        }
        if (q->rows)
            return true;
    }
    return true;
}

unsigned duck_columns(const struct duck_query *q)
{
    return q->n;
}

const char *duck_column_name(struct duck_query *q, unsigned column)
{
    return q->api->column_name(&q->result, column);
}

struct slice duck_text_at(const uint8_t *cell)
{
    uint32_t n;
    const uint8_t *p;
    memcpy(&n, cell, sizeof n);
    memcpy(&p, cell + 8, sizeof p);
    return slice_of(n <= 12 ? cell + 4 : p, n);
}

void duck_text_put(uint8_t *cell, struct slice v, struct arena *mem)
{
    uint32_t n = (uint32_t)v.n;
    memset(cell, 0, DUCK_TEXT_CELL);
    memcpy(cell, &n, sizeof n);
    if (n <= 12) {
        if (n)
            memcpy(cell + 4, v.p, n);
        return;
    }
    const uint8_t *p = arena_dup(mem, v).p;
    BUG_ON(v.n > UINT32_MAX);
    xneed(p, "memory for the store");
    memcpy(cell + 4, p, 4);
    memcpy(cell + 8, &p, sizeof p);
}

/* HUGEINT, which sums have; what does not fit becomes a double. */
static struct duck_value huge_at(const uint8_t *cell)
{
    uint64_t lower;
    int64_t upper;
    memcpy(&lower, cell, sizeof lower);
    memcpy(&upper, cell + 8, sizeof upper);
    if ((upper == 0 && lower <= INT64_MAX) || (upper == -1 && lower > INT64_MAX))
        return (struct duck_value){ .kind = DUCK_INT, .i = (int64_t)lower };
    return (struct duck_value){ .kind = DUCK_DOUBLE,
                                .d = (double)upper * 18446744073709551616.0 + (double)lower };
}

static struct duck_value int_of(int64_t i)
{
    return (struct duck_value){ .kind = DUCK_INT, .i = i };
}

static struct duck_value double_of(double d)
{
    return (struct duck_value){ .kind = DUCK_DOUBLE, .d = d };
}

/* What is too large for an int becomes a double. */
static struct duck_value unsigned_of(uint64_t u)
{
    return u <= INT64_MAX ? int_of((int64_t)u) : double_of((double)u);
}

/* long: one case per type */
struct duck_value duck_value(const struct duck_query *q, unsigned column)
{
    const struct column *c = &q->column[column];
    uint64_t r = q->row;
    BUG_ON(column >= q->n || !q->chunk);
    if (c->validity && !(c->validity[r / 64] >> r % 64 & 1))
        return (struct duck_value){ .kind = DUCK_NULL };
    switch ((enum duck_type)c->type) {
    case DUCK_TYPE_BOOLEAN:
        return (struct duck_value){ .kind = DUCK_BOOL, .i = ((const uint8_t *)c->data)[r] != 0 };
    case DUCK_TYPE_TINYINT:
        return int_of(((const int8_t *)c->data)[r]);
    case DUCK_TYPE_SMALLINT:
        return int_of(((const int16_t *)c->data)[r]);
    case DUCK_TYPE_INTEGER:
        return int_of(((const int32_t *)c->data)[r]);
    case DUCK_TYPE_BIGINT:
        return int_of(((const int64_t *)c->data)[r]);
    case DUCK_TYPE_UTINYINT:
        return int_of(((const uint8_t *)c->data)[r]);
    case DUCK_TYPE_USMALLINT:
        return int_of(((const uint16_t *)c->data)[r]);
    case DUCK_TYPE_UINTEGER:
        return int_of(((const uint32_t *)c->data)[r]);
    case DUCK_TYPE_UBIGINT:
        return unsigned_of(((const uint64_t *)c->data)[r]);
    case DUCK_TYPE_DOUBLE:
        return double_of(((const double *)c->data)[r]);
    case DUCK_TYPE_FLOAT:
        return double_of((double)((const float *)c->data)[r]);
    case DUCK_TYPE_TIMESTAMP:
        return (struct duck_value){ .kind = DUCK_TIME, .i = ((const int64_t *)c->data)[r] };
    case DUCK_TYPE_HUGEINT:
        return huge_at((const uint8_t *)c->data + 16 * r);
    case DUCK_TYPE_UHUGEINT:
        break; /* only compared */
    case DUCK_TYPE_VARCHAR:
        return (struct duck_value){ .kind = DUCK_TEXT,
                                    .text = duck_text_at((const uint8_t *)c->data + 16 * r) };
    }
    return (struct duck_value){ .kind = DUCK_OTHER };
}
