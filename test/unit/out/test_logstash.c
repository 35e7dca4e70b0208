/* The Logstash output against a receiver that refuses, stalls, breaks and answers wrongly: every
 * event arrives, and what it cost is counted. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/yaml.h"
#include "lib/receiver.h"
#include "os/clock.h"
#include "out/logstash.h"
#include "pipe/pipe.h"

#define LIMIT_NS (20 * INT64_C(1000000000))
#define SCRIPT(...)                                                                                \
    ((const char *const[]){ __VA_ARGS__ }), COUNT(((const char *const[]){ __VA_ARGS__ }))

extern const struct output output_logstash;

static struct arena arena;
static struct why why;
static void *ctx;

static void begin_with(const char *hosts, const char *more)
{
    char yaml[1024];
    struct node *root;
    struct loading l = { "output.logstash", &arena, &why };
    void *conf = arena_zalloc(&arena, output_logstash.conf_size);
    snprintf(yaml, sizeof yaml, "{hosts: [%s], backoff: {init: 1ms, max: 4ms}, %s}", hosts, more);
    if (yaml_read(&arena, slice_cstr(yaml), "t.yml", &root, &why) ||
        option_load(output_logstash.options, root, conf, &l))
        fail_msg("%s", why.text);
    ctx = calloc(1, output_logstash.ctx_size);
    if (output_logstash.open(ctx, conf, &why))
        fail_msg("%s", why.text);
}

static void end(void)
{
    output_logstash.close(ctx);
    free(ctx);
    arena_reset(&arena);
}

static void add(unsigned from, unsigned to)
{
    char line[16];
    for (unsigned i = from; i < to; i++) {
        int n = snprintf(line, sizeof line, "%u", i);
        assert_int_equal(output_logstash.write(ctx, NULL, slice_of(line, (size_t)n), &why), ERR_OK);
    }
    assert_int_equal(output_logstash.flush(ctx, &why), ERR_OK);
}

static size_t held(void)
{
    return output_logstash.holding->held(ctx);
}

/* Waits until all is acknowledged, flushing as the pipe does. */
static void drain(void)
{
    int64_t limit = clock_mono_ns() + LIMIT_NS;
    while (held() && clock_mono_ns() < limit) {
        struct pollfd p = { output_logstash.holding->wake_fd(ctx), POLLIN, 0 };
        assert_int_equal(output_logstash.flush(ctx, &why), ERR_OK);
        poll(&p, 1, 50);
    }
    assert_int_equal(held(), 0);
}

static uint64_t count(enum counter_id id)
{
    return counter_get(output_logstash.holding->counters(ctx), id);
}

static void all_arrived(const struct receiver *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!receiver_acked(r, i))
            fail_msg("event %u did not arrive", i);
    assert_false(receiver_was_disordered(r));
}

/* n events through one receiver with that script; the output is still open afterwards. */
static struct receiver *deliver(const char *const *script, unsigned scripts, const char *more,
                                unsigned n)
{
    struct receiver *r = receiver_start(script, scripts);
    begin_with(receiver_host(r), more);
    add(0, n);
    drain();
    all_arrived(r, n);
    assert_int_equal(count(COUNTER_OUTPUT_ACKED), n);
    assert_int_equal(count(COUNTER_OUTPUT_DROPPED), 0);
    return r;
}

static void finish(struct receiver *r)
{
    end();
    receiver_free(r);
}

static void delivers_in_windows(void **state)
{
    (void)state;
    struct receiver *r = deliver(SCRIPT("A"), "bulk_max_size: 100", 1050);
    for (unsigned i = 0; i < 1050; i++)
        assert_int_equal(receiver_read(r, i), 1);
    assert_int_equal(receiver_windows(r), 11);
    assert_int_equal(receiver_window(r, 0), 100);
    assert_int_equal(receiver_window(r, 10), 50);
    assert_int_equal(count(COUNTER_OUTPUT_BATCHES), 11);
    assert_int_equal(count(COUNTER_OUTPUT_CONNECTED), 1);
    finish(r);
}

static void delivers_uncompressed(void **state)
{
    (void)state;
    struct receiver *r = deliver(SCRIPT("A"), "compression_level: 0, pipelining: 0", 5000);
    /* "2W" and the count; each event has a head of ten bytes */
    uint64_t digits = 10 + 90 * 2 + 900 * 3 + 4000 * 4;
    assert_int_equal(count(COUNTER_OUTPUT_BYTES), digits + 5000 * 10 + 6 * receiver_windows(r));
    finish(r);
}

static void small_windows_share_a_parcel(void **state)
{
    (void)state;
    struct receiver *r = deliver(SCRIPT("A"), "bulk_max_size: 2", 5001);
    assert_int_equal(receiver_windows(r), 2501);
    finish(r);
}

static void partial_acknowledgements_release(void **state)
{
    (void)state;
    struct receiver *r = deliver(SCRIPT("1"), "bulk_max_size: 50", 500);
    assert_int_equal(count(COUNTER_OUTPUT_RETRIED), 0);
    finish(r);
}

static void half_then_close_repeats_the_rest(void **state)
{
    (void)state;
    struct receiver *r = deliver(SCRIPT("H", "H", "A"), "pipelining: 0", 100);
    assert_int_equal(receiver_read(r, 0), 1);
    assert_int_equal(receiver_read(r, 49), 1);
    assert_int_equal(receiver_read(r, 50), 2); /* 50 to 74 came in the second window */
    assert_int_equal(receiver_read(r, 75), 3);
    assert_int_equal(receiver_read(r, 99), 3);
    assert_int_equal(count(COUNTER_OUTPUT_RETRIED), 75);
    assert_int_equal(count(COUNTER_OUTPUT_DUPLICATES), 75);
    assert_int_equal(count(COUNTER_OUTPUT_ERRORS), 2);
    finish(r);
}

static void recovers_from(const char *first)
{
    struct receiver *r =
        deliver(SCRIPT(first, first, "A"), "timeout: 150ms, bulk_max_size: 64", 1000);
    assert_int_equal(receiver_connections(r), 3);
    assert_int_equal(count(COUNTER_OUTPUT_ERRORS), 2);
    finish(r);
}

static void recovers_from_reset(void **state)
{
    (void)state;
    recovers_from("R");
    recovers_from("AAR");
}

static void recovers_from_close(void **state)
{
    (void)state;
    recovers_from("C");
}

static void recovers_from_a_stall(void **state)
{
    (void)state;
    recovers_from("AS");
}

static void too_high_is_an_error(void **state)
{
    (void)state;
    recovers_from("+");
}

static void other_bytes_are_an_error(void **state)
{
    (void)state;
    recovers_from("B");
}

static void closing_at_once_is_endured(void **state)
{
    (void)state;
    struct receiver *r = deliver(SCRIPT("X", "X", "X", "X", "X", "X", "A"), "max_retries: -1", 100);
    finish(r);
}

/* Nothing is answered but 0, which keeps the connection although the time limit is over. */
static void zero_keeps_it_alive(void **state)
{
    (void)state;
    struct receiver *r = deliver(SCRIPT("0"), "timeout: 5s", 100);
    assert_int_equal(count(COUNTER_OUTPUT_ERRORS), 0);
    assert_int_equal(count(COUNTER_OUTPUT_ACKED), 100);
    finish(r);
}

static void gives_up_after_max_retries(void **state)
{
    (void)state;
    struct receiver *r = receiver_start(SCRIPT("C", "C", "C", "A"));
    begin_with(receiver_host(r), "max_retries: 2, pipelining: 0, bulk_max_size: 10");
    add(0, 30);
    drain();
    /* it came with 10 events, then 5, then 2, which are given up */
    assert_int_equal(count(COUNTER_OUTPUT_DROPPED), 2);
    assert_int_equal(count(COUNTER_OUTPUT_ACKED), 28);
    assert_int_equal(receiver_acked(r, 1), 0);
    for (unsigned i = 2; i < 30; i++)
        assert_int_equal(receiver_acked(r, i), 1);
    finish(r);
}

/* Nobody listens: events wait, and no retry is used up. */
static void an_outage_uses_no_retries(void **state)
{
    (void)state;
    struct receiver *gone = receiver_start(SCRIPT("A"));
    char host[64];
    snprintf(host, sizeof host, "%s", receiver_host(gone));
    receiver_stop(gone);
    begin_with(host, "max_retries: 0");
    add(0, 10);
    int64_t limit = clock_mono_ns() + LIMIT_NS;
    while (count(COUNTER_OUTPUT_ERRORS) < 5 && clock_mono_ns() < limit)
        poll(NULL, 0, 1);
    assert_int_equal(held(), 10);
    assert_int_equal(count(COUNTER_OUTPUT_DROPPED), 0);
    finish(gone);
}

static void another_host_takes_over(void **state)
{
    (void)state;
    struct receiver *dead = receiver_start(SCRIPT("R")), *live = receiver_start(SCRIPT("A"));
    char hosts[128];
    snprintf(hosts, sizeof hosts, "\"%s\", \"%s\"", receiver_host(dead), receiver_host(live));
    for (unsigned i = 0; i < 4; i++) {
        begin_with(hosts, "max_retries: 3");
        add(0, 100);
        drain();
        assert_int_equal(count(COUNTER_OUTPUT_ACKED), 100);
        end();
    }
    all_arrived(live, 100);
    receiver_free(dead);
    receiver_free(live);
}

static void hosts_share_the_load(void **state)
{
    (void)state;
    struct receiver *r[3];
    unsigned windows = 0;
    for (unsigned i = 0; i < 3; i++)
        r[i] = receiver_start(SCRIPT("A"));
    char hosts[128];
    snprintf(hosts, sizeof hosts, "\"%s\", \"%s\", \"%s\"", receiver_host(r[0]),
             receiver_host(r[1]), receiver_host(r[2]));
    begin_with(hosts, "loadbalance: true, worker: 2, bulk_max_size: 20");
    for (unsigned i = 0; i < 30; i++) {
        add(i * 200, i * 200 + 200);
        if (!output_logstash.holding->has_room(ctx))
            drain();
    }
    drain();
    for (unsigned i = 0; i < 6000; i++)
        assert_int_equal(
            receiver_acked(r[0], i) + receiver_acked(r[1], i) + receiver_acked(r[2], i), 1);
    assert_int_equal(count(COUNTER_OUTPUT_CONNECTED), 6);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(receiver_windows(r[i]) > 0);
        windows += receiver_windows(r[i]);
    }
    assert_int_equal(windows, count(COUNTER_OUTPUT_BATCHES));
    end();
    for (unsigned i = 0; i < 3; i++)
        receiver_free(r[i]);
}

static void slow_start_grows(void **state)
{
    (void)state;
    struct receiver *r =
        deliver(SCRIPT("A"), "slow_start: true, pipelining: 0, bulk_max_size: 40", 200);
    static const unsigned sizes[] = { 10, 15, 23, 35, 40, 40, 37 };
    assert_int_equal(receiver_windows(r), COUNT(sizes));
    for (unsigned i = 0; i < COUNT(sizes); i++)
        assert_int_equal(receiver_window(r, i), sizes[i]);
    finish(r);
}

/* What comes while a window is under way waits and goes together. */
static void small_batches_go_together(void **state)
{
    (void)state;
    struct receiver *r = receiver_start(SCRIPT("S", "A"));
    begin_with(receiver_host(r), "timeout: 300ms, pipelining: 0");
    add(0, 10);
    int64_t limit = clock_mono_ns() + LIMIT_NS;
    while (!receiver_windows(r) && clock_mono_ns() < limit)
        poll(NULL, 0, 1);
    for (unsigned i = 1; i <= 20; i++) /* one may still find the queue empty, no second one can */
        add(i * 10, i * 10 + 10);
    drain();
    all_arrived(r, 210);
    assert_true(receiver_windows(r) <= 5);
    finish(r);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    struct receiver *r = receiver_start(SCRIPT("S"));
    begin_with(receiver_host(r), "timeout: 60s");
    unsigned n = 0;
    while (output_logstash.holding->has_room(ctx) && n < RECEIVER_MAX - 256) {
        add(n, n + 256);
        n += 256;
    }
    /* two windows under way, one that waits, one that is filled */
    assert_in_range(n, 2048, 5 * 2048);
    assert_int_equal(held(), n);
    finish(r);
}

static void an_idle_close_costs_nothing(void **state)
{
    (void)state;
    struct receiver *r = receiver_start(SCRIPT("AC", "A"));
    begin_with(receiver_host(r), "ttl: 1ms, pipelining: 0");
    add(0, 10);
    drain();
    poll(NULL, 0, 3);
    add(10, 20); /* the time to live is over: on a new connection */
    drain();
    all_arrived(r, 20);
    assert_int_equal(receiver_connections(r), 2);
    assert_int_equal(count(COUNTER_OUTPUT_ERRORS), 0);
    finish(r);
}

static void refused(const char *yaml, const char *text)
{
    struct node *root;
    struct loading l = { "output.logstash", &arena, &why };
    void *conf = arena_zalloc(&arena, output_logstash.conf_size);
    void *o = calloc(1, output_logstash.ctx_size);
    assert_int_equal(yaml_read(&arena, slice_cstr(yaml), "t.yml", &root, &why), ERR_OK);
    err e = option_load(output_logstash.options, root, conf, &l);
    if (!e)
        e = output_logstash.open(o, conf, &why);
    assert_int_not_equal(e, ERR_OK);
    if (!strstr(why.text, text))
        fail_msg("\"%s\" does not say \"%s\"", why.text, text);
    free(o);
    arena_reset(&arena);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    refused("{hosts: []}", "hosts");
    refused("{hosts: ['a b:1']}", "no host:port");
    refused("{hosts: ['a:99999']}", "port");
    refused("{hosts: [a], proxy_url: 'http://x'}", "socks5");
    refused("{hosts: [a], compression_level: 10}", "compression_level");
    refused("{hosts: [a], ssl: {verification_mode: some}}", "verification_mode");
    refused("{hosts: [a], ssl: {certificate_authorities: [/nowhere.pem]}}", "/nowhere.pem");
    refused("{hosts: [a], ssl: {supported_protocols: [SSLv3]}}", "SSLv3");
    refused("{hosts: [a], ssl: {cipher_suites: [NONE]}}", "NONE");
    refused("{hosts: [a], ssl: {certificate: /a.pem}}", "both");
    refused("{hosts: [a], ssl: {ca_trusted_fingerprint: abc}}", "64 hex digits");
    refused("{hosts: [a], ssl: {curve_types: [P-1]}}", "curve_types");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivers_in_windows),
        cmocka_unit_test(delivers_uncompressed),
        cmocka_unit_test(small_windows_share_a_parcel),
        cmocka_unit_test(partial_acknowledgements_release),
        cmocka_unit_test(half_then_close_repeats_the_rest),
        cmocka_unit_test(recovers_from_reset),
        cmocka_unit_test(recovers_from_close),
        cmocka_unit_test(recovers_from_a_stall),
        cmocka_unit_test(too_high_is_an_error),
        cmocka_unit_test(other_bytes_are_an_error),
        cmocka_unit_test(closing_at_once_is_endured),
        cmocka_unit_test(zero_keeps_it_alive),
        cmocka_unit_test(gives_up_after_max_retries),
        cmocka_unit_test(an_outage_uses_no_retries),
        cmocka_unit_test(another_host_takes_over),
        cmocka_unit_test(hosts_share_the_load),
        cmocka_unit_test(slow_start_grows),
        cmocka_unit_test(small_batches_go_together),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(an_idle_close_costs_nothing),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
