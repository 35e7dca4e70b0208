/* The intake with its Beats input over the loopback: what is told to a client, and when. The test's
 * thread is the pipe's and the client's; the loop has its own. */
#include "in/intake.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/lumberjack.h"
#include "in/input.h"
#include "os/thread.h"

#define PATIENCE_MS 5000

extern const struct input input_beats;

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

static void open_scene(struct scene *s)
{
    struct why w;
    struct intake_conf conf = { .batches = 2, .batch_bytes = 1 << 20, .flush_ns = 1000000 };
    struct loading l = { "inputs.beats", &s->mem, &w };
    *s = (struct scene){ .in = intake_new(&conf) };
    arena_init(&s->mem, NULL, 0);
    struct node *section = node_new(&s->mem, NODE_MAP);
    static const char *const pairs[][2] = { { "port", "0" },
                                            { "bind_address", "127.0.0.1" },
                                            { "memory", "1MiB" },
                                            { "frame_timeout", "300ms" },
                                            { "ack_keepalive", "100ms" } };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct node *n = node_new(&s->mem, NODE_STR);
        n->key = pairs[i][0];
        n->text = pairs[i][1];
        node_append(section, n);
    }
    void *opened = arena_zalloc(&s->mem, input_beats.conf_size);
    assert_int_equal(option_load(input_beats.options, section, opened, &l), ERR_OK);
    assert_int_equal(input_beats.open(s->in, opened, &s->port, &w), ERR_OK);
    assert_int_equal(thread_start(&s->loop, "loop", run, s), ERR_OK);
}

static struct message_batch *take(struct scene *s)
{
    struct message_batch *b;
    struct pollfd ready = { intake_ready_fd(s->in), POLLIN, 0 };
    while (!(b = intake_take(s->in)) && !intake_is_drained(s->in))
        if (poll(&ready, 1, PATIENCE_MS) <= 0)
            return NULL;
    return b;
}

static void give_back(struct scene *s, struct message_batch *b, enum answer answer)
{
    b->answer = answer;
    intake_give_back(s->in, b);
}

static void close_scene(struct scene *s)
{
    struct message_batch *b;
    intake_stop(s->in);
    while (!intake_is_drained(s->in))
        if ((b = take(s)))
            give_back(s, b, ANSWER_DURABLE);
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

static void send_window(int fd, unsigned n)
{
    static uint8_t bytes[65536];
    struct buf b = buf_of(bytes, sizeof bytes);
    lumberjack_put_window(&b, n);
    for (unsigned i = 1; i <= n; i++)
        lumberjack_put_json(
            &b, i, SLICE("{\"@timestamp\":\"2024-01-01T00:00:00.000Z\",\"message\":\"m\"}"));
    assert_false(b.full);
    assert_int_equal(send(fd, bytes, b.n, 0), b.n);
}

/* The next ACK's number; -1: the connection ended. */
static int64_t next_ack(int fd)
{
    uint8_t bytes[LUMBERJACK_ACK_BYTES];
    struct pollfd ready = { fd, POLLIN, 0 };
    uint32_t sequence = 0;
    bool bad = false;
    assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
    if (recv(fd, bytes, sizeof bytes, MSG_WAITALL) != sizeof bytes)
        return -1;
    struct cursor c = cur_of(slice_of(bytes, sizeof bytes));
    assert_true(lumberjack_take_ack(&c, &sequence, &bad));
    return sequence;
}

static void acknowledges_when_durable(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    int fd = dial(&s);
    send_window(fd, 3);
    struct message_batch *b = take(&s);
    assert_non_null(b);
    assert_int_equal(b->n, 3);
    assert_int_equal(b->n_tickets, 1);
    assert_int_equal(b->ticket[0].sequence, 3);
    assert_int_equal(next_ack(fd), 0); /* it is asked to wait */
    give_back(&s, b, ANSWER_DURABLE);
    int64_t ack;
    while ((ack = next_ack(fd)) == 0)
        ;
    assert_int_equal(ack, 3);
    close(fd);
    close_scene(&s);
}

static void sends_away_when_not_taken(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    int fd = dial(&s), other = dial(&s);
    send_window(fd, 2);
    struct message_batch *b = take(&s);
    assert_non_null(b);
    give_back(&s, b, ANSWER_RETRY);
    assert_int_equal(next_ack(fd), -1);
    send_window(other, 1);
    b = take(&s);
    assert_non_null(b);
    give_back(&s, b, ANSWER_DURABLE);
    assert_int_equal(next_ack(other), 1);
    assert_int_equal(counter_get(intake_counters(s.in), COUNTER_INTAKE_NOT_TAKEN), 2);
    close(fd);
    close(other);
    close_scene(&s);
}

static void a_client_that_left_is_not_answered(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    int fd = dial(&s);
    send_window(fd, 1);
    struct message_batch *b = take(&s);
    assert_non_null(b);
    close(fd);
    int next = dial(&s);
    send_window(next, 4);
    struct message_batch *second = take(&s);
    assert_non_null(second);
    give_back(&s, b, ANSWER_DURABLE);
    give_back(&s, second, ANSWER_DURABLE);
    int64_t ack;
    while ((ack = next_ack(next)) == 0)
        ;
    assert_int_equal(ack, 4);
    close(next);
    close_scene(&s);
}

static void waits_when_all_batches_are_under_way(void **state)
{
    (void)state;
    struct scene s;
    struct message_batch *b[2];
    open_scene(&s);
    int fd = dial(&s);
    for (unsigned i = 0; i < 2; i++) {
        send_window(fd, 1);
        b[i] = take(&s);
        assert_non_null(b[i]);
    }
    send_window(fd, 5);
    while (!counter_get(intake_counters(s.in), COUNTER_INTAKE_WAITS))
        assert_null(intake_take(s.in));
    give_back(&s, b[0], ANSWER_DURABLE);
    struct message_batch *third = take(&s);
    assert_non_null(third);
    assert_int_equal(third->n, 5);
    give_back(&s, b[1], ANSWER_DURABLE);
    give_back(&s, third, ANSWER_DURABLE);
    int64_t ack;
    while ((ack = next_ack(fd)) != 5)
        assert_true(ack >= 0);
    close(fd);
    close_scene(&s);
}

/* A frame that the memory of all connections cannot hold does not wait for ever. */
static void a_frame_without_room_ends_its_connection(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s);
    int fd = dial(&s);
    uint8_t bytes[16];
    struct buf b = buf_of(bytes, sizeof bytes);
    lumberjack_put_window(&b, 1);
    buf_put(&b, "2J\0\0\0\1\0\x40\0\0", 10); /* 4 MiB */
    assert_int_equal(send(fd, bytes, b.n, 0), b.n);
    assert_int_equal(next_ack(fd), -1);
    const struct counters *c = intake_counters(s.in);
    assert_int_equal(counter_get(c, COUNTER_INTAKE_NO_MEMORY), 1);
    assert_int_equal(counter_get(c, COUNTER_INTAKE_SLOW), 0);
    close(fd);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledges_when_durable),
        cmocka_unit_test(sends_away_when_not_taken),
        cmocka_unit_test(a_client_that_left_is_not_answered),
        cmocka_unit_test(waits_when_all_batches_are_under_way),
        cmocka_unit_test(a_frame_without_room_ends_its_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
