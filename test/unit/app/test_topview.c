/* The screen of `wirelume top`: it fits, whatever it is told; rates; sorting; hostile texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/topview.h"
#include "codec/json.h"

static struct arena arena;
static struct why why;
static uint8_t text[256 * 1024];
static struct buf out;
static struct topview view;

static const struct node *json(const char *s)
{
    struct node *n;
    if (json_read(&arena, slice_cstr(s), "t", &n, &why))
        fail_msg("%s", why.text);
    return n;
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    out = buf_of(text, sizeof text - 1);
    view = (struct topview){ .host = "here", .seconds = 2, .glance = json("{}") };
    view.before = json("{\"wirelume\":{\"capture\":{\"packets\":100,\"kernel_drops\":5},"
                       "\"dns\":{\"messages\":0,\"events\":0},\"icmp\":{\"bad\":0}}}");
    view.now = json("{\"wirelume\":{\"capture\":{\"packets\":1100,\"kernel_drops\":9},"
                    "\"dns\":{\"messages\":40,\"events\":20},\"icmp\":{\"bad\":6}},"
                    "\"libbeat\":{\"output\":{\"type\":\"file\"}}}");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const char *write_plain(unsigned rows, unsigned cols)
{
    buf_reset(&out);
    topview_write(&out, &view, rows, cols, true);
    assert_false(out.full);
    text[out.n] = '\0';
    return (const char *)text;
}

static void expect(const char *part)
{
    const char *all = write_plain(1000, 200);
    if (!strstr(all, part))
        fail_msg("no \"%s\" in\n%s", part, all);
}

static void rates_are_differences(void **state)
{
    (void)state;
    expect("packets 500/s");
    expect("kernel 9 (+2/s)");
    expect("output file");
    view.before = NULL;
    expect("packets 0/s");
    view.before = view.now; /* it began anew: nothing is negative */
    view.now = json("{\"wirelume\":{\"capture\":{\"packets\":3}}}");
    expect("packets 0/s");
}

static void protocols_are_sorted(void **state)
{
    (void)state;
    static const char *const first[TOP_SORTS] = { "dns ", "dns ", "icmp ", "dns " };
    for (view.sort = 0; view.sort < TOP_SORTS; view.sort++) {
        const char *table = strstr(write_plain(1000, 200), "PROTOCOL");
        const char *row = strchr(table, '\n') + 1;
        assert_int_equal(strncmp(row, first[view.sort], strlen(first[view.sort])), 0);
    }
}

/* As many talkers and slow transactions as there may be. */
static void fill_glance(const char *query)
{
    static char long_text[65536];
    int n = snprintf(long_text, sizeof long_text, "{\"seconds\":10,\"talkers\":[");
    for (unsigned i = 0; i < 16; i++)
        n += snprintf(long_text + n, sizeof long_text - (size_t)n,
                      "%s{\"address\":\"2001:db8:1111:2222:3333:4444:5555:%x\",\"bytes\":%u}",
                      i ? "," : "", 0xf000 + i, 1000000000 + i);
    n += snprintf(long_text + n, sizeof long_text - (size_t)n, "],\"slow\":[");
    for (unsigned i = 0; i < 16; i++)
        n += snprintf(
            long_text + n, sizeof long_text - (size_t)n,
            "%s{\"duration_ns\":%u,\"type\":\"http\",\"server\":\"10.0.0.1\",\"query\":\"%s\"}",
            i ? "," : "", 1000000 * i, query);
    snprintf(long_text + n, sizeof long_text - (size_t)n, "]}");
    view.glance = json(long_text);
}

static unsigned count_lines(const char *all, unsigned cols)
{
    unsigned lines = 0;
    for (const char *p = all; *p; lines++) {
        const char *end = strchr(p, '\n');
        assert_non_null(end);
        unsigned width = 0;
        for (; p < end; p++)
            width += (*p & 0xc0) != 0x80;
        assert_true(width <= cols);
        p = end + 1;
    }
    return lines;
}

static void it_fits_every_terminal(void **state)
{
    (void)state;
    char query[400];
    memset(query, 'q', sizeof query - 1);
    query[sizeof query - 1] = '\0';
    fill_glance(query);
    view.trouble = "it does not answer";
    assert_int_equal(count_lines(write_plain(24, 80), 80), 24);
    assert_non_null(strstr((const char *)text, "SLOWEST"));
    assert_non_null(strstr((const char *)text, "TALKER"));
    for (unsigned rows = 0; rows < 60; rows++)
        for (unsigned cols = 0; cols < 120; cols += 7)
            assert_true(count_lines(write_plain(rows, cols), cols) <= rows);
}

/* What was captured, or another program answers, must not steer the terminal. */
static void texts_do_not_move_the_cursor(void **state)
{
    (void)state;
    fill_glance("\\u001b[2Jx\\u0007\\u009b31m\\u00e9");
    const char *all = write_plain(1000, 200);
    assert_null(strchr(all, 0x1b));
    assert_null(strchr(all, 0x07));
    assert_null(strstr(all, "\xc2\x9b"));
    assert_non_null(strstr(all, ".[2Jx."));
    assert_non_null(strstr(all, "\xc3\xa9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rates_are_differences, setup, teardown),
        cmocka_unit_test_setup_teardown(protocols_are_sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(it_fits_every_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_do_not_move_the_cursor, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
