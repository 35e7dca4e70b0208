/* Day files: rows are there with their number, or neither. Needs tools/fetch-duckdb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "store/dayfile.h"

/* The library is not built for the thread sanitizer, which would take its locks for races. */
#ifdef __SANITIZE_THREAD__
#define LIBRARY "build/duckdb/not-for-tsan.so"
#else
#define LIBRARY "build/duckdb/libduckdb.so"
#endif
#define ROWS 5000

static char folder[64], path[96];
static struct why why;
static struct duck *duck;
static struct jsondoc doc;

static int setup(void **state)
{
    (void)state;
    static const char *const libraries[] = { LIBRARY, NULL };
    snprintf(folder, sizeof folder, "/tmp/test_dayfile.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/day.ev", folder);
    jsondoc_init(&doc, 1000);
    struct duck_conf conf = { libraries, 1, 256 << 20, folder };
    return access(LIBRARY, R_OK) || !duck_open(&duck, &conf, &why) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    duck_close(duck);
    duck = NULL;
    jsondoc_free(&doc);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static struct dayfile *open_file(void)
{
    struct dayfile *f;
    if (dayfile_open(&f, duck, path, &why))
        fail_msg("%s", why.text);
    return f;
}

static void add(struct dayfile *f, uint64_t from, uint64_t to)
{
    uint8_t text[256], memory[256];
    struct message_row row;
    for (uint64_t i = from; i <= to; i++) {
        struct buf b = buf_of(text, sizeof text - JSONDOC_PAD);
        struct buf mem = buf_of(memory, sizeof memory);
        buf_printf(&b, "{\"source_port\":%llu,\"source\":\"host %llu\",\"rest\":%llu}",
                   (unsigned long long)i, (unsigned long long)i % 7, (unsigned long long)i);
        assert_int_equal(columns_split(&row, &doc, buf_slice(&b), &mem, &why), ERR_OK);
        assert_int_equal(dayfile_add(f, i, &row, &why), ERR_OK);
    }
}

static void assert_rows(int64_t n)
{
    struct duck_session *s;
    struct duck_query *q;
    char sql[256];
    err rc;
    assert_int_equal(duck_session_open(&s, duck, &why), ERR_OK);
    snprintf(sql, sizeof sql, "ATTACH '%s' AS plain (READ_ONLY)", path);
    assert_int_equal(duck_run(s, sql, &why), ERR_OK);
    assert_int_equal(
        duck_prepare(&q, s,
                     SLICE("SELECT count(*), count(DISTINCT seq), count(*) FILTER (WHERE "
                           "source_port = seq AND source = 'host ' || (seq % 7) AND "
                           "doc = '{\"rest\":' || seq || '}') FROM plain.ev"),
                     &why),
        ERR_OK);
    assert_int_equal(duck_answer(q, &why), ERR_OK);
    assert_true(duck_next(q, &rc, &why));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(duck_value(q, i).i, n);
    duck_query_free(q);
    assert_int_equal(duck_run(s, "DETACH plain", &why), ERR_OK);
    duck_session_close(s);
}

static void rows_are_there_with_their_number(void **state)
{
    (void)state;
    if (!duck)
        skip();
    struct dayfile *f = open_file();
    assert_int_equal(dayfile_sealed(f), 0);
    add(f, 1, ROWS);
    assert_int_equal(dayfile_commit(f, ROWS, &why), ERR_OK);
    add(f, ROWS + 1, ROWS + 3);
    assert_int_equal(dayfile_commit(f, ROWS + 3, &why), ERR_OK);
    dayfile_close(f);
    assert_rows(ROWS + 3);
    f = open_file();
    assert_int_equal(dayfile_sealed(f), ROWS + 3);
    dayfile_close(f);
}

static void what_was_not_committed_is_gone(void **state)
{
    (void)state;
    if (!duck)
        skip();
    struct dayfile *f = open_file();
    add(f, 1, 10);
    assert_int_equal(dayfile_commit(f, 10, &why), ERR_OK);
    add(f, 11, ROWS);
    dayfile_close(f);
    assert_rows(10);
    f = open_file();
    assert_int_equal(dayfile_sealed(f), 10);
    dayfile_close(f);
}

static void what_is_no_day_file_is_told(void **state)
{
    (void)state;
    if (!duck)
        skip();
    struct dayfile *f;
    FILE *bad = fopen(path, "w");
    for (int i = 0; i < 5000; i++)
        fputs("no database ", bad);
    fclose(bad);
    assert_int_equal(dayfile_open(&f, duck, path, &why), ERR_IO);
    assert_non_null(strstr(why.text, "day.ev"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_there_with_their_number, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_not_committed_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_day_file_is_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
