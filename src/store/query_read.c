/* Requests: JSON to struct query, everything checked against the limits of query.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/table.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "model/civil.h"
#include "store/query_private.h"

const char *const query_kind_names[] = { "value",    "histogram", "terms",  "pairs",  "percentiles",
                                         "messages", "message",   "fields", "values", NULL };

static const char *const metric_names[] = { "count", "card", "sum",       "avg",
                                            "min",   "max",  "percentile" };

#define LIMIT_DEFAULT   10
#define BUCKETS_DEFAULT 60

struct reader {
    struct arena *mem;
    struct query_error *error;
    const struct node *ask; /* being read; NULL: the request itself */
};

static err refuse(struct reader *r, err rc, const char *fmt, ...) PRINTF(3);
static err refuse(struct reader *r, err rc, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const struct node *id = node_get(r->ask, "id");
    if (r->ask)
        return why_set(&r->error->why, rc, "ask \"%.64s\": %s",
                       id && id->type == NODE_STR ? id->text : "?", text);
    return why_set(&r->error->why, rc, "%s", text);
}

/* ---- members of an object, by their type */

static err get_text(struct reader *r, const struct node *of, const char *key, struct slice *out)
{
    const struct node *v = node_get(of, key);
    *out = (struct slice){ NULL, 0 };
    if (!v || v->type == NODE_NULL)
        return ERR_OK;
    if (v->type != NODE_STR)
        return refuse(r, ERR_FORMAT, "%s: a text is needed", key);
    *out = slice_cstr(v->text);
    return ERR_OK;
}

static err get_bool(struct reader *r, const char *key, bool *out)
{
    const struct node *v = node_get(r->ask, key);
    if (v && v->type != NODE_BOOL)
        return refuse(r, ERR_FORMAT, "%s: true or false is needed", key);
    *out = v && v->b;
    return ERR_OK;
}

/* *out keeps what it had when the key is not there. */
static err get_int(struct reader *r, const struct node *of, const char *key, int64_t max,
                   int64_t *out)
{
    const struct node *v = node_get(of, key);
    if (!v || v->type == NODE_NULL)
        return ERR_OK;
    if (v->type != NODE_INT || v->i < 0 || v->i > max)
        return refuse(r, ERR_FORMAT, "%s: a whole number from 0 to %lld is needed", key,
                      (long long)max);
    *out = v->i;
    return ERR_OK;
}

static err get_unsigned(struct reader *r, const struct node *of, const char *key, unsigned max,
                        unsigned *out)
{
    int64_t v = *out;
    err rc = get_int(r, of, key, max, &v);
    *out = (unsigned)v;
    return rc;
}

/* A list of texts, at most max. */
static err get_texts(struct reader *r, const char *key, unsigned max, struct slice **out,
                     unsigned *n)
{
    const struct node *list = node_get(r->ask, key);
    *n = 0;
    *out = NULL;
    if (!list || list->type == NODE_NULL)
        return ERR_OK;
    if (list->type != NODE_LIST)
        return refuse(r, ERR_FORMAT, "%s: a list of texts is needed", key);
    for (const struct node *v = list->child; v; v = v->next)
        if (v->type != NODE_STR || ++*n > max)
            return refuse(r, ERR_FORMAT, "%s: a list of at most %u texts is needed", key, max);
    *out = arena_alloc(r->mem, *n * sizeof **out);
    unsigned i = 0;
    for (const struct node *v = list->child; v && *out; v = v->next)
        (*out)[i++] = slice_cstr(v->text);
    return ERR_OK;
}

/* ---- times */

static err get_time(struct reader *r, const struct node *of, const char *key, int64_t *out)
{
    const struct node *v = node_get(of, key);
    if (!v)
        return refuse(r, ERR_FORMAT, "%s is missing: give \"range\", or \"from\" and \"to\"", key);
    if (v->type == NODE_INT && v->i >= QUERY_MS_MIN && v->i <= QUERY_MS_MAX) {
        *out = v->i;
        return ERR_OK;
    }
    if (v->type == NODE_STR && civil_read_iso(slice_cstr(v->text), out) && *out >= QUERY_MS_MIN &&
        *out <= QUERY_MS_MAX)
        return ERR_OK;
    return refuse(r, ERR_FORMAT,
                  "%s: a time like \"2026-11-24T00:00:00.000Z\", or milliseconds since 1970", key);
}

static err read_range(struct reader *r, const struct node *root, struct query *q)
{
    int64_t range_s = 0;
    if (node_get(root, "range")) {
        err rc = get_int(r, root, "range", q->now_ms / 1000, &range_s);
        q->from_ms = q->now_ms - range_s * 1000;
        q->to_ms = q->now_ms + 1;
        return rc;
    }
    err rc = get_time(r, root, "from", &q->from_ms);
    if (!rc)
        rc = get_time(r, root, "to", &q->to_ms);
    if (!rc && q->to_ms <= q->from_ms)
        rc = refuse(r, ERR_FORMAT, "\"to\" is not after \"from\"");
    return rc;
}

/* ---- metrics */

static bool split_call(struct slice text, struct slice *name, struct slice *args)
{
    text = slice_trim(text);
    ptrdiff_t open = slice_find(text, '(');
    if (open < 0 || text.p[text.n - 1] != ')')
        return false;
    *name = slice_first(text, (size_t)open);
    *args = slice_trim(slice_of(text.p + open + 1, text.n - (size_t)open - 2));
    return true;
}

/* A number from 0 to 100, whole text. */
static bool read_percent(struct slice text, double *out)
{
    char number[24], *end;
    if (!text.n || text.n >= sizeof number)
        return false;
    memcpy(number, text.p, text.n);
    number[text.n] = '\0';
    *out = strtod(number, &end);
    return !*end && *out >= 0 && *out <= 100;
}

err query_metric_read(struct query_metric *m, struct slice text, struct why *w)
{
    struct slice name, args;
    *m = (struct query_metric){ 0 };
    if (!text.n)
        return ERR_OK;
    unsigned k = COUNT(metric_names);
    if (split_call(text, &name, &args))
        for (k = 0; k < COUNT(metric_names); k++)
            if (slice_eq(name, slice_cstr(metric_names[k])))
                break;
    if (k == COUNT(metric_names))
        return why_set(w, ERR_FORMAT,
                       "metric \"%.*s\": count(), or card, sum, avg, min, max of a field in "
                       "parentheses, or percentile(field,95)",
                       (int)(text.n < 80 ? text.n : 80), (const char *)text.p);
    m->kind = (enum query_metric_kind)k;
    ptrdiff_t comma = slice_find(args, ',');
    m->field = comma < 0 ? args : slice_trim(slice_first(args, (size_t)comma));
    bool good = k == METRIC_COUNT ? !args.n : m->field.n > 0;
    if (k == METRIC_PERCENTILE)
        good = good && comma >= 0 &&
               read_percent(slice_trim(slice_after(args, (size_t)comma + 1)), &m->at);
    else
        good = good && comma < 0;
    if (!good)
        return why_set(w, ERR_FORMAT, "metric \"%.*s\": %s", (int)(text.n < 80 ? text.n : 80),
                       (const char *)text.p,
                       k == METRIC_COUNT        ? "count() takes no field"
                       : k == METRIC_PERCENTILE ? "write percentile(field,95)"
                                                : "one field is needed in the parentheses");
    return ERR_OK;
}

static err get_metric(struct reader *r, struct query_ask *a)
{
    struct slice text;
    struct why why;
    err rc = get_text(r, r->ask, "metric", &text);
    if (rc)
        return rc;
    rc = query_metric_read(&a->metric, text, &why);
    return rc ? refuse(r, rc, "%s", why.text) : ERR_OK;
}

/* ---- what each kind has */

static err get_fields(struct reader *r, struct query_ask *a, unsigned min, unsigned max)
{
    struct slice *list, one;
    unsigned n;
    err rc = max == 1 ? get_text(r, r->ask, "field", &one) : ERR_OK;
    if (!rc && max == 1) {
        list = &one;
        n = one.n ? 1 : 0;
    } else if (!rc) {
        rc = get_texts(r, "fields", max, &list, &n);
    }
    if (rc)
        return rc;
    if (n < min)
        return refuse(r, ERR_FORMAT,
                      max == 1 ? "\"field\" is missing" : "\"fields\" needs %u names", min);
    for (unsigned i = 0; i < n; i++)
        a->field[i] = list[i];
    a->n_fields = n;
    return ERR_OK;
}

static err get_order(struct reader *r, const struct node *of, bool *ascending)
{
    struct slice text;
    err rc = get_text(r, of, "order", &text);
    if (!rc && text.n && !slice_eq(text, SLICE("asc")) && !slice_eq(text, SLICE("desc")))
        rc = refuse(r, ERR_FORMAT, "order: \"asc\" or \"desc\" is needed");
    *ascending = !rc && slice_eq(text, SLICE("asc"));
    return rc;
}

static err get_interval(struct reader *r, struct query_ask *a)
{
    const struct node *v = node_get(r->ask, "interval");
    a->with_interval = v || a->kind == QUERY_HISTOGRAM;
    a->buckets = BUCKETS_DEFAULT;
    err rc = get_unsigned(r, r->ask, "buckets", QUERY_BUCKETS_MAX, &a->buckets);
    if (rc || !v || (v->type == NODE_STR && !strcmp(v->text, "auto")))
        return rc;
    if (v->type != NODE_INT || v->i < 1 || v->i > QUERY_MS_MAX / 1000)
        return refuse(r, ERR_FORMAT, "interval: \"auto\" or seconds are needed");
    a->interval_s = v->i;
    return ERR_OK;
}

static err read_histogram(struct reader *r, struct query_ask *a)
{
    const struct node *split = node_get(r->ask, "split");
    err rc = get_metric(r, a);
    if (!rc)
        rc = get_interval(r, a);
    a->split_limit = LIMIT_DEFAULT;
    if (!rc && split && split->type != NODE_NULL)
        rc = get_text(r, split, "field", &a->split);
    if (!rc && split && split->type != NODE_NULL && !a->split.n)
        rc = refuse(r, ERR_FORMAT, "split: {\"field\", \"limit\"} is needed");
    if (!rc && split)
        rc = get_unsigned(r, split, "limit", QUERY_SPLIT_MAX, &a->split_limit);
    return rc;
}

static err read_percentiles(struct reader *r, struct query_ask *a)
{
    static const double usual[] = { 50, 95, 99 };
    const struct node *list = node_get(r->ask, "at");
    err rc = get_fields(r, a, 1, 1);
    if (!rc)
        rc = get_interval(r, a);
    for (; !rc && !list && a->n_at < COUNT(usual); a->n_at++)
        a->at[a->n_at] = usual[a->n_at];
    for (const struct node *v = list ? list->child : NULL; v && !rc; v = v->next) {
        double at = v->type == NODE_INT ? (double)v->i : v->type == NODE_DOUBLE ? v->d : -1;
        if (at < 0 || at > 100 || a->n_at == QUERY_AT_MAX)
            rc = refuse(r, ERR_FORMAT, "at: up to %d numbers from 0 to 100 are needed",
                        QUERY_AT_MAX);
        else
            a->at[a->n_at++] = at;
    }
    return !rc && !a->n_at ? refuse(r, ERR_FORMAT, "at: numbers from 0 to 100 are needed") : rc;
}

static err read_messages(struct reader *r, struct query_ask *a)
{
    const struct node *sort = node_get(r->ask, "sort");
    err rc = get_texts(r, "fields", QUERY_COLUMNS_MAX, &a->column, &a->n_columns);
    if (!rc)
        rc = get_unsigned(r, r->ask, "offset", QUERY_OFFSET_MAX, &a->offset);
    if (!rc)
        rc = get_text(r, r->ask, "before", &a->before);
    if (!rc)
        rc = get_text(r, r->ask, "after", &a->after);
    if (!rc && sort)
        rc = get_text(r, sort, "field", &a->sort);
    if (!rc && sort)
        rc = get_order(r, sort, &a->ascending);
    return rc;
}

/* Networks are added up from addresses. */
static err get_networks(struct reader *r, struct query_ask *a)
{
    const struct node *of = node_get(r->ask, "networks");
    if (!of || of->type == NODE_NULL)
        return ERR_OK;
    if (of->type != NODE_MAP)
        return refuse(r, ERR_FORMAT, "networks: {\"ipv4\":24,\"ipv6\":64} is needed");
    if (!query_metric_merge(&a->metric))
        return refuse(r, ERR_FORMAT, "networks: only with count, sum, min or max as metric");
    a->net_v4 = 32;
    a->net_v6 = 128;
    err rc = get_unsigned(r, of, "ipv4", 32, &a->net_v4);
    if (!rc)
        rc = get_unsigned(r, of, "ipv6", 128, &a->net_v6);
    return !rc && (!a->net_v4 || !a->net_v6)
               ? refuse(r, ERR_FORMAT, "networks: a network has one bit or more")
               : rc;
}

static err read_terms(struct reader *r, struct query_ask *a)
{
    err rc = get_fields(r, a, 1, 1);
    if (!rc)
        rc = get_metric(r, a);
    if (!rc)
        rc = get_networks(r, a);
    return rc ? rc : get_order(r, r->ask, &a->ascending);
}

static err read_value(struct reader *r, struct query_ask *a)
{
    err rc = get_bool(r, "previous", &a->previous);
    return rc ? rc : get_metric(r, a);
}

static err read_pairs(struct reader *r, struct query_ask *a)
{
    err rc = get_fields(r, a, 2, 3);
    return rc ? rc : get_metric(r, a);
}

static err read_values(struct reader *r, struct query_ask *a)
{
    err rc = get_fields(r, a, 1, 1);
    return rc ? rc : get_text(r, r->ask, "prefix", &a->prefix);
}

static err read_message(struct reader *r, struct query_ask *a)
{
    err rc = get_text(r, r->ask, "message_id", &a->message_id);
    return !rc && !a->message_id.n ? refuse(r, ERR_FORMAT, "\"message_id\" is missing") : rc;
}

static err (*const read_kind[QUERY_KINDS])(struct reader *, struct query_ask *) = {
    [QUERY_VALUE] = read_value,
    [QUERY_HISTOGRAM] = read_histogram,
    [QUERY_TERMS] = read_terms,
    [QUERY_PAIRS] = read_pairs,
    [QUERY_PERCENTILES] = read_percentiles,
    [QUERY_MESSAGES] = read_messages,
    [QUERY_MESSAGE] = read_message,
    [QUERY_VALUES] = read_values,
};

static err find_kind(struct reader *r, struct query_ask *a)
{
    struct slice text;
    err rc = get_text(r, r->ask, "kind", &text);
    if (rc)
        return rc;
    for (unsigned k = 0; k < QUERY_KINDS; k++)
        if (slice_eq(text, slice_cstr(query_kind_names[k]))) {
            a->kind = (enum query_kind)k;
            return ERR_OK;
        }
    return refuse(r, ERR_FORMAT,
                  "kind: value, histogram, terms, pairs, percentiles, messages, message, fields or "
                  "values is needed");
}

static err read_ask(struct reader *r, struct query_ask *a)
{
    if (r->ask->type != NODE_MAP)
        return refuse(r, ERR_FORMAT, "ask: a list of objects is needed");
    err rc = get_text(r, r->ask, "id", &a->id);
    if (!rc && !a->id.n)
        rc = refuse(r, ERR_FORMAT, "\"id\" is missing");
    if (!rc)
        rc = find_kind(r, a);
    if (!rc)
        rc = get_text(r, r->ask, "query", &a->text);
    a->limit = LIMIT_DEFAULT;
    if (!rc)
        rc = get_unsigned(r, r->ask, "limit", QUERY_LIMIT_MAX, &a->limit);
    return !rc && read_kind[a->kind] ? read_kind[a->kind](r, a) : rc;
}

static err read_asks(struct reader *r, const struct node *list, struct query *q)
{
    unsigned n = 0;
    if (!list || list->type != NODE_LIST || !list->child)
        return refuse(r, ERR_FORMAT, "\"ask\" is missing: a list of questions");
    for (const struct node *v = list->child; v; v = v->next)
        n++;
    if (n > QUERY_ASKS_MAX)
        return refuse(r, ERR_LIMIT, "ask: %u questions; %d fit into one request", n,
                      QUERY_ASKS_MAX);
    q->ask = arena_zalloc(r->mem, n * sizeof *q->ask);
    if (!q->ask)
        return refuse(r, ERR_LIMIT, "the request is too large");
    for (const struct node *v = list->child; v; v = v->next, q->n++) {
        r->ask = v;
        err rc = read_ask(r, &q->ask[q->n]);
        for (unsigned i = 0; !rc && i < q->n; i++)
            if (slice_eq(q->ask[i].id, q->ask[q->n].id))
                rc = refuse(r, ERR_FORMAT, "this id stands twice");
        if (rc)
            return rc;
    }
    r->ask = NULL;
    return ERR_OK;
}

err query_read(struct query *q, struct slice json, int64_t now_ms, struct arena *mem,
               struct query_error *e)
{
    struct node *root;
    struct reader r = { mem, e, NULL };
    *q = (struct query){ .now_ms = now_ms, .timeout_ms = QUERY_TIMEOUT_MS };
    *e = (struct query_error){ 0 };
    err rc = json_read(mem, json, "request", &root, &e->why);
    if (rc)
        return rc;
    if (root->type != NODE_MAP)
        return refuse(&r, ERR_FORMAT, "a request is an object");
    rc = read_range(&r, root, q);
    if (!rc)
        rc = get_text(&r, root, "stream", &q->stream);
    if (!rc)
        rc = get_text(&r, root, "query", &q->text);
    if (!rc)
        rc = get_int(&r, root, "timeout_ms", QUERY_TIMEOUT_MAX, &q->timeout_ms);
    if (!rc)
        rc = read_asks(&r, node_get(root, "ask"), q);
    return !rc && mem->full ? refuse(&r, ERR_LIMIT, "the request is too large") : rc;
}

struct view_range query_range(const struct query *q)
{
    struct view_range r = { q->from_ms * 1000, q->to_ms * 1000, NULL, NULL };
    int64_t before_us = r.from_us - (r.to_us - r.from_us);
    for (unsigned i = 0; i < q->n; i++) {
        if (q->ask[i].kind == QUERY_MESSAGE) /* an id is looked for everywhere */
            return (struct view_range){ INT64_MIN, INT64_MAX, NULL, NULL };
        if (q->ask[i].previous && before_us < r.from_us)
            r.from_us = before_us;
    }
    return r;
}

void query_error_write(struct buf *out, const struct query_error *e)
{
    buf_lit(out, "{\"error\":{\"text\":");
    json_string(out, slice_cstr(e->why.text), false);
    if (e->line)
        buf_printf(out, ",\"line\":%u,\"column\":%u", e->line, e->column);
    buf_lit(out, "}}");
}
