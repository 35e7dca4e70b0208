/* Files of indices: rows are there with their number, or neither. Needs tools/fetch-duckdb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "lib/duckdb.h"
#include "store/indexfile.h"

#define ROWS 5000

static char folder[64], path[96];
static struct why why;
static struct duck *duck;
static struct duck_session *session;
static struct jsondoc doc;
static struct indexfile file = { path, "idx" };

static int setup(void **state)
{
    (void)state;
    static const char *const libraries[] = { DUCKDB_LIBRARY, NULL };
    snprintf(folder, sizeof folder, "/tmp/test_indexfile.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a_0" INDEXFILE_SUFFIX, folder);
    jsondoc_init(&doc, 1000);
    struct duck_conf conf = {
        .libraries = libraries, .threads = 1, .memory_bytes = 256 << 20, .folder = folder
    };
    if (access(DUCKDB_LIBRARY, R_OK))
        return 0;
    return duck_open(&duck, &conf, &why) || duck_session_open(&session, duck, &why) ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    duck_session_close(session);
    duck_close(duck);
    duck = NULL;
    session = NULL;
    jsondoc_free(&doc);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        if (call)                                                                                  \
            fail_msg("%s", why.text);                                                              \
    } while (0)

static struct indexfile_content attach(void)
{
    struct indexfile_content c;
    OK(indexfile_attach(session, &file, &c, &why));
    return c;
}

static void add(struct hot_table *t, uint64_t from, uint64_t to)
{
    uint8_t text[256], memory[256];
    struct message_row row;
    for (uint64_t i = from; i <= to; i++) {
        struct buf b = buf_of(text, sizeof text - JSONDOC_PAD);
        struct buf mem = buf_of(memory, sizeof memory);
        buf_printf(&b, "{\"source_port\":%llu,\"source\":\"host %llu\",\"rest\":%llu}",
                   (unsigned long long)i, (unsigned long long)i % 7, (unsigned long long)i);
        OK(columns_split(&row, &doc, buf_slice(&b), &mem, &why));
        OK(hot_table_add(t, i, &row, &why));
    }
}

/* Rows from..to through a table in memory, of which `sealed` is the last that counts. */
static void seal(uint64_t from, uint64_t to, uint64_t sealed)
{
    struct hot_table *t;
    struct indexfile_content now = { sealed, sealed, 1, 2, false };
    OK(hot_table_open(&t, session, "hot", &why));
    add(t, from, to);
    OK(hot_table_flush(t, &why));
    hot_table_close(t);
    OK(indexfile_seal(session, "idx", "hot", &now, &why));
    OK(hot_table_drop(session, "hot", &why));
}

static void assert_rows(int64_t n)
{
    struct duck_query *q;
    err rc;
    OK(duck_prepare(&q, session,
                    SLICE("SELECT count(*), count(DISTINCT seq), count(*) FILTER (WHERE "
                          "source_port = seq AND source = 'host ' || (seq % 7) AND "
                          "doc = '{\"rest\":' || seq || '}') FROM idx.ev"),
                    &why));
    OK(duck_answer(q, &why));
    assert_true(duck_next(q, &rc, &why));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(duck_value(q, i).i, n);
    duck_query_free(q);
}

static void rows_are_there_with_their_number(void **state)
{
    (void)state;
    if (!duck)
        skip();
    assert_int_equal(attach().sealed, 0);
    seal(1, ROWS, ROWS);
    seal(ROWS + 1, ROWS + 9, ROWS + 3); /* six of them are not to be seen yet */
    OK(indexfile_checkpoint(session, "idx", &why));
    OK(indexfile_detach(session, "idx", &why));
    struct indexfile_content c;
    OK(indexfile_attach_read(session, &file, &c, &why));
    assert_int_equal(c.sealed, ROWS + 3);
    assert_int_equal(c.rows, ROWS + 3);
    assert_int_equal(c.from_ms, 1);
    assert_int_equal(c.to_ms, 2);
    assert_rows(ROWS + 3);
}

static void a_failed_seal_changes_nothing(void **state)
{
    (void)state;
    if (!duck)
        skip();
    (void)attach();
    seal(1, 10, 10);
    struct indexfile_content now = { 20, 20, 1, 2, false };
    assert_int_equal(indexfile_seal(session, "idx", "no_such_table", &now, &why), ERR_FORMAT);
    OK(duck_run(session, "CREATE TABLE bad AS SELECT 7 AS no_such_column, 1 AS seq", &why));
    assert_int_not_equal(indexfile_seal(session, "idx", "bad", &now, &why), ERR_OK);
    seal(11, 12, 12); /* no transaction is left open */
    OK(indexfile_detach(session, "idx", &why));
    assert_int_equal(attach().sealed, 12);
    assert_rows(12);
}

/* A column that came into columns.def after the file was made. */
static void an_older_file_gets_new_columns(void **state)
{
    (void)state;
    if (!duck)
        skip();
    (void)attach();
    seal(1, 10, 10);
    OK(duck_run(session, "ALTER TABLE idx.ev DROP COLUMN source_ip", &why));
    OK(duck_run(session, "ALTER TABLE idx.ev DROP COLUMN source", &why));
    OK(indexfile_detach(session, "idx", &why));
    (void)attach();
    seal(11, 20, 20);
    OK(duck_run(session, "UPDATE idx.ev SET source = 'host ' || (seq % 7) WHERE seq <= 10", &why));
    assert_rows(20);
}

static void write_file(const char *text)
{
    FILE *bad = fopen(path, "w");
    for (int i = 0; i < 5000; i++)
        fputs(text, bad);
    fclose(bad);
}

static void what_is_no_such_file_is_told(void **state)
{
    (void)state;
    if (!duck)
        skip();
    struct indexfile_content c;
    assert_int_equal(indexfile_attach_read(session, &file, &c, &why), ERR_FORMAT); /* none */
    write_file("no database ");
    assert_int_equal(indexfile_attach(session, &file, &c, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "a_0"));
    assert_int_equal(indexfile_attach_read(session, &file, &c, &why), ERR_FORMAT);
    unlink(path);
    OK(duck_run(session, "CREATE TABLE meta AS SELECT 1", &why)); /* of another catalog */
    assert_int_equal(attach().rows, 0);
    OK(duck_run(session, "UPDATE idx.meta SET format = 99", &why));
    OK(indexfile_detach(session, "idx", &why));
    assert_int_equal(indexfile_attach(session, &file, &c, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "format 99"));
    assert_int_equal(indexfile_attach(session, &file, &c, &why), ERR_FORMAT); /* was detached */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = { TEST(rows_are_there_with_their_number),
                                        TEST(a_failed_seal_changes_nothing),
                                        TEST(an_older_file_gets_new_columns),
                                        TEST(what_is_no_such_file_is_told) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
