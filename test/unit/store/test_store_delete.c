/* Deleting messages that match a search: from the file that is written, from files that are only
 * read, and what the journal still has; a process that ends at once loses nothing of it. Needs
 * tools/fetch-duckdb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "lib/duckdb.h"
#include "lib/storefolder.h"
#include "store/indexfile.h"
#include "store/state.h"
#include "store/store.h"

#define START STOREFOLDER_START
#define DAY   INT64_C(86400000)
#define OK(call)                                                                                   \
    do {                                                                                           \
        if (call)                                                                                  \
            fail_msg("%s", why.text);                                                              \
    } while (0)

static char folder[64];
static struct why why;
static struct store *store;
static struct store_conf conf;
static struct view_range everything = { INT64_MIN, INT64_MAX, NULL, NULL };

/* ---- the world of a test */

static int setup(void **state)
{
    (void)state;
    if (!storefolder_make(folder, "test_delete", &conf))
        return -1;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    return storefolder_remove(folder);
}

static bool there_is_no_library(void)
{
    return access(DUCKDB_LIBRARY, R_OK) != 0;
}

static void open_store(void)
{
    OK(store_open(&store, &conf, &why));
}

static void close_store(void)
{
    store_close(store);
    store = NULL;
}

/* n messages of that time: every second one is a sample. Every tenth has a port that is no number,
 * which has no column. */
static void put(unsigned n, int64_t ms)
{
    struct slice stream = SLICE(STATE_DEFAULT_STREAM);
    for (unsigned i = 0; i < n; i++) {
        uint8_t text[256];
        struct buf b = buf_of(text, sizeof text);
        buf_printf(&b, "{\"timestamp\":\"2023-11-14 22:13:%02u.000\",\"source_port\":", i % 60);
        buf_printf(&b, i % 10 ? "%u" : "\"%u\"", i);
        buf_printf(&b, ",\"sample\":%s,\"message\":\"number %u\"}", i % 2 ? "true" : "false", i);
        struct store_line line = { buf_slice(&b), &stream, 1, ms, ms };
        OK(store_put(store, &line, &why));
    }
    OK(store_sync(store, &why));
}

static err delete_by(const char *query, uint64_t *n)
{
    struct store_filter f = { everything, NULL, slice_cstr(query) };
    return store_delete(store, &f, START, n, &why);
}

static void assert_deleted(const char *query, uint64_t n)
{
    uint64_t found;
    OK(delete_by(query, &found));
    assert_int_equal(found, n);
}

/* Rows that queries read, of those that are samples, and what views say. */
static void assert_there(int64_t n, int64_t samples)
{
    struct store_view *v;
    struct duck_session *s;
    struct duck_query *q;
    static char sql[65536];
    struct buf b = buf_of(sql, sizeof sql);
    int64_t rows = 0;
    err rc;
    assert_true(store_show(store));
    OK(store_view_open(store, &everything, &v, &why));
    buf_cstr(&b, "SELECT count(*), count(*) FILTER (WHERE contains(doc, '\"sample\":true')) FROM "
                 "(SELECT '' AS doc WHERE false");
    for (unsigned i = 0; i < v->n; i++) {
        buf_printf(&b, " UNION ALL SELECT doc FROM %s", v->table[i].name);
        rows += (int64_t)v->table[i].rows;
    }
    buf_cstr(&b, ")");
    OK(duck_session_open(&s, v->duck, &why));
    OK(duck_prepare(&q, s, buf_slice(&b), &why));
    OK(duck_answer(q, &why));
    assert_true(duck_next(q, &rc, &why));
    assert_int_equal(duck_value(q, 0).i, n);
    assert_int_equal(duck_value(q, 1).i, samples);
    assert_int_equal(rows, n);
    duck_query_free(q);
    duck_session_close(s);
    store_view_close(store, v);
}

/* Docs of an index as the state has them. */
static int64_t docs_of(int64_t number)
{
    char path[128];
    struct state *st;
    struct arena a;
    struct index_sets sets;
    struct index_rows rows;
    int64_t docs = -1;
    arena_init(&a, NULL, 0);
    snprintf(path, sizeof path, "%s/" STATE_FILE, folder);
    OK(state_open(path, START, &st, &why));
    OK(state_index_sets(st, &a, &sets, &why));
    OK(state_indices(st, sets.v[0].id, &a, &rows, &why));
    for (unsigned i = 0; i < rows.n; i++)
        if (rows.v[i].number == number)
            docs = rows.v[i].docs;
    arena_free(&a);
    state_close(st);
    return docs;
}

/* The rest is done by another process, which is killed at its end. */
static void in_a_killed_process(void (*act)(void))
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        act();
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- the tests */

static void from_the_journal_and_the_file(void **state)
{
    (void)state;
    if (there_is_no_library())
        skip();
    open_store();
    put(250, START);
    assert_deleted("sample:true", 125);
    assert_there(125, 0);
    store_tick(store, START);
    assert_int_equal(docs_of(0), 125);
    put(20, START);
    assert_there(145, 10);
    for (unsigned i = 0; i < 2; i++) {
        close_store();
        open_store();
        assert_there(145, 10);
    }
    assert_int_equal(docs_of(0), 145);
    assert_deleted("sample:true", 10);
    assert_deleted("sample:true", 0);
}

static void from_files_that_are_only_read(void **state)
{
    (void)state;
    if (there_is_no_library())
        skip();
    open_store();
    for (int day = 0; day < 3; day++)
        put(40, START + day * DAY);
    assert_true(store_settle(store));
    store_tick(store, START + 2 * DAY);
    close_store();
    open_store(); /* the older two are not attached */
    assert_deleted("sample:true AND source_port:<20", 30);
    assert_there(90, 30);
    assert_deleted("source_port:10", 3); /* a text in these */
    assert_there(87, 30);
    store_tick(store, START + 2 * DAY);
    for (int day = 0; day < 3; day++)
        assert_int_equal(docs_of(day), 29);
    put(10, START + 2 * DAY);
    assert_deleted("*", 97);
    assert_there(0, 0);
}

static void only_of_its_range_and_stream(void **state)
{
    (void)state;
    uint64_t n;
    if (there_is_no_library())
        skip();
    open_store();
    put(60, START);
    struct store_filter f = { everything, NULL, SLICE("*") };
    f.range.to_us = (START - 1) * 1000;
    OK(store_delete(store, &f, START, &n, &why));
    assert_int_equal(n, 0);
    f.range = everything;
    f.range.set_id = "000000000000000000000000";
    OK(store_delete(store, &f, START, &n, &why));
    assert_int_equal(n, 0);
    f.range.set_id = NULL;
    f.stream = "0000000000000000000000aa";
    OK(store_delete(store, &f, START, &n, &why));
    assert_int_equal(n, 0);
    f.stream = NULL;
    f.range.to_us = (START + 10000) * 1000; /* both included */
    OK(store_delete(store, &f, START, &n, &why));
    assert_int_equal(n, 31);
    assert_there(29, 15);
}

static void what_is_wrong_deletes_nothing(void **state)
{
    (void)state;
    uint64_t n;
    if (there_is_no_library())
        skip();
    open_store();
    put(20, START);
    assert_int_equal(delete_by("", &n), ERR_FORMAT);
    assert_int_equal(delete_by("  ", &n), ERR_FORMAT);
    assert_int_equal(delete_by("a:(b", &n), ERR_FORMAT);
    assert_non_null(strstr(why.text, "query:1:"));
    assert_there(20, 10);
}

static void put_and_delete(void)
{
    open_store();
    for (int day = 0; day < 2; day++)
        put(40, START + day * DAY);
    assert_deleted("sample:true", 40);
}

static void a_kill_brings_nothing_back(void **state)
{
    (void)state;
    if (there_is_no_library())
        skip();
    in_a_killed_process(put_and_delete);
    for (unsigned i = 0; i < 2; i++) {
        open_store();
        assert_there(40, 0);
        store_tick(store, START + DAY);
        close_store();
    }
    assert_int_equal(docs_of(0), 20);
    assert_int_equal(docs_of(1), 20);
}

/* ---- the log of a file that was only read */

static char file[160];

static struct duck *open_duck(struct duck_session **s)
{
    struct duck *d;
    struct duck_conf c = {
        .libraries = conf.libraries, .threads = 1, .memory_bytes = 64 << 20, .folder = folder
    };
    OK(duck_open(&d, &c, &why));
    OK(duck_session_open(s, d, &why));
    return d;
}

static void delete_without_a_checkpoint(void)
{
    struct duck_session *s;
    struct indexfile f = { file, "x" };
    struct indexfile_content c;
    struct slice text = SLICE("b");
    struct indexfile_where where = { SLICE("source_ip = $1"), &text, 1 };
    (void)open_duck(&s);
    OK(indexfile_attach(s, &f, &c, &why));
    OK(duck_run(s, "INSERT INTO x.ev (seq, source_ip) VALUES (1, 'a'), (2, 'b'), (3, 'b')", &why));
    OK(indexfile_checkpoint(s, "x", &why));
    c = (struct indexfile_content){ 3, 3, START, START, false };
    OK(indexfile_delete(s, "x", &where, &c, &why));
    assert_int_equal(c.rows, 1);
}

static void readers_read_the_log_too(void **state)
{
    (void)state;
    struct duck_session *s;
    struct duck_query *q;
    struct indexfile_content c;
    err rc;
    if (there_is_no_library())
        skip();
    snprintf(file, sizeof file, "%s/x.duckdb", folder);
    in_a_killed_process(delete_without_a_checkpoint);
    struct duck *d = open_duck(&s);
    struct indexfile f = { file, "x" };
    OK(indexfile_attach_read(s, &f, &c, &why));
    assert_int_equal(c.rows, 1);
    assert_int_equal(c.sealed, 3);
    OK(duck_prepare(&q, s, SLICE("SELECT count(*) FROM x.ev"), &why));
    OK(duck_answer(q, &why));
    assert_true(duck_next(q, &rc, &why));
    assert_int_equal(duck_value(q, 0).i, 1);
    duck_query_free(q);
    duck_session_close(s);
    duck_close(d);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(from_the_journal_and_the_file), TEST(from_files_that_are_only_read),
        TEST(only_of_its_range_and_stream),  TEST(what_is_wrong_deletes_nothing),
        TEST(a_kill_brings_nothing_back),    TEST(readers_read_the_log_too)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
