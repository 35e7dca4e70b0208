/* The receiver's pipe: every batch goes through the stage once, and what it becomes is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pipe/message_pipe.h"

#define LINES_MAX 4096

static struct {
    unsigned lines, came, syncs, ticks,
        failures; /* came: of messages of the batch; failures: writes that are still to fail */
    char last[512];
} out;

static err open_output(void *ctx, const void *conf, struct why *w)
{
    (void)ctx, (void)conf, (void)w;
    return ERR_OK;
}

static err write_line(void *ctx, const struct event *e, struct slice line, struct why *w)
{
    (void)ctx, (void)e;
    if (out.failures && out.failures--)
        return why_set(w, ERR_IO, "no room");
    out.lines++;
    out.came += slice_search(line, SLICE("\"n\":")) >= 0;
    snprintf(out.last, sizeof out.last, "%.*s", (int)line.n, line.p);
    return ERR_OK;
}

static err sync_output(void *ctx, struct why *w)
{
    (void)ctx, (void)w;
    out.syncs++;
    return ERR_OK;
}

static void close_output(void *ctx)
{
    (void)ctx;
}

static void tick_output(void *ctx, int64_t now_ns)
{
    (void)ctx, (void)now_ns;
    out.ticks++;
}

static const struct output output = { .name = "test",
                                      .open = open_output,
                                      .write = write_line,
                                      .sync = sync_output,
                                      .close = close_output,
                                      .tick = tick_output };

/* A stage that does as the number of a message says: 0 drops it, n hands on n - 1 others too. */
static struct {
    unsigned begun, ended, processed;
    int use;
} stage;

static void *begin(void *ctx)
{
    (void)ctx;
    stage.begun++;
    return &stage.use;
}

static void process(void *ctx, void *use, struct message *m, const struct message_sink *sink)
{
    (void)ctx;
    assert_ptr_equal(use, &stage.use);
    stage.processed++;
    int64_t n = message_get(m, SLICE("n"))->i;
    for (int64_t i = 1; i < n; i++) {
        struct message *other = message_new(m->mem, 4);
        m->lost |= !other;
        if (other)
            sink->take(sink->ctx, other);
    }
    if (n)
        sink->take(sink->ctx, m);
}

static void end(void *ctx, void *use)
{
    (void)ctx;
    assert_ptr_equal(use, &stage.use);
    stage.ended++;
}

static const struct message_stage test_stage = { NULL, begin, process, end };

static struct message_batch batch;
static struct message_pipe *pipe_of;
static struct counters counters;

static void put(int64_t n)
{
    struct value v = { .field = 0xffff, .type = VT_INT, .i = n };
    struct message *m = message_new(&batch.arena, 4);
    m->has_ts = true;
    message_set(m, SLICE("n"), &v);
    batch.message[batch.n++] = m;
}

static void open_with(const struct message_stage *s)
{
    struct message_pipe_conf conf = { .output = &output, .stage = s };
    struct why w;
    assert_int_equal(message_pipe_new(&conf, &pipe_of, &w), ERR_OK);
}

static err write_once(void)
{
    struct message_batch *b = &batch;
    struct why w;
    return message_pipe_write(pipe_of, &b, 1, &counters, &w);
}

static int set_up(void **state)
{
    (void)state;
    memset(&out, 0, sizeof out);
    memset(&stage, 0, sizeof stage);
    memset(&counters, 0, sizeof counters);
    memset(&batch, 0, sizeof batch);
    arena_init(&batch.arena, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    message_pipe_free(pipe_of);
    arena_free(&batch.arena);
    return 0;
}

static void without_a_stage(void **state)
{
    (void)state;
    open_with(NULL);
    put(0);
    put(7);
    assert_int_equal(write_once(), ERR_OK);
    message_pipe_done(pipe_of, &batch);
    assert_int_equal(out.lines, 2);
    assert_non_null(strstr(out.last, "\"n\":7"));
}

static void dropped_and_made(void **state)
{
    (void)state;
    open_with(&test_stage);
    put(1);
    put(0);
    put(300);
    put(2);
    put(0);
    put(1);
    assert_int_equal(write_once(), ERR_OK);
    assert_int_equal(out.lines, 304);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_WRITTEN), 304);
    assert_int_equal(stage.ended, 0);
    message_pipe_done(pipe_of, &batch);
    assert_int_equal(stage.ended, 1);
}

static void a_batch_is_processed_once(void **state)
{
    (void)state;
    open_with(&test_stage);
    for (unsigned i = 0; i < 10; i++)
        put(2);
    out.failures = 1;
    assert_int_equal(write_once(), ERR_IO);
    out.failures = 1;
    assert_int_equal(write_once(), ERR_IO);
    assert_int_equal(write_once(), ERR_OK);
    message_pipe_done(pipe_of, &batch);
    assert_int_equal(stage.processed, 10);
    assert_int_equal(stage.begun, 1);
    assert_int_equal(stage.ended, 1);
    assert_int_equal(out.lines, 20);
    batch.n = 0; /* the same batch again, for other messages */
    put(1);
    assert_int_equal(write_once(), ERR_OK);
    message_pipe_done(pipe_of, &batch);
    assert_int_equal(stage.begun, 2);
    assert_int_equal(out.lines, 21);
}

/* Without memory what came in still goes out. */
static void no_memory(void **state)
{
    (void)state;
    open_with(&test_stage);
    for (unsigned i = 0; i < 100; i++)
        put(30);
    batch.arena.max_bytes = batch.arena.used_bytes * 3 / 2;
    assert_int_equal(write_once(), ERR_OK);
    assert_int_equal(out.came, 100);
    assert_true(out.lines < 3000);
    message_pipe_done(pipe_of, &batch);
}

/* ---- what can never be written */

static struct {
    unsigned kept, syncs, line_bytes;
    char reason[160], input[32];
} losses;

static bool keep(void *ctx, const struct message_loss *l)
{
    assert_ptr_equal(ctx, &losses);
    losses.kept++;
    losses.line_bytes = (unsigned)l->line.n;
    snprintf(losses.reason, sizeof losses.reason, "%s", l->reason);
    snprintf(losses.input, sizeof losses.input, "%s", l->m->origin.input);
    return true;
}

static void sync_losses(void *ctx)
{
    (void)ctx;
    losses.syncs++;
    assert_int_equal(out.syncs, 1); /* the one of opening: before the output's */
}

#define HUGE_BYTES (24u << 20) /* six characters each as JSON */

/* A message whose line is larger than any that is written. */
static void put_unwritable(uint8_t *text)
{
    struct value v = { .field = 0xffff, .type = VT_STR, .n = HUGE_BYTES, .p = text };
    struct message *m = message_new(&batch.arena, 4);
    memset(text, 1, HUGE_BYTES);
    text[0] = text[HUGE_BYTES - 1] = 'x';
    m->has_ts = true;
    m->origin.input = "inputs.beats";
    message_set(m, SLICE("huge"), &v);
    batch.message[batch.n++] = m;
}

/* Names with dots are written in another form, which needs memory. */
static void a_full_batch_is_written(void **state)
{
    struct value v = { .field = 0xffff, .type = VT_INT, .i = 1 };
    (void)state;
    open_with(NULL);
    put(1);
    message_set(batch.message[0], SLICE("a.name"), &v);
    batch.arena.max_bytes = batch.arena.used_bytes;
    assert_int_equal(write_once(), ERR_OK);
    assert_int_equal(out.lines, 1);
    assert_non_null(strstr(out.last, "\"a_name\":1"));
    assert_int_equal(batch.arena.max_bytes > 0, 1);
    message_pipe_done(pipe_of, &batch);
}

static void what_cannot_be_written_is_kept(void **state)
{
    (void)state;
    struct message_pipe_conf conf = { .output = &output, .losses = { &losses, keep, sync_losses } };
    struct why w;
    uint8_t *text = malloc(HUGE_BYTES);
    memset(&losses, 0, sizeof losses);
    assert_int_equal(message_pipe_new(&conf, &pipe_of, &w), ERR_OK);
    put_unwritable(text);
    put(1);
    put(7);
    out.failures = 1; /* after the huge one was dropped */
    assert_int_equal(write_once(), ERR_IO);
    assert_int_equal(write_once(), ERR_OK);
    assert_int_equal(losses.kept, 1);
    assert_int_equal(losses.syncs, 1);
    assert_string_equal(losses.input, "inputs.beats");
    assert_non_null(strstr(losses.reason, "too large to be written as a line"));
    assert_true(losses.line_bytes > 0);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_FAILED), 1);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_WRITTEN), 2);
    message_pipe_done(pipe_of, &batch);
    free(text);
}

/* About every second, however often it is called, also after the clock was set back. */
static void ticks(void **state)
{
    (void)state;
    open_with(NULL);
    for (int64_t ms = 100000; ms < 103000; ms += 100)
        message_pipe_tick(pipe_of, ms * 1000000);
    assert_int_equal(out.ticks, 3);
    message_pipe_tick(pipe_of, 5);
    assert_int_equal(out.ticks, 4);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = { TEST(without_a_stage),
                                        TEST(dropped_and_made),
                                        TEST(a_batch_is_processed_once),
                                        TEST(no_memory),
                                        TEST(a_full_batch_is_written),
                                        TEST(what_cannot_be_written_is_kept),
                                        TEST(ticks) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
