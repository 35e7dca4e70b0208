/* Questions about messages: /api/v1/query, /api/v1/messages/ID. The store answers (store/query.h);
 * here is who asks, for how long, and what is looked at. */
#include "base/bug.h"
#include "codec/json.h"
#include "os/clock.h"
#include "pack/pack.h"
#include "pack/recall.h"
#include "store/query.h"
#include "store/store.h"
#include "web/answers.h"
#include "web/handlers.h"
#include "web/web_private.h"

#define NS_PER_MS     INT64_C(1000000)
#define DAY_MS        INT64_C(86400000)
#define REQUEST_BYTES 1024

/* What a question is answered with. */
struct asking {
    struct query query;
    struct store_view *view;
    struct query_data data;
    struct query_error error;
};

/* The session of this thread; it is under the pool's lock where the loop may end its query. */
static err session_of(struct exchange *x, const struct store_view *view, struct query_session **out,
                      struct why *w)
{
    struct worker *worker = x->worker;
    if (worker->session) {
        *out = worker->session;
        return ERR_OK;
    }
    err rc = query_session_open(out, view->duck, w);
    if (rc)
        return rc;
    pthread_mutex_lock(&worker->pool->queue);
    worker->session = *out;
    pthread_mutex_unlock(&worker->pool->queue);
    return ERR_OK;
}

static err open_all(struct exchange *x, struct asking *a, struct query_session **session)
{
    struct why *w = &a->error.why;
    struct view_range range = query_range(&a->query);
    struct state *st;
    struct stream_defs streams;
    err rc = answers_state(x, &st, w);
    if (!rc)
        rc = state_streams(st, &x->mem, &streams, w);
    if (!rc)
        rc = store_view_open(x->web->sources.store, &range, &a->view, w);
    if (rc)
        return rc;
    a->data = (struct query_data){ a->view, streams.v, streams.n };
    return session_of(x, a->view, session, w);
}

static err answer(struct exchange *x, struct asking *a, struct buf *out)
{
    struct query_session *session;
    int64_t most_ms = x->web->conf.query_ns / NS_PER_MS;
    if (a->query.timeout_ms > most_ms)
        a->query.timeout_ms = most_ms;
    err rc = open_all(x, a, &session);
    if (!rc)
        rc = query_answer(session, &a->query, &a->data, out, &a->error);
    if (a->view)
        store_view_close(x->web->sources.store, a->view);
    return rc;
}

static void fail(struct exchange *x, err rc, const struct query_error *e)
{
    if (rc == ERR_FORMAT && e->line)
        exchange_fail_at(x, e->why.text, e->line, e->column);
    else
        exchange_fail_why(x, rc, &e->why);
}

bool answers_ask(struct exchange *x, struct slice request)
{
    struct asking a = { .view = NULL };
    if (!x->web->sources.store) {
        exchange_fail(x, 503,
                      "messages are not in the store, so nothing can be asked (mend: output.store, "
                      "which needs DuckDB's library: tools/fetch-duckdb)");
        return false;
    }
    err rc = query_read(&a.query, request, clock_real_ns() / NS_PER_MS, &x->mem, &a.error);
    struct buf *out = rc ? NULL : exchange_buffer(x, QUERY_ANSWER_BYTES);
    if (!rc)
        rc = answer(x, &a, out);
    if (rc)
        fail(x, rc, &a.error);
    return !rc;
}

void query_post(struct exchange *x)
{
    (void)answers_ask(x, x->body);
}

/* ---- one message */

static struct slice message_request(struct exchange *x)
{
    void *text = arena_alloc(&x->mem, REQUEST_BYTES);
    struct buf b = buf_of(text, text ? REQUEST_BYTES : 0);
    buf_lit(&b, "{\"from\":0,\"to\":");
    buf_int(&b, clock_real_ns() / NS_PER_MS + DAY_MS);
    buf_lit(&b, ",\"ask\":[{\"id\":\"a\",\"kind\":\"message\",\"message_id\":");
    json_string(&b, x->id, false);
    buf_lit(&b, "}]}");
    return b.full ? slice_of(NULL, 0) : buf_slice(&b);
}

/* The JSON object at the start of s. */
static struct slice first_object(struct slice s)
{
    bool text = false;
    unsigned depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (text && c == '\\')
            i++;
        else if (c == '"')
            text = !text;
        else if (!text && c == '{')
            depth++;
        else if (!text && c == '}' && --depth == 0)
            return slice_first(s, i + 1);
    }
    return slice_of(NULL, 0);
}

/* What the answer says to the only ask. */
static struct slice only_answer(struct slice all)
{
    static const struct slice before = { (const uint8_t *)"\"answers\":{\"a\":", 15 };
    ptrdiff_t at = slice_search(all, before);
    return first_object(slice_after(all, at < 0 ? all.n : (size_t)at + before.n));
}

/* ---- the rules that set its fields */

struct asked_rules {
    struct exchange *x;
    struct slice message; /* JSON */
    struct buf *out;
};

static void put_fields(struct buf *b, const struct recalled *r, unsigned n, bool sure)
{
    const char *comma = "";
    for (unsigned i = 0; i < n; i++) {
        if (r[i].sure != sure)
            continue;
        buf_cstr(b, comma);
        json_string(b, r[i].field, false);
        for (unsigned k = 0; k < r[i].n; k++) {
            buf_cstr(b, k ? "," : ":[");
            json_string(b, r[i].rule[k], false);
        }
        buf_u8(b, ']');
        comma = ",";
    }
}

static void put_rules(void *arg, const struct packs *p)
{
    struct asked_rules *a = arg;
    struct rule_env env = packs_env(p);
    unsigned n;
    env.now_ms = clock_real_ns() / NS_PER_MS;
    const struct recalled *r = recall_rules(p->program, &env, a->message, &a->x->mem, &n);
    buf_lit(a->out, ",\"rules\":{");
    put_fields(a->out, r, n, true);
    buf_lit(a->out, "},\"rules_possible\":{");
    put_fields(a->out, r, n, false);
    buf_u8(a->out, '}');
}

/* Behind the members that the answer has. */
static void add_rules(struct exchange *x)
{
    static const struct slice before = SLICE("{\"message\":{");
    const struct web_rules *rules = &x->web->sources.rules;
    struct slice all = buf_slice(&x->out);
    if (!rules->use || !slice_starts(all, before))
        return;
    struct asked_rules a = { x, first_object(slice_after(all, before.n - 1)), &x->out };
    x->out.n--; /* the last bracket */
    rules->use(rules->ctx, put_rules, &a);
    buf_u8(&x->out, '}');
}

void messages_show(struct exchange *x)
{
    struct slice request = message_request(x);
    if (!request.n) {
        exchange_fail(x, 400, "this is not the id of a message");
        return;
    }
    if (!answers_ask(x, request))
        return;
    struct slice one = only_answer(buf_slice(&x->out));
    bool failed = slice_starts(one, SLICE("{\"error\""));
    BUG_ON(!one.n);
    memmove(x->out.p, one.p, one.n);
    x->out.n = one.n;
    x->status = failed ? 400 : 200;
    if (!failed)
        add_rules(x);
}
