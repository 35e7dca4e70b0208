/* Packs as content packs: one of each kind of entity to the byte, the Packetbeat pack by what must
 * hold of it, and what is refused. BLESS=1 writes the golden document anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/exported.h"
#include "os/file.h"

#define GOLDEN   "test/pack/export/small.json"
#define FILE_MAX ((size_t)1 << 20)

static struct exported e, f;
static char folder[] = "/tmp/export-XXXXXX";

/* ---- the small pack, to the byte */

static void golden(void **state)
{
    struct slice want;
    struct why w;
    (void)state;
    exported_make(&e, "test/pack/export", "small", "", EXPORT_STREAM);
    if (getenv("BLESS"))
        assert_int_equal(file_replace(GOLDEN, e.text, 0644, &w), ERR_OK);
    assert_int_equal(file_read(&e.mem, GOLDEN, FILE_MAX, &want, &w), ERR_OK);
    assert_int_equal(e.text.n, want.n);
    assert_memory_equal(e.text.p, want.p, want.n);
    exported_free(&e);
}

/* Whatever memory is refused: it is said, and what is written is whole. */
static void memory_is_out(void **state)
{
    struct export_result result;
    unsigned done = 0;
    (void)state;
    exported_make(&e, "test/pack/export", "small", "", EXPORT_STREAM);
    struct arena *mem = &e.packs->mem;
    uint8_t *room = arena_alloc(&e.mem, FILE_MAX);
    for (size_t budget = 0; budget < (size_t)2 << 20; budget += 20000) {
        struct buf out = buf_of(room, FILE_MAX);
        e.wrong.n = 0;
        mem->full = false;
        mem->max_bytes = mem->used_bytes + budget;
        bool made = pack_export(e.packs, &e.conf, &out, &result, &e.wrong);
        assert_int_equal(made, e.wrong.n == 0);
        assert_true(!made || slice_eq(buf_slice(&out), e.text));
        done += made;
    }
    assert_true(done > 0);
    exported_free(&e);
}

static const char *of_stream(const char *type, const char *key)
{
    return exported_text(exported_entity(&e, type, 0), key);
}

static void streams_by_title(void **state)
{
    (void)state;
    exported_make(&e, "test/pack/export", "small", "", EXPORT_STREAM_TITLE);
    exported_make(&f, "test/pack/export", "small", "", EXPORT_STREAM);
    assert_null(exported_entity(&e, "stream", 0));
    assert_string_equal(of_stream("stream_title", "title"), "Small offices");
    assert_string_equal(of_stream("stream_title", "description"), "");
    /* both may be uploaded beside each other */
    assert_string_not_equal(exported_text(e.root, "id"), exported_text(f.root, "id"));
    exported_free(&e);
    exported_free(&f);
}

static unsigned notes_with(const char *text)
{
    unsigned n = 0;
    for (unsigned i = 0; i < e.result.n_notes && i < EXPORT_NOTES_MAX; i++)
        n += strstr(e.result.note[i], text) != NULL;
    return n;
}

static void settings_decide(void **state)
{
    (void)state;
    exported_make(&e, "test/pack/export", "small", "mark: true", EXPORT_STREAM);
    exported_make(&f, "test/pack/export", "small", "", EXPORT_STREAM);
    assert_int_equal(e.result.rules, 3);
    assert_int_equal(f.result.rules, 2);
    assert_int_equal(f.result.patterns, 2);
    assert_string_equal(exported_text(exported_entity(&f, "grok_pattern", 1), "pattern"),
                        "[0-9]{1,2}");
    assert_string_not_equal(exported_text(e.root, "id"), exported_text(f.root, "id"));
    assert_int_equal(notes_with("a stream \"Somebody else's\""), 1);
    assert_int_equal(notes_with("a lookup table `somebody_elses`"), 1);
    assert_int_equal(notes_with("small_names"), 1);
    exported_free(&e);
    exported_free(&f);
}

/* ---- the Packetbeat pack */

static void check_packetbeat(const char *settings, enum export_variant variant)
{
    exported_make(&e, "packs", "packetbeat", settings, variant);
    exported_check(&e, settings);
    assert_int_equal(e.failed, 0);
    assert_true(e.passed > 2000);
    assert_int_equal(e.result.widgets, 16);
    assert_int_equal(e.result.streams, 1);
    exported_free(&e);
}

static void packetbeat(void **state)
{
    (void)state;
    check_packetbeat("", EXPORT_STREAM);
}

static void packetbeat_with_all_settings(void **state)
{
    (void)state;
    check_packetbeat("profile: extended, keep_original: true, dns_error_code: true, unmapped: "
                     "vendor, networks: test/pack/enrichment/networks.csv",
                     EXPORT_STREAM_TITLE);
}

static void twice_the_same(void **state)
{
    (void)state;
    exported_make(&e, "packs", "packetbeat", "", EXPORT_STREAM);
    exported_make(&f, "packs", "packetbeat", "", EXPORT_STREAM);
    assert_int_equal(e.text.n, f.text.n);
    assert_memory_equal(e.text.p, f.text.p, e.text.n);
    exported_free(&f);
    /* another profile: the same rule has the same id, the pack another one */
    exported_make(&f, "packs", "packetbeat", "profile: extended", EXPORT_STREAM);
    const struct node *a = node_get(e.root, "entities"), *b = node_get(f.root, "entities");
    const char *id = exported_text(a->child, "id");
    assert_string_equal(id, exported_text(b->child, "id"));
    assert_string_not_equal(exported_text(e.root, "id"), exported_text(f.root, "id"));
    exported_free(&e);
    exported_free(&f);
}

/* ---- what is refused */

static void put(const char *name, const char *text)
{
    char path[400];
    struct why w;
    snprintf(path, sizeof path, "%s/bad/%s", folder, name);
    assert_int_equal(file_replace(path, slice_cstr(text), 0600, &w), ERR_OK);
}

#define HEAD  "name: bad\nversion: 1.0\n"
#define BOARD "title: b\ntabs:\n- title: t\n  widgets:\n  - "
#define RULE  "rule \"r\"\nwhen true\nthen\n  set_field(\"a\", 1);\nend\n"

static int set_up(void **state)
{
    char path[400];
    struct why w;
    (void)state;
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    if (!mkdtemp(folder))
        return -1;
    static const char *const names[] = { "rules", "pipelines", "lookups/more" };
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/bad/%s", folder, names[i]);
        if (file_make_folder(path, 0700, &w))
            return -1;
    }
    put("pack.yml", HEAD);
    put("rules/r.rule", RULE);
    put("lookups/a.csv", "key,value\na,b\n");
    put("lookups/more/a.csv", "key,value\na,c\n");
    put("pipelines/p.pipeline", "pipeline \"p\"\nstage 0 match pass\n  rule \"r\";\nend\n");
    return 0;
}

static int tear_down(void **state)
{
    char command[400];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void expect_refused(const char *place, const char *what)
{
    exported_make(&e, folder, "bad", "", EXPORT_STREAM);
    assert_null(e.root);
    assert_int_equal(e.wrong.n, 1);
    if (!strstr(e.wrong.v[0], place) || !strstr(e.wrong.v[0], what))
        fail_msg("%s: not %s … %s", e.wrong.v[0], place, what);
    exported_free(&e);
}

static void refuses_tables(void **state)
{
    (void)state;
    put("pack.yml", HEAD "tables:\n- name: m\n  adapter: {type: memory, entries: {a: b}}\n");
    expect_refused("pack.yml:4:3", "table m: a Graylog without a licence");
    put("pack.yml", HEAD "tables:\n- {name: a, adapter: {type: csvfile, path: lookups/a.csv}}\n"
                         "- {name: b, adapter: {type: csvfile, path: lookups/more/a.csv}}\n");
    expect_refused("pack.yml:5:3", "lookups/a.csv and lookups/more/a.csv would be one file");
    put("pack.yml",
        HEAD "tables:\n- {name: a, adapter: {type: csvfile, path: \"\"}, default_single: x}\n");
    expect_refused("pack.yml:4:3", "has a default but no file");
    put("pack.yml", HEAD "tables:\n- {name: a, adapter: {type: csvfile, path: lookups/a.csv}}\n");
    put("lookups/a.csv", "\xef\xbb\xbfkey,value\na,b\n");
    expect_refused("lookups/a.csv:1:1", "byte-order mark");
    put("lookups/a.csv", "key,value\na,\"b\n\nc\"\n\r\nd,e\n");
    expect_refused("lookups/a.csv:5:1", "an empty line");
}

static void streams_of_one_title(void **state)
{
    (void)state;
    put("stream.yml", "- title: Default Stream\n- {title: a, description: one}\n"
                      "- {title: a, description: two}\n- title: b\n");
    exported_make(&e, folder, "bad", "", EXPORT_STREAM);
    assert_int_equal(e.result.streams, 2);
    assert_string_equal(of_stream("stream", "description"), "one");
    exported_free(&e);
}

static void refuses_versions(void **state)
{
    (void)state;
    put("pack.yml", "name: bad\nversion: beta\n");
    expect_refused("pack.yml:1:1", "version: 'beta' gives no revision");
    put("pack.yml", "name: bad\nversion: 1.1000\n");
    expect_refused("pack.yml:1:1", "gives no revision");
    put("pack.yml", "name: bad\nversion: 12.34.56\n");
    exported_make(&e, folder, "bad", "", EXPORT_STREAM);
    assert_int_equal(e.result.revision, 12034056);
    exported_free(&e);
}

static void put_rule(const char *statement)
{
    char text[400];
    snprintf(text, sizeof text, "rule \"r\"\nwhen true\nthen\n  let b = true;\n  %s\nend\n",
             statement);
    put("rules/r.rule", text);
}

static void refuses_rules(void **state)
{
    (void)state;
    put_rule("set_field(\"x\", ['a']);");
    expect_refused("r.rule:5:19", "single quotes");
    put_rule("set_field(\"x\", has_field(\"y\") && b);");
    expect_refused("r.rule:5:36", "a variable beside && or ||");
    put_rule("set_field(\"x\", b || has_field(\"y\"));");
    expect_refused("r.rule:5:18", "mend: b == true");
    put_rule("remove_from_stream(id: \"5f3e1c0d9b8a7c6d5e4f3a2b\");");
    expect_refused("r.rule:5:3", "a stream has another id");
    put_rule("set_field(\"x\", from_input(\"5f3e1c0d9b8a7c6d5e4f3a2b\"));");
    expect_refused("r.rule:5:18", "an input has another id");
    put_rule("route_to_stream(id: \"" DEFAULT_STREAM_ID
             "\"); set_field(\"x\", b == true && has_field(\"y\"));");
    exported_make(&e, folder, "bad", "", EXPORT_STREAM);
    assert_non_null(e.root);
    exported_free(&e);
}

static void refuses_dashboards(void **state)
{
    (void)state;
    put("dashboard.yml", BOARD "{title: w, visualization: pie, metric: \"median(x)\", position: "
                               "[1, 1, 1, 1]}\n");
    expect_refused("dashboard.yml:5:5", "metric: 'median(x)'");
    put("dashboard.yml", BOARD "{title: w, visualization: pie, metric: \"sum()\", position: "
                               "[1, 1, 1, 1]}\n");
    expect_refused("dashboard.yml:5:5", "metric: 'sum()'");
    put("dashboard.yml", BOARD "{title: w, visualization: pie, metric: \"percentile(x,95)\", "
                               "position: [1, 1, 1, 1]}\n");
    expect_refused("dashboard.yml:5:5", "a percentile is not exported");
    put("dashboard.yml", BOARD "{title: w, visualization: pie, metric: \"percentile(x)\", "
                               "position: [1, 1, 1, 1]}\n");
    expect_refused("dashboard.yml:5:5", "metric: 'percentile(x)'");
    put("dashboard.yml",
        BOARD "{title: w, visualization: pie, trend: LOWER, position: [1, 1, 1, 1]}\n");
    expect_refused("dashboard.yml:5:5", "only a numeric widget");
    put("dashboard.yml", BOARD "{title: w, visualization: cloud, position: [1, 1, 1, 1]}\n");
    expect_refused("dashboard.yml:5:", "cloud");
    put("dashboard.yml", BOARD "{title: w, visualization: pie, position: [11, 1, 3, 1]}\n");
    expect_refused("dashboard.yml:5:", "position:");
    put("dashboard.yml", BOARD "{title: w, visualization: pie, position: [1, 1, 1, 1], "
                               "rows: {time: 5x}}\n");
    expect_refused("dashboard.yml:5:", "time: '5x'");
    put("dashboard.yml",
        BOARD "{title: w, visualization: pie, position: [1, 1, 1, 1], rows: {limit: 5}}\n");
    expect_refused("dashboard.yml:5:", "either `field` or `time`");
    put("dashboard.yml",
        "stream: no\n" BOARD "{title: w, visualization: pie, position: [1, 1, 1, 1]}\n");
    expect_refused("dashboard.yml:1:1", "'no' is no stream of this pack");
    put("dashboard.yml", "title: b\ntabs: []\n");
    expect_refused("dashboard.yml:2:", "a list of 1 to");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(memory_is_out),
        cmocka_unit_test(streams_by_title),
        cmocka_unit_test(settings_decide),
        cmocka_unit_test(packetbeat),
        cmocka_unit_test(packetbeat_with_all_settings),
        cmocka_unit_test(twice_the_same),
        cmocka_unit_test_setup_teardown(refuses_tables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_of_one_title, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_versions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_rules, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_dashboards, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
