/* Frames shared out: whose they are, in which order, with which time, and what is a copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bug.h"
#include "in/spread.h"
#include "lib/craft.h"
#include "net/share.h"
#include "os/thread.h"

#define S       INT64_C(1000000000)
#define WORKERS 4

static struct net_conf conf = { .tunnels = ~0u, .defrag_bytes = 1 << 20, .key = { 1, 2 } };

static void run(void *ctx)
{
    struct why w;
    BUG_ON(spread_run(ctx, &w) != ERR_OK);
}

/* What the workers got, in their order. */
struct got {
    unsigned n[WORKERS], originals;
    struct packet packet[WORKERS][64];
    int64_t passed_ns[WORKERS];
    uint64_t backwards;
};

static void take(struct capture *part, struct got *g, unsigned i)
{
    struct packet p[8];
    struct why w;
    int n;
    while ((n = part->ops->read(part, p, COUNT(p), &w)) != CAPTURE_END)
        for (int k = 0; k < n; k++) {
            assert_in_range(g->n[i], 0, 63);
            g->packet[i][g->n[i]++] = p[k];
            g->originals += !p[k].is_copy;
        }
    g->passed_ns[i] = part->passed_ns;
}

static struct got share_out(const struct traffic *f)
{
    struct traffic_capture from = traffic_capture_of(f);
    struct spread *s = spread_new(&from.base, WORKERS, &conf);
    struct thread thread = { .running = false };
    struct got g = { .n = { 0 } };
    assert_int_equal(thread_start(&thread, "spread", run, s), ERR_OK);
    for (unsigned i = 0; i < WORKERS; i++)
        take(spread_part(s, i), &g, i);
    thread_join(&thread);
    g.backwards = counter_get(spread_counters(s), COUNTER_CAPTURE_TIME_BACKWARDS);
    spread_free(s);
    return g;
}

/* Each frame once, in order, with the largest time of all before it. */
static int64_t clock_at(const int *times, size_t n, int64_t ts_ns)
{
    int64_t clock_ns = 0;
    for (size_t t = 0; t < n; t++) {
        clock_ns = times[t] * S > clock_ns ? times[t] * S : clock_ns;
        if (times[t] * S == ts_ns)
            break;
    }
    return clock_ns;
}

static void test_time_passes_for_all(void **state)
{
    (void)state;
    static const int times[] = { 5, 9, 7, 8, 12, 1, 12, 13 };
    struct traffic f = { 0 };
    for (unsigned i = 0; i < COUNT(times); i++) {
        struct craft c = craft_start(4, (uint16_t)(1000 + i), 53);
        c.client += i;
        craft_udp(&f, &c, CRAFT_CLIENT, SLICE("x"))->ts_ns = times[i] * S;
    }
    struct got g = share_out(&f);
    unsigned seen = 0;
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(g.passed_ns[i], 13 * S);
        for (unsigned k = 0; k < g.n[i]; k++, seen++) {
            int64_t clock_ns = clock_at(times, COUNT(times), g.packet[i][k].ts_ns);
            assert_int_equal(g.packet[i][k].clock_ns, clock_ns);
        }
    }
    assert_int_equal(seen, COUNT(times));
    assert_int_equal(g.originals, COUNT(times));
    assert_int_equal(g.backwards, 2);
    traffic_free(&f);
}

/* TCP in fragments: both go to the worker that has the ports, which only the first one tells. */
static void test_fragments_follow_the_ports(void **state)
{
    (void)state;
    for (uint16_t port = 2000; port < 2016; port++) {
        struct traffic whole = { 0 }, pieces = { 0 };
        struct craft c = craft_start(4, port, 80), d = c;
        uint8_t segment[40];
        craft_tcp(&whole, &c, CRAFT_CLIENT, TCP_ACK, SLICE("01234567890123456789"));
        memcpy(segment, whole.v[0].p + 34, sizeof segment);
        craft_ip(&pieces, &d, CRAFT_CLIENT, IPPROTO_N_TCP, slice_of(segment + 24, 16));
        craft_ip(&pieces, &d, CRAFT_CLIENT, IPPROTO_N_TCP, slice_of(segment, 24));
        for (unsigned i = 0; i < 2; i++) { /* the last one comes first */
            static const uint8_t place[2][2] = { { 0x00, 0x03 }, { 0x20, 0x00 } };
            memcpy(pieces.v[i].p + 18, (uint8_t[]){ 7, 7 }, 2);
            memcpy(pieces.v[i].p + 20, place[i], 2);
        }
        struct got a = share_out(&whole), b = share_out(&pieces);
        for (unsigned i = 0; i < WORKERS; i++)
            assert_int_equal(b.n[i], 2 * a.n[i]);
        assert_int_equal(b.originals, 2);
        traffic_free(&whole);
        traffic_free(&pieces);
    }
}

/* One that never becomes whole is counted by one worker in the end. */
static void test_lone_fragments_are_not_lost(void **state)
{
    (void)state;
    struct traffic f = { 0 };
    struct craft c = craft_start(4, 2000, 53);
    craft_fragment(&f, &c, 64, true, SLICE("01234567"));
    craft_udp(&f, &c, CRAFT_CLIENT, SLICE("x"));
    struct got g = share_out(&f);
    assert_int_equal(g.originals, 2);
    traffic_free(&f);
}

/* Fragments beyond the memory for them go on unjudged, and are counted. */
static void test_memory_of_fragments_is_bounded(void **state)
{
    (void)state;
    struct traffic f = { 0 };
    struct craft c = craft_start(4, 2000, 53);
    conf.defrag_bytes = 2000;
    for (unsigned i = 0; i < 40; i++, c.ip_id++)
        craft_fragment(&f, &c, 64, true, SLICE("01234567"));
    struct got g = share_out(&f);
    conf.defrag_bytes = 1 << 20;
    assert_int_equal(g.originals, 40);
    traffic_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_passes_for_all),
        cmocka_unit_test(test_fragments_follow_the_ports),
        cmocka_unit_test(test_lone_fragments_are_not_lost),
        cmocka_unit_test(test_memory_of_fragments_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
