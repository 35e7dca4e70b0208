/* Where answers come from: POST /api/v1/query over the server's socket, or the store itself. */
#include "app/local.h"
#include "app/query_cmd.h"
#include "app/routing.h"
#include "app/state_cmd.h"
#include "app/store_use.h"
#include "os/clock.h"
#include "store/query.h"

#define NS_PER_MS 1000000
#define ANSWER_NS (INT64_C(1) * QUERY_TIMEOUT_MAX * NS_PER_MS) /* the server ends it before */

/* ---- the server */

/* ERR_MISSING: none runs there. */
static err ask_server(const char *folder, struct slice request, struct buf *out, struct why *w)
{
    struct local_question q = { .data = folder,
                                .method = "POST",
                                .path = "/api/v1/query",
                                .body = request,
                                .wait_ns = ANSWER_NS };
    struct local_answer answer;
    struct arena a;
    arena_init(&a, NULL, 0);
    err rc = local_ask(&q, &a, &answer, w);
    if (!rc)
        buf_add(out, answer.body);
    arena_free(&a);
    return rc || !out->full ? rc : why_set(w, ERR_LIMIT, "the server's answer is too large");
}

/* ---- the store */

static err answer(struct query_session *session, const struct query *q,
                  const struct query_data *data, struct buf *out)
{
    struct query_error e;
    err rc = query_answer(session, q, data, out, &e);
    if (rc)
        query_error_write(out, &e);
    return ERR_OK;
}

static err ask_store(struct store *store, const struct asked *asked, const struct state_use *state,
                     struct buf *out, struct why *w)
{
    struct query q;
    struct query_error e;
    struct query_session *session;
    struct store_view *view;
    struct arena mem;
    arena_init(&mem, NULL, 0);
    err rc = query_read(&q, asked->request, clock_real_ns() / NS_PER_MS, &mem, &e);
    if (rc) {
        query_error_write(out, &e);
        arena_free(&mem);
        return ERR_OK;
    }
    struct view_range range = query_range(&q);
    rc = store_view_open(store, &range, &view, w);
    if (!rc) {
        struct query_data data = { view, state->streams.v, state->streams.n };
        rc = query_session_open(&session, view->duck, w);
        if (!rc)
            rc = answer(session, &q, &data, out);
        if (!rc)
            query_session_close(session);
        store_view_close(store, view);
    }
    arena_free(&mem);
    return rc;
}

/* The state is opened first: who never ran `serve` hears that, and nothing is made. */
static err ask_files(struct store_use *u, const struct asked *asked, const struct args *a,
                     struct buf *out, struct why *w)
{
    struct state_use state;
    err rc = state_use_begin(&state, a, w);
    if (rc)
        return rc;
    rc = store_use_open_read(u, a, w);
    if (!rc && !store_show(u->store))
        rc = why_set(w, ERR_IO, "what is in the journal cannot be read for now (see the log)");
    if (!rc)
        rc = ask_store(u->store, asked, &state, out, w);
    state_use_end(&state);
    return rc;
}

err query_fetch(const struct asked *q, const struct args *a, struct buf *out, struct why *w)
{
    static struct store_use u;
    err rc = store_use_load(&u, a, w);
    if (!rc) {
        rc = ask_server(routing_folder(&u.start.config), q->request, out, w);
        if (rc == ERR_MISSING)
            rc = ask_files(&u, q, a, out, w);
    }
    store_use_end(&u);
    return rc;
}
