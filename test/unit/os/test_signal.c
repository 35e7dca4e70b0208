/* Signals as a descriptor, and threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "os/signal.h"
#include "os/thread.h"

static void test_signals_come_in(void **state)
{
    (void)state;
    int fd = signal_open();
    assert_true(fd >= 0);
    assert_int_equal(signal_next(fd), 0);
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGUSR1);
    int both = signal_next(fd) + signal_next(fd);
    assert_int_equal(both, SIGTERM + SIGUSR1);
    assert_int_equal(signal_next(fd), 0);
    signal_close(fd);
}

static void remember_name(void *ctx)
{
    pthread_getname_np(pthread_self(), ctx, 16);
}

static void test_threads_have_names(void **state)
{
    (void)state;
    struct thread t = { 0 };
    char name[16] = "";
    thread_join(&t);
    assert_int_equal(thread_start(&t, "a name that is long", remember_name, name), ERR_OK);
    thread_join(&t);
    assert_string_equal(name, "a name that is ");
    thread_join(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals_come_in),
        cmocka_unit_test(test_threads_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
