/* Dead letters: what is written is read back, over restarts and within the cap. */
#include "in/deadletter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CAP INT64_C(8192)

static char path[64], older[80];

static void begin(void)
{
    snprintf(path, sizeof path, "/tmp/wirelume-dead-%d", (int)getpid());
    snprintf(older, sizeof older, "%s.1", path);
    unlink(path);
    unlink(older);
}

static struct deadletter *open_it(void)
{
    struct deadletter *d;
    struct why w;
    assert_int_equal(deadletter_open(&d, path, CAP, &w), ERR_OK);
    return d;
}

static void add(struct deadletter *d, struct slice document, bool stored)
{
    struct message_origin origin = { .ip = addr_v4((const uint8_t[]){ 192, 0, 2, 1 }),
                                     .port = 4711,
                                     .input = "inputs.beats" };
    struct refusal r = { &origin, "why \"so\"", document, stored, false };
    assert_true(deadletter_add(d, &r));
}

static void reads_back_what_was_written(void **state)
{
    struct arena mem;
    struct letter *l;
    struct why w;
    size_t n;
    (void)state;
    begin();
    struct deadletter *d = open_it();
    add(d, SLICE("{bad \"json\"\n"), false);
    deadletter_close(d);
    d = open_it();
    add(d, slice_of("a\0\xff", 3), true);
    assert_true(deadletter_sync(d));
    deadletter_close(d);
    arena_init(&mem, NULL, 0);
    assert_int_equal(deadletter_read(path, &mem, &l, &n, &w), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(l[0].id, 1);
    assert_int_equal(l[1].id, 2);
    assert_true(slice_eq(l[0].document, SLICE("{bad \"json\"\n")));
    assert_true(slice_eq(l[1].document, slice_of("a\0\xff", 3)));
    assert_true(slice_eq(l[0].reason, SLICE("why \"so\"")));
    assert_true(slice_eq(l[0].remote, SLICE("192.0.2.1 4711")));
    assert_false(l[0].stored);
    assert_true(l[1].stored);
    arena_free(&mem);
    begin();
}

static int64_t size_of(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0 ? st.st_size : 0;
}

static void the_oldest_go_first(void **state)
{
    struct arena mem;
    struct letter *l;
    struct why w;
    size_t n;
    (void)state;
    begin();
    struct deadletter *d = open_it();
    for (unsigned i = 0; i < 200; i++)
        add(d, SLICE("a document of some length"), false);
    deadletter_close(d);
    assert_true(size_of(path) + size_of(older) <= CAP);
    arena_init(&mem, NULL, 0);
    assert_int_equal(deadletter_read(path, &mem, &l, &n, &w), ERR_OK);
    assert_true(n > 20 && n < 100);
    assert_int_equal(l[n - 1].id, 200);
    assert_int_equal(l[0].id, 201 - (int64_t)n);
    arena_free(&mem);
    begin();
}

static void half_a_line_is_passed(void **state)
{
    struct arena mem;
    struct letter *l;
    struct why w;
    size_t n;
    (void)state;
    begin();
    struct deadletter *d = open_it();
    add(d, SLICE("x"), false);
    add(d, SLICE("y"), false);
    deadletter_close(d);
    assert_int_equal(truncate(path, size_of(path) - 5), 0);
    arena_init(&mem, NULL, 0);
    assert_int_equal(deadletter_read(path, &mem, &l, &n, &w), ERR_OK);
    assert_int_equal(n, 1);
    arena_free(&mem);
    begin();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_was_written),
        cmocka_unit_test(the_oldest_go_first),
        cmocka_unit_test(half_a_line_is_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
