/* Numbers for texts: each text has one, rows have them, none has two meanings. Needs
 * tools/fetch-duckdb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "lib/duckdb.h"
#include "store/codes.h"
#include "store/indexfile.h"

static char folder[64], path[96], dictionary[96];
static struct why why;
static struct duck *duck;
static struct duck_session *session;
static struct indexfile file = { path, "idx" };
static uint64_t last;

static int open_duck(void)
{
    static const char *const libraries[] = { DUCKDB_LIBRARY, NULL };
    struct duck_conf conf = {
        .libraries = libraries, .threads = 1, .memory_bytes = 256 << 20, .folder = folder
    };
    return duck_open(&duck, &conf, &why) || duck_session_open(&session, duck, &why) ? -1 : 0;
}

static void close_duck(void)
{
    duck_session_close(session);
    duck_close(duck);
    duck = NULL;
    session = NULL;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_codes.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a_0" INDEXFILE_SUFFIX, folder);
    snprintf(dictionary, sizeof dictionary, "%s/" CODES_CATALOG, folder);
    last = 0;
    return access(DUCKDB_LIBRARY, R_OK) ? 0 : open_duck();
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    close_duck();
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        if (call)                                                                                  \
            fail_msg("%s", why.text);                                                              \
    } while (0)

static int64_t ask(const char *sql)
{
    struct duck_query *q;
    err rc;
    OK(duck_prepare(&q, session, slice_cstr(sql), &why));
    OK(duck_answer(q, &why));
    assert_true(duck_next(q, &rc, &why));
    int64_t v = duck_value(q, 0).i;
    duck_query_free(q);
    return v;
}

static void attach(int64_t now_s)
{
    struct indexfile_content c;
    OK(codes_attach(session, folder, now_s, &why));
    OK(indexfile_attach(session, &file, &c, &why));
    assert_true(c.coded);
    assert_int_equal(c.sealed, last);
}

/* n rows whose sources are "from" and following numbers; each seventh has none. */
static void seal(uint64_t from, uint64_t n)
{
    char name[32];
    struct hot_table *t;
    OK(hot_table_open(&t, session, "hot", &why));
    for (uint64_t i = 0; i < n; i++) {
        struct message_row row = { .doc = { NULL, 0 } };
        int length = snprintf(name, sizeof name, "%llu", (unsigned long long)(from + i));
        if ((from + i) % 7)
            row.v[COLUMN_source_reference] =
                (struct duck_value){ .kind = DUCK_TEXT, .text = slice_of(name, (size_t)length) };
        OK(hot_table_add(t, ++last, &row, &why));
    }
    OK(hot_table_flush(t, &why));
    hot_table_close(t);
    struct indexfile_content now = { .sealed = last, .rows = last, .coded = true };
    OK(indexfile_seal(session, "idx", "hot", &now, &why));
    OK(hot_table_drop(session, "hot", &why));
}

/* Rows whose number is that of their text. */
static int64_t numbered(void)
{
    return ask("SELECT count(*) FROM idx.ev e JOIN codes.source_reference x ON "
               "x.code=e.source_reference_code AND x.text IS NOT DISTINCT FROM e.source_reference");
}

static void rows_have_the_numbers_of_their_texts(void **state)
{
    (void)state;
    if (!duck)
        skip();
    attach(1000);
    seal(1, 100);
    seal(51, 100); /* half of them are known */
    assert_int_equal(numbered(), 200);
    assert_int_equal(ask("SELECT count(*) FROM codes.source_reference"), 1 + 150 - 21);
    assert_int_equal(ask("SELECT count(DISTINCT text) FROM codes.source_reference"), 150 - 21);
    assert_int_equal(ask("SELECT max(code)-min(code) FROM codes.source_reference"), 150 - 21);
    assert_int_equal(ask("SELECT min(code)>>20 FROM codes.source_reference"), 1000);
    close_duck();
    assert_int_equal(open_duck(), 0);
    attach(2000); /* goes on with the same numbers */
    seal(101, 100);
    assert_int_equal(numbered(), 300);
    assert_int_equal(ask("SELECT max(code)>>20 FROM codes.source_reference"), 1000);
}

static void a_full_dictionary_begins_anew(void **state)
{
    (void)state;
    if (!duck)
        skip();
    attach(1000);
    seal(1, 10);
    OK(duck_run(session,
                "INSERT INTO codes.source_reference SELECT (SELECT max(code) FROM "
                "codes.source_reference)+i,'x'||i FROM range(1,1048560) r(i)",
                &why));
    seal(1, 20); /* seven numbers are left for nine texts */
    assert_int_equal(ask("SELECT count(*) FROM codes.source_reference"), 1 << CODES_BITS);
    assert_int_equal(ask("SELECT count(*) FROM idx.ev WHERE source_reference_code IS NULL"), 2);
    assert_int_equal(numbered(), 28);
    close_duck();
    assert_int_equal(open_duck(), 0);
    attach(1000); /* the clock stands, numbers do not come again */
    assert_int_equal(ask("SELECT count(*) FROM codes.source_reference"), 1);
    assert_int_equal(ask("SELECT base>>20 FROM codes.meta"), 1001);
    assert_int_equal(numbered(), 0);
    seal(1, 10);
    assert_int_equal(numbered(), 10);
}

static void a_damaged_dictionary_is_made_anew(void **state)
{
    (void)state;
    if (!duck)
        skip();
    int fd = open(dictionary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    for (unsigned i = 0; i < 2000; i++)
        assert_int_equal(write(fd, "no file of DuckDB", 17), 17);
    close(fd);
    attach(5);
    seal(1, 10);
    assert_int_equal(numbered(), 10);
}

/* An older dictionary beside newer files. */
static void lost_numbers_are_not_given_again(void **state)
{
    (void)state;
    int64_t lost;
    if (!duck)
        skip();
    attach(1000);
    seal(1, 20);
    OK(codes_look_for_lost(session, "idx", &lost, &why));
    assert_int_equal(lost, 0);
    OK(duck_run(session, "DELETE FROM codes.source_reference WHERE text='20'", &why));
    OK(codes_look_for_lost(session, "idx", &lost, &why));
    assert_int_equal(lost, ask("SELECT max(source_reference_code) FROM idx.ev"));
    OK(codes_begin_anew(session, 5, lost, &why)); /* whatever the clock says */
    seal(11, 20);
    assert_int_equal(numbered(), 20);
    assert_int_equal(ask("SELECT max(source_reference_code)>>20 FROM idx.ev"), 1001);
    OK(codes_look_for_lost(session, "idx", &lost, &why));
    assert_int_equal(lost, 0);
}

static void one_that_is_in_use_stays(void **state)
{
    (void)state;
    if (!duck)
        skip();
    attach(5);
    seal(1, 10);
    assert_int_equal(codes_attach(session, folder, 6, &why), ERR_IO);
    assert_int_equal(numbered(), 10);
}

/* Without it rows have no numbers, and are there. */
static void rows_do_not_wait_for_it(void **state)
{
    (void)state;
    struct indexfile_content c;
    if (!duck)
        skip();
    OK(indexfile_attach(session, &file, &c, &why));
    seal(1, 10);
    assert_int_equal(ask("SELECT count(*) FROM idx.ev WHERE source_reference_code IS NULL"), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_have_the_numbers_of_their_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_dictionary_begins_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_dictionary_is_made_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_numbers_are_not_given_again, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_is_in_use_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_do_not_wait_for_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
