/* Interfaces: what their configuration may say, the filters made for them, the list of devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "in/capture.h"
#include "in/device.h"
#include "in/filter.h"

static struct interface_conf defaults(void)
{
    static struct arena a;
    struct interface_conf conf = { 0 };
    struct why w;
    const struct loading loading = { "packetbeat.interfaces", &a, &w };
    assert_int_equal(option_load(interface_options, NULL, &conf, &loading), ERR_OK);
    return conf;
}

static void test_defaults(void **state)
{
    (void)state;
    struct interface_conf conf = defaults();
    struct why w;
    assert_string_equal(conf.device, "any");
    assert_int_equal(conf.snaplen, 65535);
    assert_int_equal(conf.buffer_size_mb, 24);
    assert_int_equal(conf.fanout_group, -1);
    assert_int_equal(conf.poll_default_route_ns, 0);
    assert_int_equal(conf.loop, 1);
    assert_false(conf.topspeed);
    assert_int_equal(capture_type_of(&conf), CAPTURE_AF_PACKET);
    assert_int_equal(capture_check(&conf, 1, &w), ERR_OK);
}

static void test_refused(void **state)
{
    (void)state;
    struct interface_conf conf[8], twice[3];
    for (size_t i = 0; i < COUNT(conf); i++)
        conf[i] = defaults();
    conf[0].type = "pf_ring";
    conf[1].type = "pcap";
    conf[1].fanout_group = 5;
    conf[2].buffer_size_mb = 0;
    conf[3].bpf_filter = "tcp port nonsense";
    conf[4].device = "default_route_ipv5";
    conf[5].type = "pcap";
    conf[5].buffer_size_mb = 0; /* its buffer is libpcap's business */
    conf[6].fanout_group = 5;   /* with the default type */
    conf[7].device = "default_route_ipv6";
    static const char *const texts[] = {
        "unknown sniffer type for any: \"pf_ring\"",
        "fanout_group is only valid with af_packet type",
        "buffer size too small",
        "unknown port 'nonsense'",
        "default_route_ipv5",
    };
    struct why w;
    for (size_t i = 0; i < COUNT(conf); i++) {
        err e = capture_check(&conf[i], 1, &w);
        assert_int_equal(e, i < COUNT(texts) ? ERR_CONFIG : ERR_OK);
        if (i < COUNT(texts))
            assert_non_null(strstr(w.text, texts[i]));
    }
    for (size_t i = 0; i < COUNT(twice); i++)
        twice[i] = defaults();
    twice[1].device = "lo";
    twice[2].device = "";
    assert_int_equal(capture_check(twice, 3, &w), ERR_CONFIG);
    assert_string_equal(w.text, "duplicated device configurations: any");
}

static void test_generated_filters(void **state)
{
    (void)state;
    static const struct filter_port ports[] = { { true, false, 80 },
                                                { true, true, 53 },
                                                { false, true, 67 } };
    char text[256] = { 0 }, with[256] = { 0 };
    struct buf b = buf_of(text, sizeof(text) - 1), v = buf_of(with, sizeof(with) - 1);
    struct why w;
    filter_ports(&b, ports, COUNT(ports), true);
    assert_string_equal(text, "tcp port 80 or port 53 or udp port 67 or icmp or icmp6");
    filter_with_vlans(&v, "icmp");
    assert_string_equal(with, "icmp or (vlan and (icmp))");
    assert_int_equal(filter_check(text, &w), ERR_OK);
    assert_int_equal(filter_check(with, &w), ERR_OK);
    b = buf_of(text, sizeof(text));
    filter_ports(&b, ports, 0, false);
    assert_int_equal(b.n, 0);
}

static void test_devices(void **state)
{
    (void)state;
    static char text[65536];
    char name[DEVICE_NAME_MAX];
    struct buf b = buf_of(text, sizeof(text) - 1);
    struct why w;
    assert_int_equal(capture_devices(&b, &w), ERR_OK);
    assert_true(slice_starts(buf_slice(&b), SLICE("0: ")));
    assert_non_null(strstr(text, ": any (Pseudo-device that captures on all interfaces) "));
    assert_int_equal(device_resolve("0", name, &w), ERR_OK);
    assert_memory_equal(text + 3, name, strlen(name));
    assert_int_equal(device_resolve("99999", name, &w), ERR_MISSING);
    assert_int_equal(device_resolve(NULL, name, &w), ERR_OK);
    assert_string_equal(name, "any");
    assert_int_equal(device_resolve("eth7", name, &w), ERR_OK);
    assert_string_equal(name, "eth7");
    assert_int_equal(device_resolve("default_router", name, &w), ERR_CONFIG);
    assert_true(device_is_route("default_route_ipv4"));
    assert_false(device_is_route("eth0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_generated_filters),
        cmocka_unit_test(test_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
