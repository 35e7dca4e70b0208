/* The layer over DuckDB: opening it, its closed doors, statements, parameters, values, chunks,
 * interrupting. Without the library (tools/fetch-duckdb) all that needs it is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/duckdb.h"
#include "store/duck.h"

static char folder[64];
static struct why why;
static struct duck *duck;
static struct duck_session *session;

static const char *const libraries[] = { "build/duckdb/none.so", DUCKDB_LIBRARY, NULL };

static err open_with(const char *const *paths, struct duck **out)
{
    struct duck_conf conf = {
        .libraries = paths, .threads = 2, .memory_bytes = 256 << 20, .folder = folder
    };
    return duck_open(out, &conf, &why);
}

static int open_all(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_duck.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    if (access(DUCKDB_LIBRARY, R_OK))
        return 0;
    if (open_with(libraries, &duck) || duck_session_open(&session, duck, &why)) {
        fprintf(stderr, "%s\n", why.text);
        return -1;
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    char command[128];
    duck_session_close(session);
    duck_close(duck);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void need_library(void)
{
    if (!duck)
        skip();
}

static void run(const char *sql)
{
    if (duck_run(session, sql, &why))
        fail_msg("%s", why.text);
}

static void assert_says(const char *words)
{
    if (!strstr(why.text, words))
        fail_msg("'%s' lacks '%s'", why.text, words);
    assert_null(strchr(why.text, '\n'));
}

static void assert_refused(const char *sql, const char *words)
{
    assert_int_equal(duck_run(session, sql, &why), ERR_IO);
    assert_says(words);
}

static struct duck_query *ask(const char *sql)
{
    struct duck_query *q;
    if (duck_prepare(&q, session, slice_cstr(sql), &why))
        fail_msg("%s", why.text);
    return q;
}

static void next(struct duck_query *q)
{
    err rc;
    if (!duck_next(q, &rc, &why))
        fail_msg("no row: %s", rc ? why.text : "the end");
}

static void end(struct duck_query *q)
{
    err rc;
    assert_false(duck_next(q, &rc, &why));
    assert_int_equal(rc, ERR_OK);
    duck_query_free(q);
}

static int64_t ask_int(const char *sql)
{
    struct duck_query *q = ask(sql);
    assert_int_equal(duck_answer(q, &why), ERR_OK);
    next(q);
    struct duck_value v = duck_value(q, 0);
    assert_int_equal(v.kind, DUCK_INT);
    end(q);
    return v.i;
}

/* ---- opening */

static void no_library_is_one_line(void **state)
{
    (void)state;
    struct duck *d;
    const char *const none[] = { "/nowhere/libduckdb.so", NULL };
    assert_int_equal(open_with(none, &d), ERR_MISSING);
    assert_says("tools/fetch-duckdb");
}

static void what_is_no_library_is_told(void **state)
{
    (void)state;
    struct duck *d;
    const char *const text[] = { "/etc/passwd", NULL };
    assert_int_equal(open_with(text, &d), ERR_MISSING);
    assert_says("/etc/passwd");
}

static void another_library_is_told(void **state)
{
    (void)state;
    struct duck *d;
    const char *const paths[] = { "/lib/x86_64-linux-gnu/libm.so.6",
                                  "/lib/aarch64-linux-gnu/libm.so.6", NULL };
    if (access(paths[0], R_OK) && access(paths[1], R_OK))
        skip();
    assert_int_equal(open_with(paths, &d), ERR_UNSUPPORTED);
    assert_says("lacks functions");
}

static void version_is_known(void **state)
{
    (void)state;
    need_library();
    assert_int_equal(strncmp(duck_version(duck), DUCK_VERSION, strlen(DUCK_VERSION)), 0);
}

static void doors_are_closed(void **state)
{
    (void)state;
    need_library();
    assert_refused("SELECT * FROM read_text('/etc/passwd')", "disabled");
    assert_refused("SELECT * FROM read_csv('/etc/passwd')", "disabled");
    assert_refused("COPY (SELECT 1) TO '/tmp/test_duck_out.csv'", "disabled");
    assert_refused("ATTACH '/tmp/test_duck_out.db' AS x", "disabled");
    assert_refused("INSTALL httpfs", "disabled");
    assert_refused("LOAD '/tmp/x.duckdb_extension'", "disabled");
    assert_refused("SET enable_external_access = true", "lock");
    assert_refused("SET allowed_directories = ['/']", "lock");
    assert_refused("SET memory_limit = '100GB'", "lock");
    assert_int_equal(access("/tmp/test_duck_out.csv", F_OK), -1);
}

static void own_folder_is_open(void **state)
{
    (void)state;
    need_library();
    char sql[128];
    snprintf(sql, sizeof sql, "ATTACH '%s/a.ev' AS a (STORAGE_VERSION 'v1.5.0')", folder);
    run(sql);
    run("CREATE TABLE a.t (x BIGINT)");
    run("INSERT INTO a.t VALUES (1), (2)");
    run("DETACH a");
    run(sql);
    assert_int_equal(ask_int("SELECT sum(x) FROM a.t"), 3);
    run("DETACH a");
    snprintf(sql, sizeof sql, "ATTACH '%s/../escape.ev' AS b", folder);
    assert_refused(sql, "disabled");
}

/* ---- statements and values */

static void mistakes_are_one_line(void **state)
{
    (void)state;
    need_library();
    struct duck_query *q;
    assert_int_equal(duck_prepare(&q, session, SLICE("SELECT FROM WHERE"), &why), ERR_IO);
    assert_says("syntax error");
    assert_refused("SELECT\nnope FROM\nnowhere", "nowhere");
    q = ask("SELECT CAST($1 AS BIGINT)");
    duck_bind_text(q, SLICE("abc"));
    err rc = duck_answer(q, &why);
    if (!rc)
        assert_false(duck_next(q, &rc, &why));
    assert_int_equal(rc, ERR_IO);
    assert_says("abc");
    duck_query_free(q);
}

static void parameters_are_values(void **state)
{
    (void)state;
    need_library();
    struct duck_query *q = ask("SELECT $1, $2, $3, $4, $5");
    struct slice evil = SLICE("'; DROP TABLE t; -- \0 \xc3\xa4");
    for (int round = 0; round < 2; round++) {
        duck_bind_text(q, evil);
        duck_bind_int(q, INT64_MIN + round);
        duck_bind_double(q, 0.25);
        duck_bind_time(q, 1700000000123456);
        duck_bind_text(q, SLICE(""));
        assert_int_equal(duck_answer(q, &why), ERR_OK);
        next(q);
        assert_int_equal(duck_columns(q), 5);
        assert_true(slice_eq(duck_value(q, 0).text, evil));
        assert_int_equal(duck_value(q, 1).i, INT64_MIN + round);
        assert_true(duck_value(q, 2).d == 0.25);
        assert_int_equal(duck_value(q, 3).kind, DUCK_TIME);
        assert_int_equal(duck_value(q, 3).i, 1700000000123456);
        assert_int_equal(duck_value(q, 4).kind, DUCK_TEXT);
        assert_int_equal(duck_value(q, 4).text.n, 0);
    }
    end(q);
}

static void parameters_too_many_are_told(void **state)
{
    (void)state;
    need_library();
    struct duck_query *q = ask("SELECT $1");
    duck_bind_int(q, 1);
    duck_bind_int(q, 2);
    assert_int_equal(duck_answer(q, &why), ERR_IO);
    assert_says("parameter");
    duck_query_free(q);
}

static void every_kind_is_read(void **state)
{
    (void)state;
    need_library();
    static const struct {
        const char *sql;
        enum duck_kind kind;
        int64_t i;
    } row[] = {
        { "NULL::BIGINT", DUCK_NULL, 0 },
        { "true", DUCK_BOOL, 1 },
        { "false", DUCK_BOOL, 0 },
        { "-5::TINYINT", DUCK_INT, -5 },
        { "-300::SMALLINT", DUCK_INT, -300 },
        { "-70000::INTEGER", DUCK_INT, -70000 },
        { "(-9223372036854775807)::BIGINT", DUCK_INT, -INT64_MAX },
        { "200::UTINYINT", DUCK_INT, 200 },
        { "60000::USMALLINT", DUCK_INT, 60000 },
        { "4000000000::UINTEGER", DUCK_INT, 4000000000 },
        { "9223372036854775807::UBIGINT", DUCK_INT, INT64_MAX },
        { "(-9)::HUGEINT", DUCK_INT, -9 },
        { "9223372036854775807::HUGEINT", DUCK_INT, INT64_MAX },
        { "TIMESTAMP '2026-11-24 12:00:00.5'", DUCK_TIME, 1795521600500000 },
    };
    for (size_t i = 0; i < COUNT(row); i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT %s AS v", row[i].sql);
        struct duck_query *q = ask(sql);
        assert_int_equal(duck_answer(q, &why), ERR_OK);
        assert_string_equal(duck_column_name(q, 0), "v");
        next(q);
        assert_int_equal(duck_value(q, 0).kind, row[i].kind);
        assert_int_equal(duck_value(q, 0).i, row[i].i);
        end(q);
    }
}

static void wide_and_other_kinds_are_read(void **state)
{
    (void)state;
    need_library();
    struct duck_query *q = ask("SELECT 18446744073709551616::HUGEINT, 1.5::DOUBLE, [1, 2], "
                               "18446744073709551615::UBIGINT, '123456789012', '1234567890123', "
                               "0.5::FLOAT");
    assert_int_equal(duck_answer(q, &why), ERR_OK);
    next(q);
    assert_int_equal(duck_value(q, 0).kind, DUCK_DOUBLE);
    assert_true(duck_value(q, 0).d == 18446744073709551616.0);
    assert_true(duck_value(q, 1).d == 1.5);
    assert_int_equal(duck_value(q, 2).kind, DUCK_OTHER);
    assert_int_equal(duck_value(q, 3).kind, DUCK_DOUBLE);
    assert_true(duck_value(q, 3).d == 18446744073709551615.0);
    assert_true(slice_eq(duck_value(q, 4).text, SLICE("123456789012")));
    assert_true(slice_eq(duck_value(q, 5).text, SLICE("1234567890123")));
    assert_int_equal(duck_value(q, 6).kind, DUCK_DOUBLE);
    assert_true(duck_value(q, 6).d == 0.5);
    end(q);
}

/* ---- tables */

enum { T_TIME, T_INT, T_DOUBLE, T_TEXT, T_BOOL, T_N };
static const enum duck_kind kinds[T_N] = { DUCK_TIME, DUCK_INT, DUCK_DOUBLE, DUCK_TEXT, DUCK_BOOL };
static const struct duck_place place = { .table = "t", .kinds = kinds, .n = T_N };

#define ROWS (3 * DUCK_CHUNK_ROWS + 5)

static struct slice text_of(int64_t i, char out[64])
{
    int n = snprintf(out, 64, "%.*s%lld", (int)(i % 30), "a text that is longer than it was",
                     (long long)i);
    return slice_of(out, (size_t)n);
}

/* Row i: each column is NULL where i leaves the rest of its number + 1, by a number of its own. */
static bool is_null(int64_t i, int column)
{
    return i % (column + 3) == 1;
}

static void fill(struct duck_table *t, int64_t from, int64_t to)
{
    char text[64];
    for (int64_t i = from; i < to; i++) {
        if (!is_null(i, T_TIME))
            duck_put_int(t, T_TIME, i * 1000000);
        if (!is_null(i, T_INT))
            duck_put_int(t, T_INT, -i);
        if (!is_null(i, T_DOUBLE))
            duck_put_double(t, T_DOUBLE, (double)i / 2);
        if (!is_null(i, T_TEXT))
            duck_put_text(t, T_TEXT, text_of(i, text));
        if (!is_null(i, T_BOOL))
            duck_put_int(t, T_BOOL, i % 2);
        assert_int_equal(duck_end_row(t, &why), ERR_OK);
    }
}

static void assert_row(struct duck_query *q, int64_t i)
{
    char text[64];
    struct duck_value v[T_N];
    for (unsigned c = 0; c < T_N; c++) {
        v[c] = duck_value(q, c);
        assert_int_equal(v[c].kind, is_null(i, (int)c) ? DUCK_NULL : kinds[c]);
    }
    assert_true(is_null(i, T_TIME) || v[T_TIME].i == i * 1000000);
    assert_true(is_null(i, T_INT) || v[T_INT].i == -i);
    assert_true(is_null(i, T_DOUBLE) || v[T_DOUBLE].d == (double)i / 2);
    assert_true(is_null(i, T_TEXT) || slice_eq(v[T_TEXT].text, text_of(i, text)));
    assert_true(is_null(i, T_BOOL) || v[T_BOOL].i == i % 2);
}

static void chunks_come_back(void **state)
{
    (void)state;
    need_library();
    struct duck_table *t;
    run("CREATE TABLE t (a TIMESTAMP, b BIGINT, c DOUBLE, d VARCHAR, e BOOLEAN)");
    run("BEGIN");
    assert_int_equal(duck_table_open(&t, session, &place, &why), ERR_OK);
    fill(t, 0, ROWS);
    assert_int_equal(duck_table_flush(t, &why), ERR_OK);
    duck_table_close(t);
    run("COMMIT");
    struct duck_query *q = ask("SELECT * FROM t");
    assert_int_equal(duck_answer(q, &why), ERR_OK);
    for (int64_t i = 0; i < ROWS; i++) {
        next(q);
        assert_row(q, i);
    }
    end(q);
    run("DROP TABLE t");
}

static void rows_of_a_transaction_can_go(void **state)
{
    (void)state;
    need_library();
    struct duck_table *t;
    run("CREATE TABLE t (a TIMESTAMP, b BIGINT, c DOUBLE, d VARCHAR, e BOOLEAN)");
    run("BEGIN");
    assert_int_equal(duck_table_open(&t, session, &place, &why), ERR_OK);
    fill(t, 0, DUCK_CHUNK_ROWS + 1);
    assert_int_equal(duck_table_flush(t, &why), ERR_OK);
    duck_table_close(t);
    run("ROLLBACK");
    assert_int_equal(ask_int("SELECT count(*) FROM t"), 0);
    run("DROP TABLE t");
}

static void rows_that_were_not_flushed_are_gone(void **state)
{
    (void)state;
    need_library();
    struct duck_table *t;
    run("CREATE TABLE t (a TIMESTAMP, b BIGINT, c DOUBLE, d VARCHAR, e BOOLEAN)");
    run("BEGIN");
    assert_int_equal(duck_table_open(&t, session, &place, &why), ERR_OK);
    fill(t, 0, DUCK_CHUNK_ROWS + 1);
    duck_table_close(t);
    run("COMMIT");
    assert_int_equal(ask_int("SELECT count(*) FROM t"), 0);
    run("DROP TABLE t");
}

static void table_that_is_not_there_is_told(void **state)
{
    (void)state;
    need_library();
    struct duck_table *t;
    struct duck_place nope = { .table = "nope", .kinds = kinds, .n = T_N };
    assert_int_equal(duck_table_open(&t, session, &nope, &why), ERR_IO);
    assert_says("nope");
}

/* ---- interrupting */

static atomic_bool done;

/* Again and again: the statement may not have begun when the first call comes. */
static void *interrupter(void *arg)
{
    (void)arg;
    while (!atomic_load(&done)) {
        duck_interrupt(session);
        sched_yield();
    }
    return NULL;
}

static void long_query_is_interrupted(void **state)
{
    (void)state;
    need_library();
    pthread_t thread;
    struct duck_query *q = ask("SELECT sum(a.range * b.range % 7) FROM range(10000000) a, "
                               "range(10000000) b");
    atomic_store(&done, false);
    assert_int_equal(pthread_create(&thread, NULL, interrupter, NULL), 0);
    err rc = duck_answer(q, &why);
    if (!rc)
        assert_false(duck_next(q, &rc, &why));
    atomic_store(&done, true);
    pthread_join(thread, NULL);
    assert_int_equal(rc, ERR_END);
    duck_query_free(q);
    assert_int_equal(ask_int("SELECT 42"), 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_library_is_one_line),
        cmocka_unit_test(what_is_no_library_is_told),
        cmocka_unit_test(another_library_is_told),
        cmocka_unit_test(version_is_known),
        cmocka_unit_test(doors_are_closed),
        cmocka_unit_test(own_folder_is_open),
        cmocka_unit_test(mistakes_are_one_line),
        cmocka_unit_test(parameters_are_values),
        cmocka_unit_test(parameters_too_many_are_told),
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(wide_and_other_kinds_are_read),
        cmocka_unit_test(chunks_come_back),
        cmocka_unit_test(rows_of_a_transaction_can_go),
        cmocka_unit_test(rows_that_were_not_flushed_are_gone),
        cmocka_unit_test(table_that_is_not_there_is_told),
        cmocka_unit_test(long_query_is_interrupted),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
