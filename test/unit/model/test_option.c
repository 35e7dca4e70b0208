/* Option tables: conversions as Beats does them, one line for every mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codec/yaml.h"
#include "model/option.h"

struct conf {
    bool on;
    int64_t number, wait_ns, size_bytes;
    const char *text;
    struct texts list;
    struct ports ports;
    int kind;
    const struct node *section;
};

static const char *const kinds[] = { "pcap", "af_packet", NULL };

/* clang-format off */
static const struct option table[] = {
    OPT(conf, on, BOOL, "on", "yes", 0, 0, 0, "A switch."),
    OPT(conf, number, INT, "deep.number", "3", 1, 10, 0, "A number."),
    OPT(conf, wait_ns, DURATION, "wait", "1m30s", 0, 0, 0, "A time."),
    OPT(conf, size_bytes, SIZE, "size", "10KiB", 0, 0, 0, "A size."),
    OPT(conf, text, TEXT, "text", NULL, 0, 0, 0, "A text."),
    OPT(conf, list, TEXTS, "list", "a, b", 0, 0, 0, "A list."),
    OPT(conf, ports, PORTS, "ports", "53", 0, 0, 0, "Ports."),
    OPT_NAMES(conf, kind, "kind", "af_packet", kinds, 0, "A kind."),
    OPT(conf, section, NODE, "section", NULL, 0, 0, 0, "A section."),
    { 0 }
};
/* clang-format on */

static struct arena arena;
static struct conf conf;
static struct why why;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    memset(&conf, 0, sizeof conf);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct node *read_yaml(const char *yaml)
{
    struct node *root = NULL;
    assert_int_equal(yaml_read(&arena, slice_cstr(yaml), "f.yml", &root, &why), ERR_OK);
    return root;
}

static err load(const char *yaml)
{
    return option_load(table, read_yaml(yaml), &conf, &(struct loading){ "top", &arena, &why });
}

static void defaults_run_through_the_parser(void **state)
{
    (void)state;
    assert_int_equal(load(""), ERR_OK);
    assert_true(conf.on);
    assert_int_equal(conf.number, 3);
    assert_int_equal(conf.wait_ns, 90000000000);
    assert_int_equal(conf.size_bytes, 10240);
    assert_null(conf.text);
    assert_int_equal(conf.list.n, 2);
    assert_string_equal(conf.list.v[1], "b");
    assert_int_equal(conf.ports.n, 1);
    assert_int_equal(conf.ports.v[0], 53);
    assert_int_equal(conf.kind, 1);
    assert_null(conf.section);
}

static void values_are_coerced(void **state)
{
    (void)state;
    assert_int_equal(load("on: 'false'\ndeep:\n  number: '7'\nwait: 5\ntext: 12\nlist: one\n"
                          "ports: ['80', 443]\nkind: pcap\nsection: {a: 1}\nsize: 2MB\n"),
                     ERR_OK);
    assert_false(conf.on);
    assert_int_equal(conf.number, 7);
    assert_int_equal(conf.wait_ns, 5000000000);
    assert_string_equal(conf.text, "12");
    assert_int_equal(conf.list.n, 1);
    assert_int_equal(conf.ports.n, 2);
    assert_int_equal(conf.ports.v[0], 80);
    assert_int_equal(conf.kind, 0);
    assert_int_equal(conf.section->type, NODE_MAP);
    assert_int_equal(conf.size_bytes, 2000000);
}

static void mistakes_name_place_value_and_mend(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *says;
    } cases[] = {
        { "wait: soon\n", "f.yml:1:7: top.wait: 'soon' is not a duration like 10s or 1m30s" },
        { "on: maybe\n", "f.yml:1:5: top.on: 'maybe' is not true or false" },
        { "deep:\n  number: 11\n",
          "f.yml:2:11: top.deep.number: '11' is not a whole number between 1 and 10" },
        { "ports: [70000]\n",
          "f.yml:1:8: top.ports: 'a list' is not a list of ports from 0 to 65535" },
        { "kind: xdp\n", "f.yml:1:7: top.kind: 'xdp' is not one of pcap, af_packet" },
        { "text: [a]\n", "f.yml:1:7: top.text: 'a list' is not a text" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(load(cases[i].yaml), ERR_CONFIG);
        assert_string_equal(why.text, cases[i].says);
    }
}

static void required_must_be_there(void **state)
{
    (void)state;
    static const struct option one[] = {
        OPT(conf, text, TEXT, "path", NULL, 0, 0, OPT_REQUIRED, "Where it goes."), { 0 }
    };
    assert_int_equal(option_load(one, NULL, &conf, &(struct loading){ "output", &arena, &why }),
                     ERR_CONFIG);
    assert_string_equal(why.text, "output.path is missing: Where it goes.");
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
    } cases[] = {
        { "10s", 10000000000 },
        { "1.5h", 5400000000000 },
        { "100ms", 100000000 },
        { "90", 90000000000 },
        { "1h1m1s", 3661000000000 },
        { "5us", 5000 },
        { "5µs", 5000 },
        { "", -1 },
        { "s", -1 },
        { "1x", -1 },
        { "1h5", -1 },
        { "1..5s", -1 },
        { "9999999999h", -1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ns = -1;
        bool ok = duration_parse(slice_cstr(cases[i].text), &ns);
        assert_int_equal(ok, cases[i].ns != -1);
        if (ok)
            assert_int_equal(ns, cases[i].ns);
    }
    int64_t ns;
    assert_true(duration_parse(SLICE("-1s"), &ns));
    assert_int_equal(ns, -1000000000);
}

static void unknown_keys_get_the_nearest_name(void **state)
{
    (void)state;
    const struct option *const tables[] = { table, NULL };
    struct node *root = read_yaml("on: 1\nwiat: 3s\ndeep: {number: 1}\nquite_other_thing: 1\n");
    const char *nearest = NULL;
    const struct node *n = option_unknown(tables, root, NULL, &nearest);
    assert_string_equal(n->key, "wiat");
    assert_string_equal(nearest, "wait");
    n = option_unknown(tables, root, n, &nearest);
    assert_string_equal(n->key, "quite_other_thing");
    assert_null(nearest);
    assert_null(option_unknown(tables, root, n, &nearest));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(defaults_run_through_the_parser),
        T(values_are_coerced),
        T(mistakes_name_place_value_and_mend),
        T(required_must_be_there),
        T(durations),
        T(unknown_keys_get_the_nearest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
