/* Programs: many rules in one text, mistakes with their places, bounds of what rules make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/log.h"
#include "pack/program.h"

static const struct rule_stream streams[] = { { SLICE("s1"), SLICE("Default Stream"), false } };
static const struct rule_env env = {
    .now_ms = 1, .stream = streams, .n_streams = 1, .default_stream = SLICE("s1")
};
static char told[4096];
static unsigned kept, lines;

static void mistake(void *ctx, const struct program_mistake *m)
{
    (void)ctx;
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s %u %u:%u %s\n",
             m->part == PROGRAM_RULE ? "rule" : "pipeline", m->source, m->error->line,
             m->error->col, m->unresolved ? "unresolved" : rule_error_name(m->error->kind));
}

static struct program *load(const char *rules, const char *pipeline, unsigned *mistakes)
{
    static struct program_source rule, line;
    static const struct program_connection connection = { SLICE("s1"), SLICE("p") };
    rule = (struct program_source){ SLICE("r"), slice_cstr(rules) };
    line = (struct program_source){ SLICE("p"), slice_cstr(pipeline) };
    struct program_conf conf = { .rule = &rule,
                                 .n_rules = 1,
                                 .pipeline = &line,
                                 .n_pipelines = 1,
                                 .connection = &connection,
                                 .n_connections = 1,
                                 .mistake = mistake };
    told[0] = '\0';
    struct program *p = program_load(&conf, mistakes);
    assert_non_null(p);
    return p;
}

static void take(void *ctx, struct message *m)
{
    (void)ctx;
    (void)m;
    kept++;
}

static void every_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    unsigned n;
    struct program *p = load("rule \"a\" when true then end\n"
                             "rule \"b\" when nosuch() then end\n"
                             "rule \"c\" when ( then end\n"
                             "// rule \"x\"\n"
                             "rule \"d\" when true then let x = y; end",
                             "pipeline \"p\" stage 1 match all\n rule \"a\"; rule \"z\"; end", &n);
    assert_string_equal(told, "rule 0 2:14 UndeclaredFunction\n"
                              "rule 0 3:16 SyntaxError\n"
                              "rule 0 5:32 UndeclaredVariable\n"
                              "pipeline 0 2:16 unresolved\n");
    assert_int_equal(n, 4);
    assert_int_equal(program_rules(p), 1);
    program_free(p);
}

static void tell(void *ctx, const struct program_event *e)
{
    (void)ctx;
    lines += e->step == PROGRAM_RULE_BEGIN;
}

/* Rules that make messages without an end are stopped, and that is counted. */
static void what_rules_make_is_bounded(void **state)
{
    (void)state;
    unsigned n;
    struct program *p = load("rule \"two\" when true then clone_message(); clone_message(); end",
                             "pipeline \"p\" stage 0 match pass rule \"two\" end", &n);
    struct program_run *r = program_run_new(p);
    struct program_sink sink = { take, NULL };
    struct program_listener listener = { tell, NULL };
    struct arena mem;
    assert_int_equal(n, 0);
    arena_init(&mem, NULL, 0);
    struct message *m = message_new(&mem, 4);
    message_stream(m, SLICE("s1"));
    kept = lines = 0;
    program_run(r, &env, m, &sink, &listener);
    assert_int_equal(kept, PROGRAM_CREATED_MAX + 1);
    assert_int_equal(lines, PROGRAM_CREATED_MAX + 1);
    assert_int_equal(program_created(r), PROGRAM_CREATED_MAX);
    assert_true(program_refused(r) > 0);
    assert_int_equal(program_counts(r)[0].evaluated, PROGRAM_CREATED_MAX + 1);
    assert_true(program_counts(r)[0].failed > 0);
    arena_free(&mem);
    program_run_free(r);
    program_free(p);
}

/* A message that has no memory left is not lost and takes nothing with it. */
static void without_memory_it_goes_on(void **state)
{
    (void)state;
    unsigned n;
    struct program *p =
        load("rule \"a\" when true then clone_message(); set_field(\"x\", concat(\"a\", to_string("
             "$message.message))); end",
             "pipeline \"p\" stage 0 match pass rule \"a\" end", &n);
    struct program_run *r = program_run_new(p);
    struct program_sink sink = { take, NULL };
    for (size_t budget = 1024; budget < 65536; budget += 512) {
        struct arena mem;
        arena_init(&mem, NULL, budget);
        struct message *m = message_new(&mem, 4);
        kept = 0;
        if (m && message_stream(m, SLICE("s1"))) {
            program_run(r, &env, m, &sink, NULL);
            assert_true(kept >= 1);
        }
        arena_free(&mem);
    }
    program_run_free(r);
    program_free(p);
}

/* The times of Beats are read at once; the pattern's own reader must agree, also on what is wrong.
 */
static void common_times_are_read_as_their_pattern_says(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "2024-02-29T23:59:59.999Z", "1969-12-31T23:59:59.001Z", "2023-02-29T00:00:00.000Z",
        "2024-13-01T00:00:00.000Z", "2024-01-01T24:00:00.000Z", "2024-01-01T00:00:60.000Z",
        "1700-01-01T00:00:00.000Z", "2024-01-01t00:00:00.000Z", "2024-01-01T00:00:00.00aZ",
    };
    unsigned n;
    struct program *p =
        load("rule \"a\" when true then set_field(\"a\", parse_date(to_string($message.x), "
             "\"yyyy-MM-dd'T'HH:mm:ss.SSSZ\")); end "
             "rule \"b\" when true then set_field(\"b\", parse_date(to_string($message.x), "
             "\"yyyy-MM-dd'T'HH':'mm':'ss'.'SSSZ\")); end",
             "pipeline \"p\" stage 0 match pass rule \"a\" stage 1 match pass rule \"b\" end", &n);
    struct program_run *r = program_run_new(p);
    struct program_sink sink = { take, NULL };
    assert_int_equal(n, 0);
    for (unsigned i = 0; i < COUNT(texts); i++) {
        struct arena mem;
        arena_init(&mem, NULL, 0);
        struct message *m = message_new(&mem, 4);
        struct value v = { .type = VT_STR, .n = (uint32_t)strlen(texts[i]) };
        v.p = texts[i];
        message_set(m, SLICE("x"), &v);
        message_stream(m, SLICE("s1"));
        program_run(r, &env, m, &sink, NULL);
        const struct value *a = message_get(m, SLICE("a")), *b = message_get(m, SLICE("b"));
        if ((a != NULL) != (b != NULL) || (a && a->i != b->i))
            fail_msg("%s: %lld, %lld", texts[i], a ? (long long)a->i : -1,
                     b ? (long long)b->i : -1);
        arena_free(&mem);
    }
    program_run_free(r);
    program_free(p);
}

/* Runs one rule, r, on m. */
static void run_one(const char *rule, struct message *m, unsigned times)
{
    unsigned n;
    struct program *p = load(rule, "pipeline \"p\" stage 0 match pass rule \"r\" end", &n);
    struct program_run *r = program_run_new(p);
    struct program_sink sink = { take, NULL };
    assert_int_equal(n, 0);
    kept = 0;
    for (unsigned i = 0; i < times; i++)
        program_run(r, &env, m, &sink, NULL);
    assert_int_equal(kept, times);
    program_run_free(r);
    program_free(p);
}

/* A pattern of a message that searches for ever ends at its limit: an error of its message, which
 * goes on with the rest of what it has. */
static void an_endless_search_is_an_error_of_its_message(void **state)
{
    (void)state;
    const char *rule = "rule \"r\" when true then set_field(\"before\", 1);\n"
                       "let m = regex(to_string($message.p), to_string($message.s));\n"
                       "set_field(\"after\", 1); end";
    const char *text[] = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "aaaa" };
    for (unsigned i = 0; i < 2; i++) {
        struct arena mem;
        arena_init(&mem, NULL, 0);
        struct message *m = message_new(&mem, 4);
        struct rule_value p = rule_string(SLICE("(a+)+(b+)?$"));
        struct rule_value s = rule_string(slice_cstr(text[i]));
        struct value stored = value_store(&p, &mem), searched = value_store(&s, &mem);
        message_stream(m, SLICE("s1"));
        message_set(m, SLICE("p"), &stored);
        message_set(m, SLICE("s"), &searched);
        run_one(rule, m, 1);
        assert_non_null(message_get(m, SLICE("before")));
        assert_int_equal(message_get(m, SLICE("after")) != NULL, i == 1);
        assert_int_equal(m->errors != NULL, i == 0);
        arena_free(&mem);
    }
}

static char logged[200];

static void note_line(void *ctx, enum log_level level, const char *area, const char *text)
{
    (void)ctx;
    (void)level;
    snprintf(logged, sizeof logged, "%s %s", area, text);
    lines++;
}

/* debug() writes to the log at its level, and not more than it may in a second. */
static void debug_writes_a_few_lines(void **state)
{
    (void)state;
    const char *rule = "rule \"r\" when true then debug(\"two\\nlines\"); end";
    struct arena mem;
    arena_init(&mem, NULL, 0);
    struct message *m = message_new(&mem, 4);
    message_stream(m, SLICE("s1"));
    enum log_level before = log_get_level();
    log_set_sink(note_line, NULL);
    lines = 0;
    run_one(rule, m, 3);
    assert_int_equal(lines, 0);
    log_set_level(LOG_DEBUG);
    run_one(rule, m, 100);
    log_set_level(before);
    log_set_sink(NULL, NULL);
    assert_int_equal(lines, 20);
    assert_string_equal(logged, "pack debug: two lines");
    arena_free(&mem);
}

/* metric_counter_inc: one name a row, by any number, and no more rows than there are. */
static void what_rules_count_is_bounded(void **state)
{
    (void)state;
    unsigned n;
    struct program *p = load("rule \"r\" when true then metric_counter_inc(\"one\");"
                             "metric_counter_inc(\"five\", 5);"
                             "metric_counter_inc(to_string($message.x), 2); end",
                             "pipeline \"p\" stage 0 match pass rule \"r\" end", &n);
    struct program_run *r = program_run_new(p);
    struct program_sink sink = { take, NULL };
    struct arena mem;
    assert_int_equal(n, 0);
    arena_init(&mem, NULL, 0);
    struct message *m = message_new(&mem, 4);
    message_stream(m, SLICE("s1"));
    assert_null(program_metric(r, 0));
    for (unsigned i = 0; i < PROGRAM_METRICS_MAX; i++) {
        struct rule_value x = rule_long(i);
        struct value stored = value_store(&x, &mem);
        message_set(m, SLICE("x"), &stored);
        program_run(r, &env, m, &sink, NULL);
    }
    assert_string_equal(program_metric(r, 0)->name, "one");
    assert_int_equal(program_metric(r, 0)->value, PROGRAM_METRICS_MAX);
    assert_string_equal(program_metric(r, 1)->name, "five");
    assert_int_equal(program_metric(r, 1)->value, 5 * PROGRAM_METRICS_MAX);
    assert_string_equal(program_metric(r, 2)->name, "0");
    assert_int_equal(program_metric(r, 2)->value, 2);
    assert_null(program_metric(r, PROGRAM_METRICS_MAX));
    assert_int_equal(program_metrics_refused(r), 2);
    arena_free(&mem);
    program_run_free(r);
    program_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_told_with_its_place),
        cmocka_unit_test(what_rules_make_is_bounded),
        cmocka_unit_test(an_endless_search_is_an_error_of_its_message),
        cmocka_unit_test(what_rules_count_is_bounded),
        cmocka_unit_test(debug_writes_a_few_lines),
        cmocka_unit_test(without_memory_it_goes_on),
        cmocka_unit_test(common_times_are_read_as_their_pattern_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
