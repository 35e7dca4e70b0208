/* Values, terms and pairs: grouping without time. */
#include "base/addr.h"
#include "codec/json.h"
#include "model/civil.h"
#include "store/query_private.h"

void query_value_write(struct buf *out, const struct duck_value *v, bool json)
{
    switch (v->kind) {
    case DUCK_NULL:
    case DUCK_OTHER:
        buf_lit(out, "null");
        break;
    case DUCK_BOOL:
        buf_cstr(out, v->i ? "true" : "false");
        break;
    case DUCK_INT:
        buf_int(out, v->i);
        break;
    case DUCK_DOUBLE:
        json_double(out, v->d);
        break;
    case DUCK_TEXT:
        if (json)
            buf_add(out, v->text);
        else
            json_string(out, v->text, false);
        break;
    case DUCK_TIME:
        buf_u8(out, '"');
        civil_write(out, v->i / 1000, ' ');
        buf_u8(out, '"');
        break;
    }
}

static void write_column(struct query_run *r, struct duck_query *q, unsigned column, bool json)
{
    struct duck_value v = duck_value(q, column);
    query_value_write(r->out, &v, json);
}

/* ---- value */

/* Different texts are so many groups. */
static void put_distinct(struct query_run *r, const struct query_codes *c)
{
    query_codes_groups(r, c, &(struct query_metric){ .kind = METRIC_COUNT });
    sql_put(&r->sql, " SELECT count(*) FROM g WHERE ");
    query_codes_present(r, c);
}

static void put_metric(struct query_run *r, struct source_part *part, bool some)
{
    sql_put(&r->sql, "SELECT ");
    query_metric_put(r, &r->ask->metric, 0);
    sql_put(&r->sql, " FROM ");
    query_source_put(r, part, some);
}

static err put_value(struct query_run *r, const char *key)
{
    struct source_part part;
    struct query_codes c = { .use = false };
    struct duck_query *q;
    bool some = query_metric_part(&r->ask->metric, &part);
    err rc = ERR_OK;
    if (r->ask->metric.kind == METRIC_CARD)
        rc = query_codes_plan(r, &c, &part, 1, 1);
    if (rc)
        return rc;
    query_run_start(r);
    if (c.use)
        put_distinct(r, &c);
    else
        put_metric(r, &part, some);
    rc = query_run_ask(r, &q);
    if (!rc && query_run_next(r, q, &rc)) {
        buf_printf(r->out, "\"%s\":", key);
        write_column(r, q, 0, false);
    }
    duck_query_free(q);
    return rc;
}

err query_answer_value(struct query_run *r)
{
    buf_u8(r->out, '{');
    err rc = put_value(r, "value");
    if (rc || !r->ask->previous)
        return rc;
    buf_u8(r->out, ',');
    rc = query_run_select(r, 2 * r->from_us - r->to_us, r->from_us);
    return rc ? rc : put_value(r, "previous");
}

/* ---- terms */

static bool adds_up(const struct query_metric *m)
{
    const char *merge = query_metric_merge(m);
    return merge && strcmp(merge, "sum") == 0;
}

/* Of the groups k, v, n of a table: the largest beside what is known of all. */
static void put_top(struct query_run *r, const char *table)
{
    struct sql *s = &r->sql;
    const char *order = r->ask->ascending ? "ASC" : "DESC";
    sql_printf(s, ",t AS (SELECT k,v FROM %s WHERE k IS NOT NULL ORDER BY v %s NULLS LAST,k ",
               table, order);
    sql_printf(s,
               "LIMIT %u) SELECT k,v,d,m,o FROM (SELECT count(k) AS d,coalesce(max(n) FILTER (k "
               "IS NULL),0) AS m,%s AS o FROM %s) LEFT JOIN t ON TRUE ORDER BY v %s NULLS LAST,k",
               r->ask->limit,
               adds_up(&r->ask->metric)
                   ? "coalesce(sum(v) FILTER (k IS NOT NULL),0)-(SELECT coalesce(sum(v),0) FROM t)"
                   : "NULL::BIGINT",
               table, order);
}

/* Groups in one pass. */
static void put_terms(struct query_run *r, struct source_part *part, bool some)
{
    struct sql *s = &r->sql;
    sql_put(s, "WITH g AS MATERIALIZED (SELECT c0 AS k,");
    query_metric_put(r, &r->ask->metric, 1);
    sql_put(s, " AS v,count(*) AS n FROM ");
    query_source_put(r, part, 1 + some);
    sql_put(s, " GROUP BY 1)");
}

/* The same by numbers of texts. */
static void put_terms_codes(struct query_run *r, const struct query_codes *c)
{
    struct sql *s = &r->sql;
    const struct query_ask *a = r->ask;
    sql_put(s, ",");
    query_codes_top(r, c, a->ascending, a->limit);
    sql_put(s, " SELECT k0,v,d,m,o FROM (SELECT count(*) FILTER (");
    query_codes_present(r, c);
    sql_put(s, ") AS d,coalesce(max(n) FILTER (c0=0),0) AS m,");
    if (adds_up(&a->metric)) {
        sql_put(s, "coalesce(sum(v) FILTER (");
        query_codes_present(r, c);
        sql_put(s, "),0)-(SELECT coalesce(sum(v),0) FROM t) AS o");
    } else {
        sql_put(s, "NULL::BIGINT AS o");
    }
    sql_printf(s, " FROM g) LEFT JOIN t ON TRUE ORDER BY v %s NULLS LAST,k0",
               a->ascending ? "ASC" : "DESC");
}

/* ---- terms by networks: groups of addresses become groups of networks, other texts stay */

static bool by_network(const struct query_ask *a)
{
    return a->net_v4 != 0;
}

/* "h": the groups of w (k: text, v, n); each has one of its addresses as its key. */
static void put_networks(struct query_run *r)
{
    const struct query_ask *a = r->ask;
    sql_printf(&r->sql,
               ",h AS MATERIALIZED (SELECT min(k) AS k,%s(v) AS v,sum(n) AS n FROM (SELECT *,"
               "wirelume_address(k) AS a FROM w) GROUP BY a-a%%CASE WHEN a BETWEEN "
               "281470681743360 AND 281474976710655 THEN pow(2,%u)::UHUGEINT ELSE "
               "pow(2,%u)::UHUGEINT END,CASE WHEN a IS NULL THEN k END)",
               query_metric_merge(&a->metric), 32 - a->net_v4, 128 - a->net_v6);
}

/* What stands behind the groups of addresses. */
static void put_terms_end(struct query_run *r, const struct query_codes *c, bool json)
{
    struct sql *s = &r->sql;
    if (!by_network(r->ask) && c->use) {
        put_terms_codes(r, c);
        return;
    }
    if (by_network(r->ask) && c->use)
        sql_printf(s,
                   ",w AS (SELECT coalesce(g.t0,x.text) AS k,v,n FROM g LEFT JOIN " CODES_CATALOG
                   ".%s x ON x.code=g.c0+%lld AND g.c0<>0)",
                   codes[c->code[0]].texts, (long long)r->code_base);
    else if (by_network(r->ask))
        sql_printf(s, ",w AS (SELECT %s AS k,v,n FROM g)", json ? "k->>'$'" : "k");
    if (by_network(r->ask))
        put_networks(r);
    put_top(r, by_network(r->ask) ? "h" : "g");
}

/* 10.1.2.3 as "10.1.2.0/24". */
static void write_network(struct buf *out, const struct query_ask *a, struct addr net)
{
    unsigned bits = addr_is_v4(&net) ? 96 + a->net_v4 : a->net_v6;
    for (unsigned i = 0; i < sizeof net.b; i++)
        if (8 * i + 8 > bits)
            net.b[i] &= (uint8_t)(8 * i >= bits ? 0 : 0xff << (8 * i + 8 - bits));
    buf_u8(out, '"');
    buf_addr(out, &net);
    buf_printf(out, "/%u\"", addr_is_v4(&net) ? a->net_v4 : a->net_v6);
}

static void write_key(struct query_run *r, struct duck_query *q, bool json)
{
    struct addr net;
    struct duck_value v = duck_value(q, 0);
    if (!by_network(r->ask))
        query_value_write(r->out, &v, json);
    else if (v.kind == DUCK_TEXT && addr_parse(v.text, &net))
        write_network(r->out, r->ask, net);
    else
        query_value_write(r->out, &v, false);
}

err query_answer_terms(struct query_run *r)
{
    struct source_part part[2] = { { .kind = PART_KEY, .field = r->ask->field[0] } };
    struct duck_query *q;
    struct query_codes c;
    struct duck_value about[3] = { { .kind = DUCK_NULL } };
    unsigned n = 0;
    bool some = query_metric_part(&r->ask->metric, &part[1]);
    err rc = query_codes_plan(r, &c, part, 1, 1 + some);
    if (rc)
        return rc;
    query_run_start(r);
    if (c.use)
        query_codes_groups(r, &c, &r->ask->metric);
    else
        put_terms(r, part, some);
    put_terms_end(r, &c, part[0].json);
    rc = query_run_ask(r, &q);
    buf_lit(r->out, "{\"rows\":[");
    while (!rc && query_run_next(r, q, &rc)) {
        for (unsigned i = 0; i < 3; i++)
            about[i] = duck_value(q, 2 + i);
        if (duck_value(q, 0).kind == DUCK_NULL)
            continue;
        buf_cstr(r->out, n++ ? ",{\"key\":" : "{\"key\":");
        write_key(r, q, part[0].json);
        buf_lit(r->out, ",\"value\":");
        write_column(r, q, 1, false);
        buf_u8(r->out, '}');
    }
    duck_query_free(q);
    buf_lit(r->out, "],\"other\":");
    query_value_write(r->out, &about[2], false);
    buf_lit(r->out, ",\"distinct\":");
    query_value_write(r->out, &about[0], false);
    buf_lit(r->out, ",\"missing\":");
    query_value_write(r->out, &about[1], false);
    return rc;
}

/* ---- pairs */

static void put_pairs(struct query_run *r, struct source_part *part, bool some)
{
    unsigned n = r->ask->n_fields;
    sql_put(&r->sql, n == 2 ? "SELECT c0,c1," : "SELECT c0,c1,c2,");
    query_metric_put(r, &r->ask->metric, n);
    sql_put(&r->sql, " AS v FROM ");
    query_source_put(r, part, n + some);
    sql_put(&r->sql, " WHERE c0 IS NOT NULL AND c1 IS NOT NULL");
    sql_put(&r->sql, n == 2 ? " GROUP BY ALL" : " AND c2 IS NOT NULL GROUP BY ALL");
    sql_printf(&r->sql, " ORDER BY v DESC NULLS LAST,c0,c1%s LIMIT %u", n == 2 ? "" : ",c2",
               r->ask->limit);
}

static void put_pairs_codes(struct query_run *r, const struct query_codes *c)
{
    const char *keys = c->n_keys == 2 ? "k0,k1" : "k0,k1,k2";
    query_codes_groups(r, c, &r->ask->metric);
    sql_put(&r->sql, ",");
    query_codes_top(r, c, false, r->ask->limit);
    sql_printf(&r->sql, " SELECT %s,v FROM t ORDER BY v DESC NULLS LAST,%s", keys, keys);
}

err query_answer_pairs(struct query_run *r)
{
    const struct query_ask *a = r->ask;
    struct source_part part[4];
    struct query_codes c;
    struct duck_query *q;
    unsigned n = a->n_fields, rows = 0;
    for (unsigned i = 0; i < n; i++)
        part[i] = (struct source_part){ .kind = PART_KEY, .field = a->field[i] };
    bool some = query_metric_part(&a->metric, &part[n]);
    err rc = query_codes_plan(r, &c, part, n, n + some);
    if (rc)
        return rc;
    query_run_start(r);
    if (c.use)
        put_pairs_codes(r, &c);
    else
        put_pairs(r, part, some);
    rc = query_run_ask(r, &q);
    buf_lit(r->out, "{\"rows\":[");
    while (!rc && query_run_next(r, q, &rc)) {
        buf_cstr(r->out, rows++ ? ",{\"keys\":[" : "{\"keys\":[");
        for (unsigned i = 0; i < n; i++) {
            buf_cstr(r->out, i ? "," : "");
            write_column(r, q, i, part[i].json);
        }
        buf_lit(r->out, "],\"value\":");
        write_column(r, q, n, false);
        buf_u8(r->out, '}');
    }
    duck_query_free(q);
    buf_u8(r->out, ']');
    return rc;
}
