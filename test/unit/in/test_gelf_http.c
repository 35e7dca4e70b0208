/* GELF over HTTP on the loopback: connections beyond the cap, requests that come too slowly. The
 * test's thread is the clients'; the loop has its own. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "in/input.h"
#include "os/thread.h"

#define PATIENCE_MS 30000
#define OPTIONS     "OPTIONS /gelf HTTP/1.1\r\nHost: here\r\n\r\n"

extern const struct input input_gelf_http;

struct scene {
    struct arena mem;
    struct intake *in;
    struct thread loop;
    uint16_t port;
};

static void run(void *ctx)
{
    struct scene *s = ctx;
    struct why w;
    assert_int_equal(intake_run(s->in, &w), ERR_OK);
}

static void open_scene(struct scene *s, const char *connections, const char *timeout)
{
    struct why w;
    struct intake_conf conf = { .batches = 2, .batch_bytes = 1 << 20, .flush_ns = 1000000 };
    struct loading l = { "inputs.gelf_http", &s->mem, &w };
    const char *const pairs[][2] = { { "port", "0" },
                                     { "bind_address", "127.0.0.1" },
                                     { "max_connections", connections },
                                     { "request_timeout", timeout } };
    *s = (struct scene){ .in = intake_new(&conf) };
    arena_init(&s->mem, NULL, 0);
    struct node *section = node_new(&s->mem, NODE_MAP);
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct node *n = node_new(&s->mem, NODE_STR);
        n->key = pairs[i][0];
        n->text = pairs[i][1];
        node_append(section, n);
    }
    void *opened = arena_zalloc(&s->mem, input_gelf_http.conf_size);
    assert_int_equal(option_load(input_gelf_http.options, section, opened, &l), ERR_OK);
    assert_int_equal(input_gelf_http.open(s->in, opened, &s->port, &w), ERR_OK);
    assert_int_equal(thread_start(&s->loop, "loop", run, s), ERR_OK);
}

static void close_scene(struct scene *s)
{
    struct pollfd ready = { intake_ready_fd(s->in), POLLIN, 0 };
    intake_stop(s->in);
    while (!intake_is_drained(s->in))
        assert_true(poll(&ready, 1, PATIENCE_MS) > 0);
    thread_join(&s->loop);
    intake_free(s->in);
    arena_free(&s->mem);
}

static int dial(const struct scene *s)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(s->port) };
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

static bool is_answered(int fd)
{
    char answer[1024];
    struct pollfd p = { fd, POLLIN, 0 };
    if (send(fd, OPTIONS, sizeof OPTIONS - 1, MSG_NOSIGNAL) < 0 || poll(&p, 1, PATIENCE_MS) <= 0)
        return false;
    ssize_t n = recv(fd, answer, sizeof answer, 0);
    return n > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0;
}

/* Without a byte having come. */
static bool is_closed(int fd)
{
    char byte;
    struct pollfd p = { fd, POLLIN, 0 };
    return poll(&p, 1, PATIENCE_MS) > 0 && recv(fd, &byte, 1, 0) <= 0;
}

/* A byte now and then keeps no connection. */
static void a_slow_request_is_ended(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "8", "1s");
    int fd = dial(&s), good = dial(&s);
    struct pollfd p = { fd, POLLIN, 0 };
    assert_true(is_answered(good));
    for (unsigned i = 0; i < PATIENCE_MS / 20 && poll(&p, 1, 20) == 0; i++)
        (void)!send(fd, "P", 1, MSG_NOSIGNAL);
    assert_true(is_closed(fd));
    assert_true(is_answered(good)); /* it owed nothing */
    assert_int_equal(counter_get(intake_counters(s.in), COUNTER_GELF_HTTP_SLOW), 1);
    close(fd);
    close(good);
    close_scene(&s);
}

static void the_slowest_makes_room(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, "2", "60s");
    int busy = dial(&s), idle = dial(&s);
    assert_true(is_answered(busy));
    int late = dial(&s);
    assert_true(is_answered(late));
    assert_true(is_closed(idle));
    assert_true(is_answered(busy));
    assert_int_equal(counter_get(intake_counters(s.in), COUNTER_GELF_HTTP_CROWDED), 1);
    close(busy);
    close(idle);
    close(late);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_request_is_ended),
        cmocka_unit_test(the_slowest_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
