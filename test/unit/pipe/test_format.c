/* Format strings: fields, defaults, dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pipe/format.h"

static struct arena arena;
static struct why why;
static char text[512];

static err load(const char *format, struct format **f)
{
    struct loading l = { "output.file.codec.format.string", &arena, &why };
    return format_load(format, &l, f);
}

/* Whether all fields were there; the text is in `text`. */
static bool written(const char *format)
{
    struct format *f;
    if (load(format, &f))
        fail_msg("%s", why.text);
    struct event *e = event_make(&arena, 8);
    struct addr a;
    assert_true(addr_parse(SLICE("10.0.0.7"), &a));
    e->ts_ns = 1424218389003000000; /* Wednesday 2015-02-18T00:13:09.003Z */
    event_str(e, &ecs[ECS_STATUS], SLICE("OK"));
    event_int(e, &ecs[ECS_SOURCE_PORT], 443);
    event_ip(e, &ecs[ECS_SOURCE_IP], &a);
    struct buf out = buf_of(text, sizeof text - 1);
    bool all = format_write(f, e, &out);
    assert_false(out.full);
    text[out.n] = '\0';
    return all;
}

static void writes_fields(void **state)
{
    (void)state;
    assert_true(written("%{[source.ip]}:%{[source.port]} is %{[status]}."));
    assert_string_equal(text, "10.0.0.7:443 is OK.");
    assert_true(written("no field at all"));
    assert_string_equal(text, "no field at all");
    assert_true(written(""));
    assert_string_equal(text, "");
}

static void defaults_stand_in(void **state)
{
    (void)state;
    assert_true(written("%{[no.such]:none} %{[status]:bad} %{[no.such]:}"));
    assert_string_equal(text, "none OK ");
    assert_false(written("a%{[no.such]}b"));
}

static void writes_dates(void **state)
{
    (void)state;
    assert_true(written("packetbeat-%{+yyyy.MM.dd}"));
    assert_string_equal(text, "packetbeat-2015.02.18");
    assert_true(written("%{+yy-M-d'T'H:mm:ss.SSS a E EEEE MMM D}"));
    assert_string_equal(text, "15-2-18T0:13:09.003 AM Wed Wednesday Feb 49");
    assert_true(written("%{+xxxx.ww e kk KK hh}"));
    assert_string_equal(text, "2015.08 3 24 00 12");
    assert_true(written("%{[@timestamp]}"));
    assert_string_equal(text, "2015-02-18T00:13:09.003Z");
}

static void refuses(void **state)
{
    (void)state;
    static const char *const cases[] = { "%{[status]", "%{}",    "%{status}", "%{[]}",
                                         "%{[a]x}",    "%{+qq}", "%{+yyyy'x}" };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct format *f;
        if (load(cases[i], &f) != ERR_CONFIG)
            fail_msg("%s was taken", cases[i]);
    }
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    schema_reset();
    schema_freeze();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    schema_reset();
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_fields),
        cmocka_unit_test(defaults_stand_in),
        cmocka_unit_test(writes_dates),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
