/* Histograms and percentiles over time. */
#include "store/query_private.h"

#define SERIES_MAX (QUERY_SPLIT_MAX + 1)

struct series {
    struct slice key; /* JSON */
    struct duck_value *value;
};

struct times {
    int64_t interval_s, grid_us;
    unsigned n; /* buckets */
    struct series series[SERIES_MAX];
    unsigned n_series;
    bool zero; /* a bucket without messages is 0, not null */
};

/* The shortest of these that gives no more buckets than wanted. */
static int64_t interval_auto(int64_t span_us, unsigned buckets)
{
    static const int64_t nice[] = { 1,     2,     5,      10,     15,     30,      60,     120,
                                    300,   600,   900,    1800,   3600,   7200,    10800,  21600,
                                    43200, 86400, 172800, 432000, 864000, 2592000, 7776000 };
    unsigned i = 0;
    while (i + 1 < COUNT(nice) && span_us > nice[i] * 1000000 * (buckets ? buckets : 1))
        i++;
    return nice[i];
}

static err set_times(struct query_run *r, struct times *t)
{
    const struct query_ask *a = r->ask;
    int64_t step_us;
    *t = (struct times){ .interval_s = a->interval_s };
    if (!t->interval_s)
        t->interval_s = interval_auto(r->to_us - r->from_us, a->buckets);
    step_us = t->interval_s * 1000000;
    t->grid_us = r->from_us - query_us_in(r->from_us, step_us);
    int64_t n = (r->to_us - 1 - t->grid_us) / step_us + 1;
    if (n > QUERY_BUCKETS_MAX)
        return query_run_fail(r, ERR_LIMIT, "%lld buckets; at most %d fit: take a longer interval",
                              (long long)n, QUERY_BUCKETS_MAX);
    t->n = (unsigned)n;
    return ERR_OK;
}

static struct source_part bucket_part(const struct times *t)
{
    return (struct source_part){ .kind = PART_BUCKET,
                                 .grid_us = t->grid_us,
                                 .step_us = t->interval_s * 1000000 };
}

static err add_series(struct query_run *r, struct times *t, struct slice key)
{
    struct series *s = &t->series[t->n_series];
    s->key = arena_dup(r->mem, key);
    s->value = arena_zalloc(r->mem, t->n * sizeof *s->value);
    if (!s->value || s->key.n != key.n)
        return query_run_fail(r, ERR_LIMIT, "no memory left for this query");
    t->n_series++;
    return ERR_OK;
}

/* ---- as JSON */

static void write_values(struct query_run *r, const struct times *t, const struct series *s)
{
    buf_lit(r->out, "\"values\":[");
    for (unsigned i = 0; i < t->n; i++) {
        struct duck_value v = s->value[i];
        if (v.kind == DUCK_NULL && t->zero)
            v = (struct duck_value){ .kind = DUCK_INT };
        buf_cstr(r->out, i ? "," : "");
        query_value_write(r->out, &v, false);
    }
    buf_u8(r->out, ']');
}

static void write_times(struct query_run *r, const struct times *t)
{
    buf_printf(r->out, "{\"interval_s\":%lld,\"times\":[", (long long)t->interval_s);
    for (unsigned i = 0; i < t->n; i++) {
        buf_cstr(r->out, i ? "," : "");
        buf_int(r->out, t->grid_us / 1000 + (int64_t)i * t->interval_s * 1000);
    }
    buf_lit(r->out, "],\"series\":[");
}

/* Series up to n; what is behind is "other". */
static void write_series(struct query_run *r, const struct times *t, unsigned n)
{
    write_times(r, t);
    for (unsigned i = 0; i < n; i++) {
        buf_cstr(r->out, i ? ",{\"key\":" : "{\"key\":");
        buf_add(r->out, t->series[i].key);
        buf_u8(r->out, ',');
        write_values(r, t, &t->series[i]);
        buf_u8(r->out, '}');
    }
    buf_u8(r->out, ']');
    if (n == t->n_series)
        return;
    buf_lit(r->out, ",\"other\":{");
    write_values(r, t, &t->series[n]);
    buf_u8(r->out, '}');
}

/* Row: bucket, then one value for each series. */
static err read_rows(struct query_run *r, struct times *t)
{
    struct duck_query *q;
    err rc = query_run_ask(r, &q);
    while (!rc && query_run_next(r, q, &rc)) {
        struct duck_value b = duck_value(q, 0);
        for (unsigned i = 0; i < t->n_series; i++)
            if (b.kind == DUCK_INT && b.i >= 0 && b.i < t->n)
                t->series[i].value[b.i] = duck_value(q, 1 + i);
    }
    duck_query_free(q);
    return rc;
}

/* ---- one series */

static err answer_plain(struct query_run *r, struct times *t)
{
    struct source_part part[2] = { bucket_part(t) };
    err rc = add_series(r, t, SLICE("null"));
    if (rc)
        return rc;
    bool some = query_metric_part(&r->ask->metric, &part[1]);
    query_run_start(r);
    sql_put(&r->sql, "SELECT c0,");
    query_metric_put(r, &r->ask->metric, 1);
    sql_put(&r->sql, " FROM ");
    query_source_put(r, part, 1 + some);
    sql_put(&r->sql, " GROUP BY 1");
    rc = read_rows(r, t);
    if (!rc)
        write_series(r, t, 1);
    return rc;
}

/* ---- split by a field */

/* Buckets and keys in one pass; then keys by rank, the others as one. */
static void put_split_merged(struct query_run *r, struct source_part *part, unsigned n)
{
    struct sql *s = &r->sql;
    const char *merge = query_metric_merge(&r->ask->metric);
    sql_put(s, "WITH g AS MATERIALIZED (SELECT c0 AS b,c1 AS k,");
    query_metric_put(r, &r->ask->metric, 2);
    sql_put(s, " AS v FROM ");
    query_source_put(r, part, n);
    sql_printf(s,
               " WHERE c1 IS NOT NULL GROUP BY 1,2), t AS (SELECT k,row_number() OVER () AS i "
               "FROM (SELECT k FROM g GROUP BY k ORDER BY %s(v) DESC NULLS LAST,k LIMIT %u)) "
               "SELECT g.b,t.i,t.k,%s(g.v) FROM g LEFT JOIN t ON g.k=t.k GROUP BY 1,2,3",
               merge, r->ask->split_limit, merge);
}

/* What cannot be merged is computed twice: for the ranks, and for each bucket of a key. */
static void put_split_twice(struct query_run *r, struct source_part *part, unsigned n)
{
    struct sql *s = &r->sql;
    sql_put(s, "WITH m AS MATERIALIZED (SELECT * FROM ");
    query_source_put(r, part, n);
    sql_put(s, " WHERE c1 IS NOT NULL), t AS (SELECT k,row_number() OVER () AS i FROM (SELECT c1 "
               "AS k FROM m GROUP BY c1 ORDER BY ");
    query_metric_put(r, &r->ask->metric, 2);
    sql_printf(s, " DESC NULLS LAST,c1 LIMIT %u)) SELECT c0,t.i,t.k,", r->ask->split_limit);
    query_metric_put(r, &r->ask->metric, 2);
    sql_put(s, " FROM m LEFT JOIN t ON m.c1=t.k GROUP BY 1,2,3");
}

static err key_of_row(struct query_run *r, struct duck_query *q, bool json, struct slice *out)
{
    uint8_t *text;
    struct duck_value k = duck_value(q, 2);
    size_t cap = k.kind == DUCK_TEXT ? 6 * k.text.n + 8 : 64;
    text = arena_alloc(r->mem, cap);
    struct buf b = buf_of(text, text ? cap : 0);
    query_value_write(&b, &k, json);
    *out = buf_slice(&b);
    return b.full ? query_run_fail(r, ERR_LIMIT, "no memory left for this query") : ERR_OK;
}

/* Series i is rank i + 1; the last is of all others. */
static err read_split(struct query_run *r, struct times *t, bool json, bool *other)
{
    struct duck_query *q;
    unsigned last = r->ask->split_limit;
    err rc = query_run_ask(r, &q);
    while (!rc && query_run_next(r, q, &rc)) {
        struct duck_value b = duck_value(q, 0), rank = duck_value(q, 1);
        unsigned i = rank.kind == DUCK_INT ? (unsigned)rank.i - 1 : last;
        if (b.kind != DUCK_INT || b.i < 0 || b.i >= t->n || i > last)
            continue;
        *other = *other || i == last;
        if (i < last && !t->series[i].key.n)
            rc = key_of_row(r, q, json, &t->series[i].key);
        t->series[i].value[b.i] = duck_value(q, 3);
    }
    duck_query_free(q);
    return rc;
}

static err answer_split(struct query_run *r, struct times *t)
{
    struct source_part part[3] = { bucket_part(t), { .kind = PART_KEY, .field = r->ask->split } };
    bool other = false;
    unsigned limit = r->ask->split_limit, n = 0;
    err rc = ERR_OK;
    for (unsigned i = 0; i <= limit && !rc; i++)
        rc = add_series(r, t, SLICE(""));
    if (rc)
        return rc;
    bool some = query_metric_part(&r->ask->metric, &part[2]);
    query_run_start(r);
    if (query_metric_merge(&r->ask->metric))
        put_split_merged(r, part, 2 + some);
    else
        put_split_twice(r, part, 2 + some);
    rc = read_split(r, t, part[1].json, &other);
    if (rc)
        return rc;
    while (n < limit && t->series[n].key.n)
        n++;
    t->series[n].value = t->series[limit].value;
    t->n_series = n + other;
    write_series(r, t, n);
    return ERR_OK;
}

err query_answer_histogram(struct query_run *r)
{
    struct times t;
    err rc = set_times(r, &t);
    t.zero = r->ask->metric.kind == METRIC_COUNT || r->ask->metric.kind == METRIC_CARD;
    if (rc)
        return rc;
    return r->ask->split.n ? answer_split(r, &t) : answer_plain(r, &t);
}

/* ---- percentiles */

/* One sort, or one sketch, for all of them. */
static void put_percentiles(struct query_run *r, unsigned column)
{
    sql_printf(&r->sql, "%s(c%u::DOUBLE,[",
               r->rows > QUERY_EXACT_ROWS ? "approx_quantile" : "quantile_cont", column);
    for (unsigned i = 0; i < r->ask->n_at; i++)
        sql_printf(&r->sql, "%s%.6f", i ? "," : "", r->ask->at[i] / 100);
    sql_put(&r->sql, "])");
}

static void put_each(struct query_run *r)
{
    for (unsigned i = 0; i < r->ask->n_at; i++)
        sql_printf(&r->sql, "%sp[%u]", i ? "," : "", i + 1);
}

static err answer_all(struct query_run *r)
{
    struct source_part part = { .kind = PART_NUMBER, .field = r->ask->field[0] };
    struct duck_query *q;
    query_run_start(r);
    sql_put(&r->sql, "SELECT ");
    put_each(r);
    sql_put(&r->sql, " FROM (SELECT ");
    put_percentiles(r, 0);
    sql_put(&r->sql, " AS p FROM ");
    query_source_put(r, &part, 1);
    sql_put(&r->sql, ")");
    err rc = query_run_ask(r, &q);
    buf_lit(r->out, "{\"values\":[");
    if (!rc && query_run_next(r, q, &rc))
        for (unsigned i = 0; i < r->ask->n_at; i++) {
            struct duck_value v = duck_value(q, i);
            buf_cstr(r->out, i ? "," : "");
            query_value_write(r->out, &v, false);
        }
    duck_query_free(q);
    buf_u8(r->out, ']');
    return rc;
}

err query_answer_percentiles(struct query_run *r)
{
    struct times t;
    if (!r->ask->with_interval)
        return answer_all(r);
    err rc = set_times(r, &t);
    for (unsigned i = 0; i < r->ask->n_at && !rc; i++) {
        uint8_t text[32];
        struct buf b = buf_of(text, sizeof text);
        struct duck_value at = { .kind = DUCK_DOUBLE, .d = r->ask->at[i] };
        query_value_write(&b, &at, false);
        rc = add_series(r, &t, buf_slice(&b));
    }
    if (rc)
        return rc;
    struct source_part part[2] = { bucket_part(&t),
                                   { .kind = PART_NUMBER, .field = r->ask->field[0] } };
    query_run_start(r);
    sql_put(&r->sql, "SELECT b,");
    put_each(r);
    sql_put(&r->sql, " FROM (SELECT c0 AS b,");
    put_percentiles(r, 1);
    sql_put(&r->sql, " AS p FROM ");
    query_source_put(r, part, 2);
    sql_put(&r->sql, " GROUP BY 1)");
    rc = read_rows(r, &t);
    if (!rc)
        write_series(r, &t, t.n_series);
    return rc;
}
