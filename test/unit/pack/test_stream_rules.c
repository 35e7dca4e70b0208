/* Stream rules: each type, inverted, missing fields, AND and OR, the default stream, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/log.h"
#include "pack/stream_rules.h"

#define DEFAULT_ID "000000000000000000000001"
#define STREAM_ID  "0000000000000000000000aa"

static struct arena arena;
static struct message *m;
static struct stream_rule rule[4];
static struct stream_def def[2];
static char said[1024];

static void sink(void *ctx, enum log_level level, const char *area, const char *text)
{
    (void)ctx, (void)level, (void)area;
    snprintf(said, sizeof said, "%s", text);
}

static void set(const char *name, struct value v)
{
    assert_true(message_set(m, slice_cstr(name), &v));
}

static struct value text(const char *s)
{
    return (struct value){ .type = VT_STR, .n = (uint32_t)strlen(s), .p = s };
}

static void fresh(void)
{
    m = message_new(&arena, 8);
    set("source", text("host1"));
    set("message", text("a line\nand another"));
    set("word", text(" some Words "));
    set("blank", text("x"));
    set("n", (struct value){ .type = VT_INT, .i = 12 });
    set("d", (struct value){ .type = VT_DOUBLE, .d = 2.5 });
    set("t", text("7.25"));
    m->origin.input = "beats";
    message_stream(m, SLICE(DEFAULT_ID));
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    log_set_sink(sink, NULL);
    said[0] = '\0';
    def[0] = (struct stream_def){ .id = DEFAULT_ID, .title = "Default", .is_default = true };
    def[1] = (struct stream_def){ .id = STREAM_ID, .title = "S", .rule = rule, .n_rules = 1 };
    fresh();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    arena_free(&arena);
    return 0;
}

static bool is_in(const char *id)
{
    for (unsigned i = 0; i < m->n_streams; i++)
        if (slice_eq(m->streams[i], slice_cstr(id)))
            return true;
    return false;
}

static bool matches(void)
{
    fresh();
    struct stream_rules *r = stream_rules_make(def, 2, &arena);
    assert_non_null(r);
    stream_rules_run(r, m);
    return is_in(STREAM_ID);
}

static void check(int type, const char *field, const char *value, bool yes)
{
    rule[0] = (struct stream_rule){ type, false, slice_cstr(field), slice_cstr(value), "" };
    if (matches() != yes)
        fail_msg("type %d of %s with \"%s\" is not %d", type, field, value, yes);
    rule[0].inverted = true;
    bool number = type == STREAM_RULE_GREATER || type == STREAM_RULE_SMALLER;
    bool gone = strcmp(field, "missing") == 0 || strcmp(field, "word") == 0;
    if (matches() != (number && gone ? false : !yes))
        fail_msg("type %d of %s with \"%s\", inverted", type, field, value);
}

static void test_types(void **state)
{
    (void)state;
    check(STREAM_RULE_EXACT, "word", "some Words", true);
    check(STREAM_RULE_EXACT, "word", "some words", false);
    check(STREAM_RULE_EXACT, "n", "12", true);
    check(STREAM_RULE_EXACT, "source", "host1", true);
    check(STREAM_RULE_EXACT, "missing", "", false);
    check(STREAM_RULE_REGEX, "message", "line.and", true); /* . is a line end too */
    check(STREAM_RULE_REGEX, "message", "^and", false);
    check(STREAM_RULE_REGEX, "missing", ".*", false);
    check(STREAM_RULE_GREATER, "n", "11.5", true);
    check(STREAM_RULE_GREATER, "n", "12", false);
    check(STREAM_RULE_GREATER, "t", "7", true);
    check(STREAM_RULE_GREATER, "missing", "7", false);
    check(STREAM_RULE_GREATER, "word", "7", false);
    check(STREAM_RULE_SMALLER, "d", "2.6", true);
    check(STREAM_RULE_SMALLER, "d", "2.5", false);
    check(STREAM_RULE_PRESENCE, "n", "", true);
    check(STREAM_RULE_PRESENCE, "missing", "", false);
    check(STREAM_RULE_CONTAINS, "word", "me Wo", true);
    check(STREAM_RULE_CONTAINS, "word", "me wo", false);
    check(STREAM_RULE_CONTAINS, "missing", "", false);
    check(STREAM_RULE_ALWAYS, "", "", true);
    check(STREAM_RULE_INPUT, "", "beats", true);
    check(STREAM_RULE_INPUT, "", "gelf", false);
}

static void test_unusable(void **state)
{
    (void)state;
    rule[0] = (struct stream_rule){ STREAM_RULE_REGEX, true, SLICE("word"), SLICE("(a"), "" };
    assert_false(matches());
    assert_non_null(strstr(said, "never matches"));
    rule[0] = (struct stream_rule){ STREAM_RULE_SMALLER, true, SLICE("n"), SLICE("many"), "" };
    assert_false(matches());
    rule[0] = (struct stream_rule){ 9, true, SLICE("n"), SLICE(""), "" };
    assert_false(matches());
}

static void test_and_or(void **state)
{
    (void)state;
    rule[0] = (struct stream_rule){ STREAM_RULE_EXACT, false, SLICE("n"), SLICE("12"), "" };
    rule[1] = (struct stream_rule){ STREAM_RULE_EXACT, false, SLICE("n"), SLICE("13"), "" };
    def[1].n_rules = 2;
    assert_false(matches());
    def[1].match_any = true;
    assert_true(matches());
    rule[0].value = SLICE("14");
    assert_false(matches());
    rule[1].inverted = rule[0].inverted = true;
    def[1].match_any = false;
    assert_true(matches());
    def[1].paused = true;
    assert_false(matches());
    def[1].paused = false;
    def[1].n_rules = 0; /* without rules it matches nothing */
    assert_false(matches());
}

static void test_default_stream(void **state)
{
    (void)state;
    rule[0] = (struct stream_rule){ .type = STREAM_RULE_ALWAYS };
    assert_true(matches());
    assert_true(is_in(DEFAULT_ID));
    def[1].remove_from_default = true;
    assert_true(matches());
    assert_false(is_in(DEFAULT_ID));
    rule[0].inverted = true;
    assert_false(matches());
    assert_true(is_in(DEFAULT_ID));
}

/* A pattern that never ends is stopped, and after three times its stream is off. */
static void test_faults(void **state)
{
    (void)state;
    rule[0] =
        (struct stream_rule){ STREAM_RULE_REGEX, false, SLICE("evil"), SLICE("^(a|aa)+$"), "" };
    struct stream_rules *r = stream_rules_make(def, 2, &arena);
    for (unsigned i = 1; i <= 4; i++) {
        fresh();
        set("evil", text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"));
        stream_rules_run(r, m);
        assert_false(is_in(STREAM_ID));
        assert_int_equal(stream_rules_disabled(r), i >= 3);
    }
    fresh();
    set("evil", text("aaa"));
    stream_rules_run(r, m);
    assert_false(is_in(STREAM_ID));
    assert_non_null(strstr(said, "is off until the next start"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = { T(test_types), T(test_unusable), T(test_and_or),
                                        T(test_default_stream), T(test_faults) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
