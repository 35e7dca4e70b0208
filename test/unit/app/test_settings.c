/* From a tree of settings to structs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/merge.h"
#include "app/settings.h"
#include "codec/yaml.h"

static struct config config;
static struct settings settings;
static struct why why;

static int set_up(void **state)
{
    (void)state;
    schema_reset();
    proto_add_fields();
    config = (struct config){ 0 };
    arena_init(&config.mem, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    config_free(&config);
    schema_reset();
    return 0;
}

static err load(const char *text, bool defaults)
{
    struct node *tree;
    struct settings_need need = { .defaults = defaults };
    why.text[0] = '\0';
    assert_int_equal(yaml_read(&config.mem, slice_cstr(text), "t.yml", &tree, &why), ERR_OK);
    assert_int_equal(merge_nest(&config.mem, tree, &config.resolved, &why), ERR_OK);
    return settings_load(&settings, &config, &need, &why);
}

static const struct proto_conf *proto(const char *name)
{
    unsigned id;
    assert_non_null(proto_find(name, &id));
    return settings.net.proto_conf[id];
}

static void test_built_in_settings(void **state)
{
    (void)state;
    assert_int_equal(load("", true), ERR_OK);
    assert_true(settings.net.flows_enabled);
    assert_non_null(proto("icmp"));
    assert_int_equal(proto("http")->ports.n, 5);
    assert_true(proto("http")->detect);
    assert_int_equal(settings.n_interfaces, 1);
    assert_non_null(settings.general.name);
    assert_int_equal(load("", false), ERR_OK);
    assert_false(settings.net.flows_enabled);
    assert_null(proto("icmp"));
}

static void test_flows(void **state)
{
    (void)state;
    assert_int_equal(load("packetbeat.flows: {timeout: 90, period: -1s}\n", false), ERR_OK);
    assert_true(settings.net.flows_enabled);
    assert_int_equal(settings.net.timeout_ns, 90000000000);
    assert_true(settings.net.period_ns < 0);
    assert_int_equal(load("packetbeat.flows.enabled: false\n", false), ERR_OK);
    assert_false(settings.net.flows_enabled);
    assert_int_equal(load("packetbeat.flows.period: 500ms\n", false), ERR_CONFIG);
    assert_non_null(strstr(why.text, "t.yml:1:"));
    assert_int_equal(load("packetbeat.flows.timeout: 10ms\n", false), ERR_CONFIG);
}

static void test_protocols_as_list_and_dictionary(void **state)
{
    (void)state;
    assert_int_equal(
        load("packetbeat.protocols:\n- {type: dns, ports: 53}\n- {type: icmp, enabled: "
             "false}\n- {type: http, ports: [1, 2], tags: [a]}\n",
             false),
        ERR_OK);
    assert_int_equal(proto("dns")->ports.v[0], 53);
    assert_null(proto("icmp"));
    unsigned id;
    assert_non_null(proto_find("http", &id));
    assert_string_equal(settings.source[id].tags.v[0], "a");
    assert_int_equal(load("packetbeat.protocols.dns.ports: [53]\n", false), ERR_OK);
    assert_int_equal(proto("dns")->ports.n, 1);
}

static void test_notes(void **state)
{
    (void)state;
    assert_int_equal(
        load("packetbeat.protocols: [{type: mysql}, {type: dsn}]\ncloud.id: x\nnam: x\n", false),
        ERR_OK);
    assert_int_equal(settings.n_notes, 4);
    assert_non_null(strstr(settings.notes[0], "'mysql': not yet"));
    assert_non_null(strstr(settings.notes[1], "did you mean 'dns'?"));
    assert_non_null(
        strstr(settings.notes[2], "t.yml:3:6: unknown key 'nam' (did you mean 'name'?)"));
    assert_non_null(strstr(settings.notes[3], "without effect: cloud"));
}

static void test_outputs(void **state)
{
    (void)state;
    assert_int_equal(load("output.console: {codec.json.escape_html: true}\n", false), ERR_OK);
    assert_string_equal(settings.output->name, "console");
    assert_true(settings.json.escape_html);
    assert_int_equal(load("output: {console: {}, file: {path: x}}\n", false), ERR_CONFIG);
    assert_non_null(strstr(why.text, "more than one output"));
    assert_int_equal(load("output: {console: {enabled: false}, file: {path: x}}\n", false), ERR_OK);
    assert_string_equal(settings.output->name, "file");
    assert_int_equal(load("output.kafka: {}\n", false), ERR_UNSUPPORTED);
    assert_int_equal(load("output.kafka: {enabled: false}\n", false), ERR_OK);
    assert_null(settings.output);
}

static void test_tunnels(void **state)
{
    (void)state;
    assert_int_equal(load("", false), ERR_OK);
    assert_int_equal(settings.net.tunnels, (1u << TUNNEL_TYPES) - 2);
    assert_int_equal(load("decode.tunnels: none\n", false), ERR_OK);
    assert_int_equal(settings.net.tunnels, 0);
    assert_int_equal(load("decode.tunnels: [gre]\n", false), ERR_OK);
    assert_int_equal(settings.net.tunnels, 1u << TUNNEL_GRE);
    assert_int_equal(load("decode.tunnels: [grr]\n", false), ERR_CONFIG);
}

static void test_interfaces(void **state)
{
    (void)state;
    assert_int_equal(
        load("packetbeat.interfaces: [{device: a, snaplen: 100}, {device: b}]\n", false), ERR_OK);
    assert_int_equal(settings.n_interfaces, 2);
    assert_string_equal(settings.interface[1].device, "b");
    assert_int_equal(settings.interface[0].snaplen, 100);
    assert_int_equal(load("packetbeat.interfaces: {snaplen: x}\n", false), ERR_CONFIG);
    assert_non_null(strstr(why.text, "t.yml:1:34: packetbeat.interfaces.snaplen"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_built_in_settings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_protocols_as_list_and_dictionary, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_notes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_outputs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tunnels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interfaces, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
