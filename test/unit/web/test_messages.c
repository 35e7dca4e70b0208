/* Handlers that ask the store: questions, one message, mistakes with their place, timeouts,
 * cancelled questions, no store. Needs tools/fetch-duckdb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bug.h"
#include "base/log.h"
#include "codec/json.h"
#include "lib/duckdb.h"
#include "store/query.h"
#include "store/store.h"
#include "web/handlers.h"
#include "web/web_private.h"

#define START INT64_C(1700000000000) /* 2023-11-14T22:13:20Z */
#define ALL   "\"from\":1699999999000,\"to\":1700000100000"

static char folder[64];
static struct why why;
static struct web *web;
static struct arena mem;
static bool ready;
static const char *const libraries[] = { DUCKDB_LIBRARY, NULL };

static void quiet(void *ctx, enum log_level level, const char *area, const char *text)
{
    (void)ctx, (void)level, (void)area, (void)text;
}

static void put(unsigned n)
{
    static const struct slice stream = { (const uint8_t *)STATE_DEFAULT_STREAM, 24 };
    char text[512];
    int64_t ms = START + n * 1000;
    struct store_line line = { .stream = &stream, .n_streams = 1, .ts_ms = ms, .now_ms = ms };
    snprintf(text, sizeof text,
             "{\"gl2_message_id\":\"01HF8ZT7T000000000000000%02u\",\"message\":\"m%u\",\"source\":"
             "\"s}\\\"{\","
             "\"timestamp\":\"2023-11-14T22:13:%02u.000Z\",\"network_bytes\":%u,"
             "\"streams\":[\"" STATE_DEFAULT_STREAM "\"]}",
             n, n, 20 + n, 100 * n);
    line.text = slice_cstr(text);
    if (store_put(web->sources.store, &line, &why))
        fail_msg("%s", why.text);
}

static void fill(void)
{
    struct store_conf conf = { .data = folder, .libraries = libraries, .now_ms = START };
    if (store_open(&web->sources.store, &conf, &why))
        fail_msg("%s", why.text);
    for (unsigned n = 0; n < 10; n++)
        put(n);
    if (store_sync(web->sources.store, &why))
        fail_msg("%s", why.text);
    assert_true(store_show(web->sources.store));
}

static int setup(void **state)
{
    (void)state;
    struct why ignored;
    snprintf(folder, sizeof folder, "/tmp/test_messages.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    log_set_sink(quiet, NULL);
    arena_init(&mem, NULL, 0);
    ready = access(DUCKDB_LIBRARY, R_OK) == 0;
    web = xcalloc(1, sizeof *web);
    web->counters = xcalloc(1, sizeof *web->counters);
    web->sources.folder = folder;
    web->conf.query_ns = INT64_C(60000000000);
    list_init(&web->pool.waiting);
    pthread_mutex_init(&web->pool.queue, NULL);
    web->pool.worker[0].pool = &web->pool;
    struct access_conf conf = { .idle_ns = 1 };
    if (access_open(&web->access, &conf, &ignored))
        return -1;
    if (ready)
        fill();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    struct worker *w = &web->pool.worker[0];
    query_session_close(w->session);
    state_close(w->state);
    store_close(web->sources.store);
    pthread_mutex_destroy(&web->pool.queue);
    xfree(web->counters);
    xfree(web);
    arena_free(&mem);
    log_set_sink(NULL, NULL);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Runs a handler as the pool does; the answer as a tree. */
static const struct node *run(void (*handler)(struct exchange *x), const char *body, const char *id,
                              int want)
{
    struct exchange *x = exchange_new(web, 1 << 22);
    struct node *root = NULL;
    x->worker = &web->pool.worker[0];
    x->body = arena_dup(&x->mem, slice_cstr(body));
    x->id = slice_cstr(id);
    handler(x);
    if (x->status != want)
        fail_msg("%s%s: %d, not %d: %.*s", body, id, x->status, want, (int)x->out.n,
                 (const char *)x->out.p);
    assert_false(x->out.full);
    if (json_read(&mem, arena_dup(&mem, buf_slice(&x->out)), "answer", &root, &why))
        fail_msg("%s: %.*s", why.text, (int)x->out.n, (const char *)x->out.p);
    exchange_free(x);
    return root;
}

static void need_library(void)
{
    if (!ready)
        skip();
}

static void answers_questions(void **state)
{
    (void)state;
    need_library();
    const struct node *a = run(
        query_post,
        "{" ALL ",\"ask\":[{\"id\":\"n\",\"kind\":\"value\",\"metric\":\"count()\"},"
        "{\"id\":\"s\",\"kind\":\"value\",\"metric\":\"sum(network_bytes)\",\"query\":\"m3\"}]}",
        "", 200);
    assert_int_equal(node_path(a, "answers.n.value")->i, 10);
    assert_int_equal(node_path(a, "answers.s.value")->i, 300);
    a = run(query_post,
            "{" ALL ",\"stream\":\"Default Stream\",\"query\":\"network_bytes:>=500\",\"ask\":"
            "[{\"id\":\"m\",\"kind\":\"messages\",\"limit\":2}]}",
            "", 200);
    assert_int_equal(node_path(a, "answers.m.total")->i, 5);
}

/* The window before is looked at, although it lies outside of what is asked for. */
static void compares_with_the_window_before(void **state)
{
    (void)state;
    need_library();
    const struct node *a = run(
        query_post,
        "{\"from\":1700000006000,\"to\":1700000010000,\"ask\":[{\"id\":\"n\",\"kind\":\"value\","
        "\"metric\":\"count()\",\"previous\":true}]}",
        "", 200);
    assert_int_equal(node_path(a, "answers.n.value")->i, 4);
    assert_int_equal(node_path(a, "answers.n.previous")->i, 4);
    a = run(query_post,
            "{\"from\":1699999999000,\"to\":1700000010000,\"stream\":\"Default Stream\",\"query\":"
            "\"source:s*\",\"ask\":[{\"id\":\"n\",\"kind\":\"value\",\"metric\":\"count()\","
            "\"previous\":true}]}",
            "", 200);
    assert_int_equal(node_path(a, "answers.n.value")->i, 10);
    assert_int_equal(node_path(a, "answers.n.previous")->i, 0); /* no index has anything there */
}

static void shows_one_message(void **state)
{
    (void)state;
    need_library();
    const struct node *a = run(messages_show, "", "01HF8ZT7T00000000000000007", 200);
    assert_string_equal(node_path(a, "message.message")->text, "m7");
    assert_string_equal(node_get(a, "index")->text, "graylog_0");
    a = run(messages_show, "", "01HF8ZT7T00000000000000099", 200);
    assert_int_equal(node_get(a, "message")->type, NODE_NULL);
    run(messages_show, "", "\"}]} x", 200);
}

static void tells_where_a_mistake_is(void **state)
{
    (void)state;
    need_library();
    const struct node *a = run(query_post,
                               "{" ALL ",\"query\":\"a AND (b\",\"ask\":[{\"id\":\"n\",\"kind\":"
                               "\"value\",\"metric\":\"count()\"}]}",
                               "", 400);
    assert_int_equal(node_path(a, "error.line")->i, 1);
    assert_int_equal(node_path(a, "error.column")->i, 8);
    assert_non_null(node_path(run(query_post, "{", "", 400), "error.text"));
    assert_null(node_path(run(query_post, "{}", "", 400), "error.line"));
    run(query_post,
        "{" ALL ",\"stream\":\"nix\",\"ask\":[{\"id\":\"n\",\"kind\":\"value\",\"metric\":"
        "\"count()\"}]}",
        "", 404);
}

static void without_a_store(void **state)
{
    (void)state;
    struct store *kept = web->sources.store;
    web->sources.store = NULL;
    run(query_post, "{}", "", 503);
    run(messages_show, "", "x", 503);
    web->sources.store = kept;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_questions, setup, teardown),
        cmocka_unit_test_setup_teardown(compares_with_the_window_before, setup, teardown),
        cmocka_unit_test_setup_teardown(shows_one_message, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_where_a_mistake_is, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_store, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
