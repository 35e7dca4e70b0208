/* Several workers over the golden captures: together they count what one counts, to the last
 * counter; the thread sanitizer sees them work (make unit-tsan). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <glob.h>
#include <poll.h>
#include <stdlib.h>

#include "app/crew.h"
#include "base/bug.h"
#include "lib/replay.h"
#include "model/field.h"
#include "proto/proto.h"

/* Both ends of the pipe's work: takes batches and gives them back. The events that came. */
static uint64_t empty(struct crew *c)
{
    uint64_t events = 0;
    while (!crew_is_drained(c)) {
        struct pollfd fds[CREW_MAX];
        struct batch *b = crew_take(c);
        if (!b) {
            poll(fds, crew_fds(c, fds), 10000);
            continue;
        }
        events += b->n;
        crew_give_back(c, b);
    }
    return events;
}

/* The counters after a file was read by n workers. */
static struct tally run(const struct replay_conf *conf, const char *path, unsigned n, int64_t loops)
{
    const struct capture_file_conf file = { .paths = &path, .n_paths = 1, .loops = loops };
    struct capture *capture;
    struct why w = { "" };
    struct tally t = { 0 };
    assert_int_equal(capture_open_files(&file, &capture, &w), ERR_OK);
    const struct crew_conf crew = { .worker = { .net = &conf->net,
                                                .batches = 3,
                                                .batch_bytes = (size_t)8 << 20,
                                                .flush_ns = 1000000000 },
                                    .captures = &capture,
                                    .n_captures = 1,
                                    .n = n };
    struct crew *c = crew_new(&crew);
    assert_int_equal(crew_start(c, &w), ERR_OK);
    uint64_t events = empty(c);
    assert_int_equal(crew_join(c, &w), ERR_OK);
    crew_tally(c, &t);
    assert_int_equal(events, t.v[COUNTER_EVENTS_EMITTED]);
    crew_free(c);
    capture->ops->close(capture);
    return t;
}

static void compare(const char *path, unsigned n, const struct tally *one, const struct tally *many)
{
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        if (one->v[i] != many->v[i])
            fail_msg("%s, %u workers: %s is %lu, not %lu", path, n, counter_rows[i].name,
                     (unsigned long)many->v[i], (unsigned long)one->v[i]);
    for (unsigned i = 0; i < PROTO_COUNT; i++)
        for (unsigned k = 0; k < PC_COUNT; k++)
            if (one->proto[i][k] != many->proto[i][k])
                fail_msg("%s, %u workers: protocol %u: %s is %lu, not %lu", path, n, i,
                         proto_counter_rows[k].name, (unsigned long)many->proto[i][k],
                         (unsigned long)one->proto[i][k]);
}

static void each_capture(const char *pattern, unsigned n, int64_t loops)
{
    struct replay_conf conf;
    glob_t g;
    replay_conf_load(&conf, NULL);
    conf.net.flows_enabled = true;
    conf.net.timeout_ns = INT64_C(30000000000);
    conf.net.period_ns = INT64_C(10000000000);
    assert_int_equal(glob(pattern, 0, NULL, &g), 0);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        struct tally one = run(&conf, g.gl_pathv[i], 1, loops);
        struct tally many = run(&conf, g.gl_pathv[i], n, loops);
        compare(g.gl_pathv[i], n, &one, &many);
    }
    globfree(&g);
    replay_conf_free(&conf);
}

static void test_four_count_as_one(void **state)
{
    (void)state;
    each_capture("test/golden/*/*.pcap*", 4, 1);
}

static void test_three_in_several_passes(void **state)
{
    (void)state;
    each_capture("test/golden/flows/*.pcap", 3, 3);
}

/* Asked to end while everything is full: all threads end. */
static void test_stops(void **state)
{
    (void)state;
    struct replay_conf conf;
    const char *path = "test/golden/http/real-nginx-curl.pcap";
    glob_t g;
    assert_int_equal(glob("test/golden/http/*.pcap", 0, NULL, &g), 0);
    path = g.gl_pathv[0];
    const struct capture_file_conf file = { .paths = &path, .n_paths = 1, .loops = 1 << 30 };
    struct capture *capture;
    struct why w = { "" };
    replay_conf_load(&conf, NULL);
    assert_int_equal(capture_open_files(&file, &capture, &w), ERR_OK);
    const struct crew_conf crew = {
        .worker = { .net = &conf.net, .batches = 2, .batch_bytes = (size_t)8 << 20 },
        .captures = &capture,
        .n_captures = 1,
        .n = 4
    };
    struct crew *c = crew_new(&crew);
    assert_int_equal(crew_start(c, &w), ERR_OK);
    for (struct batch *b = NULL; !b;) {
        struct pollfd fds[CREW_MAX];
        poll(fds, crew_fds(c, fds), 10000);
        b = crew_take(c);
        if (b)
            crew_give_back(c, b);
    }
    crew_stop(c);
    empty(c);
    assert_int_equal(crew_join(c, &w), ERR_OK);
    crew_free(c);
    capture->ops->close(capture);
    globfree(&g);
    replay_conf_free(&conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_four_count_as_one),
        cmocka_unit_test(test_three_in_several_passes),
        cmocka_unit_test(test_stops),
    };
    proto_add_fields();
    schema_freeze();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
