/* wirelume query: flags to a request, its answer to standard output. */
#include "app/query_cmd.h"

#include <stdlib.h>

#include "app/state_cmd.h"
#include "base/bug.h"
#include "codec/json.h"
#include "os/clock.h"
#include "store/query.h"

#define NS_PER_S      1000000000
#define DAY_MS        86400000
#define REQUEST_BYTES ((size_t)64 << 10)
#define NODES_MAX     4000000 /* values of an answer */
#define ROWS_DEFAULT  50

/* ---- the request */

static err put_times(struct buf *b, const struct args *a, struct why *w)
{
    int64_t now = clock_real_ns() / 1000000, ns, from = now - DAY_MS, to = now + 1, end;
    if (a->range && (a->from || a->to))
        return why_set(w, ERR_USAGE, "--range or --from and --to, not both");
    if (a->range && (!duration_parse(slice_cstr(a->range), &ns) || ns <= 0))
        return why_set(w, ERR_USAGE, "--range %s: a duration like 15m or 24h", a->range);
    if (a->range)
        from = now - ns / 1000000;
    if (a->to && !query_date_read(slice_cstr(a->to), now, &to, &end))
        return why_set(w, ERR_USAGE, "--to %s: a time like 2026-11-24 or now-2h", a->to);
    if (a->to)
        to /= 1000;
    if (a->from && !query_date_read(slice_cstr(a->from), now, &from, &end))
        return why_set(w, ERR_USAGE, "--from %s: a time like 2026-11-24 or now-2h", a->from);
    if (a->from)
        from /= 1000;
    buf_printf(b, "{\"from\":%lld,\"to\":%lld", (long long)from, (long long)to);
    return ERR_OK;
}

static void put_text(struct buf *b, const char *key, const char *value)
{
    if (!value)
        return;
    buf_printf(b, ",\"%s\":", key);
    json_string(b, slice_cstr(value), false);
}

static err put_interval(struct buf *b, const char *text, struct why *w)
{
    int64_t ns;
    if (!text)
        return ERR_OK;
    if (!strcmp(text, "auto")) {
        put_text(b, "interval", text);
        return ERR_OK;
    }
    if (!duration_parse(slice_cstr(text), &ns) || ns < NS_PER_S)
        return why_set(w, ERR_USAGE, "--interval %s: a duration from 1s on, or auto", text);
    buf_printf(b, ",\"interval\":%lld", (long long)(ns / NS_PER_S));
    return ERR_OK;
}

static err put_limit(struct buf *b, const struct args *a, const char *kind, struct why *w)
{
    uint64_t n = ROWS_DEFAULT;
    if (a->limit && (!slice_to_u64(slice_cstr(a->limit), &n) || n > QUERY_LIMIT_MAX))
        return why_set(w, ERR_USAGE, "--limit %s: a number up to %d", a->limit, QUERY_LIMIT_MAX);
    if (a->limit || !strcmp(kind, "messages"))
        buf_printf(b, ",\"limit\":%llu", (unsigned long long)n);
    if (a->split) {
        buf_lit(b, ",\"split\":{\"field\":");
        json_string(b, slice_cstr(a->split), false);
        buf_printf(b, a->limit ? ",\"limit\":%llu}" : "}", (unsigned long long)n);
    }
    return ERR_OK;
}

/* Fields as each kind has them: one, or a list. */
static void put_fields(struct buf *b, const struct args *a, const char *kind)
{
    bool many = !strcmp(kind, "pairs") || !strcmp(kind, "messages");
    if (!many) {
        put_text(b, "field", a->fields.n ? a->fields.v[0] : NULL);
        return;
    }
    for (unsigned i = 0; i < a->fields.n; i++) {
        buf_cstr(b, i ? "," : ",\"fields\":[");
        json_string(b, slice_cstr(a->fields.v[i]), false);
    }
    if (a->fields.n)
        buf_u8(b, ']');
}

/* A misspelt kind is refused here: its answer would not be told from others. */
static err check_kind(const char *kind, struct why *w)
{
    for (unsigned i = 0; i < QUERY_KINDS; i++)
        if (!strcmp(kind, query_kind_names[i]))
            return ERR_OK;
    return why_set(
        w, ERR_USAGE,
        "--ask %s: messages, message, value, terms, pairs, histogram, percentiles, fields "
        "or values",
        kind);
}

static err put_request(struct buf *b, const struct args *a, const char *kind, struct why *w)
{
    const char *search = a->rest.n ? a->rest.v[0] : NULL;
    bool message = !strcmp(kind, "message");
    if (a->rest.n > 1)
        return why_set(w, ERR_USAGE, "one search: put it between quotes");
    err rc = check_kind(kind, w);
    if (!rc)
        rc = put_times(b, a, w);
    if (rc)
        return rc;
    put_text(b, "stream", a->stream);
    put_text(b, "query", message ? NULL : search);
    buf_lit(b, ",\"ask\":[{\"id\":\"a\"");
    put_text(b, "kind", kind);
    put_text(b, "metric", a->metric);
    put_text(b, "message_id", message ? search : NULL);
    put_fields(b, a, kind);
    rc = put_limit(b, a, kind, w);
    if (!rc)
        rc = put_interval(b, a->interval, w);
    buf_lit(b, "}]}");
    return !rc && b->full ? why_set(w, ERR_LIMIT, "the request is too long") : rc;
}

static err read_form(const struct args *a, enum query_form *form, struct why *w)
{
    static const char *const names[] = { "table", "ndjson", "csv" };
    *form = QUERY_TABLE;
    for (unsigned i = 0; a->output && i < COUNT(names); i++)
        if (!strcmp(a->output, names[i])) {
            *form = (enum query_form)i;
            return ERR_OK;
        }
    return a->output ? why_set(w, ERR_USAGE, "-o %s: table, ndjson or csv", a->output) : ERR_OK;
}

/* ---- the answer */

static struct slice member_text(const struct jsondoc *d, const struct jsondoc_node *of,
                                struct slice key)
{
    const struct jsondoc_node *v = jsondoc_get(d, of, key);
    return v && v->type == JD_STR ? jsondoc_str(v) : slice_of(NULL, 0);
}

/* The line of the search that a mistake is in, and a mark below its place. */
static void point_at(const char *search, int64_t line, int64_t column)
{
    struct slice s = slice_cstr(search);
    for (; line > 1 && slice_find(s, '\n') >= 0; line--)
        s = slice_after(s, (size_t)slice_find(s, '\n') + 1);
    ptrdiff_t end = slice_find(s, '\n');
    if (end >= 0)
        s = slice_first(s, (size_t)end);
    fputs("  ", stderr);
    for (size_t i = 0; i < s.n; i++)
        fputc(s.p[i] < ' ' ? ' ' : s.p[i], stderr);
    fprintf(stderr, "\n  %*s^\n", (int)(column < 500 ? column : 500), "");
}

/* An error of the request or of its ask; true: told. */
static bool is_refused(const struct args *a, const struct jsondoc *d, const struct jsondoc_node *of)
{
    const struct jsondoc_node *e = jsondoc_get(d, of, SLICE("error"));
    if (!e)
        return false;
    struct slice text = member_text(d, e, SLICE("text"));
    const struct jsondoc_node *line = jsondoc_get(d, e, SLICE("line"));
    const struct jsondoc_node *column = jsondoc_get(d, e, SLICE("column"));
    state_refuse("%.*s", (int)text.n, (const char *)text.p);
    if (line && column && a->rest.n)
        point_at(a->rest.v[0], line->i, column->i);
    return true;
}

static err show(const struct asked *q, const struct args *a, struct buf *answer, struct why *w)
{
    static struct jsondoc d;
    struct arena mem;
    jsondoc_init(&d, NODES_MAX);
    arena_init(&mem, NULL, 0);
    const struct jsondoc_node *root = &d.node[0], *ask = NULL;
    err rc = jsondoc_read(&d, answer->p, answer->n, 0) == JSONDOC_OK
                 ? ERR_OK
                 : why_set(w, ERR_FORMAT, "the answer is no JSON, or too large");
    if (!rc)
        ask = jsondoc_get(&d, jsondoc_get(&d, root, SLICE("answers")), SLICE("a"));
    if (!rc && (is_refused(a, &d, root) || is_refused(a, &d, ask)))
        rc = ERR_END;
    else if (!rc && !ask)
        rc = why_set(w, ERR_FORMAT, "the answer has no answer in it");
    if (!rc)
        rc = query_show(q, &d, ask, &mem, w);
    arena_free(&mem);
    jsondoc_free(&d);
    return rc;
}

int query_command(const struct args *a)
{
    struct asked q = { .kind = a->ask ? a->ask : "messages", .fields = &a->fields };
    size_t cap = QUERY_ANSWER_BYTES;
    struct buf request = buf_of(xmalloc(REQUEST_BYTES), REQUEST_BYTES);
    struct buf answer = buf_of(xmalloc(cap + JSONDOC_PAD), cap);
    struct why w = { "" };
    err rc = read_form(a, &q.form, &w);
    if (!rc)
        rc = put_request(&request, a, q.kind, &w);
    q.request = buf_slice(&request);
    if (!rc)
        rc = query_fetch(&q, a, &answer, &w);
    if (!rc)
        rc = show(&q, a, &answer, &w);
    if (!rc && fflush(stdout) != 0)
        rc = why_set(&w, ERR_IO, "standard output: it cannot be written");
    xfree(request.p);
    xfree(answer.p);
    if (!rc || rc == ERR_END)
        return rc != ERR_OK;
    return state_refuse("%s", w.text);
}
