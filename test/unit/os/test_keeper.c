/* A program that another process keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/keeper.h"

#define MS INT64_C(1000000)

static void wait_for_end(struct keeper *k)
{
    while (!keeper_has_ended(k))
        clock_sleep_until(clock_mono_ns() + MS);
}

static void starts_and_tells_the_end(void **state)
{
    (void)state;
    const char *argv[] = { "/bin/sh", "-c", "exit 3", NULL };
    struct keeper k;
    struct why w;
    char text[32];
    assert_int_equal(keeper_open(&k, argv, &w), ERR_OK);
    assert_false(keeper_has_ended(&k));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(keeper_start(&k, &w), ERR_OK);
        wait_for_end(&k);
        assert_string_equal(keeper_end_text(&k, text), "status 3");
        assert_false(keeper_has_ended(&k));
    }
    keeper_close(&k);
    assert_int_equal(wait(NULL) > 0, true);
}

/* Closing returns when the program is gone: it says so before. */
static void ends_what_it_started(void **state)
{
    (void)state;
    char mark[] = "/tmp/wirelume-keeper-XXXXXX", script[128];
    const char *argv[] = { "/bin/sh", "-c", script, NULL };
    struct keeper k;
    struct why w;
    int fd = mkstemp(mark);
    assert_true(fd >= 0);
    snprintf(script, sizeof script,
             "trap 'rm %s; exit' TERM; echo >%s; while :; do sleep 0.02; done", mark, mark);
    assert_int_equal(keeper_open(&k, argv, &w), ERR_OK);
    assert_int_equal(keeper_start(&k, &w), ERR_OK);
    while (lseek(fd, 0, SEEK_END) == 0)
        clock_sleep_until(clock_mono_ns() + MS);
    keeper_close(&k);
    assert_int_equal(access(mark, F_OK), -1);
    assert_int_equal(wait(NULL) > 0, true);
    close(fd);
}

static void refuses_a_program_that_is_not_there(void **state)
{
    (void)state;
    const char *argv[] = { "/nowhere/program", NULL };
    struct keeper k;
    struct why w;
    assert_int_equal(keeper_open(&k, argv, &w), ERR_OK);
    assert_int_equal(keeper_start(&k, &w), ERR_IO);
    keeper_close(&k);
    assert_int_equal(wait(NULL) > 0, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_and_tells_the_end),
        cmocka_unit_test(ends_what_it_started),
        cmocka_unit_test(refuses_a_program_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
