/* Grouping by numbers of texts instead of by texts (codes.h): over all files at once, and only what
 * stands in the answer becomes text. Rows without numbers (tables in memory, old files, texts that
 * had no room) get theirs from the dictionary, or are grouped by their texts beside. */
#include "store/query_private.h"

#define FEW                                                                                        \
    4 /* at most the 4th part of the rows has no numbers: more of them cost more than gained */

/* ---- is it worth it */

static bool has_numbers(struct query_codes *c, const struct source_part *part, unsigned n_keys,
                        unsigned n)
{
    *c = (struct query_codes){ .n = n, .n_keys = n_keys };
    for (unsigned i = 0; i < n; i++) {
        c->part[i] = part[i];
        if (i >= n_keys)
            continue;
        c->code[i] = part[i].kind == PART_KEY ? codes_find(columns_find(part[i].field)) : -1;
        if (c->code[i] >= 0)
            c->mask |= 1U << c->code[i];
    }
    return c->mask;
}

/* The dictionary's base as table -1, and of each table how many rows have no number in a column. */
static void put_probe(struct query_run *r, const struct query_codes *c)
{
    sql_put(&r->sql, "SELECT -1,base FROM " CODES_CATALOG ".meta");
    for (unsigned i = 0; i < r->n_tables; i++)
        for (unsigned k = 0; k < CODES_N && r->table[i]->coded; k++)
            if (c->mask >> k & 1)
                sql_printf(&r->sql,
                           " UNION ALL SELECT %u,count(*) FROM %s WHERE %s IS NULL UNION ALL "
                           "SELECT %u,count(*) FROM %s,(SELECT base FROM " CODES_CATALOG
                           ".meta) WHERE %s<base",
                           i, r->table[i]->name, codes[k].name, i, r->table[i]->name,
                           codes[k].name);
}

/* Rows without numbers, by table. */
static err probe(struct query_run *r, const struct query_codes *c, uint64_t *lack)
{
    struct duck_query *q;
    query_run_start(r);
    put_probe(r, c);
    err rc = query_run_ask(r, &q);
    while (!rc && query_run_next(r, q, &rc)) {
        int64_t table = duck_value(q, 0).i;
        if (table < 0)
            r->code_base = duck_value(q, 1).i;
        else
            lack[table] += (uint64_t)duck_value(q, 1).i;
    }
    duck_query_free(q);
    return rc;
}

static void sort_tables(const struct query_run *r, struct query_codes *c, const uint64_t *lack)
{
    for (unsigned i = 0; i < r->n_tables; i++) {
        const struct view_table *t = r->table[i];
        if (!t->coded) {
            c->without[c->n_without++] = t;
            continue;
        }
        c->with[c->n_with++] = t;
        if (lack[i])
            c->some[c->n_some++] = t;
    }
}

err query_codes_plan(struct query_run *r, struct query_codes *c, const struct source_part *part,
                     unsigned n_keys, unsigned n)
{
    uint64_t lacking = 0;
    size_t room = (r->n_tables + 1) * sizeof *r->table;
    if (!has_numbers(c, part, n_keys, n) || !r->data->view->coded ||
        !query_source_is_plain(r, part, n))
        return ERR_OK;
    uint64_t *lack = arena_zalloc(r->mem, (r->n_tables + 1) * sizeof *lack);
    c->with = arena_alloc(r->mem, room);
    c->some = arena_alloc(r->mem, room);
    c->without = arena_alloc(r->mem, room);
    if (!lack || !c->with || !c->some || !c->without)
        return query_run_fail(r, ERR_LIMIT, "no memory left for this query");
    for (unsigned i = 0; i < r->n_tables; i++)
        lacking += r->table[i]->coded ? 0 : r->table[i]->rows;
    if (lacking > r->rows / FEW)
        return ERR_OK;
    err rc = probe(r, c, lack);
    for (unsigned i = 0; i < r->n_tables; i++)
        lacking += lack[i];
    sort_tables(r, c, lack);
    c->use = !rc && r->code_base && c->n_with && lacking <= r->rows / FEW;
    return rc;
}

/* ---- sources */

/* Rows of some tables only. */
static bool put_rows(struct query_run *r, const struct query_codes *c, enum code_rows rows)
{
    struct source_part part[4];
    const struct view_table **table = r->table;
    unsigned n = r->n_tables;
    bool with = rows == CODE_ROWS_WITH;
    r->table = with ? c->with : rows == CODE_ROWS_WITHOUT ? c->some : c->without;
    r->n_tables = with ? c->n_with : rows == CODE_ROWS_WITHOUT ? c->n_some : c->n_without;
    r->code_rows = rows;
    r->codes = c->mask;
    for (unsigned i = 0; i < c->n; i++) {
        part[i] = c->part[i];
        if (with && i < c->n_keys && c->code[i] >= 0)
            part[i] = (struct source_part){ .kind = PART_CODE, .code = c->code[i] };
    }
    bool some = query_source_rows(r, part, c->n);
    r->table = table;
    r->n_tables = n;
    r->code_rows = CODE_ROWS_ALL;
    return some;
}

/* "SELECT … FROM (rows with texts) r LEFT JOIN dictionary": c<i> the number, t<i> or the text. */
static void put_lookup(struct query_run *r, const struct query_codes *c)
{
    struct sql *s = &r->sql;
    sql_put(s, "SELECT ");
    for (unsigned i = 0; i < c->n; i++) {
        if (i < c->n_keys && c->code[i] >= 0)
            sql_printf(s,
                       "%sCASE WHEN r.c%u IS NULL THEN 0 ELSE x%u.code-%lld END AS c%u,CASE WHEN "
                       "x%u.code IS NULL THEN r.c%u END AS t%u",
                       i ? "," : "", i, i, (long long)r->code_base, i, i, i, i);
        else
            sql_printf(s, "%sr.c%u", i ? "," : "", i);
    }
    sql_put(s, " FROM (");
    bool some = c->n_some && put_rows(r, c, CODE_ROWS_WITHOUT);
    sql_put(s, some && c->n_without ? " UNION ALL " : "");
    if (c->n_without)
        (void)put_rows(r, c, CODE_ROWS_ALL);
    sql_put(s, ") r");
    for (unsigned i = 0; i < c->n_keys; i++)
        if (c->code[i] >= 0)
            sql_printf(s, " LEFT JOIN " CODES_CATALOG ".%s x%u ON x%u.text=r.c%u",
                       codes[c->code[i]].texts, i, i, i);
}

static void put_columns(struct query_run *r, const struct query_codes *c, const char *prefix)
{
    for (unsigned i = 0; i < c->n; i++)
        sql_printf(&r->sql, "%s%sc%u", i ? "," : "", prefix, i);
}

/* "SELECT keys, metric v, n FROM (": texts: with their columns too. */
static void put_group_head(struct query_run *r, const struct query_codes *c,
                           const struct query_metric *m, bool texts)
{
    struct sql *s = &r->sql;
    sql_put(s, "SELECT ");
    for (unsigned i = 0; i < c->n_keys; i++) {
        sql_printf(s, "c%u,", i);
        if (c->code[i] >= 0)
            sql_printf(s, texts ? "t%u," : "NULL::VARCHAR AS t%u,", i);
    }
    query_metric_put(r, m, c->n_keys);
    sql_put(s, " AS v,count(*) AS n FROM (");
}

static void put_group_tail(struct query_run *r, const struct query_codes *c, bool texts)
{
    sql_put(&r->sql, ") GROUP BY ");
    for (unsigned i = 0; i < c->n_keys; i++) {
        sql_printf(&r->sql, "%sc%u", i ? "," : "", i);
        if (texts && c->code[i] >= 0)
            sql_printf(&r->sql, ",t%u", i);
    }
}

/* A condition: each key has its number, or one of them has none. */
static void put_numbered(struct query_run *r, const struct query_codes *c, bool all)
{
    bool some = false;
    for (unsigned i = 0; i < c->n_keys; i++) {
        if (c->code[i] < 0)
            continue;
        sql_put(&r->sql, !some ? "" : all ? " AND " : " OR ");
        sql_printf(&r->sql, "c%u IS %sNULL", i, all ? "NOT " : "");
        some = true;
    }
}

static void put_numbered_rows(struct query_run *r, const struct query_codes *c)
{
    sql_put(&r->sql, "SELECT ");
    put_columns(r, c, "");
    sql_put(&r->sql, " FROM u WHERE ");
    put_numbered(r, c, true);
}

/* What two groups of the same keys have together. */
static const char *both(const struct query_metric *m)
{
    switch (m->kind) {
    case METRIC_COUNT:
    case METRIC_SUM:
        return "coalesce(a.v,0)+coalesce(b.v,0)";
    case METRIC_MIN:
        return "least(a.v,b.v)";
    case METRIC_MAX:
        return "greatest(a.v,b.v)";
    case METRIC_CARD:
    case METRIC_AVG:
    case METRIC_PERCENTILE:
        return NULL;
    }
    return NULL;
}

/* Numbers of files are counted without hashing only by themselves (DuckDB knows how large they
 * are): the groups of other rows come to theirs afterwards. */
static void put_merged(struct query_run *r, const struct query_codes *c,
                       const struct query_metric *m)
{
    struct sql *s = &r->sql;
    sql_put(s, "SELECT ");
    for (unsigned i = 0; i < c->n_keys; i++)
        sql_printf(s,
                   c->code[i] >= 0 ? "coalesce(a.c%u,b.c%u) AS c%u,NULL::VARCHAR AS t%u,"
                                   : "coalesce(a.c%u,b.c%u) AS c%u,",
                   i, i, i, i);
    sql_printf(s, "%s AS v,coalesce(a.n,0)+coalesce(b.n,0) AS n FROM (", both(m));
    put_group_head(r, c, m, false);
    (void)put_rows(r, c, CODE_ROWS_WITH);
    put_group_tail(r, c, false);
    sql_put(s, ") a FULL JOIN (");
    put_group_head(r, c, m, false);
    put_numbered_rows(r, c);
    put_group_tail(r, c, false);
    sql_put(s, ") b ON ");
    for (unsigned i = 0; i < c->n_keys; i++)
        sql_printf(s, c->code[i] >= 0 ? "%sa.c%u=b.c%u" : "%sa.c%u IS NOT DISTINCT FROM b.c%u",
                   i ? " AND " : "", i, i);
}

/* What cannot be merged is counted row by row. */
static void put_together(struct query_run *r, const struct query_codes *c,
                         const struct query_metric *m)
{
    put_group_head(r, c, m, false);
    (void)put_rows(r, c, CODE_ROWS_WITH);
    if (c->n_some || c->n_without) {
        sql_put(&r->sql, " UNION ALL ");
        put_numbered_rows(r, c);
    }
    put_group_tail(r, c, false);
}

void query_codes_groups(struct query_run *r, const struct query_codes *c,
                        const struct query_metric *m)
{
    struct sql *s = &r->sql;
    bool more = c->n_some || c->n_without;
    sql_put(s, "WITH ");
    if (more) {
        sql_put(s, "u AS MATERIALIZED (");
        put_lookup(r, c);
        sql_put(s, "),");
    }
    sql_put(s, "g AS MATERIALIZED (");
    if (more && both(m))
        put_merged(r, c, m);
    else
        put_together(r, c, m);
    if (more) {
        sql_put(s, " UNION ALL ");
        put_group_head(r, c, m, true);
        sql_put(s, "SELECT * FROM u WHERE ");
        put_numbered(r, c, false);
        put_group_tail(r, c, true);
    }
    sql_put(s, ")");
}

/* ---- from groups to the answer */

void query_codes_present(struct query_run *r, const struct query_codes *c)
{
    for (unsigned i = 0; i < c->n_keys; i++)
        sql_printf(&r->sql, c->code[i] >= 0 ? "%sc%u IS DISTINCT FROM 0" : "%sc%u IS NOT NULL",
                   i ? " AND " : "", i);
}

/* Groups that can be among the first: as good as the last of these by value, since texts decide
 * between equal ones. */
static void put_candidates(struct query_run *r, const struct query_codes *c, bool ascending,
                           unsigned limit)
{
    sql_put(&r->sql, "p AS MATERIALIZED (SELECT * FROM g WHERE ");
    query_codes_present(r, c);
    sql_printf(&r->sql, " AND coalesce(v%s(SELECT v FROM g WHERE ", ascending ? "<=" : ">=");
    query_codes_present(r, c);
    sql_printf(&r->sql, " ORDER BY v %s NULLS LAST LIMIT 1 OFFSET %u),TRUE))",
               ascending ? "ASC" : "DESC", limit - 1);
}

void query_codes_top(struct query_run *r, const struct query_codes *c, bool ascending,
                     unsigned limit)
{
    struct sql *s = &r->sql;
    long long base = (long long)r->code_base;
    put_candidates(r, c, ascending, limit);
    sql_put(s, ",t AS (SELECT ");
    for (unsigned i = 0; i < c->n_keys; i++)
        sql_printf(s, c->code[i] >= 0 ? "coalesce(p.t%u,x%u.text) AS k%u," : "p.c%u AS k%u,", i, i,
                   i);
    sql_put(s, "p.v FROM p");
    for (unsigned i = 0; i < c->n_keys; i++)
        if (c->code[i] >= 0)
            sql_printf(s,
                       " LEFT JOIN (SELECT code-%lld AS code,text FROM " CODES_CATALOG
                       ".%s WHERE code-%lld IN (SELECT c%u FROM p)) x%u ON x%u.code=p.c%u",
                       base, codes[c->code[i]].texts, base, i, i, i, i);
    sql_printf(s, " ORDER BY v %s NULLS LAST", ascending ? "ASC" : "DESC");
    for (unsigned i = 0; i < c->n_keys; i++)
        sql_printf(s, ",k%u", i);
    sql_printf(s, " LIMIT %u)", limit);
}
