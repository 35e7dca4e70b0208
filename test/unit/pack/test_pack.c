/* Packs: what a folder means, what its user chooses, and every mistake with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/yaml.h"
#include "os/file.h"
#include "pack/pack.h"

static char folder[] = "/tmp/packs-XXXXXX";
static char path[400];
static struct arena arena;
static struct mistakes wrong;
static const char *folders[1] = { folder }, *enabled[2] = { "one", "two" };
static struct packs_conf conf;

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    struct why w;
    assert_int_equal(file_replace(in_folder(name), slice_cstr(text), 0600, &w), ERR_OK);
}

static void make_folder(const char *name)
{
    struct why w;
    assert_int_equal(file_make_folder(in_folder(name), 0700, &w), ERR_OK);
}

#define PIPELINE   "pipeline \"p\"\nstage 0 match pass\nrule \"a\";\nend\n"
#define RULE(name) "rule \"" name "\"\nwhen true\nthen set_field(\"" name "\", 1);\nend\n"
#define HEAD       "name: one\nversion: 1.0\n"
#define LINKS      "connections:\n- {stream: Default Stream, pipelines: [p]}\n"

static int set_up(void **state)
{
    (void)state;
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    arena_init(&arena, NULL, 0);
    wrong = (struct mistakes){ .mem = &arena };
    conf = (struct packs_conf){ .folders = { folders, 1 },
                                .enabled = { enabled, 1 },
                                .user_folder = folder };
    if (!mkdtemp(folder))
        return -1;
    make_folder("one/rules");
    make_folder("one/pipelines");
    make_folder("one/lookups");
    put("one/pipelines/p.pipeline", PIPELINE);
    put("one/rules/00-a.rule", RULE("a"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[64];
    arena_free(&arena);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static struct packs *load(const char *pack_yml)
{
    put("one/pack.yml", pack_yml);
    wrong.n = 0;
    struct packs *p = packs_load(&conf, &wrong);
    for (unsigned i = 0; !p && i < wrong.n; i++)
        print_message("%s\n", wrong.v[i]);
    return p;
}

static void choose(const char *yaml)
{
    struct why w;
    struct node *n;
    assert_int_equal(yaml_read(&arena, slice_cstr(yaml), "conf.yml", &n, &w), ERR_OK);
    conf.settings = n;
}

/* The first mistake's line begins, after the folder, with this. */
static void refuses(const char *pack_yml, const char *want)
{
    put("one/pack.yml", pack_yml);
    wrong.n = 0;
    struct packs *p = packs_load(&conf, &wrong);
    assert_null(p);
    assert_true(wrong.n >= 1);
    const char *got = wrong.v[0];
    if (strncmp(got, folder, strlen(folder)) == 0)
        got += strlen(folder) + 1;
    if (strncmp(got, want, strlen(want)) != 0)
        fail_msg("'%s', not '%s'", got, want);
}

static void a_folder(void **state)
{
    (void)state;
    struct packs *p = load(HEAD "title: The one\n" LINKS);
    assert_non_null(p);
    assert_int_equal(p->n, 1);
    assert_string_equal(p->pack[0].title, "The one");
    assert_string_equal(p->pack[0].version, "1.0");
    assert_int_equal(p->pack[0].n_rules, 1);
    assert_int_equal(p->n_links, 1);
    assert_true(slice_eq(p->link[0].stream_id, SLICE(DEFAULT_STREAM_ID)));
    packs_drop(packs_take(p));
    packs_drop(p);
}

static void settings(void **state)
{
    (void)state;
    const char *yml =
        HEAD "settings:\n"
             "- {name: profile, values: [small, large], default: small, doc: Size.}\n"
             "- {name: keep, type: bool, doc: Keep it.}\n"
             "- {name: nets, type: path, doc: Nets.}\n"
             "rules:\n- rules/*.rule\n- {path: rules/01-b.rule, when: {profile: large}}\n"
             "tables:\n- {name: n, adapter: {type: csvfile, path: \"${nets}\"}}\n" LINKS;
    put("one/rules/01-b.rule", RULE("b"));
    struct packs *p = load(yml);
    assert_non_null(p);
    assert_true(p->pack[0].rule[0].used);
    assert_false(p->pack[0].rule[1].used);
    assert_int_equal(p->table[0].n, 0);
    packs_drop(p);
    put("one/pipelines/p.pipeline", PIPELINE);
    put("nets.csv", "key,value\na,1\n");
    choose("one: {profile: large, keep: yes, nets: nets.csv}\n");
    p = load(yml);
    assert_non_null(p);
    assert_true(p->pack[0].rule[1].used);
    assert_string_equal(p->pack[0].setting[1].value, "true");
    assert_int_equal(p->table[0].n, 1);
    assert_int_equal(p->n_watches, 1);
    assert_false(packs_are_stale(p, INT64_MAX - 1000000000000));
    put("nets.csv", "key,value\na,1\nb,2\n");
    p->watch[0].next_ns = 0;
    assert_true(packs_are_stale(p, 1));
    packs_drop(p);
}

/* A path that the user gave is wrong where he wrote it. */
static void wrong_paths(void **state)
{
    (void)state;
    const char *yml = HEAD "settings:\n- {name: nets, type: path, doc: Nets.}\n"
                           "- {name: geo, type: path, doc: Geo.}\n"
                           "tables:\n- {name: n, adapter: {type: csvfile, path: \"${nets}\"}}\n"
                           "- {name: g, adapter: {type: mmdb, path: \"${geo}\"}}\n" LINKS;
    choose("one:\n  nets: none.csv\n");
    refuses(yml, "conf.yml:2:9: path: ");
    choose("one:\n  geo: none.mmdb\n");
    refuses(yml, "conf.yml:2:8: path: ");
    put("none.mmdb", "no such thing\n");
    refuses(yml, "conf.yml:2:8: path: ");
    assert_non_null(strstr(wrong.v[0], "none.mmdb: not a file in MaxMind's format"));
}

static void any_value(void **state)
{
    (void)state;
    const char *yml = HEAD "settings:\n- {name: nets, type: path, doc: Nets.}\n"
                           "rules:\n- rules/00-a.rule\n"
                           "- {path: rules/01-b.rule, when: {nets: \"*\"}}\n" LINKS;
    put("one/rules/01-b.rule", RULE("b"));
    struct packs *p = load(yml);
    assert_non_null(p);
    assert_false(p->pack[0].rule[1].used);
    packs_drop(p);
    choose("one: {nets: some.csv}\n");
    p = load(yml);
    assert_non_null(p);
    assert_true(p->pack[0].rule[1].used);
    packs_drop(p);
}

static void settings_in_sets(void **state)
{
    (void)state;
    const char *yml = HEAD "settings:\n- {name: prefix, default: p_one, doc: Prefix.}\n" LINKS;
    put("one/index_set.yml", "title: Set\nindex_prefix: ${prefix}_x\nrotation: {strategy: time}\n");
    struct packs *p = load(yml);
    assert_non_null(p);
    assert_string_equal(node_get(p->pack[0].index_set, "index_prefix")->text, "p_one_x");
    packs_drop(p);
    choose("one: {prefix: mine}\n");
    p = load(yml);
    assert_non_null(p);
    assert_string_equal(node_get(p->pack[0].index_set, "index_prefix")->text, "mine_x");
    packs_drop(p);
    put("one/index_set.yml", "title: Set\nindex_prefix: ${prefx}\n");
    refuses(yml, "one/index_set.yml:2:15: pack one has no setting 'prefx'");
}

static void wrong_settings(void **state)
{
    (void)state;
    const char *yml =
        HEAD "settings:\n- {name: profile, values: [small, large], default: small, doc: S.}\n";
    choose("one: {profile: larg}\n");
    refuses(yml, "conf.yml:1:16: profile: 'larg' is none of its values: small, large");
    choose("one: {profil: large}\n");
    refuses(yml, "conf.yml:1:15: pack one has no setting 'profil': did you mean 'profile'? (mend: "
                 "wirelume pack show one lists them)");
    choose("onr: {profile: small}\n");
    refuses(yml, "conf.yml:1:6: there is no pack 'onr': did you mean 'one'?");
    conf.settings = NULL;
    refuses(HEAD "settings:\n- {name: profile, values: [a], default: b, doc: S.}\n",
            "one/pack.yml:4:41: profile: 'b' is none of its values: a");
    refuses(HEAD "tables:\n- {name: t, adapter: {type: memory}, when: {size: 1}}\n",
            "one/pack.yml:4:51: pack one has no setting 'size' (mend: wirelume pack show one lists "
            "them)");
}

static void wrong_keys(void **state)
{
    (void)state;
    refuses(HEAD "connection: []\n",
            "one/pack.yml:3:13: 'connection' is unknown here: did you mean 'connections'?");
    refuses("name: uno\nversion: 1\n", "one/pack.yml:1:1: name: 'uno' in a folder called 'one' "
                                       "(mend: the same name for both)");
    refuses(HEAD
            "tables:\n- {name: t, adapter: {type: csvfile, path: lookups/x.csv}}\n- {nam: t}\n",
            "one/pack.yml:4:44: path: ");
}

static void all_mistakes(void **state)
{
    (void)state;
    put("one/lookups/bad.csv", "key,value\n\"a,1\n");
    assert_null(load(HEAD
                     "nothing: 1\nrules:\n- rules/0-a.rule\n"
                     "tables:\n- {name: t, adapter: {type: csvfile, path: lookups/bad.csv}}\n"
                     "- {name: u, adapter: {type: memory}}\n- {name: u, adapter: {type: memory}}\n"
                     "connections:\n- {stream: Defualt Stream, pipelines: [p]}\n"));
    assert_int_equal(wrong.n, 6);
    assert_non_null(strstr(wrong.v[0], "one/pack.yml:3:10: 'nothing' is unknown here"));
    assert_non_null(strstr(wrong.v[1], "one/pack.yml:5:1: no line here names rules/00-a.rule"));
    assert_non_null(strstr(wrong.v[2], "one/pack.yml:5:3: no file 'rules/0-a.rule' in"));
    assert_non_null(strstr(wrong.v[2], "did you mean rules/00-a.rule?"));
    assert_non_null(strstr(wrong.v[3], "one/lookups/bad.csv:2:1: this quote is not closed"));
    assert_non_null(strstr(wrong.v[4], "one/pack.yml:9:3: table 'u' is there already"));
    assert_non_null(strstr(wrong.v[5],
                           "one/pack.yml:11:3: no stream 'Defualt Stream': did you mean "
                           "'Default Stream'?"));
}

static void streams(void **state)
{
    (void)state;
    char id[25];
    put("one/stream.yml", "title: Mine\n");
    struct packs *p = load(HEAD "connections:\n- {stream: Mine, pipelines: [p]}\n");
    assert_non_null(p);
    assert_int_equal(p->n_streams, 2);
    pack_stream_id(SLICE("Mine"), id);
    assert_int_equal(strlen(id), 24);
    assert_true(slice_eq(p->link[0].stream_id, slice_cstr(id)));
    packs_drop(p);
}

/* A stream of that title is there, with another id: pipelines are connected to it. */
static void known_streams(void **state)
{
    (void)state;
    const struct rule_stream known[] = {
        { SLICE("aaaaaaaaaaaaaaaaaaaaaaaa"), SLICE("Other"), false },
        { SLICE("bbbbbbbbbbbbbbbbbbbbbbbb"), SLICE("Mine"), true }
    };
    conf.known = known;
    conf.n_known = 2;
    put("one/stream.yml", "- title: Mine\n- title: Third\n");
    struct packs *p = load(HEAD "connections:\n- {stream: Mine, pipelines: [p]}\n"
                                "- {stream: Third, pipelines: [p]}\n");
    char id[25];
    assert_non_null(p);
    assert_true(slice_eq(p->link[0].stream_id, known[1].id));
    pack_stream_id(SLICE("Third"), id);
    assert_true(slice_eq(p->link[1].stream_id, slice_cstr(id)));
    packs_drop(p);
}

static void programs(void **state)
{
    (void)state;
    struct packs *p = load(HEAD LINKS);
    assert_non_null(p);
    assert_int_equal(program_rules(p->program), 1);
    packs_drop(p);
    refuses(HEAD "connections:\n- {stream: Default Stream, pipelines: [P]}\n",
            "one/pack.yml:4:3: no pipeline 'P': did you mean 'p'?");
    put("one/rules/01-b.rule", "rule \"b\"\nwhen true\nthen\n  set_feld(\"x\", 1);\nend\n");
    refuses(HEAD LINKS, "one/rules/01-b.rule:4:3: UndeclaredFunction: ");
    put("one/rules/01-b.rule", "\x1b[2J");
    refuses(HEAD LINKS, "one/rules/01-b.rule:1:1: SyntaxError: no token begins with '\\x1b'");
    put("one/rules/01-b.rule", RULE("a"));
    refuses(HEAD LINKS, "one/rules/01-b.rule: rule 'a' is in ");
    put("one/rules/01-b.rule", RULE("b"));
    put("one/pipelines/q.pipeline", "pipeline \"q\"\nstage 0 match any\nrule \"a\";\nend\n");
    refuses(HEAD LINKS, "one/pipelines/q.pipeline:2:15: SyntaxError: ");
    put("one/pipelines/q.pipeline", PIPELINE);
    refuses(HEAD LINKS, "one/pipelines/q.pipeline:1:1: another pipeline is called 'p'");
    put("one/pipelines/q.pipeline", "pipeline \"q\"\nstage 0 match pass\nrule \"c\";\nend\n");
    refuses(HEAD LINKS, "one/pipelines/q.pipeline:3:");
    assert_non_null(strstr(wrong.v[0], "(mend: the name of a rule of a pack that is enabled)"));
    put("one/rules/01-b.rule", "rule \"c\" when true then set_feld(\"x\", 1); end\n");
    refuses(HEAD LINKS, "one/rules/01-b.rule:1:25: UndeclaredFunction: ");
    assert_int_equal(wrong.n, 1); /* that there is no rule "c" follows from it */
}

/* What depends on settings is compiled all the same, and may be named by what is used. */
static void unused_parts(void **state)
{
    (void)state;
    const char *yml =
        HEAD "settings:\n- {name: more, type: bool, doc: More.}\n"
             "rules:\n- rules/00-a.rule\n- {path: rules/01-b.rule, when: {more: true}}\n"
             "pipelines:\n- pipelines/p.pipeline\n"
             "- {path: pipelines/q.pipeline, when: {more: true}}\n"
             "connections:\n- {stream: Default Stream, pipelines: [p, q]}\n";
    put("one/rules/01-b.rule", RULE("b"));
    put("one/pipelines/p.pipeline",
        "pipeline \"p\"\nstage 0 match pass\nrule \"a\";\nrule \"b\";\nend\n");
    put("one/pipelines/q.pipeline", "pipeline \"q\"\nstage 0 match pass\nrule \"b\";\nend\n");
    struct packs *p = load(yml);
    assert_non_null(p);
    assert_int_equal(program_rules(p->program), 1);
    packs_drop(p);
    put("one/pipelines/q.pipeline",
        "pipeline \"q\"\nstage 0 match pass\nrule \"a\";\nrule \"c\";\nend\n");
    refuses(yml, "one/pipelines/q.pipeline:4:6: there is no rule \"c\" (mend: the name");
    put("one/rules/01-b.rule", "rule \"b\" when 1 then end\n$");
    refuses(yml, "one/rules/01-b.rule:");
    assert_int_equal(wrong.n, 1);
}

/* More pipelines than a program takes are a mistake, not the end. */
static void many_pipelines(void **state)
{
    (void)state;
    char name[64], text[100];
    for (unsigned i = 0; i <= PROGRAM_PIPELINES_MAX; i++) {
        snprintf(name, sizeof name, "one/pipelines/q%u.pipeline", i);
        snprintf(text, sizeof text, "pipeline \"q%u\"\nstage 0 match pass\nrule \"a\";\nend\n", i);
        put(name, text);
    }
    refuses(HEAD LINKS, "packs: more than 256 pipelines");
}

static void grok_files(void **state)
{
    (void)state;
    const char *yml =
        HEAD "settings:\n- {name: more, type: bool, doc: More.}\n"
             "grok:\n- grok/a.grok\n- {path: grok/b.grok, when: {more: true}}\n" LINKS;
    make_folder("one/grok");
    put("one/grok/a.grok", "SHOP [ab]\n");
    put("one/grok/b.grok", "SHOP [abc]\n");
    struct packs *p = load(yml);
    assert_non_null(p);
    assert_true(grok_has(packs_env(p).grok, SLICE("SHOP")));
    packs_drop(p);
    choose("one: {more: yes}\n");
    refuses(yml, "one/grok/b.grok:1:1: the pattern 'SHOP' is there already, at ");
    put("one/grok/b.grok", "ORDER %{SHPO}\n");
    refuses(yml, "one/grok/b.grok:1:7: there is no pattern 'SHPO'");
    conf.settings = NULL; /* it is not used now, and checked all the same */
    refuses(yml, "one/grok/b.grok:1:7: there is no pattern 'SHPO'");
    put("one/grok/b.grok", "ORDER %{SHOP}\n");
    p = load(yml);
    assert_non_null(p);
    assert_false(grok_has(packs_env(p).grok, SLICE("ORDER")));
    packs_drop(p);
    refuses(HEAD "grok:\n- grok/c.grok\n" LINKS,
            "one/pack.yml:4:1: no line here names grok/a.grok");
}

/* What runs and may be a slip. */
static void doubts(void **state)
{
    (void)state;
    struct mistakes found = { .mem = &arena };
    static const char *const want[] = {
        "one/rules/00-a.rule:4:37: no pack has a lookup table 'tabel' (did you mean 'table'?): the "
        "default is given each time",
        "one/rules/00-a.rule:5:40: the grok pattern fails on every message: there is no pattern of "
        "that name: WROD",
        "one/rules/01-b.rules: it is not read: files of rules end with .rule",
        "one/lookups/old.csv: no table of pack.yml reads it",
        "one/pipelines/q.pipeline:1:1: the pipeline is connected to no stream: it never runs "
        "(mend: a line of "
        "`connections` in pack.yml)",
        "one/rules/02-c.rule:2:1: no pipeline names the rule 'c': it never runs",
    };
    conf.doubts = &found;
    put("one/rules/00-a.rule",
        "rule \"a\"\nwhen lookup_has_value(key: \"a\", lookup_table: \"table\")\nthen\n"
        "  set_field(\"a\", 1 + to_long(lookup(\"tabel\", \"x\")[\"y\"]));\n"
        "  set_fields(grok(value: \"x\", pattern: \"%{WROD:x}\"));\n"
        "  set_field(\"b\", lookup_value(to_string($message.t), \"x\"));\nend\n");
    put("one/rules/01-b.rules", RULE("b"));
    put("one/rules/02-c.rule", "\n" RULE("c"));
    put("one/lookups/old.csv", "key,value\n");
    put("one/lookups/new.csv", "key,value\n");
    put("one/pipelines/q.pipeline", "pipeline \"q\"\nstage 0 match pass\nrule \"a\";\nend\n");
    const char *yml =
        HEAD "tables:\n- {name: table, adapter: {type: csvfile, path: lookups/new.csv}}\n" LINKS;
    struct packs *p = load(yml);
    assert_non_null(p);
    packs_drop(p);
    for (size_t i = 0; i < COUNT(want); i++)
        if (i >= found.n || strcmp(found.v[i] + strlen(folder) + 1, want[i]) != 0)
            fail_msg("%s instead of %s", i < found.n ? found.v[i] : "(nothing)", want[i]);
    assert_int_equal(found.n, COUNT(want));
    conf.doubts = NULL;
}

static void no_pack(void **state)
{
    (void)state;
    conf.enabled.v = enabled + 1;
    wrong.n = 0;
    assert_null(packs_load(&conf, &wrong));
    assert_non_null(strstr(wrong.v[0], "pack two: there is no such folder with a pack.yml in: "));
    conf.enabled.n = 0;
    struct packs *p = packs_load(&conf, &wrong);
    assert_non_null(p);
    packs_drop(p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_folder),       TEST(settings),     TEST(settings_in_sets), TEST(any_value),
        TEST(wrong_settings), TEST(wrong_keys),   TEST(all_mistakes),     TEST(streams),
        TEST(programs),       TEST(unused_parts), TEST(no_pack),          TEST(known_streams),
        TEST(grok_files),     TEST(wrong_paths),  TEST(doubts),           TEST(many_pipelines)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
