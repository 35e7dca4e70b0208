/* Log lines, the sentence of a failure, and the end of a program with a bug. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bug.h"
#include "base/err.h"
#include "base/log.h"
#include "base/trace.h"

static unsigned lines;
static char last[4096];

static void keep(void *ctx, enum log_level level, const char *area, const char *text)
{
    assert_ptr_equal(ctx, last);
    lines++;
    snprintf(last, sizeof last, "%d %s: %s", (int)level, area, text);
}

static void level_decides(void **state)
{
    (void)state;
    lines = 0;
    log_set_sink(keep, last);
    log_set_level(LOG_WARN);
    log_info("net", "not seen");
    log_debug("net", "not seen");
    log_warn("net", "%u of %u", 1u, 2u);
    assert_int_equal(lines, 1);
    assert_string_equal(last, "1 net: 1 of 2");
    log_set_level(LOG_DEBUG);
    log_debug("net", "seen");
    assert_int_equal(lines, 2);
    log_set_level(LOG_INFO);
    log_set_sink(NULL, NULL);
}

static void a_text_stays_one_line(void **state)
{
    (void)state;
    log_set_sink(keep, last);
    log_error("in", "%s", "a\nerror in: forged\x1b[2J");
    assert_string_equal(last, "0 in: a error in: forged [2J");
    log_error("in", "%04000d", 1);
    assert_true(strlen(last) < 2100);
    log_set_sink(NULL, NULL);
}

static void failures_have_texts(void **state)
{
    (void)state;
    struct why w;
    assert_int_equal(why_set(&w, ERR_IO, "%s: %d", "x", 7), ERR_IO);
    assert_string_equal(w.text, "x: 7");
    assert_int_equal(why_set(NULL, ERR_LIMIT, "%s", "x"), ERR_LIMIT);
    why_set(&w, ERR_IO, "%02000d", 1);
    assert_int_equal(strlen(w.text), sizeof w.text - 1);
    for (int e = 0; e < ERR_COUNT; e++)
        assert_true(strlen(err_text((err)e)) > 0);
    assert_non_null(err_text((err)999));
}

/* What a child that runs `f` wrote on stderr; *ended_by is the signal that ended it. */
static void run_child(void (*f)(void), char *out, size_t cap, int *ended_by)
{
    int end[2], status;
    size_t n = 0;
    assert_int_equal(pipe(end), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(end[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        f();
        _exit(0);
    }
    close(end[1]);
    for (ssize_t got; n < cap - 1 && (got = read(end[0], out + n, cap - 1 - n)) > 0;)
        n += (size_t)got;
    out[n] = '\0';
    close(end[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    *ended_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void trip(void)
{
    trace_start(open("/dev/null", O_WRONLY));
    for (int i = 0; i < 40; i++)
        TRACE(TRACE_IP, "step %d", i);
    BUG_ON(1 + 1 == 2);
}

static void a_bug_tells_the_last_steps(void **state)
{
    (void)state;
    char out[8192];
    int signal_no;
    run_child(trip, out, sizeof out, &signal_no);
    assert_int_equal(signal_no, SIGABRT);
    assert_non_null(strstr(out, "test_log.c:"));
    assert_non_null(strstr(out, "1 + 1 == 2"));
    assert_non_null(strstr(out, "last 32 trace lines"));
    assert_non_null(strstr(out, "step 39\n"));
    assert_non_null(strstr(out, "step 8\n"));
    assert_null(strstr(out, "step 7\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(level_decides),
        cmocka_unit_test(a_text_stays_one_line),
        cmocka_unit_test(failures_have_texts),
        cmocka_unit_test(a_bug_tells_the_last_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
