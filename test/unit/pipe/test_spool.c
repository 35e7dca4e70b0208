/* A queue on disk before an output: order, failures of either, what is passed and when. The queue
 * is an array here; test_diskqueue.c has the journal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "pipe/spool.h"

#define LINES 4096

/* ---- the queue */

static char kept[LINES][16];
static unsigned n_kept, next_kept, passed, room;
static err put_fails;

static err fake_put(void *ctx, const struct slice *lines, unsigned *n, struct why *w)
{
    (void)ctx;
    if (put_fails) {
        *n = 0;
        return why_set(w, put_fails, "the disk is broken");
    }
    unsigned some = *n < room ? *n : room;
    for (unsigned i = 0; i < some; i++)
        snprintf(kept[n_kept++], sizeof kept[0], "%.*s", (int)lines[i].n, (const char *)lines[i].p);
    room -= some;
    bool all = some == *n;
    *n = some;
    return all ? ERR_OK : why_set(w, ERR_LIMIT, "full");
}

static bool fake_next(void *ctx, uint64_t *number, struct slice *line, err *rc, struct why *w)
{
    (void)ctx, (void)w;
    *rc = ERR_OK;
    while (next_kept < n_kept && !kept[next_kept][0])
        next_kept++; /* damaged */
    if (next_kept == n_kept)
        return false;
    *line = slice_cstr(kept[next_kept++]);
    *number = next_kept;
    return true;
}

static err fake_rewind(void *ctx, struct why *w)
{
    (void)ctx, (void)w;
    next_kept = passed;
    return ERR_OK;
}

static err fake_pass(void *ctx, uint64_t number, struct why *w)
{
    (void)ctx, (void)w;
    assert_true(number > passed && number <= n_kept);
    passed = (unsigned)number;
    return ERR_OK;
}

static void fake_state(void *ctx, struct queue_state *out)
{
    (void)ctx;
    out->unread = n_kept - next_kept;
}

static const struct queue queue = { .where = "here",
                                    .line_bytes = 12,
                                    .put = fake_put,
                                    .next = fake_next,
                                    .rewind = fake_rewind,
                                    .pass = fake_pass,
                                    .state = fake_state };

/* ---- the outputs: one that syncs, one that holds */

static char seen[LINES][16];
static unsigned n_seen, synced, acknowledged, held_room;
static err write_fails, sync_fails;

static err keep_write(void *ctx, const struct event *e, struct slice line, struct why *w)
{
    (void)ctx;
    assert_null(e);
    if (write_fails)
        return why_set(w, write_fails, "broken");
    if (slice_eq(line, SLICE("large")))
        return why_set(w, ERR_LIMIT, "too large");
    snprintf(seen[n_seen++], sizeof seen[0], "%.*s", (int)line.n, (const char *)line.p);
    held_room -= held_room > 0;
    return ERR_OK;
}

static err keep_flush(void *ctx, struct why *w)
{
    (void)ctx, (void)w;
    return ERR_OK;
}

static err keep_sync(void *ctx, struct why *w)
{
    (void)ctx;
    if (sync_fails) {
        n_seen = synced; /* what was written is undone */
        return why_set(w, sync_fails, "broken");
    }
    synced = n_seen;
    return ERR_OK;
}

static bool keep_room(void *ctx)
{
    (void)ctx;
    return held_room > 0;
}

static uint64_t keep_done(void *ctx)
{
    (void)ctx;
    return acknowledged;
}

static const struct output file = {
    .name = "keeper", .write = keep_write, .flush = keep_flush, .sync = keep_sync
};
static const struct holding holding = { .has_room = keep_room, .done = keep_done };
static const struct output held = {
    .name = "holder", .write = keep_write, .flush = keep_flush, .holding = &holding
};

/* ---- */

static struct queue_conf conf;
static struct counters counters;
static struct spool s;
static struct why why;

static int setup(void **state)
{
    (void)state;
    conf = (struct queue_conf){ .disk = &queue, .read_ahead = 4, .write_ahead = 8 };
    memset(&counters, 0, sizeof counters);
    n_kept = next_kept = passed = n_seen = synced = acknowledged = 0;
    room = LINES;
    held_room = LINES;
    put_fails = write_fails = sync_fails = ERR_OK;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    spool_free(&s);
    return 0;
}

static void add(unsigned from, unsigned to)
{
    char text[16];
    for (unsigned i = from; i < to; i++) {
        snprintf(text, sizeof text, "%u", i);
        spool_add(&s, slice_cstr(text), &counters);
    }
}

static void work(bool all)
{
    assert_int_equal(spool_work(&s, all, &counters, &why), ERR_OK);
}

static void expect_in_order(unsigned n)
{
    char text[16];
    assert_int_equal(n_seen, n);
    for (unsigned i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%u", i);
        assert_string_equal(seen[i], text);
    }
}

static void goes_to_disk_in_groups_and_on(void **state)
{
    (void)state;
    spool_init(&s, &conf, &file, NULL);
    add(0, 5);
    work(false);
    assert_int_equal(n_kept, 0); /* more may come */
    add(5, 9);
    work(false);
    assert_int_equal(n_kept, 9);
    add(9, 10);
    work(true);
    while (spool_is_busy(&s))
        work(true);
    expect_in_order(10);
    assert_int_equal(passed, 10);
    assert_int_equal(spool_held(&s), 0);
    assert_int_equal(counter_get(&counters, COUNTER_QUEUE_ADDED), 10);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_WRITTEN), 10);
}

static void a_broken_disk_keeps_events_and_the_worker_waits(void **state)
{
    (void)state;
    spool_init(&s, &conf, &file, NULL);
    put_fails = ERR_IO;
    add(0, 9);
    work(true);
    assert_int_equal(n_kept, 0);
    assert_int_equal(spool_held(&s), 9);
    assert_false(spool_has_room(&s));
    put_fails = ERR_OK;
    work(true);
    expect_in_order(9);
    assert_true(spool_has_room(&s));
    assert_int_equal(counter_get(&counters, COUNTER_QUEUE_ERRORS), 1);
}

static void a_full_queue_takes_what_fits(void **state)
{
    (void)state;
    spool_init(&s, &conf, &held, NULL);
    held_room = 0;
    room = 3;
    add(0, 9);
    work(true);
    work(true);
    assert_int_equal(n_kept, 3);
    assert_int_equal(spool_held(&s), 9);
    assert_int_equal(counter_get(&counters, COUNTER_QUEUE_FULL), 1);
    room = LINES;
    held_room = LINES;
    work(true);
    acknowledged = 9;
    work(true);
    expect_in_order(9);
    assert_int_equal(passed, 9);
}

static void what_was_not_synced_is_written_again(void **state)
{
    (void)state;
    spool_init(&s, &conf, &file, NULL);
    add(0, 3);
    work(true);
    sync_fails = ERR_IO;
    add(3, 9);
    work(true);
    assert_int_equal(passed, 3);
    sync_fails = ERR_OK;
    write_fails = ERR_IO;
    work(true);
    assert_int_equal(passed, 3);
    write_fails = ERR_OK;
    do
        work(true);
    while (spool_is_busy(&s));
    expect_in_order(9);
    assert_int_equal(passed, 9);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_WRITTEN), 9);
}

static void only_what_is_acknowledged_is_passed(void **state)
{
    (void)state;
    spool_init(&s, &conf, &held, NULL);
    held_room = 5;
    add(0, 9);
    work(true);
    while (spool_is_busy(&s))
        work(true);
    assert_int_equal(n_seen, 5);
    assert_int_equal(passed, 0);
    acknowledged = 5;
    work(true);
    assert_int_equal(passed, 5);
    s.stays = true; /* the end */
    assert_int_equal(spool_held(&s), 0);
    held_room = 5;
    work(true);
    assert_int_equal(n_seen, 5);
}

static void lines_that_are_lost_do_not_shift_the_rest(void **state)
{
    (void)state;
    spool_init(&s, &conf, &held, NULL);
    put_fails = ERR_OK;
    held_room = 0;
    add(0, 6);
    work(true);
    kept[2][0] = kept[3][0] = '\0';
    held_room = LINES;
    work(true);
    assert_int_equal(n_seen, 2); /* until those before the gap are done with */
    assert_false(spool_is_busy(&s));
    acknowledged = 2;
    work(true);
    assert_int_equal(passed, 2);
    work(true);
    assert_int_equal(n_seen, 4);
    acknowledged = 3;
    s.passed_ns = 0;
    work(true);
    assert_int_equal(passed, 5);
    acknowledged = 4;
    work(true);
    assert_int_equal(passed, 6);
}

static void what_the_output_never_takes_is_dropped_and_counted(void **state)
{
    (void)state;
    spool_init(&s, &conf, &file, NULL);
    add(0, 1);
    spool_add(&s, SLICE("large"), &counters);
    spool_add(&s, SLICE("thirteen byte"), &counters); /* more than the queue takes */
    add(1, 3);
    work(true);
    while (spool_is_busy(&s))
        work(true);
    expect_in_order(3);
    assert_int_equal(passed, 4);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_FAILED), 2);
    assert_int_equal(spool_held(&s), 0);
}

static void nobody_reads_any_more(void **state)
{
    (void)state;
    spool_init(&s, &conf, &file, NULL);
    write_fails = ERR_END;
    add(0, 1);
    assert_int_equal(spool_work(&s, true, &counters, &why), ERR_END);
    assert_int_equal(passed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goes_to_disk_in_groups_and_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_disk_keeps_events_and_the_worker_waits, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_queue_takes_what_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_not_synced_is_written_again, setup, teardown),
        cmocka_unit_test_setup_teardown(only_what_is_acknowledged_is_passed, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_that_are_lost_do_not_shift_the_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_output_never_takes_is_dropped_and_counted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nobody_reads_any_more, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
