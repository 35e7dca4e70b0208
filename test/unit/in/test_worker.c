/* The worker: batches, order, waiting for the pipe or dropping, counters. The net is a stub that
 * makes one event of each packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <limits.h>
#include <poll.h>

#include "base/bug.h"
#include "in/worker.h"
#include "os/clock.h"
#include "os/thread.h"

#define S INT64_C(1000000000)

/* ---- a net of one line */

struct net {
    struct net_sink sink;
    int64_t last_tick_ns;
    unsigned finished;
};
static unsigned restarts, losses;
static unsigned events_per_packet, events_at_end;

static void make_event(struct net *n, int64_t ts_ns)
{
    struct batch *b = n->sink.batch(n->sink.ctx, ts_ns);
    struct event *e = event_make(&b->arena, 4);
    assert_non_null(e);
    e->ts_ns = ts_ns;
    n->sink.emit(n->sink.ctx, e);
}

struct net *net_new(const struct net_conf *conf, const struct net_sink *sink,
                    struct counters *counters)
{
    (void)conf;
    (void)counters;
    struct net *n = xcalloc(1, sizeof(*n));
    n->sink = *sink;
    return n;
}

void net_packet(struct net *n, struct packet *p)
{
    for (unsigned i = 0; i < events_per_packet; i++)
        make_event(n, p->ts_ns);
}

void net_prefetch(struct net *n, const struct packet *p)
{
    (void)n;
    (void)p;
}

void net_tick(struct net *n, int64_t now_ns)
{
    n->last_tick_ns = now_ns;
}

void net_finish(struct net *n)
{
    for (unsigned i = 0; i < events_at_end; i++)
        make_event(n, 1);
}

void net_restart(struct net *n)
{
    net_finish(n);
    restarts++;
}

void net_take_share(struct net *n, unsigned index, unsigned of)
{
    (void)n, (void)index, (void)of;
}

struct net_stock net_stock(const struct net *n)
{
    (void)n;
    return (struct net_stock){ 0 };
}

void net_note_loss(struct net *n)
{
    (void)n;
    losses++;
}

void net_free(struct net *n)
{
    xfree(n);
}

/* ---- a capture of n packets, one a second */

struct script {
    struct capture base;
    unsigned n, given;
    unsigned loops;      /* to be played so many times more */
    struct worker *stop; /* told to stop when all were given, instead of an end */
    unsigned stop_after; /* or as soon as so many were */
    int64_t time_ns;     /* before the first packet */
};

static int script_read(struct capture *c, struct packet *p, unsigned max, struct why *w)
{
    (void)w;
    struct script *s = (struct script *)c;
    unsigned n = 0;
    for (; n < max && s->given < s->n; n++, s->given++)
        p[n] =
            (struct packet){ .ts_ns = s->time_ns + (s->given + 1) * S, .wire_len = s->given % 2 };
    if (s->stop_after && s->given >= s->stop_after)
        worker_stop(s->stop);
    if (n)
        return (int)n;
    if (s->loops) {
        s->loops--;
        s->base.pass++;
        s->given = 0;
        return script_read(c, p, max, w);
    }
    if (!s->stop)
        return CAPTURE_END;
    worker_stop(s->stop);
    return CAPTURE_IDLE;
}

static void script_stats(struct capture *c, struct capture_stats *out)
{
    (void)c;
    *out = (struct capture_stats){ .drops = 7 };
}

static const struct capture_ops script_ops = { .read = script_read, .stats = script_stats };

static struct worker *make(struct script *s, unsigned batches, int64_t flush_ns)
{
    struct capture *captures[] = { &s->base };
    const struct worker_conf conf = { .batches = batches,
                                      .batch_bytes = 1 << 20,
                                      .flush_ns = flush_ns };
    s->base.ops = &script_ops;
    s->base.fd = -1;
    return worker_new(&conf, captures, 1, 3);
}

/* Takes what is ready and gives it back; the events seen. */
static unsigned drain(struct worker *w, unsigned *batches)
{
    unsigned n = 0;
    for (struct batch *b; (b = worker_take(w)); worker_give_back(w, b)) {
        assert_int_equal(b->owner, 3);
        n += b->n;
        ++*batches;
    }
    return n;
}

static void test_seals_by_time_and_number(void **state)
{
    (void)state;
    struct script s = { .n = 1000 };
    struct why why;
    unsigned batches = 0;
    events_per_packet = 1;
    events_at_end = 0;
    struct worker *w = make(&s, 200, 9 * S);
    assert_int_equal(worker_run(w, &why), ERR_OK);
    assert_int_equal(drain(w, &batches), 1000);
    assert_int_equal(batches, 100); /* ten packets of one second each */
    assert_true(worker_is_drained(w));
    assert_int_equal(counter_get(worker_counters(w), COUNTER_CAPTURE_PACKETS), 1000);
    assert_int_equal(counter_get(worker_counters(w), COUNTER_CAPTURE_TRUNCATED), 500);
    assert_int_equal(counter_get(worker_counters(w), COUNTER_EVENTS_EMITTED), 1000);
    assert_int_equal(counter_get(worker_counters(w), COUNTER_CAPTURE_KERNEL_DROPS), 7);
    assert_int_equal(losses, 1);
    worker_free(w);

    s = (struct script){ .n = 600 };
    batches = 0;
    w = make(&s, 20, 100000 * S);
    assert_int_equal(worker_run(w, &why), ERR_OK);
    assert_int_equal(drain(w, &batches), 600);
    assert_int_equal(batches, 3); /* 256, 256, 88 */
    worker_free(w);
}

/* The pipe's thread, for captures that wait for it. */
static void pipe_main(void *ctx)
{
    struct worker *w = ctx;
    unsigned *seen = (unsigned *)(void *)worker_counters(w)->proto[31];
    int64_t last_ns = 0;
    while (!worker_is_drained(w)) {
        struct pollfd ready = { .fd = worker_ready_fd(w), .events = POLLIN };
        struct batch *b = worker_take(w);
        if (!b) {
            poll(&ready, 1, 10000);
            continue;
        }
        for (unsigned i = 0; i < b->n; i++) {
            BUG_ON(b->event[i]->ts_ns < last_ns);
            last_ns = b->event[i]->ts_ns;
        }
        *seen += b->n;
        worker_give_back(w, b);
    }
}

static void test_files_wait_for_the_pipe(void **state)
{
    (void)state;
    struct script s = { .n = 100000 };
    struct thread pipe;
    struct why why;
    events_per_packet = 3;
    struct worker *w = make(&s, 2, 100 * S);
    assert_int_equal(thread_start(&pipe, "pipe", pipe_main, w), ERR_OK);
    assert_int_equal(worker_run(w, &why), ERR_OK);
    thread_join(&pipe);
    assert_int_equal(*(unsigned *)(void *)worker_counters(w)->proto[31], 300000);
    assert_int_equal(counter_get(worker_counters(w), COUNTER_EVENTS_QUEUE_FULL), 0);
    worker_free(w);
}

/* Nobody takes batches: three fill up, the rest is counted, and the capture is read to its end. */
static void test_live_drops(void **state)
{
    (void)state;
    struct script s = { .n = 2000, .base = { .live = true } };
    struct why why;
    unsigned batches = 0;
    events_per_packet = 1;
    struct worker *w = make(&s, 3, 100000 * S);
    assert_int_equal(worker_run(w, &why), ERR_OK);
    assert_int_equal(s.given, 2000);
    assert_int_equal(drain(w, &batches), 3 * BATCH_EVENTS);
    assert_int_equal(counter_get(worker_counters(w), COUNTER_EVENTS_EMITTED), 2000);
    assert_int_equal(counter_get(worker_counters(w), COUNTER_EVENTS_QUEUE_FULL),
                     2000 - 3 * BATCH_EVENTS);
    worker_free(w);
}

static void test_stop_reports_what_is_open(void **state)
{
    (void)state;
    struct script s = { .n = 5, .base = { .live = true, .realtime = true } };
    struct why why;
    unsigned batches = 0;
    events_per_packet = 0;
    events_at_end = 300;
    struct worker *w = make(&s, 3, S);
    s.stop = w;
    assert_int_equal(worker_run(w, &why), ERR_OK);
    assert_int_equal(drain(w, &batches), 300);
    assert_int_equal(batches, 2);
    worker_free(w);
    events_at_end = 0;
}

/* What the kernel had taken before the end was asked for is still analysed; a file is left. */
static void test_stop_reads_what_was_taken(void **state)
{
    (void)state;
    struct why why;
    for (int live = 0; live < 2; live++) {
        struct script s = { .n = 1000,
                            .stop_after = 64,
                            .base = { .live = live, .realtime = live } };
        struct worker *w = make(&s, 3, S);
        s.stop = w;
        assert_int_equal(worker_run(w, &why), ERR_OK);
        assert_int_equal(s.given, live ? 1000 : 64);
        worker_free(w);
    }
}

/* An end of the run must come, however much the network brings. */
static void test_stop_does_not_wait_for_the_present(void **state)
{
    (void)state;
    struct why why;
    struct script s = { .n = UINT_MAX,
                        .stop_after = 64,
                        .base = { .live = true, .realtime = true } };
    struct worker *w = make(&s, 3, S);
    s.stop = w;
    s.time_ns = clock_real_ns() + 3600 * S;
    assert_int_equal(worker_run(w, &why), ERR_OK);
    assert_in_range(s.given, 64, 2 * 64);
    worker_free(w);
}

/* What was captured before the end was asked for is written, however slow the pipe is. */
static void test_events_wait_for_the_pipe_at_the_end(void **state)
{
    (void)state;
    struct why why;
    struct thread pipe;
    struct script s = { .n = 20000, .stop_after = 64, .base = { .live = true, .realtime = true } };
    struct worker *w = make(&s, 2, 100000 * S);
    events_per_packet = 1;
    s.stop = w;
    assert_int_equal(thread_start(&pipe, "pipe", pipe_main, w), ERR_OK);
    assert_int_equal(worker_run(w, &why), ERR_OK);
    thread_join(&pipe);
    assert_int_equal(s.given, 20000);
    assert_int_equal(counter_get(worker_counters(w), COUNTER_EVENTS_QUEUE_FULL), 0);
    assert_int_equal(*(unsigned *)(void *)worker_counters(w)->proto[31], 20000);
    worker_free(w);
}

static void test_repetitions_start_as_new(void **state)
{
    (void)state;
    struct why why;
    struct script s = { .n = 100, .loops = 2 };
    unsigned batches = 0;
    events_per_packet = 1;
    restarts = 0;
    struct worker *w = make(&s, 30, 100000 * S);
    assert_int_equal(worker_run(w, &why), ERR_OK);
    assert_int_equal(drain(w, &batches), 300);
    assert_int_equal(restarts, 2);
    assert_int_equal(counter_get(worker_counters(w), COUNTER_CAPTURE_TIME_BACKWARDS), 0);
    worker_free(w);
}

/* A batch whose memory is half used is handed over, however few events it has. */
static void test_memory_seals(void **state)
{
    (void)state;
    struct script s = { .n = 8, .base = { .ops = &script_ops } };
    struct capture *captures[] = { &s.base };
    const size_t event_bytes = sizeof(struct event) + 4 * sizeof(struct value);
    const struct worker_conf conf = { .batches = 9,
                                      .batch_bytes = 4 * event_bytes,
                                      .flush_ns = 100 * S };
    struct why why;
    unsigned batches = 0;
    events_per_packet = 1;
    struct worker *w = worker_new(&conf, captures, 1, 3);
    assert_int_equal(worker_run(w, &why), ERR_OK);
    assert_int_equal(drain(w, &batches), 8);
    assert_in_range(batches, 3, 8);
    worker_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seals_by_time_and_number),
        cmocka_unit_test(test_files_wait_for_the_pipe),
        cmocka_unit_test(test_live_drops),
        cmocka_unit_test(test_stop_reports_what_is_open),
        cmocka_unit_test(test_stop_reads_what_was_taken),
        cmocka_unit_test(test_stop_does_not_wait_for_the_present),
        cmocka_unit_test(test_events_wait_for_the_pipe_at_the_end),
        cmocka_unit_test(test_repetitions_start_as_new),
        cmocka_unit_test(test_memory_seals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
