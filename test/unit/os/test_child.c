/* Programs beside this one, and ports. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/child.h"
#include "os/clock.h"
#include "os/port.h"

#define NS_PER_S INT64_C(1000000000)

static void run_to_end(struct child *c, const char *script)
{
    const char *argv[] = { "/bin/sh", "-c", script, NULL };
    struct why w;
    assert_int_equal(child_start(c, argv, true, &w), ERR_OK);
    while (!child_has_ended(c))
        clock_sleep_until(clock_mono_ns() + NS_PER_S / 1000);
    assert_false(child_has_ended(c));
}

static void tells_how_it_ended(void **state)
{
    (void)state;
    struct child c;
    char text[32];
    run_to_end(&c, "exit 3");
    assert_string_equal(child_end_text(&c, text), "status 3");
    run_to_end(&c, "kill -9 $$");
    assert_string_equal(child_end_text(&c, text), "signal 9");
}

/* Signals that are blocked here, and files that are open here, are not passed on. */
static void begins_fresh(void **state)
{
    (void)state;
    struct child c;
    char text[32], script[160];
    sigset_t all, before;
    int fd = open("/dev/null", O_RDONLY);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    snprintf(
        script, sizeof script,
        "[ ! -e /proc/self/fd/%d ] && exec grep -q 'SigBlk:.0000000000000000' /proc/self/status",
        fd);
    run_to_end(&c, script);
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(fd);
    assert_string_equal(child_end_text(&c, text), "status 0");
}

static void is_stopped(void **state)
{
    (void)state;
    const char *gentle[] = { "/bin/sleep", "1000", NULL };
    const char *deaf[] = { "/bin/sh", "-c", "trap '' TERM; while :; do /bin/sleep 0.05; done",
                           NULL };
    struct child c;
    struct why w;
    char text[32];
    assert_int_equal(child_start(&c, gentle, true, &w), ERR_OK);
    child_stop(&c, 20 * NS_PER_S);
    assert_string_equal(child_end_text(&c, text), "signal 15");
    assert_int_equal(child_start(&c, deaf, true, &w), ERR_OK);
    clock_sleep_until(clock_mono_ns() + NS_PER_S / 5); /* until it has said that it is deaf */
    child_stop(&c, NS_PER_S / 10);
    assert_string_equal(child_end_text(&c, text), "signal 9");
    child_stop(&c, 0);
    assert_int_equal(child_start(&c, (const char *[]){ "/nowhere/x", NULL }, true, &w), ERR_IO);
    assert_string_equal(w.text, "/nowhere/x: No such file or directory");
}

static void ports(void **state)
{
    (void)state;
    for (int kind = PORT_TCP; kind <= PORT_UDP; kind++) {
        struct sockaddr_in sa = { .sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof sa;
        int fd = socket(AF_INET, kind == PORT_TCP ? SOCK_STREAM : SOCK_DGRAM, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&sa, n), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
        if (kind == PORT_TCP)
            assert_int_equal(listen(fd, 1), 0);
        assert_false(port_is_free((enum port_kind)kind, ntohs(sa.sin_port)));
        close(fd);
        assert_true(port_is_free((enum port_kind)kind, ntohs(sa.sin_port)));
        assert_int_not_equal(port_find((enum port_kind)kind), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_how_it_ended),
        cmocka_unit_test(begins_fresh),
        cmocka_unit_test(is_stopped),
        cmocka_unit_test(ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
