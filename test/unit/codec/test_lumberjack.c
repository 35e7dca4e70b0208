/* Lumberjack's frames: bytes in any pieces, limits, faults inside compressed frames, answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/lumberjack.h"

static struct lumberjack_limits limits;
static struct chunk_pool pool;
static struct inflater *inflater;
static struct deflater *deflater;
static struct lumberjack reader;
static uint8_t wire[1 << 20], inner[1 << 20];
static struct buf out, frames;

static int set_up(void **state)
{
    (void)state;
    limits = (struct lumberjack_limits){ 0 };
    lumberjack_limits_default(&limits);
    pool = (struct chunk_pool){ .max_bytes = (size_t)256 << 20 };
    inflater = inflater_new();
    deflater = deflater_new(3);
    lumberjack_init(&reader, &limits, inflater, &pool);
    out = buf_of(wire, sizeof wire);
    frames = buf_of(inner, sizeof inner);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lumberjack_free(&reader);
    chunk_pool_free(&pool);
    assert_int_equal(pool.taken_bytes, 0);
    inflater_free(inflater);
    deflater_free(deflater);
    return 0;
}

static void put_u32(struct buf *b, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_u8(b, (uint8_t)(v >> shift));
}

static void put_item(struct buf *b, const char *s)
{
    put_u32(b, (uint32_t)strlen(s));
    buf_cstr(b, s);
}

/* What the bytes written so far end with, after `events` payloads. */
static enum lumberjack_what ends(unsigned *events, struct lumberjack_item *item)
{
    struct cursor c = cur_of(buf_slice(&out));
    enum lumberjack_what what;
    *events = 0;
    while ((what = lumberjack_next(&reader, &c, item)) == LUMBERJACK_PAYLOAD ||
           what == LUMBERJACK_ANNOUNCED)
        *events += what == LUMBERJACK_PAYLOAD;
    return what;
}

static void assert_fault(enum lumberjack_fault want, unsigned events_before)
{
    struct lumberjack_item item;
    unsigned events;
    assert_int_equal(ends(&events, &item), LUMBERJACK_BAD);
    assert_string_equal(lumberjack_fault_text(item.fault), lumberjack_fault_text(want));
    assert_int_equal(events, events_before);
    assert_int_equal(ends(&events, &item), LUMBERJACK_BAD); /* and so it stays */
    lumberjack_init(&reader, &limits, inflater, &pool);
    buf_reset(&out);
    buf_reset(&frames);
}

static void asks_for_what_is_missing(void **state)
{
    struct lumberjack_item item;
    (void)state;
    lumberjack_put_json(&out, 7, SLICE("{}"));
    buf_cstr(&out, "2D");
    put_u32(&out, 8);
    put_u32(&out, 1);
    put_item(&out, "k");
    put_item(&out, "\"v");
    size_t passed = 0;
    unsigned events = 0;
    for (size_t there = 0; there <= out.n;) {
        struct cursor c = cur_of(slice_of(wire + passed, there - passed));
        enum lumberjack_what what = lumberjack_next(&reader, &c, &item);
        passed = there - cur_left(&c);
        if (what == LUMBERJACK_PAYLOAD) {
            assert_int_equal(item.sequence, 7 + events);
            assert_true(slice_eq(item.payload, events ? SLICE("{\"k\":\"\\\"v\"}") : SLICE("{}")));
            events++;
            continue;
        }
        assert_int_equal(what, LUMBERJACK_MORE);
        if (there == out.n)
            break;
        there = passed + item.need; /* enough steps, and none too far */
        assert_true(there <= out.n || events == 2);
        there = there > out.n ? out.n : there;
    }
    assert_int_equal(events, 2);
}

static void limits_hold(void **state)
{
    (void)state;
    lumberjack_put_window(&out, limits.window + 1);
    assert_fault(LUMBERJACK_WINDOW, 0);
    buf_cstr(&out, "2J");
    put_u32(&out, 1);
    put_u32(&out, limits.frame_bytes + 1);
    assert_fault(LUMBERJACK_LENGTH, 0);
    buf_cstr(&out, "2C");
    put_u32(&out, limits.packed_bytes + 1);
    assert_fault(LUMBERJACK_LENGTH, 0);
    buf_cstr(&out, "2D");
    put_u32(&out, 1);
    put_u32(&out, limits.pairs + 1);
    assert_fault(LUMBERJACK_PAIRS, 0);
    buf_cstr(&out, "1D");
    put_u32(&out, 1);
    put_u32(&out, 1);
    put_item(&out, "k");
    put_u32(&out, limits.item_bytes + 1);
    assert_fault(LUMBERJACK_ITEM, 0);
    struct lumberjack_limits given = limits;
    limits.frame_bytes = limits.item_bytes;
    buf_cstr(&out, "1D"); /* the item may be that long, the frame with it may not */
    put_u32(&out, 1);
    put_u32(&out, 1);
    put_item(&out, "k");
    put_u32(&out, limits.item_bytes);
    assert_fault(LUMBERJACK_LENGTH, 0);
    limits = given;
    buf_cstr(&out, "G");
    assert_fault(LUMBERJACK_VERSION, 0);
    lumberjack_put_json(&out, 1, SLICE("{}"));
    buf_cstr(&out, "2A");
    assert_fault(LUMBERJACK_TYPE, 1);
}

static void a_fault_inside_gives_nothing(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) {
        lumberjack_put_window(&out, 1);
        lumberjack_put_json(&frames, 1, SLICE("{}"));
        buf_cstr(&frames, kind == 0 ? "2X" : kind == 1 ? "9" : "2");
        assert_true(lumberjack_put_compressed(&out, buf_slice(&frames), deflater));
        assert_fault(kind == 0   ? LUMBERJACK_TYPE
                     : kind == 1 ? LUMBERJACK_VERSION
                                 : LUMBERJACK_CUT,
                     0);
    }
    lumberjack_put_json(&frames, 1, SLICE("{}"));
    assert_true(lumberjack_put_compressed(&out, buf_slice(&frames), deflater));
    wire[out.n - 1] ^= 1; /* the checksum */
    assert_fault(LUMBERJACK_DEFLATE, 0);
}

static void nested_frames_keep_their_order(void **state)
{
    static uint8_t deeper[1000];
    struct buf more = buf_of(deeper, sizeof deeper);
    struct lumberjack_item item;
    (void)state;
    lumberjack_put_json(&more, 2, SLICE("2"));
    lumberjack_put_json(&more, 3, SLICE("3"));
    lumberjack_put_json(&frames, 1, SLICE("1"));
    assert_true(lumberjack_put_compressed(&frames, buf_slice(&more), deflater));
    assert_true(lumberjack_put_compressed(&frames, buf_slice(&more), deflater));
    lumberjack_put_json(&frames, 4, SLICE("4"));
    assert_true(lumberjack_put_compressed(&out, buf_slice(&frames), deflater));
    lumberjack_put_json(&out, 5, SLICE("5"));
    struct cursor c = cur_of(buf_slice(&out));
    for (const char *want = "1232345"; *want; want++) {
        assert_int_equal(lumberjack_next(&reader, &c, &item), LUMBERJACK_PAYLOAD);
        assert_int_equal(item.sequence, *want - '0');
        assert_true(slice_eq(item.payload, slice_of(want, 1)));
        assert_int_equal(lumberjack_is_inside(&reader), *want != '5');
    }
    assert_int_equal(lumberjack_next(&reader, &c, &item), LUMBERJACK_MORE);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    lumberjack_put_json(&frames, 1, SLICE("1"));
    for (unsigned depth = 0; depth <= LUMBERJACK_DEPTH_MAX; depth++) {
        buf_reset(&out);
        assert_true(lumberjack_put_compressed(&out, buf_slice(&frames), deflater));
        buf_reset(&frames);
        buf_add(&frames, buf_slice(&out));
    }
    assert_fault(LUMBERJACK_DEPTH, 0);
}

static void bombs_are_stopped(void **state)
{
    (void)state;
    static uint8_t zeroes[900000];
    limits.inflated_bytes = 800000;
    assert_true(lumberjack_put_compressed(&out, slice_of(zeroes, sizeof zeroes), deflater));
    assert_fault(LUMBERJACK_INFLATED, 0);
}

static void waits_without_memory(void **state)
{
    struct lumberjack_item item;
    (void)state;
    lumberjack_put_json(&frames, 1, SLICE("{}"));
    assert_true(lumberjack_put_compressed(&out, buf_slice(&frames), deflater));
    struct cursor c = cur_of(buf_slice(&out));
    pool.max_bytes = 1;
    assert_int_equal(lumberjack_next(&reader, &c, &item), LUMBERJACK_BUSY);
    assert_int_equal(cur_left(&c), out.n);
    pool.max_bytes = 1 << 20;
    assert_int_equal(lumberjack_next(&reader, &c, &item), LUMBERJACK_PAYLOAD);
    assert_int_equal(cur_left(&c), 0);
}

static void answers_are_read_in_both_versions(void **state)
{
    uint32_t sequence = 0;
    bool bad;
    (void)state;
    lumberjack_put_ack(&out, '1', 5);
    lumberjack_put_ack(&out, '2', 0xfffffffe);
    struct cursor c = cur_of(slice_first(buf_slice(&out), 5));
    assert_false(lumberjack_take_ack(&c, &sequence, &bad));
    assert_false(bad);
    c = cur_of(buf_slice(&out));
    assert_true(lumberjack_take_ack(&c, &sequence, &bad) && sequence == 5);
    assert_true(lumberjack_take_ack(&c, &sequence, &bad) && sequence == 0xfffffffe);
    assert_false(lumberjack_take_ack(&c, &sequence, &bad) || bad);
    c = cur_of(SLICE("2W"));
    assert_false(lumberjack_take_ack(&c, &sequence, &bad));
    assert_true(bad);
    c = cur_of(SLICE("H"));
    assert_false(lumberjack_take_ack(&c, &sequence, &bad));
    assert_true(bad);
}

static void speaks_version_1(void **state)
{
    struct lumberjack_item item;
    (void)state;
    buf_cstr(&out, "1W");
    put_u32(&out, 1);
    buf_cstr(&out, "1D");
    put_u32(&out, 1);
    put_u32(&out, 0);
    struct cursor c = cur_of(buf_slice(&out));
    assert_int_equal(lumberjack_next(&reader, &c, &item), LUMBERJACK_ANNOUNCED);
    assert_int_equal(lumberjack_next(&reader, &c, &item), LUMBERJACK_PAYLOAD);
    assert_int_equal(item.version, '1');
    assert_int_equal(item.window, 1);
    assert_true(slice_eq(item.payload, SLICE("{}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asks_for_what_is_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fault_inside_gives_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nested_frames_keep_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(depth_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bombs_are_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_without_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_are_read_in_both_versions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(speaks_version_1, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
