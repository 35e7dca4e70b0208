/* The process that looks at others: what it tells, what it does not take, and its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/broker_wire.h"
#include "host/procs.h"
#include "os/thread.h"

static struct arena arena;
static struct why why;
static struct counters counters;

/* A socket of this program that listens. */
static struct socket_row listener(int *fd)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    struct stat st;
    static const uint8_t none[4], here[4] = { 127, 0, 0, 1 };
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(*fd, (struct sockaddr *)&at, n) | listen(*fd, 1), 0);
    assert_int_equal(getsockname(*fd, (struct sockaddr *)&at, &n) | fstat(*fd, &st), 0);
    return (struct socket_row){ .ip_proto = 6,
                                .local = addr_v4(here),
                                .remote = addr_v4(none),
                                .local_port = ntohs(at.sin_port),
                                .inode = st.st_ino };
}

static struct broker *begin(void)
{
    struct broker *b;
    unsigned hidden;
    if (broker_open(&b, 0, false, &why) || (broker_count(b, &counters), false) ||
        broker_look(b, &hidden, &why))
        fail_msg("%s", why.text);
    return b;
}

static int64_t owner(struct broker *b, struct socket_row row)
{
    int64_t pids[BROKER_ROWS];
    if (broker_owners(b, &row, 1, pids, &why))
        fail_msg("%s", why.text);
    return pids[0];
}

static void a_socket_is_named_by_its_ends_and_number(void **state)
{
    (void)state;
    int fd;
    struct socket_row row = listener(&fd), other = row;
    memset(&counters, 0, sizeof counters);
    struct broker *b = begin();
    struct process p;
    assert_int_equal(owner(b, row), getpid());
    assert_true(broker_process(b, &row, &p, &arena));
    assert_int_equal(p.pid, getpid());
    assert_true(slice_eq(p.name, SLICE("test_broker")) && p.n_args && p.executable.n);
    other.local_port ^= 1;
    assert_int_equal(owner(b, other), 0);
    assert_false(broker_process(b, &other, &p, &arena));
    other = row;
    other.ip_proto = 17;
    assert_int_equal(owner(b, other), 0);
    other = row;
    other.remote.b[15]++;
    assert_int_equal(owner(b, other), 0);
    other = row;
    other.inode++;
    assert_int_equal(owner(b, other), 0);
    assert_int_equal(counter_get(&counters, COUNTER_PROCESSES_ASKED), 5);
    assert_int_equal(counter_get(&counters, COUNTER_PROCESSES_ANSWERED), 1);
    broker_close(b);
    close(fd);
}

/* Pipes and sockets of files have numbers too: nobody's are told. */
static void other_kinds_are_not_told(void **state)
{
    (void)state;
    int ends[2];
    struct stat st;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) | fstat(ends[0], &st), 0);
    struct broker *b = begin();
    assert_int_equal(owner(b, (struct socket_row){ .ip_proto = 6, .inode = st.st_ino }), 0);
    assert_int_equal(owner(b, (struct socket_row){ .inode = st.st_ino }), 0);
    broker_close(b);
    close(ends[0]);
    close(ends[1]);
}

static void serve(void *ctx)
{
    broker_serve(*(int *)ctx);
}

static struct broker_answer answer_to(int fd, const void *question, size_t n)
{
    static struct broker_answer a;
    assert_int_equal(send(fd, question, n, 0), n);
    assert_int_equal(recv(fd, &a, sizeof a, 0), sizeof a);
    return a;
}

/* Whoever asks may be hostile. */
static void what_is_no_question_is_refused(void **state)
{
    (void)state;
    static struct broker_question q, odd[] = {
        { .kind = BROKER_NOTHING },
        { .kind = 77 },
        { .kind = BROKER_OWNERS, .n = BROKER_ROWS + 1 },
        { .kind = BROKER_OWNERS, .n = UINT32_MAX },
        { .kind = BROKER_PROCESS, .n = 0 },
        { .kind = BROKER_PROCESS, .n = 2 },
    };
    static uint8_t longer[sizeof q + 1];
    struct thread t;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_int_equal(thread_start(&t, "broker", serve, &ends[1]), ERR_OK);
    for (size_t i = 0; i < COUNT(odd); i++)
        assert_true(answer_to(ends[0], &odd[i], sizeof odd[i]).refused);
    q = (struct broker_question){ .kind = BROKER_OWNERS, .number = 5, .n = BROKER_ROWS };
    assert_true(answer_to(ends[0], &q, sizeof q - 1).refused);
    assert_true(answer_to(ends[0], longer, sizeof longer).refused);
    struct broker_answer a = answer_to(ends[0], &q, sizeof q);
    assert_false(a.refused);
    assert_int_equal(a.number, 5);
    close(ends[0]);
    thread_join(&t);
    close(ends[1]);
}

static void texts_are_bounded(void **state)
{
    (void)state;
    static uint8_t big[TOLD_BYTES];
    static struct told t;
    struct slice args[PROCESS_ARGS];
    struct process p = { .pid = 7, .args = args, .n_args = PROCESS_ARGS }, out;
    memset(big, 'x', sizeof big);
    p.name = SLICE("name");
    p.cwd = slice_of(big, TOLD_BYTES - 10);
    for (unsigned i = 0; i < PROCESS_ARGS; i++)
        args[i] = slice_of(big, 4);
    told_put(&t, &p);
    assert_true(told_take(&t, &out, &arena));
    assert_true(slice_eq(out.name, p.name) && out.cwd.n == TOLD_BYTES - 10);
    assert_int_equal(out.n_args, PROCESS_ARGS);
    assert_int_equal(out.args[0].n + out.args[1].n + out.args[2].n, 6);
    t.n_text[0] = UINT16_MAX;
    assert_false(told_take(&t, &out, &arena));
    t.n_text[0] = 4;
    t.n_args = PROCESS_ARGS + 1;
    assert_false(told_take(&t, &out, &arena));
}

/* The table works by it, and outlives it. */
static void the_table_asks_it(void **state)
{
    (void)state;
    int fd;
    struct socket_row row = listener(&fd);
    struct process p;
    unsigned hidden;
    struct broker *b = begin();
    struct procs *procs = procs_new(&(struct procs_conf){ .broker = b });
    assert_int_equal(procs_look(procs, &why), ERR_OK);
    assert_true(procs_find(procs, &row, &arena, &p));
    assert_int_equal(p.pid, getpid());
    assert_true(counter_get(procs_counters(procs), COUNTER_PROCESSES_ANSWERED) > 0);
    kill(broker_pid(b), SIGKILL);
    while (broker_look(b, &hidden, &why) == ERR_OK)
        ; /* the signal is on its way */
    int another;
    (void)listener(&another);
    assert_int_equal(procs_look(procs, &why), ERR_IO);
    assert_true(procs_find(procs, &row, &arena, &p)); /* what was known stands */
    procs_close(procs);
    broker_close(b);
    close(fd);
    close(another);
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_is_named_by_its_ends_and_number),
        cmocka_unit_test(other_kinds_are_not_told),
        cmocka_unit_test(what_is_no_question_is_refused),
        cmocka_unit_test(texts_are_bounded),
        cmocka_unit_test(the_table_asks_it),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
